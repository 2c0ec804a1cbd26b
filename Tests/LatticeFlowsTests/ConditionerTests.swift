import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The network kernels against plain loops in double precision.
struct ConditionerTests {
  /// Relative to results of order one: rounding of sums of up to 300 products in single precision.
  private static let rounding = 2e-5

  /// A network in double precision, written as it is defined.
  private struct Naive {
    let channels: [Int]
    let reads: [[[(tap: Int, input: Int)]]]
    let taps: Int
    let activation: Activation
    let parameters: [Double]

    func activated(_ x: Double) -> Double {
      switch activation {
      case .leakyReLU: x > 0 ? x : 0.01 * x
      case .tanh: LaneMath.tanh(Lanes(repeating: x))[0]
      }
    }

    /// The outputs `[site][channel]` from the features `[site][channel]`.
    func evaluate(_ features: [[Double]]) -> [[Double]] {
      var current = features, offset = 0
      for layer in reads.indices {
        let (i, o) = (channels[layer], channels[layer + 1])
        let isLast = layer + 1 == reads.count
        current = reads[layer].map { read in
          (0..<o).map { c in
            var sum = parameters[offset + o * i * taps + c]
            for (tap, input) in read {
              for k in 0..<i {
                sum += parameters[offset + (c * i + k) * taps + tap] * current[input][k]
              }
            }
            return isLast ? sum : activated(sum)
          }
        }
        offset += o * i * taps + o
      }
      return current
    }
  }

  /// A random sparse convolution: every output reads some of the taps.
  private func makeReads(
    inputs: Int, outputs: Int, taps: Int, using generator: inout ScalarGenerator
  ) -> [[(tap: Int, input: Int)]] {
    (0..<outputs).map { _ in
      (0..<taps).compactMap { tap in
        taps > 1 && generator.uniform() < 0.3
          ? nil : (tap, Int.random(in: 0..<inputs, using: &generator))
      }
    }
  }

