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

  /// An object that nobody else uses until it is given back, a new one where none is idle.
  func take() -> Object { idle.withLock { Taken($0.objects.popLast()) }.object ?? make() }

  /// Makes an object idle again.
  func giveBack(_ object: Object) {
    let back = Taken(object)
    idle.withLock { $0.objects.append(back.object!) }
  }

  /// Calls `body` with an object that nobody else uses meanwhile.
  func withObject<Result, Failure: Error>(_ body: (Object) throws(Failure) -> Result)
    throws(Failure) -> Result
  {
    let object = take()
    defer { giveBack(object) }
    return try body(object)
  }

  /// An object that nobody else uses while the loan is alive.
  func lend() -> Loan { Loan(take(), of: self) }

  /// The use of an object until the last reference to the loan is gone.
  final class Loan {
    let object: Object
    private let pool: ObjectPool

    fileprivate init(_ object: Object, of pool: ObjectPool) {
      self.object = object
      self.pool = pool
    }
    deinit { pool.giveBack(object) }
  }

  /// Carries an object over the lock; it has one owner at a time.
  private struct Taken: @unchecked Sendable {
    let object: Object?
    init(_ object: Object?) { self.object = object }
  }
}
