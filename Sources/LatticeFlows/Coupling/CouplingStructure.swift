import LatticeFields

// What a flow tells about its own parts, so that each can be checked alone.
extension CouplingFlow {
  /// The number of layers.
  public var layerCount: Int { layers.count }

  /// The name of the block of parameters that a layer uses.
  public func layerName(_ index: Int) -> String { blocks[layerBlocks[index]].name }

  /// The flow that consists of one layer of this one.
  ///
  /// Its frozen links come out as they went in, bit by bit, and its active links do not enter its
  /// network: differences of the active links see no rounding of the network's single precision.
  public func layer(_ index: Int) -> CouplingFlow {
    let block = blocks[layerBlocks[index]]
    var single = CouplingFlow(
      lattice: lattice, architecture: architecture,
      named: [NamedCouplingLayer(name: block.name, area: block.area, layer: layers[index])])
    single.parameters = Array(parameters[block.range])
    single.beta = beta
    return single
  }

  /// What is wrong with the masks, one line for each layer that contradicts itself; empty where
  /// every Jacobian is triangular as it must be.
  ///
  /// A layer is right where each active loop moves along its own pattern, with flux 1, and along no
  /// other, and no frozen loop contains a link that moves.
  public func maskContradictions() -> [String] {
    layers.indices.compactMap { index in
      layers[index].contradiction().map { "layer \(index) (\(layerName(index))): \($0)" }
    }
  }

  /// The number of links that at least one layer updates.
  public var updatedLinkCount: Int {
    layers.reduce(into: Set<Int>()) { $0.formUnion($1.movedLinks) }.count
  }
}
