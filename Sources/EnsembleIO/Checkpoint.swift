import Foundation

/// A set of files in a run directory that is saved and loaded as one.
///
/// Every file is written in one step with its predecessor kept, and a manifest with all checksums is
/// written last. A crash in the middle of saving leaves the previous set: a file that was replaced
/// already is recognised by its checksum, and its predecessor is read.
public struct Checkpoint: Sendable {
  private struct Manifest: Codable {
    var formatVersion = 1
    var files: [String: String]
  }

  /// The directory of the files.
  public let directory: String
  /// The name of the set; the manifest is `NAME.json`.
  public let name: String

  /// The set of this name in a directory, there or not.
  public init(directory: String, name: String = "checkpoint") {
    self.directory = directory
    self.name = name
  }

  /// Whether the set has been saved.
  public var exists: Bool { AtomicFile.exists(manifestPath) }

  /// Saves a new state of the set.
  ///
  /// - Parameter files: The content by file name, for all files of the set.
  /// - Throws: `.inputOutput`; the state that was saved before is then still the one that loads.
  public func save(_ files: [String: Data]) throws(EnsembleIOError) {
    precondition(
      files.keys.allSatisfy { !$0.contains("/") && $0 != "\(name).json" && !$0.isEmpty },
      "the names \(files.keys.sorted()) of the checkpoint '\(name)'")
    try AtomicFile.createDirectory(directory)
    let committed = exists ? try manifest().files : [:]
    var digests: [String: String] = [:]
    for (file, data) in files.sorted(by: { $0.key < $1.key }) {
      let path = "\(directory)/\(file)"
      let digest = SHA256.hexadecimal(data)
      digests[file] = digest
      let current = AtomicFile.exists(path) ? SHA256.hexadecimal(try AtomicFile.read(path)) : nil
      if current == digest, digest == committed[file] { continue }
      // A file that a stopped save left behind must not take the place of the committed one.
      let isCommitted = current != nil && current == committed[file]
      try AtomicFile.write(
        data, to: path, keepingPreviousAs: isCommitted ? previous(path) : nil)
    }
    try JSONFile.write(Manifest(files: digests), to: manifestPath)
  }

  /// The state saved last, by file name; `nil` if none was saved.
  ///
  /// - Throws: `.badData` if a file is damaged, `.inputOutput`.
  public func load() throws(EnsembleIOError) -> [String: Data]? {
    guard exists else { return nil }
    var result: [String: Data] = [:]
    for (file, digest) in try manifest().files {
      let path = "\(directory)/\(file)"
      for candidate in [path, previous(path)] where result[file] == nil {
        guard AtomicFile.exists(candidate) else { continue }
        let data = try AtomicFile.read(candidate)
        if SHA256.hexadecimal(data) == digest { result[file] = data }
      }
      guard result[file] != nil else {
        throw .badData(
          path, expected: "the content that \(name).json describes",
          found: AtomicFile.exists(path) ? "another" : "no file")
      }
    }
    return result
  }

  private var manifestPath: String { "\(directory)/\(name).json" }

  private func previous(_ path: String) -> String { path + ".previous" }

  private func manifest() throws(EnsembleIOError) -> Manifest {
    let manifest = try JSONFile.read(Manifest.self, from: manifestPath)
    guard manifest.formatVersion == 1, manifest.files.keys.allSatisfy({ !$0.contains("/") }) else {
      throw .badData(manifestPath, expected: "a manifest of version 1", found: "another")
    }
    return manifest
  }
}
