import LatticeFields

extension LinkGeometry {
  /// Links of one direction `mu` at sites of one parity, in two, three or four dimensions.
  ///
  ///     nu ^   +---o---+---o      every plaquette that contains an active link contains one: the links
  ///        |   |   |   |   |      opposite to it are at sites of the other parity. Above (A) and below (P)
  ///            +===+---+===+      of an active link (=) the loop around both is frozen, and so are
  ///            | A |   | A |      all plaquettes in planes without mu
  ///            o---+===+---+
  ///            | P |   | P |      -> mu
  ///
  /// Updates 1/(2D) of the links, the most that a layer of single plaquettes can. A spectral layer maps
  /// the plaquette in the plane of `mu` and `nu`, measured from the root of the loop around it and its
  /// neighbour below; a residual layer moves the link along its `2(D-1)` staples and as many loops that
  /// wind once more around both plaquettes of a plane. The network sees the loops around both plaquettes
  /// of each plane of `mu` (first slots, at the active sites), and the plaquettes of the other planes.
  ///
  /// - Throws: `LatticeError` where an extent is odd, or there is one dimension only.
  static func checkerboard(
    lattice: Lattice, direction mu: Int, parity: Int, plane: Int, isCentred: Bool,
    hiddenLayers: Int
  ) throws(LatticeError) -> LinkGeometry {
    guard lattice.dimension >= 2 else {
      throw .dimension(pattern: "checkerboard mask", expected: 2, extents: lattice.extents)
    }
    for (direction, extent) in lattice.extents.enumerated() where !extent.isMultiple(of: 2) {
      throw .period(
        pattern: "checkerboard mask", direction: direction, period: 2, extents: lattice.extents)
    }
    let others = (0..<lattice.dimension).filter { $0 != mu }
    var planes: [(Int, Int)] = []
    for (i, nu) in others.enumerated() { planes += others[(i + 1)...].map { (nu, $0) } }
    var geometry = LinkGeometry()
    geometry.slots = others.count + planes.count
    var activeSites: [Int] = []
    var seen: [Int: Int] = [:]
    func add(_ directions: [Int], at site: Int, slot: Int) {
      if seen[site] == nil { seen[site] = seen.count }
      geometry.appendInvariant(lattice.path(from: site, directions), site: seen[site]!, slot: slot)
    }
    let m = mu + 1
    for x in 0..<lattice.volume {
      if lattice.coordinates(of: x).reduce(0, +) & 1 == parity {
        var terms: [Int] = []
        for (slot, nu) in others.enumerated() {
          let n = nu + 1
          let around = [-n, m, n, n, -m, -n], above = [m, n, -m, -n], below = [m, -n, -m, n]
          add(around, at: x, slot: slot)
          for loop in [above, below, above + around, below + around.reversed().map { -$0 }] {
            terms.append(geometry.paths.append(lattice.path(from: x, loop)))
          }
        }
        let n = others[plane % others.count] + 1
        var active = Active(
          link: lattice.link(x, mu),
          path: geometry.paths.append(lattice.path(from: x, [m, n, -m, -n])))
        active.terms = terms
        if isCentred {
          active.centre = geometry.paths.append(lattice.path(from: x, [-n, m, n, n, -m, -n]))
          active.fraction = 0.5
        }
        geometry.active.append(active)
        activeSites.append(x)
      }
      for (slot, (nu, rho)) in planes.enumerated() {
        add([nu + 1, rho + 1, -nu - 1, -rho - 1], at: x, slot: others.count + slot)
      }
    }
    geometry.stencils = Stencil.convolution(
      lattice: lattice, offsets: kernel(dimension: lattice.dimension, mu: mu),
      outputs: activeSites, inputs: seen, layers: hiddenLayers + 1)
    return geometry
  }

  /// The taps of the convolution: 3x3 in two dimensions, a site with its neighbours and those two steps
  /// away in more.
  private static func kernel(dimension: Int, mu: Int) -> [[Int]] {
    if dimension == 2 { return Stencil.square(mu: mu) }
    // The directions in the order mu, mu + 1, ..: what is learned for one direction holds for all.
    let order = (0..<dimension).map { (mu + $0) % dimension }
    var offsets = [[Int](repeating: 0, count: dimension)]
    for direction in order {
      for distance in [-2, -1, 1, 2] {
        var offset = [Int](repeating: 0, count: dimension)
        offset[direction] = distance
        offsets.append(offset)
      }
    }
    return offsets
  }
}
