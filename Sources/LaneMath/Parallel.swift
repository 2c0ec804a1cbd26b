// Dispatch is the one thread pool that every Swift toolchain on Linux carries.
import Dispatch
import Synchronization

/// Runs `body` once for every index of `0..<count`, on at most `threads` threads.
///
/// Forks once and joins once: waking a thread costs about 40 us, so a piece of work should take
/// 1 ms or more. Idle threads take the next index from a shared counter, so uneven packets balance.
/// Which thread runs an index is not determined; results are, as long as `body(i)` writes only what
/// belongs to packet `i`. With one thread everything runs inline, in order, on the caller's stack.
///
/// - Parameters:
///   - count: the number of packets.
///   - threads: the most threads to use; one or fewer runs inline.
///   - body: the work of one packet; it is called concurrently.
public func forEachPacket(count: Int, threads: Int, _ body: (Int) -> Void) {
  let workers = Swift.min(threads, count)
  guard workers > 1 else {
    var index = 0
    while index < count {
      body(index)
      index += 1
    }
    return
  }
  let next = Atomic<Int>(0)
  withoutActuallyEscaping(body) { work in
    // Every index is taken by one thread only; the caller answers for what `body` writes.
    nonisolated(unsafe) let work = work
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        work(index)
      }
    }
  }
}
