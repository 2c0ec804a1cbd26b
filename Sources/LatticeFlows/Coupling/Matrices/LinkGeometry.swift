import LaneMath
import LatticeFields

/// What one coupling layer of links in SU(N) updates, and what it may look at.
///
/// Every active link `U_l` stands first in closed paths of which all other links are frozen. A spectral
/// layer maps the eigenvalues of one such loop `P`, measured from a power of a frozen loop `W` through
/// the same site where that is given; a residual layer moves the link along a combination of several.
///
///     active    the links that move, none of them in a path of another
///     frozen    all others, bit by bit; the layer is conditioned on loops of frozen links only
///     passive   all loops that contain active links but are not mapped: they absorb the change
///
/// so that the Jacobian is triangular, its determinant the product over active links. A new kind of
/// mask is one way to make such a geometry; evaluation, inverse, pullbacks and tests are shared.
struct LinkGeometry: Sendable {
  /// A link that moves.
  struct Active: Sendable {
    /// The link, the first step of `path` and of all `terms`.
    var link: Int
    /// The loop that a spectral layer maps.
    var path: Int
    /// The frozen loop from whose power the mapped loop is measured, `X = P W^{-fraction}`, or -1.
    var centre = -1
    /// The power of that loop.
    var fraction = 0.0
    /// The loops that a residual layer adds up, as many for each active link.
    var terms: [Int] = []
  }

  /// A frozen loop that the conditioner sees.
  struct Invariant: Sendable {
    var path: Int
    /// The input site of the network.
    var site: Int
    /// Which of the loops of that site this is.
    var slot: Int
  }

  /// All paths that are mentioned below.
  var paths = ClosedPaths()
  var active: [Active] = []
  var invariants: [Invariant] = []
  /// The number of loops for each input site.
  var slots = 1
  /// One stencil for each layer of the network; the outputs of the last are the active links.
  var stencils: [Stencil] = []

  /// The same links, their loops measured from other powers of their centres: in the first round of
  /// the share of their area, then of the unit element, which maps `W_A` itself, and of the centre,
  /// which maps `W_B`.
  func measured(round: Int) -> LinkGeometry {
    var result = self
    for index in active.indices {
      switch round % 3 {
      case 1: result.active[index].fraction = 0
      case 2: result.active[index].fraction = 1
      default: break
      }
      if result.active[index].fraction == 0 { result.active[index].centre = -1 }
    }
    return result
  }

  /// The links that move.
  var movedLinks: Set<Int> { Set(active.map(\.link)) }

  /// Adds a frozen loop seen by the network.
  mutating func appendInvariant(_ path: [PathStep], site: Int, slot: Int) {
    invariants.append(Invariant(path: paths.append(path), site: site, slot: slot))
  }

  /// The first contradiction in the masks, or nil where the Jacobian is triangular as it must be, and
  /// frozen loops come out with the same bits.
  func contradiction() -> String? {
    let moved = movedLinks
    if moved.count != active.count { return "a link is active twice" }
    for (number, active) in active.enumerated() {
      for path in [active.path] + active.terms {
        let steps = paths.steps(of: path)
        if steps.first != PathStep(link: active.link) {
          return "path \(path) does not begin with its active link \(active.link)"
        }
        if let step = steps.dropFirst().first(where: { moved.contains($0.link) }) {
          return "path \(path) of active link \(number) contains link \(step.link), which moves"
        }
      }
      if active.centre >= 0,
        let step = paths.steps(of: active.centre).first(where: { moved.contains($0.link) })
      {
        return "the centre of active link \(number) contains link \(step.link), which moves"
      }
    }
    for invariant in invariants {
      let steps = paths.steps(of: invariant.path)
      if let step = steps.first(where: { moved.contains($0.link) }) {
        return "frozen loop \(invariant.path) contains link \(step.link), which moves"
      }
    }
    return nil
  }
}
