import LaneMath
import LatticeFields

/// The buffers that one thread needs to evaluate a flow and its derivatives on one packet.
final class CouplingWorkspace: @unchecked Sendable {
  let activations: Buffer<FloatLanes>
  let values: Buffer<Lanes>
  let outputGradient: Buffer<FloatLanes>
  let network: Buffer<FloatLanes>
  let lanes: Buffer<Lanes>
  let floats: Buffer<FloatLanes>
  private let activationOffsets: [Int]
  private let valueOffsets: [Int]

  /// - Parameter keepsTape: whether the tapes of all layers are kept, for derivatives, or one is
  ///   used again and again.
  init<Group: CouplingGroup>(flow: CouplingFlow<Group>, keepsTape: Bool) {
    var activationOffsets: [Int] = [], valueOffsets: [Int] = []
    var activationCount = 0, valueCount = 0
    var largestActivation = 0, largestValue = 0, outputs = 0, network = 0
    var lanes = 0, floats = 0
    for layer in flow.layers {
      let conditioner = layer.conditioner
      activationOffsets.append(keepsTape ? activationCount : 0)
      valueOffsets.append(keepsTape ? valueCount : 0)
      activationCount += conditioner.activationCount
      valueCount += layer.tapeCount
      largestActivation = max(largestActivation, conditioner.activationCount)
      largestValue = max(largestValue, layer.tapeCount)
      outputs = max(outputs, layer.activeCount * conditioner.outputStride)
      network = max(network, 2 * conditioner.largestActivation)
      lanes = max(lanes, layer.laneScratchCount)
      floats = max(floats, layer.floatScratchCount)
    }
    activations = Buffer(
      count: max(1, keepsTape ? activationCount : largestActivation), repeating: .zero)
    values = Buffer(count: max(1, keepsTape ? valueCount : largestValue), repeating: .zero)
    outputGradient = Buffer(count: max(1, outputs), repeating: .zero)
    self.network = Buffer(count: max(1, network), repeating: .zero)
    self.lanes = Buffer(count: max(1, lanes), repeating: .zero)
    self.floats = Buffer(count: max(1, floats), repeating: .zero)
    self.activationOffsets = activationOffsets
    self.valueOffsets = valueOffsets
  }

  func tape(_ layer: Int) -> LayerTape {
    LayerTape(
      activations: activations.pointer + activationOffsets[layer],
      values: values.pointer + valueOffsets[layer])
  }

  var scratch: LayerScratch {
    LayerScratch(
      outputGradient: outputGradient.pointer, network: network.pointer, lanes: lanes.pointer,
      floats: floats.pointer)
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
          base + blocks[layerBlocks[index]].range.lowerBound, coupling: coupling,
          into: packed.pointer + packedOffsets[index])
      }
    }
  }

  /// Applies all layers and returns `log|det J|`.
  func apply(
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, workspace: CouplingWorkspace
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
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, workspace: CouplingWorkspace
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
