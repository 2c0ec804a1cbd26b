import GaugeFlow

/// What one core can do at most, measured in the same run as everything else.
struct Peaks {
  /// Operations for each second, a multiply-add counted as two.
  var float: Double
  var double: Double
  /// Bytes for each second, read and written.
  var bandwidth: Double

  static func measure() -> (peaks: Peaks, results: [Result]) {
    let none = Peaks(float: 1, double: 1, bandwidth: 1)
    let results = [floatPeak, doublePeak, memory].map {
      do { return try $0.run(peaks: none) } catch { preconditionFailure("\(error)") }
    }
    let peaks = Peaks(
      float: 1e9 * results[0].highest, double: 1e9 * results[1].highest,
      bandwidth: 1e9 * results[2].highest)
    return (peaks, results)
  }

  private static let rounds = 100_000

  private static let floatPeak = Benchmark(
    name: "peak, float multiply-add", unit: .rate("GFLOP/s", scale: 1e9),
    items: Double(rounds * 12 * 8 * 2)
  ) { { keep(Double(floatChains(rounds, scale: 0.999))) } }

  private static let doublePeak = Benchmark(
    name: "peak, double multiply-add", unit: .rate("GFLOP/s", scale: 1e9),
    items: Double(rounds * 6 * 8 * 2)
  ) { { keep(doubleChains(rounds, scale: 0.999)) } }

  private static let memory = Benchmark(
    name: "memory, a = b + s c, 3 x 64 MiB", unit: .rate("GB/s", scale: 1e9),
    items: Double(3 << 26)
  ) {
    let count = (1 << 26) / MemoryLayout<Lanes>.stride
    let a = Buffer<Lanes>(count: count, repeating: .zero)
    let b = Buffer<Lanes>(count: count, repeating: .init(repeating: 1))
    let c = Buffer<Lanes>(count: count, repeating: .init(repeating: 2))
    return {
      let s = Lanes(repeating: 0.5)
      let (a, b, c) = (a.pointer, b.pointer, c.pointer)
      for i in 0..<count { a[i] = multiplyAdd(s, c[i], b[i]) }
      keep(a[count / 2][0])
    }
  }

  /// 12 independent chains: enough to fill two pipelines of latency 4.
  @inline(never) private static func floatChains(_ rounds: Int, scale: Float) -> Float {
    let m = FloatLanes(repeating: scale), b = FloatLanes(repeating: 1e-3)
    var a0 = FloatLanes.zero, a1 = a0 + 1, a2 = a0 + 2, a3 = a0 + 3
    var a4 = a0 + 4, a5 = a0 + 5, a6 = a0 + 6, a7 = a0 + 7
    var a8 = a0 + 8, a9 = a0 + 9, aA = a0 + 10, aB = a0 + 11
    for _ in 0..<rounds {
      a0 = multiplyAdd(a0, m, b)
      a1 = multiplyAdd(a1, m, b)
      a2 = multiplyAdd(a2, m, b)
      a3 = multiplyAdd(a3, m, b)
      a4 = multiplyAdd(a4, m, b)
      a5 = multiplyAdd(a5, m, b)
      a6 = multiplyAdd(a6, m, b)
      a7 = multiplyAdd(a7, m, b)
      a8 = multiplyAdd(a8, m, b)
      a9 = multiplyAdd(a9, m, b)
      aA = multiplyAdd(aA, m, b)
      aB = multiplyAdd(aB, m, b)
    }
    let first = (a0 + a1) + (a2 + a3), second = (a4 + a5) + (a6 + a7)
    return (first + second + (a8 + a9) + (aA + aB)).laneSum
  }

  /// 6 chains of 8 doubles: 12 registers where a register holds 4.
  @inline(never) private static func doubleChains(_ rounds: Int, scale: Double) -> Double {
    let m = Lanes(repeating: scale), b = Lanes(repeating: 1e-3)
    var a0 = Lanes.zero, a1 = a0 + 1, a2 = a0 + 2, a3 = a0 + 3, a4 = a0 + 4, a5 = a0 + 5
    for _ in 0..<rounds {
      a0 = multiplyAdd(a0, m, b)
      a1 = multiplyAdd(a1, m, b)
      a2 = multiplyAdd(a2, m, b)
      a3 = multiplyAdd(a3, m, b)
      a4 = multiplyAdd(a4, m, b)
      a5 = multiplyAdd(a5, m, b)
    }
    return ((a0 + a1) + (a2 + a3) + (a4 + a5)).laneSum
  }
}
