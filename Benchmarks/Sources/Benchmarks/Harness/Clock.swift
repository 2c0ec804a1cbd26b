import Glibc

/// Seconds of processor time of all threads of this process, and of the clock on the wall.
struct Instant {
  var processor: Double
  var wall: Double

  static var now: Instant {
    Instant(processor: seconds(CLOCK_PROCESS_CPUTIME_ID), wall: seconds(CLOCK_MONOTONIC))
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}

/// The largest amount of memory that the process has held, in MiB.
var peakMemory: Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Double(usage.ru_maxrss) / 1024
}

/// Seconds of one call in each of several repetitions, sorted.
struct Timing {
  var processor: [Double]
  var wall: [Double]

  /// Warms up, chooses how many calls a repetition needs to last, and repeats.
  static func measure(
    repetitions: Int = 11, seconds: Double = 0.05, _ body: () -> Void
  ) -> Timing {
    var calls = 1
    while true {
      let start = Instant.now
      for _ in 0..<calls { body() }
      let spent = Instant.now.processor - start.processor
      if spent >= 0.5 * seconds { break }
      calls = spent < 0.01 * seconds ? calls * 16 : Int(Double(calls) * seconds / spent) + 1
    }
    var timing = Timing(processor: [], wall: [])
    for _ in 0..<repetitions {
      let start = Instant.now
      for _ in 0..<calls { body() }
      let end = Instant.now
      timing.processor.append((end.processor - start.processor) / Double(calls))
      timing.wall.append((end.wall - start.wall) / Double(calls))
    }
    timing.processor.sort()
    timing.wall.sort()
    return timing
  }
}

extension [Double] {
  /// The middle of sorted numbers.
  var median: Double { self[count / 2] }
}

/// Keeps a result alive, so that computing it is not optimised away.
nonisolated(unsafe) private var sink = 0.0

@inline(never) func keep(_ value: Double) { sink += value }
