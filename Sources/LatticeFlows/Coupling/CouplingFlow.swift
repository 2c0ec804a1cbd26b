import LaneMath
import LatticeFields

/// A chain of coupling layers with its parameters: a trainable transport of Haar-distributed links
/// (arXiv:2003.06413, arXiv:2008.05456).
///
///     log q(U) = -Σ_layers log|det J_layer|        (the Haar density is 1)
///
/// The parameters belong to named blocks (`blocks.8+8`, `stripes.03`), one for each layer that has
/// its own; the same blocks make the flow of another lattice, `moved(to:)`.
public struct CouplingFlow<Group: CouplingGroup>: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// What the flow is made of.
  public let architecture: CouplingArchitecture
  /// All parameters, block after block.
  public var parameters: [Double]
  /// The coupling that the flow is for, where its architecture serves a range of them.
  public var beta: Double?
  /// Where each named block of parameters lies.
  public let blocks: [ParameterBlock]
  let layers: [any AnyCouplingLayer<Group>]
  /// The block of each layer.
  let layerBlocks: [Int]
  let packedOffsets: [Int]

  /// The number of trainable parameters.
  public var parameterCount: Int { parameters.count }

  /// The coupling as the conditioners see it.
  var coupling: Double { beta.map { architecture.coupling(ofBeta: $0) } ?? 0 }

  /// The same flow for another coupling of its range.
  public func conditioned(onBeta beta: Double) -> CouplingFlow {
    var flow = self
    flow.beta = beta
    return flow
  }

  /// The multiply-adds of the networks when one configuration is transported: the cost to compare
  /// with the peak of the machine.
  public var multiplyAddCount: Int { layers.reduce(0) { $0 + $1.conditioner.multiplyAddCount } }

  /// A new flow, near the identity, its weights drawn from the seed.
  ///
  /// - Throws: `LatticeError` where a mask does not fit the lattice.
  public init(lattice: Lattice, architecture: CouplingArchitecture, seed: UInt64)
    throws(LatticeError)
  {
    try self.init(lattice: lattice, architecture: architecture)
    var generator = ScalarGenerator(seed: seed, purpose: .initialization)
    for block in blocks {
      var place = block.range.lowerBound
      for layer in block.taps.indices {
        let fanIn = block.channels[layer] * block.taps[layer]
        // The last layer starts small, so that the flow starts near the identity.
        let scale = (layer + 1 == block.taps.count ? 0.1 : 1) / Double(fanIn).squareRoot()
        let count = block.channels[layer + 1] * (fanIn + 1)
        for _ in 0..<count {
          parameters[place] = scale * (2 * generator.uniform() - 1)
          place += 1
        }
        place += block.couplingDegree * block.channels[layer + 1]
      }
    }
  }

  /// A flow whose parameters are all zero: the identity.
  public init(lattice: Lattice, architecture: CouplingArchitecture) throws(LatticeError) {
    var named: [NamedCouplingLayer<Group>] = []
    for (index, stage) in architecture.stages.enumerated() {
      let prefix = index == 0 ? "" : "\(index)."
      named += try Group.couplingLayers(of: stage, on: lattice).map {
        NamedCouplingLayer(name: prefix + $0.name, area: $0.area, layer: $0.layer)
      }
    }
    self.init(lattice: lattice, architecture: architecture, named: named)
  }

  /// A flow of the given layers, its parameters zero; layers of one name share their parameters.
  init(
    lattice: Lattice, architecture: CouplingArchitecture,
    named: [NamedCouplingLayer<Group>]
  ) {
    var blocks: [ParameterBlock] = []
    var layerBlocks: [Int] = []
    var offsets = [0]
    for named in named {
      let conditioner = named.layer.conditioner
      if let existing = blocks.firstIndex(where: { $0.name == named.name }) {
        layerBlocks.append(existing)
      } else {
        let start = blocks.last?.range.upperBound ?? 0
        layerBlocks.append(blocks.count)
        blocks.append(
          ParameterBlock(
            name: named.name, range: start..<(start + conditioner.parameterCount),
            channels: conditioner.channels, taps: conditioner.stencils.map { $0.taps },
            couplingDegree: conditioner.couplingDegree, area: named.area))
      }
      offsets.append(offsets.last! + conditioner.packedCount)
    }
    self.lattice = lattice
    self.architecture = architecture
    self.blocks = blocks
    self.layerBlocks = layerBlocks
    self.layers = named.map { $0.layer }
    packedOffsets = offsets
    parameters = Array(repeating: 0, count: blocks.last?.range.upperBound ?? 0)
  }

  /// The same flow on another lattice.
  ///
  /// Stripes have parameters that fit every lattice. Of a tree of blocks each split must have been
  /// trained, but for splits of more plaquettes than any that were: for those the two halves are
  /// left as the Haar measure has them, which is right up to terms of order `(I_1/I_0)^area`.
  ///
  /// - Throws: `TransferError` where the masks do not fit or a split was not trained.
  public func moved(to lattice: Lattice) throws(TransferError) -> CouplingFlow {
    if lattice == self.lattice { return self }
    var moved: CouplingFlow
    do { moved = try CouplingFlow(lattice: lattice, architecture: architecture) } catch {
      throw .lattice(error)
    }
    let trained = Dictionary(uniqueKeysWithValues: blocks.map { ($0.name, $0) })
    let largest = largestArea
    var kept: [NamedCouplingLayer<Group>] = []
    for (layer, number) in zip(moved.layers, moved.layerBlocks) {
      let block = moved.blocks[number], name = block.name
      let open = name.hasSuffix(" closed") ? String(name.dropLast(7)) : name
      if trained[name] != nil {
        kept.append(NamedCouplingLayer(name: name, area: block.area, layer: layer))
      } else if trained[open] != nil {
        // The closed torus is a block whose flux is zero.
        kept.append(NamedCouplingLayer(name: open, area: block.area, layer: layer))
      } else if let area = block.area, area >= 2 * largest || area == self.lattice.volume {
        continue
      } else {
        throw .untrained(split: name, lattice: lattice, trained: blocks.map { $0.name })
      }
    }
    moved = CouplingFlow(lattice: lattice, architecture: architecture, named: kept)
    moved.beta = beta
    for block in moved.blocks {
      moved.parameters.replaceSubrange(
        block.range, with: parameters[trained[block.name]!.range])
    }
    return moved
  }

  /// The plaquettes in the largest open block that was trained.
  private var largestArea: Int {
    blocks.filter { !$0.name.hasSuffix(" closed") }.compactMap(\.area).max() ?? 0
  }
}

/// Why a trained flow cannot be used on another lattice.
public enum TransferError: Error, CustomStringConvertible {
  /// A mask does not fit.
  case lattice(LatticeError)
  /// A split of blocks was not trained.
  case untrained(split: String, lattice: Lattice, trained: [String])

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .lattice(let error): error.description
    case .untrained(let split, let lattice, let trained):
      "lattice \(lattice): needs layer '\(split)', the model has "
        + trained.map { "'\($0)'" }.joined(separator: ", ")
    }
  }
}

/// The parameters of one layer of a coupling flow, or of several that share them.
public struct ParameterBlock: Sendable, Equatable {
  /// The name, unique in a flow.
  public let name: String
  /// The place in the parameters of the flow.
  public let range: Range<Int>
  /// The channels of the conditioner, from the features to the output.
  public let channels: [Int]
  /// The taps of the kernels of each layer of the conditioner.
  public let taps: [Int]
  /// The degree of the biases as polynomials of the coupling.
  public let couplingDegree: Int
  /// The number of plaquettes in the block that the layer splits, of a tree of blocks.
  public let area: Int?
}
