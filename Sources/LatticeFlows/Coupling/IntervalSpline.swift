import LaneMath

/// Takes the derivatives with respect to the raw parameters of a spline, in double precision.
protocol SplineGradient {
  mutating func set(_ k: Int, _ value: Lanes)
}

/// Derivatives with respect to a network's outputs.
struct PlainGradient: SplineGradient {
  let pointer: UnsafeMutablePointer<FloatLanes>
  @inline(__always)
  mutating func set(_ k: Int, _ value: Lanes) { pointer[k] = value.single }
}

/// A rational-quadratic spline of `[0, length]` onto itself; see ``RationalQuadraticSpline``.
///
/// Parameters: `K` widths, `K` heights and `K + 1` derivatives; all zero is the identity.
///
/// Every point comes with its distance from the upper end, `complement = length - x`, and leaves with
/// it, so that nothing is lost at either end: with `x` and its complement of relative precision `ε`,
/// so are `h(x)` and its complement.
///
/// Accuracy: rounding relative to the distance from the nearer end, in the first and in the last bin;
/// 1e-16 of `length` over the narrowest width, 1e-3 `length`, in the others.
struct IntervalSpline: Sendable {
  private let core: RationalQuadraticSpline
  let length: Double

  init(bins: Int, length: Double) {
    core = RationalQuadraticSpline(bins: bins, start: 0, length: length, isPeriodic: false)
    self.length = length
  }
  var bins: Int { core.bins }
  var parameterCount: Int { 3 * bins + 1 }
  /// The `Lanes` of scratch space that the functions need.
  var scratchCount: Int { core.scratchCount }

  /// What the map gives at a point, or what its inverse gives: the other point, and the derivatives of
  /// the map itself in either case.
  struct Point: BitwiseCopyable {
    /// The other point.
    var value: Lanes
    /// `length - value`.
    var complement: Lanes
    /// `h'(x)`.
    var derivative: Lanes
    /// `log h'(x)`.
    var logDerivative: Lanes
    /// `d log h'/dx`.
    var logDerivativeSlope: Lanes
  }

  /// A point in its bin. With the scratch space as it was left, it saves a pullback the search.
  struct Location: BitwiseCopyable {
    var bin: RationalQuadraticSpline.Bin
    var factors: RationalQuadraticSpline.Factors
  }

  @inline(__always)
  func locate(
    _ x: Lanes, complement: Lanes, parameters: some SplineParameters,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> Location {
    let factors = core.factors(parameters, scratch)
    var bin = core.bin(
      of: x, byHeight: false, parameters: parameters, scratch: scratch, factors: factors)
    let fromLeft = (x - bin.x0) / bin.width, fromRight = complement / bin.width
    bin.rest = select(bin.isLast, fromRight, 1 - fromLeft)
    bin.xi = bins == 1 ? fromLeft : select(bin.isLast, 1 - fromRight, fromLeft)
    return Location(bin: bin, factors: factors)
  }

  /// The image of a point in its bin.
  @inline(__always)
  func image(_ location: Location) -> Point {
    let bin = location.bin
    let inside = RationalQuadraticSpline.value(bin)
    let fromStart = bin.y0 + inside.rise
    let value = bins == 1 ? fromStart : select(bin.isLast, length - inside.fall, fromStart)
    return Point(
      value: value, complement: select(bin.isLast, inside.fall, length - fromStart),
      derivative: inside.derivative, logDerivative: log(inside.derivative),
      logDerivativeSlope: inside.logDerivativeSlope)
  }

  /// `h(x)`.
  @inline(__always)
  func apply(
    _ x: Lanes, complement: Lanes, parameters: UnsafePointer<FloatLanes>,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> Point {
    image(
      locate(
        x, complement: complement, parameters: PlainParameters(pointer: parameters),
        scratch: scratch))
  }

  /// The `x` with `h(x) = y`, its complement, and the derivatives of `h` there.
  ///
  /// - Throws: `InversionFailure` where the residual stays above its tolerance.
  @inline(__always)
  func invert(
    _ y: Lanes, complement: Lanes, parameters: UnsafePointer<FloatLanes>,
    scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> Point {
    try invert(
      y, complement: complement, parameters: PlainParameters(pointer: parameters),
      scratch: scratch)
  }

  @inline(__always)
  func invert(
    _ y: Lanes, complement: Lanes, parameters: some SplineParameters,
    scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> Point {
    let factors = core.factors(parameters, scratch)
    var bin = core.bin(
      of: y, byHeight: true, parameters: parameters, scratch: scratch, factors: factors)
    // In the last bin the equation is that for 1 - ξ; in the only one, that for the smaller.
    let mirrored =
      bins == 1 ? y .> Lanes(repeating: 0.5 * length) : bin.isLast
    let solution = RationalQuadraticSpline.place(
      of: select(mirrored, complement, y - bin.y0), in: bin,
      left: select(mirrored, bin.right, bin.left), right: select(mirrored, bin.left, bin.right))
    bin.xi = select(mirrored, 1 - solution, solution)
    bin.rest = select(mirrored, solution, 1 - solution)
    let image = image(Location(bin: bin, factors: factors))
    let residual = abs(image.value - y) + abs(image.complement - complement)
    let tolerance = 1e-9 * length
    guard all(residual .< tolerance) else {
      throw InversionFailure(
        map: "interval spline", residual: residual.max(), tolerance: tolerance)
    }
    let fromStart = multiplyAdd(solution, bin.width, bin.x0), fromEnd = solution * bin.width
    return Point(
      value: select(mirrored, length - fromEnd, fromStart),
      complement: select(mirrored, fromEnd, length - fromStart), derivative: image.derivative,
      logDerivative: image.logDerivative, logDerivativeSlope: image.logDerivativeSlope)
  }

  /// Writes `a ∂h/∂p_k + b ∂ log h'/∂p_k` to `parameterGradient` for every parameter, and returns
  /// `a h' + b d log h'/dx`.
  @inline(__always)
  func pullback(
    _ x: Lanes, complement: Lanes, parameters: UnsafePointer<FloatLanes>, a: Lanes, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let raw = PlainParameters(pointer: parameters)
    let location = locate(x, complement: complement, parameters: raw, scratch: scratch)
    var gradient = PlainGradient(pointer: parameterGradient)
    return pullback(
      location, parameters: raw, a: a, b: b, gradient: &gradient, scratch: scratch)
  }

  /// The same at a point that `locate` has found, with the scratch space as it left it.
  @inline(__always)
  func pullback(
    _ location: Location, parameters: some SplineParameters, a: Lanes, b: Lanes,
    gradient: inout some SplineGradient, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let bins = bins
    // The right knot of a bin is the left one of the next.
    var knot = Lanes.zero
    let (derivative, slope) = core.pullback(
      location.bin, parameters: parameters, a: a, b: b, scratch: scratch,
      factors: location.factors
    ) { k, width, height, left, right in
      gradient.set(k, width)
      gradient.set(bins &+ k, height)
      gradient.set(2 &* bins &+ k, knot + left)
      knot = right
    }
    gradient.set(3 &* bins, knot)
    return multiplyAdd(a, derivative, b * slope)
  }
}
