import Foundation

/// Standard output: results, and nothing else.
enum StandardOutput {
  /// Writes a line.
  ///
  /// - Throws: `CommandError` with status 74 where the system refuses, as a full disk does.
  static func print(_ line: some CustomStringConvertible) throws {
    if let failure = writeAll(line.description + "\n", to: STDOUT_FILENO) {
      throw CommandError(
        .inputOutput,
        "standard output: expected to write the result, found '\(String(cString: strerror(failure)))'"
      )
    }
  }
}

/// Standard error: progress, notes and errors.
enum StandardError {
  /// Whether someone is watching: standard error is a terminal that can move its cursor.
  static let isTerminal: Bool = {
    guard isatty(STDERR_FILENO) == 1, let terminal = getenv("TERM") else { return false }
    return strcmp(terminal, "dumb") != 0
  }()

  /// The number of columns of the terminal.
  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes text as it stands.
  static func write(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }

  /// A remark that concerns the user but ends nothing.
  static func note(_ message: String) { write("gaugeflow: \(message)\n") }
}

/// Writes a text to a file descriptor; the number of the system error where it refuses.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32? {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 {
      if errno == EINTR { continue }
      return errno
    }
    bytes = bytes.dropFirst(count)
  }
  return nil
}
