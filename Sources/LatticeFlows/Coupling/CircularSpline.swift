import LaneMath

/// A circular rational-quadratic spline and a rotation (arXiv:1906.04032, arXiv:2002.02428).
///
/// The circle is cut at -π into K bins, of which the sum of widths and that of heights is 2π, and the
/// derivative at the last knot is that at the first; see ``RationalQuadraticSpline``.
///
///     h(x) = t + spline(x)
///
/// Parameters: those of the spline, and the rotation `t`; all zero is the identity. The inverse solves
/// a quadratic equation.
struct CircularSpline: CircleMap {
  private let core: RationalQuadraticSpline

  init(bins: Int) {
    core = RationalQuadraticSpline(
      bins: bins, start: -Double.pi, length: 2 * Double.pi, isPeriodic: true)
  }
  var bins: Int { core.bins }
  var parameterCount: Int { 3 * bins + 1 }
  var scratchCount: Int { core.scratchCount }

  /// Finds the bin of `x` and its place in it.
  @inline(__always)
  private func bin(
    of x: Lanes, _ parameters: UnsafePointer<FloatLanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) -> (bin: RationalQuadraticSpline.Bin, factors: RationalQuadraticSpline.Factors) {
    let raw = PlainParameters(pointer: parameters)
    let factors = core.factors(raw, scratch)
    var bin = core.bin(
      of: x, byHeight: false, parameters: raw, scratch: scratch, factors: factors)
    bin.xi = (x - bin.x0) / bin.width
    bin.rest = 1 - bin.xi
    return (bin, factors)
  }

  @inline(__always)
  func apply(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> CircleMapValue {
    let bin = bin(of: x, parameters, scratch).bin
    let value = RationalQuadraticSpline.value(bin)
    return CircleMapValue(
      y: bin.y0 + value.rise + parameters[3 &* bins].double, derivative: value.derivative,
      logDerivative: log(value.derivative), logDerivativeSlope: value.logDerivativeSlope)
  }

  @inline(__always)
  func invert(
    _ y: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> (x: Lanes, change: Lanes, logDerivative: Lanes) {
    let t = parameters[3 &* bins].double
    let target = wrapAngle(y - t)
    let raw = PlainParameters(pointer: parameters)
    let factors = core.factors(raw, scratch)
    var bin = core.bin(
      of: target, byHeight: true, parameters: raw, scratch: scratch, factors: factors)
    bin.xi = RationalQuadraticSpline.place(
      of: target - bin.y0, in: bin, left: bin.left, right: bin.right)
    bin.rest = 1 - bin.xi
    let value = RationalQuadraticSpline.value(bin)
    let residual = abs(bin.y0 + value.rise - target), tolerance = 1e-9
    guard all(residual .< tolerance) else {
      throw InversionFailure(
        map: "circular spline", residual: residual.max(), tolerance: tolerance)
    }
    let x = multiplyAdd(bin.xi, bin.width, bin.x0)
    return (x, target + t - x, log(value.derivative))
  }

  @inline(__always)
  func pullback(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, a: Lanes, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let (bin, factors) = bin(of: x, parameters, scratch)
    let bins = bins
    for j in 0..<bins { parameterGradient[2 &* bins &+ j] = .zero }
    let (derivative, slope) = core.pullback(
      bin, parameters: PlainParameters(pointer: parameters), a: a, b: b, scratch: scratch,
      factors: factors
    ) { k, width, height, left, right in
      parameterGradient[k] = width.single
      parameterGradient[bins &+ k] = height.single
      parameterGradient[2 &* bins &+ k] += left.single
      parameterGradient[2 &* bins &+ (k &+ 1 == bins ? 0 : k &+ 1)] += right.single
    }
    parameterGradient[3 &* bins] = a.single
    return multiplyAdd(a, derivative - 1, b * slope)
  }
}