  @Test(
    "Outputs, and derivatives by features and by weights, agree with plain loops, at odd sizes",
    arguments: Activation.allCases,
    [[2, 3], [1, 5, 3], [2, 8, 8, 3], [4, 7, 6, 25], [3, 1, 1], [6, 16, 16, 31]])
  func naive(activation: Activation, channels: [Int]) {
    var generator = ScalarGenerator(seed: 3, purpose: .verification)
    let sites = [7, 11, 5, 4].suffix(channels.count)
    let taps = channels.count % 2 == 0 ? 9 : 1
    var reads: [[[(tap: Int, input: Int)]]] = []
    var stencils: [Stencil] = []
    for layer in 0..<(channels.count - 1) {
      let inputs = sites[sites.startIndex + layer], outputs = sites[sites.startIndex + layer + 1]
      reads.append(makeReads(inputs: inputs, outputs: outputs, taps: taps, using: &generator))
      stencils.append(Stencil(inputCount: inputs, taps: taps, reads: reads.last!))
    }
    let network = Conditioner(channels: channels, stencils: stencils, activation: activation)
    // Rounded to single precision, so that both networks have the same parameters.
    let parameters = (0..<network.parameterCount).map { _ in
      Double(Float(0.6 * (2 * generator.uniform() - 1)))
    }
    let naive = Naive(
      channels: channels, reads: reads, taps: taps, activation: activation,
      parameters: parameters)

    let packed = Buffer<Float>(count: network.packedCount, repeating: 0)
    network.pack(parameters, into: packed.pointer)
    let tape = Buffer<FloatLanes>(count: network.activationCount, repeating: .zero)
    let stride = paddedChannels(channels[0])
    var lanes = LaneGenerator(seed: 4, purpose: .verification, firstConfiguration: 0, step: 0)
    for site in 0..<sites.first! {
      for k in 0..<channels[0] { tape[site * stride + k] = lanes.normal().single }
    }
    let features = (0..<laneCount).map { lane in
      (0..<sites.first!).map { site in
        (0..<channels[0]).map { Double(tape[site * stride + $0][lane]) }
      }
    }
    network.evaluate(packed: packed.pointer, tape: tape.pointer)

    // The derivative of Σ c · output in every lane.
    let outputCount = sites.last!, outputStride = network.outputStride
    let covector = Buffer<FloatLanes>(count: outputCount * outputStride, repeating: .zero)
    for site in 0..<outputCount {
      for c in 0..<channels.last! { covector[site * outputStride + c] = lanes.normal().single }
    }
    for lane in 0..<laneCount {
      let expected = naive.evaluate(features[lane])
      for site in 0..<outputCount {
        for c in 0..<channels.last! {
          let found = Double(tape[network.outputOffset + site * outputStride + c][lane])
          #expect(Swift.abs(found - expected[site][c]) < Self.rounding, "\(site) \(c)")
        }
      }
    }
    let scratch = Buffer<FloatLanes>(count: 2 * network.largestActivation, repeating: .zero)
    let padded = Buffer<Float>(count: network.gradientCount, repeating: 0)
    let byFeatures = network.pullback(
      packed: packed.pointer, tape: tape.pointer, outputGradient: covector.pointer,
      scratch: scratch.pointer, gradient: padded.pointer)
    var gradient = Array(repeating: 0.0, count: network.parameterCount)
    gradient.withUnsafeMutableBufferPointer {
      network.unpack(padded.pointer, factor: 1, addingTo: $0.baseAddress!)
    }

    func functional(_ naive: Naive, _ features: [[Double]], lane: Int) -> Double {
      let outputs = naive.evaluate(features)
      var sum = 0.0
      for site in 0..<outputCount {
        for c in 0..<channels.last! {
          sum += outputs[site][c] * Double(covector[site * outputStride + c][lane])
        }
      }
      return sum
    }
    // Differences in double precision: the step is small, kinks are rare and leave 1e-6.
    let h = 1e-6
    var scale = 1.0
    for g in gradient { scale = Swift.max(scale, Swift.abs(g)) }
    for lane in 0..<laneCount {
      for site in 0..<sites.first! {
        for k in 0..<channels[0] {
          var up = features[lane], down = features[lane]
          up[site][k] += h
          down[site][k] -= h
          let slope =
            (functional(naive, up, lane: lane) - functional(naive, down, lane: lane)) / (2 * h)
          let found = Double(byFeatures[site * stride + k][lane])
          #expect(Swift.abs(found - slope) < 1e-3 * scale, "feature \(site) \(k)")
        }
      }
    }
    for index in Swift.stride(from: 0, to: parameters.count, by: 1 + parameters.count / 40) {
      var slopes = 0.0
      for lane in 0..<laneCount {
        var up = parameters, down = parameters
        up[index] += h
        down[index] -= h
        let above = Naive(
          channels: channels, reads: reads, taps: taps, activation: activation, parameters: up)
        let below = Naive(
          channels: channels, reads: reads, taps: taps, activation: activation, parameters: down)
        slopes +=
          (functional(above, features[lane], lane: lane)
            - functional(below, features[lane], lane: lane)) / (2 * h)
      }
      #expect(Swift.abs(gradient[index] - slopes) < 1e-4 * scale, "parameter \(index)")
    }
  }

  @Test("Gradients of weights are added to what was there")
  func accumulates() {
    let stencil = Stencil(inputCount: 1, taps: 1, reads: [[(0, 0)]])
    let network = Conditioner(channels: [1, 1], stencils: [stencil], activation: .tanh)
    let packed = Buffer<Float>(count: network.packedCount, repeating: 0)
    network.pack([2, 1], into: packed.pointer)
    let tape = Buffer<FloatLanes>(count: network.activationCount, repeating: .zero)
    tape[0] = FloatLanes(repeating: 3)
    network.evaluate(packed: packed.pointer, tape: tape.pointer)
    #expect(tape[network.outputOffset] == FloatLanes(repeating: 7))
    let covector = Buffer<FloatLanes>(count: 4, repeating: .zero)
    covector[0] = FloatLanes(repeating: 1)
    let scratch = Buffer<FloatLanes>(count: 2 * network.largestActivation, repeating: .zero)
    let padded = Buffer<Float>(count: network.gradientCount, repeating: 0)
    for _ in 0..<2 {
      _ = network.pullback(
        packed: packed.pointer, tape: tape.pointer, outputGradient: covector.pointer,
        scratch: scratch.pointer, gradient: padded.pointer)
    }
    var gradient = [1.0, 1.0]
    network.unpack(padded.pointer, factor: 0.5, addingTo: &gradient)
    // Two times eight lanes, times one half, beside what was there.
    let expected: [Double] = [25, 9]
    #expect(gradient == expected)
  }
}
