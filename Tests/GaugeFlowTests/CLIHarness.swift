import EnsembleIO
import Foundation
import Testing

/// The built program as a user runs it.
struct CommandLineProgram {
  /// What a run of the program left behind.
  struct Result {
    let status: Int32
    let output: String
    let errors: String

    /// The one JSON object on standard output, its numbers to the last bit.
    func json() throws -> [String: Any] {
      let value = plain(try JSONDecoder().decode(JSONValue.self, from: Data(output.utf8)))
      return try #require(value as? [String: Any], "an object, found \(output)")
    }

    private func plain(_ value: JSONValue) -> Any {
      switch value {
      case .null: NSNull()
      case .boolean(let value): value
      case .integer(let value): NSNumber(value: value)
      case .number(let value): NSNumber(value: value)
      case .text(let value): value
      case .array(let values): values.map(plain)
      case .object(let values): values.mapValues(plain)
      }
    }
  }

  /// The program lies beside the bundle of tests.
  static func executable() throws -> URL {
    var directory = Bundle.main.bundleURL.resolvingSymlinksInPath()
    let arguments = CommandLine.arguments.map {
      URL(fileURLWithPath: $0).deletingLastPathComponent()
    }
    var candidates = arguments
    for _ in 0..<4 {
      candidates.append(directory)
      directory.deleteLastPathComponent()
    }
    let found = candidates.map { $0.appendingPathComponent("gaugeflow") }.first {
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: $0.path, isDirectory: &isDirectory)
        && !isDirectory.boolValue && FileManager.default.isExecutableFile(atPath: $0.path)
    }
    return try #require(found, "gaugeflow beside the tests, looked in \(candidates)")
  }

  /// Runs the program and waits.
  ///
  /// - Parameters:
  ///   - arguments: one text, parted at spaces.
  ///   - seconds: if given, the program gets `signal` after so many seconds.
  ///   - blocks: if given, the largest file in KiB the program may write.
  static func run(
    _ arguments: String, signalAfter seconds: Double? = nil, signal: Int32 = SIGTERM,
    fileLimit blocks: Int? = nil
  ) throws -> Result {
    let process = Process()
    let words = arguments.split(separator: " ").map(String.init)
    if let blocks {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments =
        ["-c", "ulimit -f \(blocks); exec \"$0\" \"$@\"", try executable().path] + words
    } else {
      process.executableURL = try executable()
      process.arguments = words
    }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    if let seconds {
      Thread.sleep(forTimeInterval: seconds)
      kill(process.processIdentifier, signal)
    }
    // Both are short: the program prints one result or one line of error.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let remarks = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: remarks, as: UTF8.self))
  }
}

/// A directory that is gone after the test.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/gaugeflow-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// Whether two ensembles hold the same bytes.
  func areEqual(_ a: String, _ b: String) -> Bool {
    ["links.npy", "chain.npy"].allSatisfy {
      let (first, second) = (
        FileManager.default.contents(atPath: self(a) + "/" + $0),
        FileManager.default.contents(atPath: self(b) + "/" + $0)
      )
      return first != nil && first == second
    }
  }
}
