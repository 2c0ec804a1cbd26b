import Foundation

/// A failure to read or write a file, told in one line: where, what was expected, what was found.
///
/// The line never contains a line break, whatever bytes the file holds, so that it can be printed
/// as it is.
public struct EnsembleIOError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, which decides the exit status of a command.
  public enum Kind: String, Sendable, CaseIterable {
    /// The content is not what the format says (exit status 65).
    case badData
    /// The input does not exist or may not be read (exit status 66).
    case missingInput
    /// The output exists already (exit status 73).
    case refusesToOverwrite
    /// The system refused to read or write: a full disk, a failing device (exit status 74).
    case inputOutput

    /// The exit status of a command that ends with this error.
    public var exitStatus: Int32 {
      switch self {
      case .badData: 65
      case .missingInput: 66
      case .refusesToOverwrite: 73
      case .inputOutput: 74
      }
    }
  }

  /// What went wrong.
  public let kind: Kind
  /// The file, and where inside it: `links.npy`, `run.toml: theory.beta`, `history.txt:12:3`.
  public let location: String
  /// What was expected there.
  public let expected: String
  /// What was found instead.
  public let found: String
  /// The number of the system error (`errno`), where the system reported one.
  public let systemError: Int32?

  /// An error of the given kind; control characters in its words become spaces.
  public init(
    _ kind: Kind, at location: String, expected: String, found: String, systemError: Int32? = nil
  ) {
    self.kind = kind
    self.location = Self.onOneLine(location)
    self.expected = Self.onOneLine(expected)
    self.found = Self.onOneLine(found)
    self.systemError = systemError
  }

  /// The whole error in one line.
  public var description: String { "\(location): expected \(expected), found \(found)" }

  /// The exit status of a command that ends with this error.
  public var exitStatus: Int32 { kind.exitStatus }

  /// Whether the disk is full: what was written before is still there and readable.
  public var isDiskFull: Bool { systemError == ENOSPC || systemError == EDQUOT }

  /// The content of a file is wrong.
  static func badData(_ location: String, expected: String, found: String) -> Self {
    Self(.badData, at: location, expected: expected, found: found)
  }

  /// The system call that should have done `operation` failed with `code`.
  ///
  /// While opening for reading, a file that is absent or forbidden is missing input; everything
  /// else is a failure of input or output.
  static func system(
    _ location: String, operation: String, code: Int32, opensInput: Bool = false
  ) -> Self {
    let absent = [ENOENT, ENOTDIR, EACCES, ENAMETOOLONG, ELOOP].contains(code)
    return Self(
      opensInput && absent ? .missingInput : .inputOutput, at: location,
      expected: "to \(operation)", found: "'\(String(cString: strerror(code)))'",
      systemError: code)
  }

  /// The text in quotes, shortened to something that fits in a line.
  static func quoted(_ text: some StringProtocol) -> String {
    text.count <= 60 ? "'\(text)'" : "'\(text.prefix(57))...'"
  }

  private static func onOneLine(_ text: String) -> String {
    let clean = text.unicodeScalars.map { scalar -> Character in
      let isControl = scalar.value < 32 || (127...159).contains(scalar.value)
      let isBreak = scalar.value == 0x2028 || scalar.value == 0x2029
      return isControl || isBreak ? " " : Character(scalar)
    }
    return String(clean)
  }
}

extension EnsembleIOError: LocalizedError {
  /// The same line, for callers that know only `Error`.
  public var errorDescription: String? { description }
}
