import LatticeFields

/// A group whose links coupling flows can transport.
public protocol CouplingGroup: SpectralGroup {
  /// The layers of a stage of an architecture in the order of application; layers of one name share
  /// their parameters.
  ///
  /// - Throws: `LatticeError` where a mask does not fit the lattice.
  static func couplingLayers(
    of stage: CouplingArchitecture.Stage, on lattice: Lattice
  ) throws(LatticeError) -> [NamedCouplingLayer<Self>]
}

extension U1: CouplingGroup {
  /// Circle maps of the angles of blocks or of single plaquettes.
  public static func couplingLayers(
    of stage: CouplingArchitecture.Stage, on lattice: Lattice
  ) throws(LatticeError) -> [NamedCouplingLayer<U1>] {
    switch stage.geometry {
    case .blocks:
      return try BlockGeometry.make(
        lattice: lattice, harmonics: stage.harmonics, hiddenLayers: stage.hidden.count
      ).map { split, geometry in
        NamedCouplingLayer(
          name: "blocks." + split.name, area: split.area, layer: stage.circleLayer(geometry))
      }
    case .stripes:
      var layers: [NamedCouplingLayer<U1>] = []
      for layer in 0..<stage.layers {
        // Each direction in turn, each offset in turn: 8 layers update every link once.
        let geometry = try StripeGeometry.make(
          lattice: lattice, direction: layer % 2, offset: layer / 2 % 4,
          pairLoops: stage.pairLoops, hiddenLayers: stage.hidden.count)
        layers.append(
          NamedCouplingLayer(
            name: "stripes." + CouplingArchitecture.Stage.number(layer),
            layer: stage.circleLayer(geometry)))
      }
      return layers
    case .checkerboard:
      return try stage.linkGeometries(on: lattice).map {
        NamedCouplingLayer(
          name: $0.name,
          layer: stage.circleLayer(
            CouplingGeometry(angles: $0.geometry, harmonics: stage.harmonics)))
      }
    }
  }
}

extension CouplingArchitecture.Stage {
  /// A layer of circle maps.
  fileprivate func circleLayer(_ geometry: CouplingGeometry) -> any AnyCouplingLayer<U1> {
    switch map {
    case .spline(let bins):
      CouplingLayer(geometry: geometry, map: CircularSpline(bins: bins), stage: self)
    case .projection(let components):
      CouplingLayer(geometry: geometry, map: ProjectionMixture(components: components), stage: self)
    case .residual:
      preconditionFailure("residual layers are for SU(N)")
    }
  }
}
