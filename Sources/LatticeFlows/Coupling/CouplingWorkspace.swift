import LaneMath
import LatticeFields

/// The buffers that one thread needs to evaluate a flow and its derivatives on one packet.
final class CouplingWorkspace: @unchecked Sendable {
  let activations: Buffer<FloatLanes>
  let angles: Buffer<Lanes>
  let outputGradient: Buffer<FloatLanes>
  let network: Buffer<FloatLanes>
  let map: Buffer<Lanes>
  private let activationOffsets: [Int]
  private let angleOffsets: [Int]

  /// - Parameter keepsTape: whether the tapes of all layers are kept, for derivatives, or one is
  ///   used again and again.
  init(flow: CouplingFlow, keepsTape: Bool) {
    var activationOffsets: [Int] = [], angleOffsets: [Int] = []
    var activationCount = 0, angleCount = 0
    var largestActivation = 0, largestAngle = 0, outputs = 0, network = 0, map = 0
    for layer in flow.layers {
      let conditioner = layer.conditioner
      activationOffsets.append(keepsTape ? activationCount : 0)
      angleOffsets.append(keepsTape ? angleCount : 0)
      activationCount += conditioner.activationCount
      angleCount += layer.tapeCount
      largestActivation = max(largestActivation, conditioner.activationCount)
      largestAngle = max(largestAngle, layer.tapeCount)
      outputs = max(outputs, layer.geometry.activeCount * conditioner.outputStride)
      network = max(network, 2 * conditioner.largestActivation)
      map = max(map, layer.mapScratchCount)
    }
    activations = Buffer(
      count: max(1, keepsTape ? activationCount : largestActivation), repeating: .zero)
    angles = Buffer(count: max(1, keepsTape ? angleCount : largestAngle), repeating: .zero)
    outputGradient = Buffer(count: max(1, outputs), repeating: .zero)
    self.network = Buffer(count: max(1, network), repeating: .zero)
    self.map = Buffer(count: max(1, map), repeating: .zero)
    self.activationOffsets = activationOffsets
    self.angleOffsets = angleOffsets
  }

  func tape(_ layer: Int) -> LayerTape {
    LayerTape(
      activations: activations.pointer + activationOffsets[layer],
      angles: angles.pointer + angleOffsets[layer])
  }

  var scratch: LayerScratch {
    LayerScratch(
      outputGradient: outputGradient.pointer, network: network.pointer, map: map.pointer)
  }
}

extension CouplingFlow {
  /// Room for the packed weights of all layers.
  func makePackedParameters() -> Buffer<Float> {
    Buffer(count: max(1, packedOffsets.last!), repeating: 0)
  }

  /// Rounds and lays out the parameters for the kernels.
  func pack(into packed: Buffer<Float>) {
    parameters.withUnsafeBufferPointer { parameters in
      guard let base = parameters.baseAddress else { return }
      for (index, layer) in layers.enumerated() {
        layer.conditioner.pack(
          base + blocks[layerBlocks[index]].range.lowerBound,
          into: packed.pointer + packedOffsets[index])
      }
    }
  }

  /// Applies all layers and returns `log|det J|`.
  func apply(
    to U: UnsafeMutablePointer<U1>, packed: UnsafePointer<Float>, workspace: CouplingWorkspace
  ) -> Lanes {
    var logDet = Lanes.zero
    for (index, layer) in layers.enumerated() {
      logDet += layer.apply(
        to: U, packed: packed + packedOffsets[index], tape: workspace.tape(index),
        scratch: workspace.scratch)
    }
    return logDet
  }

  /// Applies all inverses in the opposite order and returns the `log|det J|` of `apply`.
  func applyInverse(
    to U: UnsafeMutablePointer<U1>, packed: UnsafePointer<Float>, workspace: CouplingWorkspace
  ) throws(InversionFailure) -> Lanes {
    var logDet = Lanes.zero
    for (index, layer) in layers.enumerated().reversed() {
      logDet += try layer.applyInverse(
        to: U, packed: packed + packedOffsets[index], tape: workspace.tape(index),
        scratch: workspace.scratch)
    }
    return logDet
  }
}
