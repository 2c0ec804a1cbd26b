import Foundation
import Testing

@testable import EnsembleIO

/// A fresh directory that is removed with its content when released.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/ensemble-io-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: self(name)))
    return self(name)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: self(name))))
  }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

/// The error that the body throws, which must be one of this module and tell itself in one line.
func failure(
  _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> EnsembleIOError? {
  let error = #expect(throws: EnsembleIOError.self, sourceLocation: sourceLocation) { try body() }
  if let error {
    let lines = error.description.split(whereSeparator: \.isNewline).count
    #expect(lines == 1, "one line", sourceLocation: sourceLocation)
  }
  return error
}
