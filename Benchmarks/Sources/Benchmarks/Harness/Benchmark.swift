/// One quantity to measure: how to prepare it, in what it counts, and what it is compared with.
struct Benchmark: Sendable {
  /// How seconds of a call become the number that is shown.
  enum Unit: Sendable {
    /// The time of one item, times `scale`: 1e9 for nanoseconds.
    case time(String, scale: Double)
    /// Items for each second, divided by `scale`: 1e9 for billions.
    case rate(String, scale: Double)

    var name: String {
      switch self {
      case .time(let name, _), .rate(let name, _): name
      }
    }

    func value(_ seconds: Double, items: Double) -> Double {
      switch self {
      case .time(_, let scale): seconds / items * scale
      case .rate(_, let scale): items / seconds / scale
      }
    }
  }

  /// What a call costs the machine, where that is known: compared with its peak.
  enum Work: Sendable {
    case double(operations: Double)
    case float(operations: Double)
    case memory(bytes: Double)
  }

  var name: String
  var unit: Unit
  /// The items of one call: configurations, samples, numbers.
  var items: Double = 1
  var work: Work?
  /// The published or measured figure of another program, in the same unit.
  var reference: Double?
  /// The figure that is asked for, in the same unit.
  var target: Double?
  /// Makes the body that is timed.
  var prepare: @Sendable () throws -> () -> Void

  /// Measures.
  func run(peaks: Peaks) throws -> Result {
    let body = try prepare()
    let timing = Timing.measure(body)
    func values(_ seconds: [Double]) -> [Double] {
      seconds.map { unit.value($0, items: items) }.sorted()
    }
    let processor = values(timing.processor)
    let seconds = timing.processor.median
    let fraction: Double? =
      switch work {
      case nil: nil
      case .double(let operations): operations / seconds / peaks.double
      case .float(let operations): operations / seconds / peaks.float
      case .memory(let bytes): bytes / seconds / peaks.bandwidth
      }
    return Result(
      name: name, unit: unit.name, median: processor.median, lowest: processor.first!,
      highest: processor.last!, wall: values(timing.wall).median, fractionOfPeak: fraction,
      reference: reference, target: target,
      isRate: { if case .rate = unit { true } else { false } }())
  }
}

/// What a benchmark found: processor time, and the median of wall time.
struct Result: Codable {
  var name: String
  var unit: String
  var median: Double
  var lowest: Double
  var highest: Double
  var wall: Double
  var fractionOfPeak: Double?
  var reference: Double?
  var target: Double?
  var isRate: Bool

  /// How many times better than the reference.
  var gain: Double? {
    reference.map { isRate ? median / $0 : $0 / median }
  }
  /// Whether the target is met.
  var meetsTarget: Bool? {
    target.map { isRate ? median >= $0 : median <= $0 }
  }
}
