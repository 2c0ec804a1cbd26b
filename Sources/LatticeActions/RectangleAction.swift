import LaneMath
import LatticeFields

/// The members of the rectangle-improved family that have names.
///
/// `c1` is the coefficient of the rectangle; that of the plaquette is `c0 = 1 - 8 c1` for all.
public enum RectangleImprovement: String, CaseIterable, Sendable {
  /// No error of order `a²` at tree level, `c1 = -1/12` (Weisz, Nucl. Phys. B 212 (1983) 1;
  /// Lüscher and Weisz, Commun. Math. Phys. 97 (1985) 59).
  case symanzik
  /// From block spins in perturbation theory, `c1 = -0.331` (Iwasaki, Nucl. Phys. B 258 (1985) 141;
  /// arXiv:1111.7054).
  case iwasaki
  /// From blocked configurations, `c1 = -1.4088` (Takaishi, hep-lat/9608106; QCD-TARO,
  /// hep-lat/9911033).
  case dbw2

  /// `c1`.
  public var rectangleCoefficient: Double {
    switch self {
    case .symanzik: -1.0 / 12
    case .iwasaki: -0.331
    case .dbw2: -1.4088
    }
  }
}

/// The rectangle-improved gauge action, in any dimension and for any group.
///
///     S(U) = -(β/N) [ c0 Σ_P Re tr P + c1 Σ_R Re tr R ],   c0 = 1 - 8 c1
///
/// `P` are the plaquettes and `R` the rectangles of two plaquettes, those of 1x2 and of 2x1 links,
/// each loop once: twice as many as plaquettes. The choice of `c0` makes the continuum limit that of
/// the Wilson action at the same `β`, in every dimension: a rectangle holds twice the flux of a
/// plaquette. `c1 = 0` is the Wilson action; ``RectangleImprovement`` lists the usual values, which
/// are those of four dimensions.
///
/// Around a direction of extent 2 a rectangle contains a link twice, and around one of extent 1 two
/// or more times: value and gradient are right there too, but the action is not linear in a link, so
/// that local updates need extents of 3 and more.
///
/// Complexity: five times that of the Wilson action: 12 products of matrices for the gradient of a
/// rectangle, 11 for the four staples of one side of a link. Allocates nothing.
public struct RectangleAction<Group: GaugeGroup>: GaugeAction {
  /// The inverse coupling `β`.
  public let beta: Double
  /// The coefficient of the rectangles, `c1`.
  public let rectangleCoefficient: Double
  /// The coefficient of the plaquettes, `c0 = 1 - 8 c1`.
  @inlinable public var plaquetteCoefficient: Double { 1 - 8 * rectangleCoefficient }

  /// The action with any coefficient of the rectangles.
  ///
  /// - Throws: `ActionError.coupling` where a number is not finite.
  public init(beta: Double, rectangleCoefficient: Double) throws(ActionError) {
    guard beta.isFinite else { throw .coupling(name: "beta", value: beta) }
    guard rectangleCoefficient.isFinite else {
      throw .coupling(name: "rectangle coefficient", value: rectangleCoefficient)
    }
    self.beta = beta
    self.rectangleCoefficient = rectangleCoefficient
  }

  /// The action of a name.
  ///
  /// - Throws: `ActionError.coupling` where `beta` is not finite.
  public init(_ improvement: RectangleImprovement, beta: Double) throws(ActionError) {
    try self.init(beta: beta, rectangleCoefficient: improvement.rectangleCoefficient)
  }

  /// `S(U)` in every configuration.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public func value(of U: LinkField<Group>) -> Lanes {
    U.withReadOnlyView { value(over: $0) }
  }

  /// Adds `factor ∂_a S`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public func accumulateGradient(
    of U: LinkField<Group>, scaledBy factor: Double, into gradient: inout AlgebraField<Group>
  ) {
    precondition(
      gradient.lattice == U.lattice,
      "gradient on \(gradient.lattice) for a field on \(U.lattice)")
    U.withReadOnlyView { U in
      gradient.elements.withUnsafeMutableBufferPointer { out in
        addGradient(over: U, scaledBy: factor, to: out.baseAddress!)
      }
    }
  }
}

