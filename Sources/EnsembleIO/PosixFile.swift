import Foundation

/// An open file: positioned reads and writes whose results are checked.
///
/// Foundation's file handles raise exceptions that cannot be caught when a disk is full; this is
/// the small part of POSIX that the formats of this module need. Closed when released.
final class PosixFile {
  let path: String
  private var descriptor: Int32

  /// A size in bytes beyond which writes fail as on a full disk; `nil` in all real use.
  ///
  /// Tests set it to see what a disk that fills up in the middle of a row leaves behind.
  var simulatedCapacity: Int?

  enum Mode {
    case reading
    case readingAndWriting
    /// Creates; fails if the file is there.
    case creating
  }

  init(_ path: String, _ mode: Mode) throws(EnsembleIOError) {
    self.path = path
    let flags: Int32
    switch mode {
    case .reading: flags = O_RDONLY
    case .readingAndWriting: flags = O_RDWR
    case .creating: flags = O_RDWR | O_CREAT | O_EXCL
    }
    descriptor = open(path, flags | O_CLOEXEC, 0o666)
    if descriptor < 0 {
      let code = errno
      if mode == .creating, code == EEXIST {
        throw EnsembleIOError(
          .refusesToOverwrite, at: path, expected: "no file of this name", found: "one",
          systemError: code)
      }
      throw .system(path, operation: "open the file", code: code, opensInput: mode != .creating)
    }
  }

  deinit { if descriptor >= 0 { _ = Foundation.close(descriptor) } }

  /// The size in bytes; an error if this is not a regular file and `regular` is asked for.
  func size(regular: Bool = true) throws(EnsembleIOError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path, operation: "ask for the size", code: errno)
    }
    if regular, status.st_mode & S_IFMT != S_IFREG {
      throw .badData(
        path, expected: "a file",
        found: status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "a special file")
    }
    return Int(status.st_size)
  }

  /// Reads until the buffer is full or the file ends; the number of bytes read.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(EnsembleIOError) -> Int {
    var done = 0
    while done < buffer.count {
      let n = pread(
        descriptor, buffer.baseAddress! + done, min(buffer.count - done, 1 << 30),
        off_t(offset + done))
      if n == 0 { break }
      if n < 0 {
        if errno == EINTR { continue }
        throw .system(path, operation: "read \(buffer.count) bytes", code: errno)
      }
      done += n
    }
    return done
  }

  /// Writes all bytes at the offset, or as many as the system takes before it fails.
  func write(
    _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> (written: Int, failure: EnsembleIOError?) {
    var done = 0
    while done < bytes.count {
      var length = min(bytes.count - done, 1 << 30)
      if let simulatedCapacity {
        length = min(length, simulatedCapacity - offset - done)
        if length <= 0 { return (done, failure(writing: bytes.count, code: ENOSPC)) }
      }
      let n = pwrite(descriptor, bytes.baseAddress! + done, length, off_t(offset + done))
      if n < 0 {
        if errno == EINTR { continue }
        return (done, failure(writing: bytes.count, code: errno))
      }
      done += n
    }
    return (done, nil)
  }

  private func failure(writing count: Int, code: Int32) -> EnsembleIOError {
    .system(path, operation: "write \(count) bytes", code: code)
  }

  /// Cuts or extends the file.
  func truncate(to size: Int) throws(EnsembleIOError) {
    while ftruncate(descriptor, off_t(size)) != 0 {
      if errno == EINTR { continue }
      throw .system(path, operation: "truncate to \(size) bytes", code: errno)
    }
  }

  /// Returns after what was written is on the device.
  func synchronize() throws(EnsembleIOError) {
    while fsync(descriptor) != 0 {
      if errno == EINTR { continue }
      // Special files and some file systems have nothing to synchronise.
      if errno == EINVAL || errno == ENOTSUP || errno == EROFS { return }
      throw .system(path, operation: "flush to the device", code: errno)
    }
  }

  /// Takes the one writer's lock, which ends with this object.
  func lockForWriting() throws(EnsembleIOError) {
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw EnsembleIOError(
        .inputOutput, at: path, expected: "to be the only writer", found: "another one",
        systemError: EWOULDBLOCK)
    }
  }

  /// Closes; some file systems report a full disk only here.
  func close() throws(EnsembleIOError) {
    guard descriptor >= 0 else { return }
    let result = Foundation.close(descriptor)
    descriptor = -1
    if result != 0, errno != EINTR {
      throw .system(path, operation: "close the file", code: errno)
    }
  }
}
