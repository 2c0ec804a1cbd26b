import Foundation

/// Whole files, read at once and replaced in one step.
public enum AtomicFile {
  /// Replaces the content of a file, or creates it: at every moment a reader finds all of the old
  /// or all of the new content.
  ///
  /// The bytes go to a temporary file in the same directory, are flushed to the device, and the
  /// file is renamed. If any step fails the temporary file is removed and the old file stands.
  ///
  /// - Parameters:
  ///   - data: The new content.
  ///   - path: The file.
  ///   - overwrite: If false, an existing file is an error.
  ///   - previous: If given, the old content stays under this path.
  /// - Throws: `.inputOutput` if the system refuses, `.refusesToOverwrite`.
  public static func write(
    _ data: Data, to path: String, overwrite: Bool = true, keepingPreviousAs previous: String? = nil
  ) throws(EnsembleIOError) {
    if !overwrite, exists(path) {
      throw EnsembleIOError(
        .refusesToOverwrite, at: path, expected: "no file of this name", found: "one")
    }
    let temporary = temporaryPath(for: path)
    let file = try PosixFile(temporary, .creating)
    do throws(EnsembleIOError) {
      if let failure = data.withUnsafeBytes({ file.write($0, at: 0).failure }) { throw failure }
      try file.synchronize()
      try file.close()
      if let previous, exists(path) { try link(path, as: previous) }
      try move(temporary, to: path)
    } catch {
      unlink(temporary)
      throw EnsembleIOError(
        error.kind, at: path, expected: error.expected, found: error.found,
        systemError: error.systemError)
    }
    synchronizeDirectory(of: path)
  }

  /// The content of a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The largest size in bytes that makes sense.
  /// - Throws: `.missingInput` if there is none, `.badData` if it is a directory or too large.
  public static func read(_ path: String, limit: Int = .max) throws(EnsembleIOError) -> Data {
    let file = try PosixFile(path, .reading)
    let size = try file.size()
    guard size <= limit else {
      throw .badData(path, expected: "at most \(limit) bytes", found: "\(size) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    var failure: EnsembleIOError?
    let count = bytes.withUnsafeMutableBytes { buffer -> Int in
      do throws(EnsembleIOError) {
        return try file.read(into: buffer, at: 0)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return Data(bytes.prefix(count))
  }

  /// Whether something of this name is there.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether a directory of this name is there.
  public static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Creates a directory and those above it; one that is there already is no error.
  ///
  /// - Throws: `.inputOutput` if the system refuses or a file has this name.
  public static func createDirectory(_ path: String) throws(EnsembleIOError) {
    var partial = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      partial += part + "/"
      if mkdir(partial, 0o777) != 0, errno != EEXIST || !isDirectory(partial) {
        let code = errno
        if isDirectory(partial) { continue }
        throw .system(path, operation: "create the directory", code: code)
      }
    }
  }

  /// Removes a file; one that is not there is no error.
  public static func remove(_ path: String) throws(EnsembleIOError) {
    if unlink(path) != 0, errno != ENOENT {
      throw .system(path, operation: "remove the file", code: errno)
    }
  }

  /// Gives a file a second name, replacing what had that name, with no moment without either.
  static func link(_ path: String, as second: String) throws(EnsembleIOError) {
    let temporary = temporaryPath(for: second)
    if Foundation.link(path, temporary) != 0 {
      // A file system without hard links: copy instead.
      try write(try read(path), to: temporary)
    }
    try move(temporary, to: second)
  }

  private static func move(_ from: String, to: String) throws(EnsembleIOError) {
    if rename(from, to) != 0 { throw .system(to, operation: "rename into place", code: errno) }
  }

  private static func temporaryPath(for path: String) -> String {
    let mark = "\(getpid())-\(UInt32.random(in: 0 ... .max))"
    guard let slash = path.lastIndex(of: "/") else { return ".\(path).\(mark)" }
    return path[...slash] + "." + path[path.index(after: slash)...] + ".\(mark)"
  }

  private static func synchronizeDirectory(of path: String) {
    let directory = path.lastIndex(of: "/").map { path[...$0] } ?? "."
    let descriptor = open(String(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      _ = fsync(descriptor)
      _ = close(descriptor)
    }
  }
}
