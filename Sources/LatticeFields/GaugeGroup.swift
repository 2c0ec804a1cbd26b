import LaneMath

/// A link variable: an element of a compact group in each of 8 configurations.
///
/// A group is one file in `Groups/` and one line in the catalog. Kernels are written once, for any
/// group, and specialised by the compiler.
///
/// Conventions: the algebra is spanned by anti-Hermitian generators with
/// `tr(T_a T_b) = -δ_ab / 2` for SU(N) (hep-lat/0003020 uses the same) and `T = i` for U(1); a left
/// derivative is `∂_a f(U) = d/dε f(exp(ε T_a) U)`.
public protocol GaugeGroup: BitwiseCopyable, Sendable {
  /// The algebra, in real coordinates with respect to the generators.
  associatedtype Algebra: LieAlgebra
  /// Sums of group elements, where staples live: a complex matrix.
  associatedtype Matrix: BitwiseCopyable & Sendable

  /// The name a user types, such as `U1` or `SU3`.
  static var name: String { get }
  /// The number of colours, `N`.
  static var colors: Int { get }
  /// Whether all elements commute: then a plaquette's derivative is the same at its four corners.
  static var isAbelian: Bool { get }
  /// The unit element.
  static var identity: Self { get }

  /// The product.
  static func * (a: Self, b: Self) -> Self
  /// The inverse, `U†`.
  var adjoint: Self { get }
  /// `Re tr U`, in `[-N, N]`.
  var realTrace: Lanes { get }
  /// `Im tr U`.
  var imaginaryTrace: Lanes { get }
  /// `exp(Σ_a X_a T_a)`.
  static func exp(_ X: Algebra) -> Self
  /// `U <- exp(time X) U`: the drift of molecular dynamics.
  static func advance(
    _ U: UnsafeMutablePointer<Self>, by time: Lanes, along X: UnsafePointer<Algebra>)
  /// `-Re tr(T_a U)` for each generator: the derivative of `-Re tr U`; `sin φ` for U(1).
  var algebraProjection: Algebra { get }
  /// Draws from the Haar measure in every lane.
  static func haar(using generator: inout LaneGenerator) -> Self
  /// `max |U† U - 1|`, entry by entry.
  var unitarityDefect: Lanes { get }
  /// The nearest group element: removes accumulated rounding.
  var reunitarized: Self { get }
  /// Replaces the element by the nearest group element.
  mutating func reunitarize()

  /// The zero matrix.
  static var zeroMatrix: Matrix { get }
  /// Adds a group element to a sum of them.
  static func add(_ element: Self, to sum: inout Matrix)
  /// Adds a real multiple of a sum to another.
  static func add(_ other: Matrix, scaledBy factor: Lanes, to sum: inout Matrix)
  /// Adds `a b† c†` to a sum: the staple above a link.
  static func addStapleAbove(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafePointer<Self>,
    to sum: inout Matrix)
  /// Adds `a† b† c` to a sum: the staple below a link.
  static func addStapleBelow(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafePointer<Self>,
    to sum: inout Matrix)
  /// `Re tr P` of the plaquette of four links, `P = U[bottom] U[right] U[top]† U[left]†`.
  static func plaquetteTrace(
    _ U: UnsafePointer<Self>, bottom: Int, right: Int, top: Int, left: Int
  ) -> Lanes
  /// Adds the derivatives of `-Re tr P` with respect to the four links of a plaquette, times a
  /// number, to the elements of these links.
  ///
  ///     P = U[bottom] U[right] U[top]† U[left]†
  static func addPlaquetteGradient(
    _ U: UnsafePointer<Self>, bottom: Int, right: Int, top: Int, left: Int, scaledBy factor: Lanes,
    to gradient: UnsafeMutablePointer<Algebra>)
  /// Adds multiples of the staples above a link: of its plaquette, and of the three rectangles of 1x2
  /// plaquettes; see ``RectangleLinks``.
  static func addRectangleStaplesAbove(
    _ U: RectangleLinks<Self>, plaquette: Lanes, rectangle: Lanes, to sum: inout Matrix)
  /// Adds multiples of the staples below a link.
  static func addRectangleStaplesBelow(
    _ U: RectangleLinks<Self>, plaquette: Lanes, rectangle: Lanes, to sum: inout Matrix)
  /// `Re tr R` of the rectangle of six links,
  /// `R = U[bottom.0] U[bottom.1] U[right] U[top.1]† U[top.0]† U[left]†`.
  static func rectangleTrace(
    _ U: UnsafePointer<Self>, bottom: (Int, Int), right: Int, top: (Int, Int), left: Int
  ) -> Lanes
  /// Adds the derivatives of `-Re tr R` with respect to the six links of a rectangle, times a number,
  /// to the elements of these links.
  static func addRectangleGradient(
    _ U: UnsafePointer<Self>, bottom: (Int, Int), right: Int, top: (Int, Int), left: Int,
    scaledBy factor: Lanes, to gradient: UnsafeMutablePointer<Algebra>)
  /// `-Re tr(T_a U M)`: the derivative of `-Re tr(U M)` with respect to the link `U`.
  static func algebraProjection(of U: Self, times M: Matrix) -> Algebra
  /// `Re tr(U M)`.
  static func realTrace(of U: Self, times M: Matrix) -> Lanes

