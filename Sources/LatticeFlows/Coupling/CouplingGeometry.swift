import LatticeFields

/// What one coupling layer updates, and what it may look at.
///
/// An active loop is updated by moving links along a pattern, `θ_j += c_j Δ`, whose flux is 1 through
/// that loop; `Δ` depends on the loop's own angle and on frozen loops. Of the loops of the lattice,
///
///     active   its own pattern has flux 1 through it, no other pattern moves a link of it
///     frozen   no pattern moves a link of it: the layer is conditioned on such loops only
///     passive  all others, which absorb the change
///
/// so that the Jacobian is `1 + c v^T` for each active loop, with `c · v = h' - 1`, and the
/// determinant the product of the derivatives of the circle maps. A pattern may be a single link. A
/// new kind of layer is one way to make such a geometry; everything else (evaluation, inverse,
/// pullbacks, tests) is shared.
struct CouplingGeometry: Sendable {
  /// A geometry without loops.
  init() {}

  /// The loops that are mapped.
  var activeLoops = LoopTable()
  /// The links that move with each active loop, and by what multiple of its change.
  var patterns = LoopTable()
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

  /// The number of active loops.
  var activeCount: Int { activeLoops.count }

  /// The links that move.
  var movedLinks: Set<Int> {
    Set((0..<patterns.count).flatMap { patterns.terms(of: $0).map { $0.link } })
  }

  /// The first contradiction between patterns and loops, or nil where the Jacobian is triangular as
  /// it must be, and frozen loops come out with the same bits.
  func contradiction() -> String? {
    let moved = movedLinks
    for loop in 0..<activeLoops.count {
      let own = Dictionary(
        patterns.terms(of: loop).map { ($0.link, $0.sign) }, uniquingKeysWith: { $0 + $1 })
      let flux = activeLoops.terms(of: loop).reduce(0) { $0 + $1.sign * (own[$1.link] ?? 0) }
      // Coefficients are ratios of areas, summed: exact up to rounding.
      if abs(flux - 1) > 1e-12 {
        return "pattern \(loop) has flux \(flux) through its own loop, expected 1"
      }
      let others = activeLoops.terms(of: loop).first {
        moved.contains($0.link) && own[$0.link] == nil
      }
      if let other = others {
        return "active loop \(loop) contains link \(other.link) of another pattern"
      }
    }
    for loop in 0..<invariants.count {
      if let term = invariants.terms(of: loop).first(where: { moved.contains($0.link) }) {
        return "frozen loop \(loop) contains link \(term.link), which moves"
      }
    }
    return nil
  }

  /// Adds an active loop that moves along a pattern, measured from a fraction of a frozen loop.
  mutating func appendActive(
    _ coefficients: [Int: Double], along pattern: [Int: Double], centre: Int = -1,
    fraction: Double = 0
  ) {
    centres.append(centre)
    centreFractions.append(fraction)
    activeLoops.append(coefficients)
    patterns.append(pattern)
  }

  /// The same masks for angles: a loop is the sum of the links along it.
  init(angles links: LinkGeometry, harmonics: Int) {
    func coefficients(_ path: Int) -> [Int: Double] {
      links.paths.steps(of: path).reduce(into: [:]) {
        $0[$1.link, default: 0] += $1.isReversed ? -1 : 1
      }
    }
    self.harmonics = harmonics
    featureChannels = 2 * harmonics * links.slots
    for invariant in links.invariants {
      appendInvariant(
        coefficients(invariant.path), site: invariant.site,
        channel: 2 * harmonics * invariant.slot)
    }
    for active in links.active {
      let centre =
        active.centre < 0
        ? -1
        : links.invariants.firstIndex {
          links.paths.steps(of: $0.path) == links.paths.steps(of: active.centre)
        }!
      appendActive(
        coefficients(active.path), along: [active.link: 1], centre: centre,
        fraction: active.fraction)
    }
    stencils = links.stencils
  }

  /// Adds a frozen loop seen by the network at `site`.
  mutating func appendInvariant(_ coefficients: [Int: Double], site: Int, channel: Int) {
    invariants.append(coefficients)
    invariantPlaces.append((site, channel))
  }
}
