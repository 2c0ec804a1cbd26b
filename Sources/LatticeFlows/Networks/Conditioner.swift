import LaneMath

/// A convolutional network from gauge invariants to the parameters of circle maps.
///
///     a_0 = features,   a_{l+1} = σ(b_l + W_l * a_l),   the last layer without σ
///
/// One network on one set of sites: the features at its inputs, the parameters at its outputs, and
/// in between only the sites that are needed (see `Stencil`). It computes in single precision: its
/// outputs are parameters of an exact map, and the forward and the inverse map compute the same ones.
///
/// Where the flow is conditioned on the coupling, `t` in [-1, 1], every bias is a polynomial of it,
/// `b_l + t b_l' + t² b_l'' ..`: what a constant channel beside each layer's input would give.
///
/// Parameters, in order: for each layer the weights `[output][input][tap]`, then the biases, then their
/// coefficients of `t`, of `t²`, ...
/// Nothing is allocated by `evaluate` and `pullback`.
struct Conditioner: Sendable {
  /// The channels of the features, of the hidden layers, and of the output.
  let channels: [Int]
  let stencils: [Stencil]
  let activation: Activation
  /// The degree of the biases as polynomials of the coupling; 0 where they do not depend on it.
  let couplingDegree: Int
  /// Where each layer's activations begin in the tape; `activationOffsets[0]` is the features.
  let activationOffsets: [Int]
  /// The `FloatLanes` that a tape needs.
  let activationCount: Int
  /// The largest number of `FloatLanes` in one layer's activations.
  let largestActivation: Int
  private let layerParameterOffsets: [Int]
  private let packedOffsets: [Int]
  private let gradientOffsets: [Int]

  /// The number of trainable parameters.
  let parameterCount: Int
  /// The floats of `pack`: weights and their transposes, padded.
  let packedCount: Int
  /// The floats of a gradient, padded like the weights.
  let gradientCount: Int

  init(channels: [Int], stencils: [Stencil], activation: Activation, couplingDegree: Int = 0) {
    precondition(channels.count == stencils.count + 1, "one stencil between two layers")
    self.channels = channels
    self.stencils = stencils
    self.activation = activation
    self.couplingDegree = couplingDegree
    var offsets = [0], largest = 0
    for layer in channels.indices {
      let sites = layer == 0 ? stencils[0].inputCount : stencils[layer - 1].outputCount
      let size = sites * paddedChannels(channels[layer])
      largest = Swift.max(largest, size)
      offsets.append(offsets.last! + size)
    }
    activationOffsets = offsets
    activationCount = offsets.last!
    largestActivation = largest
    var parameters = [0], packed = [0], gradients = [0]
    for (layer, stencil) in stencils.enumerated() {
      let (i, o, t) = (channels[layer], channels[layer + 1], stencil.taps)
      let (ip, op) = (paddedChannels(i), paddedChannels(o))
      parameters.append(parameters.last! + o * i * t + (1 + couplingDegree) * o)
      packed.append(packed.last! + t * i * op + op + t * o * ip)
      gradients.append(gradients.last! + t * ip * op + op)
    }
    layerParameterOffsets = parameters
    packedOffsets = packed
    gradientOffsets = gradients
    parameterCount = parameters.last!
    packedCount = packed.last!
    gradientCount = gradients.last!
  }

  /// The multiply-adds of one evaluation for one configuration, padding not counted.
  var multiplyAddCount: Int {
    stencils.indices.reduce(0) {
      $0 + stencils[$1].pairInputs.count * channels[$1] * channels[$1 + 1]
    }
  }

  /// The channels of the output.
  var outputChannels: Int { channels.last! }
  /// The `FloatLanes` from one output site to the next.
  var outputStride: Int { paddedChannels(channels.last!) }
  /// Where the output begins in the tape.
  var outputOffset: Int { activationOffsets[stencils.count] }

