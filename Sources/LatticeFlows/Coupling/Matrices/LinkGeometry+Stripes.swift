import LatticeFields

extension LinkGeometry {
  /// The plaquette coupling of arXiv:2008.05456 in two dimensions: stripes.
  ///
  ///     x_nu ->  off-1  off  off+1 off+2
  ///              P      A    F     F     P     A    F     F        A active, P passive, F frozen
  ///              P      A    F     F     P     A    F     F
  ///                   |                      |                     the active links, direction mu,
  ///                   at x_nu = off mod 4                          at every x_mu
  ///
  /// Updates 1/8 of the links. Each active plaquette is mapped through its `mu` link at `x_nu = off`; the
  /// plaquette at `off - 1` shares that link and absorbs the change. The network is a convolution of 3x3
  /// kernels over the sites; it sees the frozen plaquettes (slot 0) and, where asked for, loops
  /// of two plaquettes without active links (slot 1): around the passive and the active one together, and
  /// around two frozen ones.
  ///
  /// - Parameter isCentred: whether the active plaquette is measured from the root of the loop around it
  ///   and its passive neighbour.
  /// - Throws: `LatticeError` unless the lattice has two dimensions and an extent in direction `nu` that
  ///   is a multiple of 4.
  static func stripes(
    lattice: Lattice, direction mu: Int, offset: Int, pairLoops: Bool, isCentred: Bool,
    hiddenLayers: Int
  ) throws(LatticeError) -> LinkGeometry {
    guard lattice.dimension == 2 else {
      throw .dimension(pattern: "stripe mask", expected: 2, extents: lattice.extents)
    }
    let nu = 1 - mu
    guard lattice.extents[nu].isMultiple(of: 4) else {
      throw .period(pattern: "stripe mask", direction: nu, period: 4, extents: lattice.extents)
    }
    var geometry = LinkGeometry()
    geometry.slots = pairLoops ? 2 : 1
    let m = mu + 1, n = nu + 1
    let plaquette = [m, n, -m, -n]
    var activeSites: [Int] = []
    var seen: [Int: Int] = [:]
    func add(_ directions: [Int], at site: Int, slot: Int) {
      // The compact index of a site among those that have features.
      if seen[site] == nil { seen[site] = seen.count }
      geometry.appendInvariant(
        lattice.path(from: site, directions), site: seen[site]!, slot: slot)
    }
    for x in 0..<lattice.volume {
      switch (lattice.coordinates(of: x)[nu] - offset + 4) & 3 {
      case 0:
        let around = [-n, m, n, n, -m, -n]
        if pairLoops { add(around, at: x, slot: 1) }
        var active = Active(
          link: lattice.link(x, mu), path: geometry.paths.append(lattice.path(from: x, plaquette)))
        if isCentred {
          active.centre = geometry.paths.append(lattice.path(from: x, around))
          active.fraction = 0.5
        }
        geometry.active.append(active)
        activeSites.append(x)
      case 1:
        add(plaquette, at: x, slot: 0)
        if pairLoops { add([m, n, n, -m, -n, -n], at: x, slot: 1) }
      case 2:
        add(plaquette, at: x, slot: 0)
        if pairLoops { add([m, m, n, -m, -m, -n], at: x, slot: 1) }
      default: break
      }
    }
    geometry.stencils = Stencil.convolution(
      lattice: lattice, offsets: Stencil.square(mu: mu), outputs: activeSites, inputs: seen,
      layers: hiddenLayers + 1)
    return geometry
  }
}
