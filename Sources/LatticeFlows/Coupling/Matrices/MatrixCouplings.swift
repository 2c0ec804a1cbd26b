import LatticeFields

extension SU2: CouplingGroup {
  /// Spectral and residual layers of blocks, stripes or checkerboards.
  public static func couplingLayers(
    of stage: CouplingArchitecture.Stage, on lattice: Lattice
  ) throws(LatticeError) -> [NamedCouplingLayer<SU2>] {
    try matrixCouplingLayers(of: stage, on: lattice)
  }
}

extension SU: CouplingGroup {
  /// Spectral and residual layers of blocks, stripes or checkerboards.
  public static func couplingLayers(
    of stage: CouplingArchitecture.Stage, on lattice: Lattice
  ) throws(LatticeError) -> [NamedCouplingLayer<SU<N>>] {
    try matrixCouplingLayers(of: stage, on: lattice)
  }
}

extension MatrixCouplingGroup where Self: ResidualGroup {
  /// The layers of a stage: its geometries in order, each with a spectral layer, a residual one, or both.
  static func matrixCouplingLayers(
    of stage: CouplingArchitecture.Stage, on lattice: Lattice
  ) throws(LatticeError) -> [NamedCouplingLayer<Self>] {
    var layers: [NamedCouplingLayer<Self>] = []
    for (name, area, geometry) in try stage.linkGeometries(on: lattice) {
      if case .spline(let bins) = stage.map {
        layers.append(
          NamedCouplingLayer(
            name: name, area: area,
            layer: SpectralLayer<Self>(geometry: geometry, bins: bins, stage: stage)))
      }
      if stage.map == .residual || stage.hasResidual {
        layers.append(
          NamedCouplingLayer(
            name: name + ".residual", area: area,
            layer: ResidualLayer<Self>(geometry: geometry, stage: stage)))
      }
    }
    return layers
  }
}

extension CouplingArchitecture.Stage {
  /// The masks of a stage in the order of application, with the names of their layers, and for a tree of
  /// blocks the plaquettes of the block that is split.
  func linkGeometries(
    on lattice: Lattice
  ) throws(LatticeError) -> [(name: String, area: Int?, geometry: LinkGeometry)] {
    var result: [(name: String, area: Int?, geometry: LinkGeometry)] = []
    switch geometry {
    case .blocks:
      for split in try LinkGeometry.blocks(lattice: lattice, hiddenLayers: hidden.count) {
        for round in 0..<Swift.max(1, layers) {
          let suffix = round == 0 ? "" : ".\(round)"
          result.append(
            (
              "blocks." + split.name + suffix, split.areas.active + split.areas.passive,
              split.geometry.measured(round: round)
            ))
        }
      }
    case .stripes:
      for layer in 0..<layers {
        // Each direction in turn, each offset in turn: 8 layers update every link once.
        let geometry = try LinkGeometry.stripes(
          lattice: lattice, direction: layer % 2, offset: layer / 2 % 4, pairLoops: pairLoops,
          isCentred: isCentred, hiddenLayers: hidden.count)
        result.append(("stripes." + Self.number(layer), nil, geometry))
      }
    case .checkerboard:
      let dimension = lattice.dimension
      for layer in 0..<layers {
        // Each direction in turn, each parity in turn: 2 D layers update every link once.
        let geometry = try LinkGeometry.checkerboard(
          lattice: lattice, direction: layer % dimension, parity: layer / dimension % 2,
          plane: layer / (2 * dimension), isCentred: isCentred, hiddenLayers: hidden.count)
        result.append(("checkerboard." + Self.number(layer), nil, geometry))
      }
    }
    return result
  }

  /// The number of a layer in its name, two digits at least.
  static func number(_ layer: Int) -> String { layer < 10 ? "0\(layer)" : "\(layer)" }
}
