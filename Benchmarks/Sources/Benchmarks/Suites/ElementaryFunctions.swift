import GaugeFlow

/// A function on lanes: one line for each that is timed.
private protocol LaneFunction {
  static func call(_ x: Lanes) -> Lanes
}
private enum Exponential: LaneFunction { static func call(_ x: Lanes) -> Lanes { exp(x) } }
private enum Logarithm: LaneFunction { static func call(_ x: Lanes) -> Lanes { log(x + 4) } }
private enum SineCosine: LaneFunction {
  static func call(_ x: Lanes) -> Lanes {
    let (s, c) = sincos(x)
    return s + c
  }
}
private enum HyperbolicTangent: LaneFunction { static func call(_ x: Lanes) -> Lanes { tanh(x) } }
private enum Arctangent: LaneFunction {
  static func call(_ x: Lanes) -> Lanes { atan2(x, 1 - x) }
}

private let count = 128

/// `name` on numbers spread over (-3, 3): nanoseconds for each.
private func function<F: LaneFunction>(_ name: String, _: F.Type) -> Benchmark {
  Benchmark(
    name: name, unit: .time("ns per double", scale: 1e9), items: Double(count * laneCount)
  ) {
    let x = Buffer<Lanes>(count: count, repeating: .zero)
    let y = Buffer<Lanes>(count: count, repeating: .zero)
    for i in 0..<count {
      for lane in 0..<laneCount {
        x.pointer[i][lane] = -3 + 6 * Double((i * 37 + lane * 11) % 1024) / 1024
      }
    }
    return {
      let (from, to) = (x.pointer, y.pointer)
      for i in 0..<count { to[i] = F.call(from[i]) }
      keep(to[0][0])
    }
  }
}

private func singleFunction(_ name: String, isTanh: Bool) -> Benchmark {
  Benchmark(
    name: name, unit: .time("ns per float", scale: 1e9), items: Double(count * laneCount)
  ) {
    let x = Buffer<FloatLanes>(count: count, repeating: .zero)
    let y = Buffer<FloatLanes>(count: count, repeating: .zero)
    for i in 0..<count { x.pointer[i] = FloatLanes(repeating: -3 + 6 * Float(i) / Float(count)) }
    return {
      let (from, to) = (x.pointer, y.pointer)
      if isTanh {
        for i in 0..<count { to[i] = tanh(from[i]) }
      } else {
        for i in 0..<count { to[i] = exp(from[i]) }
      }
      keep(Double(to[0][0]))
    }
  }
}

/// Variates of a kind: one line for each that is timed.
private protocol Variate {
  /// The `Lanes` that one draw gives.
  static var size: Int { get }
  static func draw(_ generator: inout LaneGenerator) -> Lanes
}
private enum Uniform: Variate {
  static let size = 2
  static func draw(_ generator: inout LaneGenerator) -> Lanes {
    let (a, b) = generator.uniformPair()
    return a + b
  }
}
private enum Normal: Variate {
  static let size = 2
  static func draw(_ generator: inout LaneGenerator) -> Lanes {
    let (a, b) = generator.normalPair()
    return a + b
  }
}
private enum VonMises: Variate {
  static let size = 1
  static func draw(_ generator: inout LaneGenerator) -> Lanes {
    generator.vonMises(concentration: Lanes(repeating: 2))
  }
}

private func variate<V: Variate>(_ name: String, _: V.Type) -> Benchmark {
  Benchmark(
    name: name, unit: .time("ns per double", scale: 1e9),
    items: Double(count * V.size * laneCount)
  ) {
    var generator = LaneGenerator(
      seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
    return {
      var sum = Lanes.zero
      for _ in 0..<count { sum += V.draw(&generator) }
      keep(sum[0])
    }
  }
}

let elementaryFunctions = [
  function("exp", Exponential.self),
  function("log", Logarithm.self),
  function("sin and cos", SineCosine.self),
  function("tanh", HyperbolicTangent.self),
  function("atan2", Arctangent.self),
  singleFunction("exp, single precision", isTanh: false),
  singleFunction("tanh, single precision", isTanh: true),
  variate("uniform (Philox4x32-10)", Uniform.self),
  variate("normal", Normal.self),
  variate("von Mises, concentration 2", VonMises.self),
]
