import LaneMath

/// The twelve links around a link `U_mu(x)` on one side of it in a plane, from which the staples of a
/// plaquette and of three rectangles of 1x2 plaquettes are made.
///
/// Above the link (`z = x`), a hat meaning one step in that direction:
///
///     plaquette  a b† c†            a = U_nu(x+mu),  b = U_mu(x+nu),  c = U_nu(x)
///     right      a becomes r0 r1 r2†   = U_mu(x+mu) U_nu(x+2mu) U_mu(x+mu+nu)†
///     tall       b† becomes t0 t1† t2† = U_nu(x+mu+nu) U_mu(x+2nu)† U_nu(x+nu)†
///     left       c† becomes l0† l1† l2 = U_mu(x-mu+nu)† U_nu(x-mu)† U_mu(x-mu)
///
/// Below the link (`z = x - nu`):
///
///     plaquette  a† b† c            a = U_nu(z+mu),  b = U_mu(z),  c = U_nu(z)
///     right      a† becomes r0 r1† r2† = U_mu(x+mu) U_nu(z+2mu)† U_mu(z+mu)†
///     tall       b† becomes t0† t1† t2 = U_nu(z+mu-nu)† U_mu(z-nu)† U_nu(z-nu)
///     left       c becomes l0† l1 l2   = U_mu(z-mu)† U_nu(z-mu) U_mu(x-mu)
@frozen
public struct RectangleLinks<Group: GaugeGroup> {
  /// The links of the plaquette.
  public var a, b, c: UnsafePointer<Group>
  /// The detour of the rectangle that leans forward along the link.
  public var r0, r1, r2: UnsafePointer<Group>
  /// The detour of the rectangle that stands on the link.
  public var t0, t1, t2: UnsafePointer<Group>
  /// The detour of the rectangle that leans backward along the link.
  public var l0, l1, l2: UnsafePointer<Group>

  /// The links above `U_mu(x)` in the plane of `mu` and `nu`.
  ///
  /// - Parameters:
  ///   - U: the memory of a link field.
  ///   - forward: `forward[mu V + x]` is the site `x + mu`.
  ///   - backward: `backward[mu V + x]` is the site `x - mu`.
  @inlinable @inline(__always)
  public init(
    above x: Int, _ mu: Int, _ nu: Int, _ U: UnsafePointer<Group>, _ forward: UnsafePointer<Int>,
    _ backward: UnsafePointer<Int>, volume: Int
  ) {
    let mine = U + mu &* volume, other = U + nu &* volume
    let ahead = forward + mu &* volume, up = forward + nu &* volume
    let right = ahead[x], left = backward[mu &* volume &+ x]
    let top = up[x], topRight = up[right]
    a = other + right
    b = mine + top
    c = other + x
    r0 = mine + right
    r1 = other + ahead[right]
    r2 = mine + topRight
    t0 = other + topRight
    t1 = mine + up[top]
    t2 = other + top
    l0 = mine + up[left]
    l1 = other + left
    l2 = mine + left
  }

  /// The links below `U_mu(x)` in the plane of `mu` and `nu`; parameters as above.
  @inlinable @inline(__always)
  public init(
    below x: Int, _ mu: Int, _ nu: Int, _ U: UnsafePointer<Group>, _ forward: UnsafePointer<Int>,
    _ backward: UnsafePointer<Int>, volume: Int
  ) {
    let mine = U + mu &* volume, other = U + nu &* volume
    let ahead = forward + mu &* volume
    let z = backward[nu &* volume &+ x], under = backward[nu &* volume &+ z]
    let right = ahead[z], left = backward[mu &* volume &+ z]
    a = other + right
    b = mine + z
    c = other + z
    r0 = mine + ahead[x]
    r1 = other + ahead[right]
    r2 = mine + right
    t0 = other + ahead[under]
    t1 = mine + under
    t2 = other + under
    l0 = mine + left
    l1 = other + left
    l2 = mine + backward[mu &* volume &+ x]
  }
}

