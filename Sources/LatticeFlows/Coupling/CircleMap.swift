import LaneMath

/// An orientation-preserving, smooth, invertible map of the circle with parameters in every lane.
///
/// Angles are in radians; `x` in `[-π, π]`. The parameters are a network's outputs, in single
/// precision; the map, its derivative and its inverse are computed in double from those same numbers.
///
/// A new map is one file and one line in `CouplingMapKind`; the law tests (derivative, inverse,
/// pullback, at extreme parameters) run over that catalog.
protocol CircleMap: Sendable {
  /// The number of parameters of one map.
  var parameterCount: Int { get }
  /// The `Lanes` of scratch space that the functions need.
  var scratchCount: Int { get }

  /// `y = h(x)` (not wrapped) with `log h'(x)`, and where asked `d log h'/dx`.
  func apply(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> CircleMapValue

  /// The `x` in `[-π, π]` with `h(x) = y` modulo 2π, `h(x) - x`, and `log h'(x)`.
  ///
  /// The change `h(x) - x` is a function on the circle, whatever multiple of 2π `y` was given with:
  /// it is what a pattern of links with fractional coefficients must be moved by.
  ///
  /// - Throws: `InversionFailure` where the residual stays above its tolerance.
  func invert(
    _ y: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> (x: Lanes, change: Lanes, logDerivative: Lanes)

  /// Writes `a ∂h/∂p_k + b ∂ log h'/∂p_k` to `parameterGradient` for every parameter, and returns
  /// `a (h' - 1) + b d log h'/dx`.
  func pullback(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, a: Lanes, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes
}

/// What a circle map gives at a point.
struct CircleMapValue {
  /// The image, not wrapped.
  var y: Lanes
  /// `h'(x)`.
  var derivative: Lanes
  /// `log h'(x)`.
  var logDerivative: Lanes
  /// `d log h'/dx`.
  var logDerivativeSlope: Lanes
}

/// The catalog of maps that couplings use.
public enum CouplingMapKind: Sendable, Codable, Hashable {
  /// A rational-quadratic spline with this number of bins: of the circle for U(1) (arXiv:2002.02428), of
  /// the gaps between eigenphases for SU(N) (arXiv:2008.05456).
  case spline(bins: Int)
  /// The mean of this number of non-compact projections, and a rotation (arXiv:2002.02428); U(1) only.
  case projection(components: Int)
  /// A step of stout smearing with learned coefficients (arXiv:2305.02402); SU(N) only.
  case residual
}

/// An inverse that did not converge: an error, never a warning.
public struct InversionFailure: Error, CustomStringConvertible {
  /// What was inverted.
  public let map: String
  /// The largest residual over the lanes.
  public let residual: Double
  /// The residual that was asked for.
  public let tolerance: Double

  /// Describes an inverse that stopped short of its tolerance.
  public init(map: String, residual: Double, tolerance: Double) {
    self.map = map
    self.residual = residual
    self.tolerance = tolerance
  }
  /// One line: what was expected, and what was found.
  public var description: String {
    "inverse of \(map): expected a residual of at most \(tolerance), found \(residual)"
  }
}