extension RectangleAction: LoopAction {
  /// The plaquettes and rectangles that begin at the sites of a view.
  @inlinable
  public func value(over U: LinkView<Group>) -> Lanes {
    let c0 = Lanes(repeating: plaquetteCoefficient), c1 = Lanes(repeating: rectangleCoefficient)
    if let U = U as? LinkView<U1> { return -beta * U1Rectangles.cosineSum(U, c0, c1) }
    var sum = Lanes.zero
    U.forEachRectangle { links, loops in
      let plaquette = Group.plaquetteTrace(
        links, bottom: loops.bottom, right: loops.right, top: loops.top, left: loops.left)
      let wide = Group.rectangleTrace(
        links, bottom: (loops.bottom, loops.nextBottom), right: loops.farRight,
        top: (loops.top, loops.nextTop), left: loops.left)
      let tall = Group.rectangleTrace(
        links, bottom: (loops.left, loops.nextLeft), right: loops.farTop,
        top: (loops.right, loops.nextRight), left: loops.bottom)
      sum = multiplyAdd(c0, plaquette, multiplyAdd(c1, wide + tall, sum))
    }
    return (-beta / Double(Group.colors)) * sum
  }

  /// Adds the derivatives of these plaquettes and rectangles.
  @inlinable
  public func addGradient(
    over U: LinkView<Group>, scaledBy factor: Double, to out: UnsafeMutablePointer<Group.Algebra>
  ) {
    let scale = factor * beta / Double(Group.colors)
    let c0 = Lanes(repeating: scale * plaquetteCoefficient)
    let c1 = Lanes(repeating: scale * rectangleCoefficient)
    if let U = U as? LinkView<U1> {
      U1Rectangles.addSines(U, c0, c1, to: UnsafeMutableRawPointer(out))
      return
    }
    U.forEachRectangle { links, loops in
      Group.addPlaquetteGradient(
        links, bottom: loops.bottom, right: loops.right, top: loops.top, left: loops.left,
        scaledBy: c0, to: out)
      Group.addRectangleGradient(
        links, bottom: (loops.bottom, loops.nextBottom), right: loops.farRight,
        top: (loops.top, loops.nextTop), left: loops.left, scaledBy: c1, to: out)
      Group.addRectangleGradient(
        links, bottom: (loops.left, loops.nextLeft), right: loops.farTop,
        top: (loops.right, loops.nextRight), left: loops.bottom, scaledBy: c1, to: out)
    }
  }
}

extension RectangleAction: LinkLinearAction {
  /// `β/N`.
  @inlinable public var stapleCoupling: Double { beta / Double(Group.colors) }
  /// 3: a rectangle that goes around a direction of extent 2 contains its short side twice.
  @inlinable public var smallestExtent: Int { 3 }
  /// Adds `c0` times the staples of the plaquettes and `c1` times those of the rectangles, six in each
  /// plane.
  @inlinable @inline(never)
  public func addStaple(
    at x: Int, mu: Int, in U: LinkView<Group>, to sum: inout Group.Matrix
  ) {
    let c0 = Lanes(repeating: plaquetteCoefficient), c1 = Lanes(repeating: rectangleCoefficient)
    let links = UnsafePointer(U.links)
    for nu in 0..<U.dimension where nu != mu {
      Group.addRectangleStaplesAbove(
        RectangleLinks(above: x, mu, nu, links, U.forward, U.backward, volume: U.volume),
        plaquette: c0, rectangle: c1, to: &sum)
      Group.addRectangleStaplesBelow(
        RectangleLinks(below: x, mu, nu, links, U.forward, U.backward, volume: U.volume),
        plaquette: c0, rectangle: c1, to: &sum)
    }
  }
}

/// The indices of the links of a plaquette and of the two rectangles that begin with it, one longer
/// along `mu` and one along `nu`.
@frozen
@usableFromInline
struct RectangleIndices {
  @usableFromInline let bottom, right, top, left: Int
  @usableFromInline let nextBottom, farRight, nextTop: Int
  @usableFromInline let nextLeft, farTop, nextRight: Int

  @inlinable @inline(__always)
  init(_ x: Int, _ mu: Int, _ nu: Int, _ forward: UnsafePointer<Int>, volume: Int) {
    let ahead = forward + mu &* volume, up = forward + nu &* volume
    let mine = mu &* volume, other = nu &* volume
    let next = ahead[x], over = up[x], corner = up[next]
    bottom = mine &+ x
    right = other &+ next
    top = mine &+ over
    left = other &+ x
    nextBottom = mine &+ next
    farRight = other &+ ahead[next]
    nextTop = mine &+ corner
    nextLeft = other &+ over
    farTop = mine &+ up[over]
    nextRight = other &+ corner
  }
}

extension LinkView {
  /// Calls `body` for every plaquette that begins at a site, site by site, with the memory of the links.
  @inlinable @inline(__always)
  func forEachRectangle(_ body: (UnsafePointer<Group>, RectangleIndices) -> Void) {
    for x in 0..<sites {
      for mu in 0..<dimension {
        for nu in (mu &+ 1)..<Swift.max(mu &+ 1, dimension) {
          body(UnsafePointer(links), RectangleIndices(x, mu, nu, forward, volume: volume))
        }
      }
    }
  }
}
