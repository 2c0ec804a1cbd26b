import Synchronization

/// Objects that one thread uses at a time: as many as there have been threads at once.
final class ObjectPool<Object: AnyObject>: Sendable {
  private struct Idle: @unchecked Sendable {
    var objects: [Object] = []
  }
  private let idle = Mutex(Idle())
  private let make: @Sendable () -> Object

  /// An empty pool.
  init(_ make: @escaping @Sendable () -> Object) { self.make = make }

  /// Calls `body` with an object that nobody else uses meanwhile.
  func withObject<Result, Failure: Error>(_ body: (Object) throws(Failure) -> Result)
    throws(Failure) -> Result
  {
    let object = idle.withLock { Taken($0.objects.popLast()) }.object ?? make()
    defer {
      let back = Taken(object)
      idle.withLock { $0.objects.append(back.object!) }
    }
    return try body(object)
  }

  /// Carries an object over the lock; it has one owner at a time.
  private struct Taken: @unchecked Sendable {
    let object: Object?
    init(_ object: Object?) { self.object = object }
  }
}