  /// Rounds the parameters at a coupling and lays them out for the kernels.
  func pack(
    _ parameters: UnsafePointer<Double>, coupling: Double = 0,
    into packed: UnsafeMutablePointer<Float>
  ) {
    for layer in stencils.indices {
      let (i, o, t) = (channels[layer], channels[layer + 1], stencils[layer].taps)
      let (ip, op) = (paddedChannels(i), paddedChannels(o))
      let source = parameters + layerParameterOffsets[layer]
      let weights = packed + packedOffsets[layer]
      let bias = weights + t * i * op
      let transposed = bias + op
      (weights).update(repeating: 0, count: t * i * op + op + t * o * ip)
      for c in 0..<o {
        for k in 0..<i {
          for tap in 0..<t {
            let value = Float(source[(c * i + k) * t + tap])
            weights[(tap * i + k) * op + c] = value
            transposed[(tap * o + c) * ip + k] = value
          }
        }
        var value = 0.0
        for degree in (0...couplingDegree).reversed() {
          value = value * coupling + source[o * i * t + degree * o + c]
        }
        bias[c] = Float(value)
      }
    }
  }

  /// Adds a multiple of a padded gradient to one in the order of the parameters.
  func unpack(
    _ gradient: UnsafePointer<Float>, coupling: Double = 0, factor: Double,
    addingTo parameters: UnsafeMutablePointer<Double>
  ) {
    for layer in stencils.indices {
      let (i, o, t) = (channels[layer], channels[layer + 1], stencils[layer].taps)
      let (ip, op) = (paddedChannels(i), paddedChannels(o))
      let source = gradient + gradientOffsets[layer]
      let target = parameters + layerParameterOffsets[layer]
      for c in 0..<o {
        for k in 0..<i {
          for tap in 0..<t {
            target[(c * i + k) * t + tap] += factor * Double(source[(tap * ip + k) * op + c])
          }
        }
        var value = factor * Double(source[t * ip * op + c])
        for degree in 0...couplingDegree {
          target[o * i * t + degree * o + c] += value
          value *= coupling
        }
      }
    }
  }

  /// Computes the outputs from the features that the caller has written at the start of `tape`.
  @inline(never)
  func evaluate(packed: UnsafePointer<Float>, tape: UnsafeMutablePointer<FloatLanes>) {
    for layer in stencils.indices {
      let (i, o, t) = (channels[layer], channels[layer + 1], stencils[layer].taps)
      let weights = packed + packedOffsets[layer]
      let output = tape + activationOffsets[layer + 1]
      applyStencil(
        stencils[layer].forward, input: tape + activationOffsets[layer], inputChannels: i,
        weights: weights, bias: weights + t * i * paddedChannels(o), output: output,
        outputChannels: o)
      if layer + 1 < stencils.count {
        activation.apply(to: output, count: stencils[layer].outputCount * paddedChannels(o))
      }
    }
  }

  /// Propagates derivatives with respect to the outputs back to the features, and adds those with
  /// respect to the weights where asked.
  ///
  /// - Parameters:
  ///   - tape: what `evaluate` left.
  ///   - outputGradient: `outputStride` numbers for each output site, padding zero.
  ///   - scratch: twice `largestActivation` numbers; the result, the derivatives with respect to
  ///     the features, is at the returned place in it.
  ///   - gradient: `gradientCount` floats to add to, or nil.
  @inline(never)
  func pullback(
    packed: UnsafePointer<Float>, tape: UnsafePointer<FloatLanes>,
    outputGradient: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<FloatLanes>,
    gradient: UnsafeMutablePointer<Float>?
  ) -> UnsafePointer<FloatLanes> {
    var current = outputGradient
    for layer in stencils.indices.reversed() {
      let (i, o, t) = (channels[layer], channels[layer + 1], stencils[layer].taps)
      let (ip, op) = (paddedChannels(i), paddedChannels(o))
      let input = tape + activationOffsets[layer]
      if let gradient {
        let target = gradient + gradientOffsets[layer]
        accumulateWeightGradient(
          stencils[layer], input: input, inputChannels: i, outputGradient: current,
          outputChannels: o, gradient: target, biasGradient: target + t * ip * op)
      }
      let transposed = packed + packedOffsets[layer] + t * i * op + op
      let next = scratch + (layer & 1) * largestActivation
      applyStencil(
        stencils[layer].transposed, input: current, inputChannels: o, weights: transposed,
        bias: nil, output: next, outputChannels: i)
      if layer > 0 {
        activation.pullback(next, output: input, count: stencils[layer].inputCount * ip)
      }
      current = UnsafePointer(next)
    }
    return current
  }
}
