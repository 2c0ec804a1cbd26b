import LatticeFields

/// What one coupling layer updates, and what it may look at.
///
/// Every link is active (updated), or frozen. Of the loops of the lattice,
///
///     active   contains exactly one active link, with coefficient ±1, through which it is updated
///     passive  contains active links and absorbs their change
///     frozen   contains none: the layer is conditioned on such loops only
///
/// so that the Jacobian is triangular, its diagonal the derivatives of the circle maps. A new kind of
/// layer is one way to make such a geometry; everything else (evaluation, inverse, pullbacks, tests)
/// is shared.
struct CouplingGeometry: Sendable {
  /// The loops that are mapped.
  var activeLoops = LoopTable()
  /// The link through which each active loop is updated.
  var activeLinks: [Int] = []
  /// The coefficient of that link in its loop.
  var activeSigns: [Double] = []
  /// The frozen loop from which the angle of each active loop is measured, or -1: the angle that is
  /// mapped is `φ - fraction · Φ`, `Φ` in (-π, π] the angle of that loop. Where `Φ` is the flux
  /// through the active loop and its passive partner, the mapped angle is centred on its share.
  var centres: [Int] = []
  /// The fraction of the centre's angle.
  var centreFractions: [Double] = []
  /// The frozen loops that the conditioner sees.
  var invariants = LoopTable()
  /// The input site of the network, and its first channel, for each invariant.
  var invariantPlaces: [(site: Int, channel: Int)] = []
  /// The number of harmonics `cos kφ, sin kφ` for each invariant, two channels each.
  var harmonics = 1
  /// The channels of the network's input.
  var featureChannels = 2
  /// One stencil for each layer of the network; the outputs of the last are the active loops.
  var stencils: [Stencil] = []

  /// The first contradiction between the loops and their roles, or nil where the Jacobian is
  /// triangular as it must be.
  func contradiction() -> String? {
    let active = Set(activeLinks)
    if active.count != activeLinks.count { return "a link is active twice" }
    for loop in 0..<activeLoops.count {
      let inside = activeLoops.terms(of: loop).filter { active.contains($0.link) }
      guard inside.count == 1, inside[0].link == activeLinks[loop],
        inside[0].sign == activeSigns[loop], abs(inside[0].sign) == 1
      else { return "active loop \(loop) does not contain its own active link alone" }
    }
    for loop in 0..<invariants.count {
      if let term = invariants.terms(of: loop).first(where: { active.contains($0.link) }) {
        return "frozen loop \(loop) contains the active link \(term.link)"
      }
    }
    return nil
  }

  /// Adds an active loop that is updated through `link`, measured from a fraction of a frozen loop.
  mutating func appendActive(
    _ coefficients: [Int: Int], through link: Int, centre: Int = -1, fraction: Double = 0
  ) {
    centres.append(centre)
    centreFractions.append(fraction)
    activeLoops.append(coefficients)
    activeLinks.append(link)
    activeSigns.append(Double(coefficients[link] ?? 0))
  }

  /// Adds a frozen loop seen by the network at `site`.
  mutating func appendInvariant(_ coefficients: [Int: Int], site: Int, channel: Int) {
    invariants.append(coefficients)
    invariantPlaces.append((site, channel))
  }
}
