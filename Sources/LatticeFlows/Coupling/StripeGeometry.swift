import LatticeFields

/// The plaquette coupling of arXiv:2003.06413 and arXiv:2101.08176 in two dimensions: stripes.
///
///     x_nu ->  off-1  off  off+1 off+2
///              P      A    F     F     P     A    F     F        A active, P passive, F frozen
///              P      A    F     F     P     A    F     F
///                   |                      |                     the active links, direction mu,
///                   at x_nu = off mod 4                          at every x_mu
///
/// Updates 1/8 of the links. Each active plaquette is moved through its `mu` link at `x_nu = off`;
/// the plaquette at `off - 1` shares that link and absorbs the move. The network is a convolution of
/// 3x3 kernels over the sites of the lattice; it sees
/// channels 0, 1: cos and sin of the frozen plaquettes, and, where asked for,
/// channels 2, 3: cos and sin of loops of two plaquettes that contain no active link: around the
/// passive and the active plaquette together (at the active site), and around two frozen ones.
///
/// Requires an extent in direction `nu` that is a multiple of 4.
struct StripeGeometry {
  static func make(
    lattice: Lattice, direction mu: Int, offset: Int, pairLoops: Bool, hiddenLayers: Int
  ) throws(LatticeError) -> CouplingGeometry {
    guard lattice.dimension == 2 else {
      throw .dimension(pattern: "stripe mask", expected: 2, extents: lattice.extents)
    }
    let nu = 1 - mu
    guard lattice.extents[nu].isMultiple(of: 4) else {
      throw .period(
        pattern: "stripe mask", direction: nu, period: 4, extents: lattice.extents)
    }
    var geometry = CouplingGeometry()
    geometry.featureChannels = pairLoops ? 4 : 2
    var activeSites: [Int] = []
    var seen: [Int: Int] = [:]
    func add(_ sites: [Int], at site: Int, channel: Int) {
      // The compact index of a site among those that have features.
      if seen[site] == nil { seen[site] = seen.count }
      geometry.appendInvariant(lattice.boundary(of: sites), site: seen[site]!, channel: channel)
    }
    for x in 0..<lattice.volume {
      let column = (lattice.coordinates(of: x)[nu] - offset + 4) & 3
      switch column {
      case 0:
        if pairLoops { add([lattice.backward(x, nu), x], at: x, channel: 2) }
        geometry.appendActive(
          lattice.boundary(of: [x]), along: [lattice.link(x, mu): mu == 0 ? 1 : -1])
        activeSites.append(x)
      case 1:
        add([x], at: x, channel: 0)
        if pairLoops { add([x, lattice.forward(x, nu)], at: x, channel: 2) }
      case 2:
        add([x], at: x, channel: 0)
        if pairLoops { add([x, lattice.forward(x, mu)], at: x, channel: 2) }
      default: break
      }
    }
    geometry.stencils = Stencil.convolution(
      lattice: lattice, offsets: Stencil.square(mu: mu), outputs: activeSites, inputs: seen,
      layers: hiddenLayers + 1)
    return geometry
  }
}