extension GaugeGroup {
  /// The four products, each shared as far as sums of group elements allow.
  @inlinable @inline(__always)
  public static func addRectangleStaplesAbove(
    _ U: RectangleLinks<Self>, plaquette: Lanes, rectangle: Lanes, to sum: inout Matrix
  ) {
    let b = U.b.pointee, c = U.c.pointee.adjoint
    let first = U.a.pointee * b.adjoint
    let right = U.r0.pointee * U.r1.pointee * (b * U.r2.pointee).adjoint
    let tall = U.a.pointee * U.t0.pointee * (U.t2.pointee * U.t1.pointee).adjoint
    let left = (U.l1.pointee * U.l0.pointee).adjoint * U.l2.pointee
    addStaples(
      [first * c], [right * c, tall * c, first * left], plaquette, rectangle, to: &sum)
  }

  /// The four products, each shared as far as sums of group elements allow.
  @inlinable @inline(__always)
  public static func addRectangleStaplesBelow(
    _ U: RectangleLinks<Self>, plaquette: Lanes, rectangle: Lanes, to sum: inout Matrix
  ) {
    let a = U.a.pointee, b = U.b.pointee, c = U.c.pointee
    let first = (b * a).adjoint
    let right = U.r0.pointee * (b * U.r2.pointee * U.r1.pointee).adjoint
    let tall = (U.t1.pointee * U.t0.pointee * a).adjoint * U.t2.pointee
    let left = U.l0.pointee.adjoint * U.l1.pointee * U.l2.pointee
    addStaples(
      [first * c], [right * c, tall * c, first * left], plaquette, rectangle, to: &sum)
  }

  @inlinable @inline(__always)
  static func addStaples(
    _ plaquettes: [1 of Self], _ rectangles: [3 of Self], _ plaquette: Lanes, _ rectangle: Lanes,
    to sum: inout Matrix
  ) {
    var part = zeroMatrix
    add(plaquettes[0], to: &part)
    add(part, scaledBy: plaquette, to: &sum)
    part = zeroMatrix
    for index in 0..<3 { add(rectangles[index], to: &part) }
    add(part, scaledBy: rectangle, to: &sum)
  }

  /// The trace of the product.
  @inlinable @inline(__always)
  public static func rectangleTrace(
    _ U: UnsafePointer<Self>, bottom: (Int, Int), right: Int, top: (Int, Int), left: Int
  ) -> Lanes {
    (U[bottom.0] * U[bottom.1] * U[right] * (U[left] * U[top.0] * U[top.1]).adjoint).realTrace
  }

  /// The projections of the rectangle that starts at each of the six links; one serves them all where
  /// the group is Abelian.
  @inlinable @inline(__always)
  public static func addRectangleGradient(
    _ U: UnsafePointer<Self>, bottom: (Int, Int), right: Int, top: (Int, Int), left: Int,
    scaledBy factor: Lanes, to gradient: UnsafeMutablePointer<Algebra>
  ) {
    let base = U[bottom.0] * U[bottom.1], side = U[left] * U[top.0]
    let R = base * U[right] * (side * U[top.1]).adjoint
    let force = R.algebraProjection
    let minus = -factor
    @inline(__always) func transported(_ V: Self) -> Algebra {
      isAbelian ? force : (V.adjoint * R * V).algebraProjection
    }
    gradient[bottom.0] = gradient[bottom.0].adding(factor, force)
    gradient[bottom.1] = gradient[bottom.1].adding(factor, transported(U[bottom.0]))
    gradient[right] = gradient[right].adding(factor, transported(base))
    gradient[left] = gradient[left].adding(minus, force)
    gradient[top.0] = gradient[top.0].adding(minus, transported(U[left]))
    gradient[top.1] = gradient[top.1].adding(minus, transported(side))
  }
}