  /// The number of doubles that one configuration's link takes in an ensemble file.
  static var scalarsPerLink: Int { get }
  /// Writes one lane's link as it stands in an ensemble file.
  func store(lane: Int, to pointer: UnsafeMutablePointer<Double>)
  /// Reads one lane's link as it stands in an ensemble file.
  mutating func load(lane: Int, from pointer: UnsafePointer<Double>)
}

extension GaugeGroup {
  /// The product with the exponential.
  @inlinable @inline(__always)
  public static func advance(
    _ U: UnsafeMutablePointer<Self>, by time: Lanes, along X: UnsafePointer<Algebra>
  ) { U.pointee = exp(time * X.pointee) * U.pointee }

  /// Replaces the element by the nearest group element.
  @inlinable @inline(__always)
  public mutating func reunitarize() { self = reunitarized }

  /// The product of three links, added.
  @inlinable @inline(__always)
  public static func addStapleAbove(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafePointer<Self>,
    to sum: inout Matrix
  ) { add(a.pointee * b.pointee.adjoint * c.pointee.adjoint, to: &sum) }

  /// The product of three links, added.
  @inlinable @inline(__always)
  public static func addStapleBelow(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafePointer<Self>,
    to sum: inout Matrix
  ) { add(a.pointee.adjoint * b.pointee.adjoint * c.pointee, to: &sum) }

  /// The trace of the product.
  @inlinable @inline(__always)
  public static func plaquetteTrace(
    _ U: UnsafePointer<Self>, bottom: Int, right: Int, top: Int, left: Int
  ) -> Lanes { (U[bottom] * U[right] * U[top].adjoint * U[left].adjoint).realTrace }

  /// The projections of the plaquette that starts at each of the four links; one serves them all
  /// where the group is Abelian.
  @inlinable @inline(__always)
  public static func addPlaquetteGradient(
    _ U: UnsafePointer<Self>, bottom: Int, right: Int, top: Int, left: Int, scaledBy factor: Lanes,
    to gradient: UnsafeMutablePointer<Algebra>
  ) {
    let P = U[bottom] * U[right] * U[top].adjoint * U[left].adjoint
    let force = P.algebraProjection
    let minus = -factor
    gradient[bottom] = gradient[bottom].adding(factor, force)
    gradient[left] = gradient[left].adding(minus, force)
    let atRight = isAbelian ? force : (U[bottom].adjoint * P * U[bottom]).algebraProjection
    let atTop = isAbelian ? force : (U[left].adjoint * P * U[left]).algebraProjection
    gradient[right] = gradient[right].adding(factor, atRight)
    gradient[top] = gradient[top].adding(minus, atTop)
  }
}

/// An element of a Lie algebra in each of 8 configurations, in real coordinates.
public protocol LieAlgebra: BitwiseCopyable, Sendable {
  /// The number of generators.
  static var dimension: Int { get }
  /// The zero element.
  static var zero: Self { get }
  /// The sum.
  static func + (a: Self, b: Self) -> Self
  /// The difference.
  static func - (a: Self, b: Self) -> Self
  /// The multiple by a number that may differ between lanes.
  static func * (factor: Lanes, X: Self) -> Self
  /// `Σ_a X_a Y_a`.
  func dot(_ other: Self) -> Lanes
  /// Independent standard normal coordinates: momenta of HMC.
  static func gaussian(using generator: inout LaneGenerator) -> Self
  /// One coordinate.
  subscript(coordinate: Int) -> Lanes { get set }
  /// `self + factor X`.
  func adding(_ factor: Lanes, _ X: Self) -> Self
}

extension LieAlgebra {
  /// `self + factor X`.
  @inlinable @inline(__always)
  public func adding(_ factor: Lanes, _ X: Self) -> Self { self + factor * X }
}
