import LaneMath
import LatticeFields

/// One step of a path on the lattice: along a link, or back along it.
struct PathStep: Sendable, Hashable {
  /// The index `mu V + site`.
  var link: Int
  /// Whether the link is walked from its end to its start, which gives `U†`.
  var isReversed = false

  /// The opposite step.
  var reversed: PathStep { PathStep(link: link, isReversed: !isReversed) }
}

extension Lattice {
  /// Walks from a site: `1 + mu` is a step along direction `mu`, `-(1 + mu)` one against it.
  func path(from site: Int, _ directions: [Int]) -> [PathStep] {
    var x = site
    return directions.map { direction in
      let mu = abs(direction) - 1
      if direction > 0 {
        let step = PathStep(link: link(x, mu))
        x = forward(x, mu)
        return step
      }
      x = backward(x, mu)
      return PathStep(link: link(x, mu), isReversed: true)
    }
  }
}

/// Closed paths on the lattice, for the products of the links along them.
///
///     W = Π_k U_{l_k}^{±}
struct ClosedPaths: Sendable {
  /// The steps of path `i` are at `offsets[i] ..< offsets[i + 1]`.
  private(set) var offsets: [Int] = [0]
  /// Twice the link, plus one where it is walked backwards.
  private var codes: [Int32] = []

  var count: Int { offsets.count - 1 }

  /// Adds a path and returns its number.
  mutating func append(_ path: [PathStep]) -> Int {
    codes += path.map { Int32(2 * $0.link + ($0.isReversed ? 1 : 0)) }
    offsets.append(codes.count)
    return offsets.count - 2
  }

  /// The steps of a path.
  func steps(of path: Int) -> [PathStep] {
    (offsets[path]..<offsets[path + 1]).map {
      PathStep(link: Int(codes[$0] >> 1), isReversed: codes[$0] & 1 == 1)
    }
  }

  /// The product of the links of a path, without so many of its first steps.
  @inline(__always)
  func product<Group: GaugeGroup>(
    of path: Int, skipping: Int = 0, _ U: UnsafePointer<Group>
  ) -> Group {
    codes.withUnsafeBufferPointer { codes in
      let first = offsets[path] &+ skipping, last = offsets[path &+ 1]
      var product = Self.element(codes[first], U)
      for step in (first &+ 1)..<last { product = product * Self.element(codes[step], U) }
      return product
    }
  }

  @inline(__always)
  private static func element<Group: GaugeGroup>(_ code: Int32, _ U: UnsafePointer<Group>) -> Group
  {
    let link = U[Int(code >> 1)]
    return code & 1 == 0 ? link : link.adjoint
  }

  /// Adds to `field` the derivatives, with respect to the links of a path, of a function of their
  /// product `W` whose left derivative is `cotangent`.
  ///
  ///     δW = ξ W,  ξ = Σ_k Ad_{W_k} δ_k:   the link of a forward step gets Ad_{W_k}† of the cotangent,
  ///     that of a backward step minus Ad_{W_{k+1}}†, W_k the product of the steps before
  ///
  /// - Parameter skipping: the number of first steps whose links get nothing; the cotangent is given
  ///   at the site that they lead to.
  @inline(__always)
  func scatter<Group: SpectralGroup>(
    _ cotangent: Group.Algebra, of path: Int, skipping: Int = 0, _ U: UnsafePointer<Group>,
    to field: UnsafeMutablePointer<Group.Algebra>
  ) {
    codes.withUnsafeBufferPointer { codes in
      var G = cotangent
      let last = offsets[path &+ 1]
      for step in (offsets[path] &+ skipping)..<last {
        let code = codes[step], link = Int(code >> 1)
        if code & 1 == 0 {
          field[link] = field[link] + G
          if step &+ 1 < last { G = U[link].adjoint.adjointAction(on: G) }
        } else {
          G = U[link].adjointAction(on: G)
          field[link] = field[link] - G
        }
      }
    }
  }
}
