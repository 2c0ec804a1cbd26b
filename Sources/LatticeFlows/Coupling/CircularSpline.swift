import LaneMath

/// A circular rational-quadratic spline and a rotation (arXiv:1906.04032, arXiv:2002.02428).
///
/// The circle is cut at -π into K bins of widths `w_k` and heights `h_k`, both positive with sum 2π;
/// inside a bin, with `ξ = (x - x_k)/w_k`, `s = h_k/w_k` and knot derivatives `d_k`,
///
///     h(x) = t + y_k + h_k [s ξ² + d_k ξ(1-ξ)] / D,    D = s + (d_k + d_{k+1} - 2 s) ξ(1-ξ)
///     h'(x) = s² [d_{k+1} ξ² + 2 s ξ(1-ξ) + d_k (1-ξ)²] / D²,    d_K = d_0
///
/// Parameters: `K` widths and `K` heights through a softmax (each at least 1e-3 of the circle),
/// `K` derivatives through a softplus (at least 1e-3), the rotation `t`; all zero is the identity.
/// The inverse solves a quadratic equation.
struct CircularSpline: CircleMap {
  let bins: Int
  private let smallest: Double
  private let spread: Double
  private static let limit = 15.0
  private static let smallestDerivative = 1e-3
  /// softplus(softplusShift) + smallestDerivative = 1.
  private static let softplusShift = 0.5397424172369522

  init(bins: Int) {
    self.bins = bins
    smallest = 2 * Double.pi * 1e-3
    spread = 2 * Double.pi * (1 - 1e-3 * Double(bins))
  }
  var parameterCount: Int { 3 * bins + 1 }
  var scratchCount: Int { 2 * bins }

  /// The bin that holds a point.
  private struct Bin {
    var x0: Lanes
    var y0: Lanes
    var width: Lanes
    var height: Lanes
    var rawLeft: Lanes
    var rawRight: Lanes
    /// The derivatives at the knots.
    var left = Lanes.zero
    var right = Lanes.zero
  }

  /// Writes the softmax numerators of widths and heights to `scratch` and returns
  /// `spread / their sums`.
  @inline(__always)
  private func weights(
    _ parameters: UnsafePointer<FloatLanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) -> (width: Lanes, height: Lanes) {
    let limit = Lanes(repeating: Self.limit)
    var widths = Lanes.zero, heights = Lanes.zero
    for k in 0..<bins {
      let w = exp(max(min(parameters[k].double, limit), -limit))
      let h = exp(max(min(parameters[bins &+ k].double, limit), -limit))
      scratch[k] = w
      scratch[bins &+ k] = h
      widths += w
      heights += h
    }
    return (spread / widths, spread / heights)
  }

  /// Finds the bin of `point` by its left knots in `x` (or in `y` where `byHeight`).
  @inline(__always)
  private func bin(
    of point: Lanes, byHeight: Bool, parameters: UnsafePointer<FloatLanes>,
    scratch: UnsafeMutablePointer<Lanes>, factors: (width: Lanes, height: Lanes)
  ) -> Bin {
    let start = Lanes(repeating: -Double.pi)
    var x = start, y = start
    var bin = Bin(
      x0: start, y0: start, width: .zero, height: .zero, rawLeft: .zero, rawRight: .zero)
    let smallest = Lanes(repeating: smallest)
    for k in 0..<bins {
      let w = multiplyAdd(scratch[k], factors.width, smallest)
      let h = multiplyAdd(scratch[bins &+ k], factors.height, smallest)
      let left = parameters[2 &* bins &+ k].double
      let right = parameters[2 &* bins &+ (k &+ 1 == bins ? 0 : k &+ 1)].double
      if k == 0 {
        bin = Bin(x0: x, y0: y, width: w, height: h, rawLeft: left, rawRight: right)
      } else {
        let here = point .>= (byHeight ? y : x)
        bin.x0 = select(here, x, bin.x0)
        bin.y0 = select(here, y, bin.y0)
        bin.width = select(here, w, bin.width)
        bin.height = select(here, h, bin.height)
        bin.rawLeft = select(here, left, bin.rawLeft)
        bin.rawRight = select(here, right, bin.rawRight)
      }
      x += w
      y += h
    }
    bin.left = Self.knotDerivative(bin.rawLeft)
    bin.right = Self.knotDerivative(bin.rawRight)
    return bin
  }

  @inline(__always)
  private static func knotDerivative(_ raw: Lanes) -> Lanes {
    let z = raw + softplusShift
    return max(z, .zero) + log(1 + exp(-abs(z))) + smallestDerivative
  }

  /// The derivative of `knotDerivative`.
  @inline(__always)
  private static func knotSlope(_ raw: Lanes) -> Lanes { 1 / (1 + exp(-(raw + softplusShift))) }

  @inline(__always)
  private static func value(_ bin: Bin, _ xi: Lanes) -> CircleMapValue {
    let s = bin.height / bin.width
    let rest = 1 - xi, q = xi * rest
    let twist = bin.left + bin.right - 2 * s
    let D = multiplyAdd(twist, q, s)
    let N = bin.right * xi * xi + 2 * s * q + bin.left * rest * rest
    let M = s * xi * xi + bin.left * q
    let derivative = s * s * N / (D * D)
    let slopeN = 2 * (bin.right * xi + s * (rest - xi) - bin.left * rest)
    let slopeD = twist * (rest - xi)
    return CircleMapValue(
      y: bin.y0 + bin.height * M / D, derivative: derivative, logDerivative: log(derivative),
      logDerivativeSlope: (slopeN / N - 2 * slopeD / D) / bin.width)
  }

  @inline(__always)
  func apply(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> CircleMapValue {
    let factors = weights(parameters, scratch)
    let bin = bin(
      of: x, byHeight: false, parameters: parameters, scratch: scratch, factors: factors)
    var value = Self.value(bin, (x - bin.x0) / bin.width)
    value.y += parameters[3 &* bins].double
    return value
  }

  @inline(__always)
  func invert(
    _ y: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> (x: Lanes, change: Lanes, logDerivative: Lanes) {
    let t = parameters[3 &* bins].double
    let target = wrapAngle(y - t)
    let factors = weights(parameters, scratch)
    let bin = bin(
      of: target, byHeight: true, parameters: parameters, scratch: scratch, factors: factors)
    let s = bin.height / bin.width, rise = target - bin.y0
    let twist = bin.left + bin.right - 2 * s
    let a = multiplyAdd(rise, twist, bin.height * (s - bin.left))
    let b = bin.height * bin.left - rise * twist
    let c = -s * rise
    let root = sqrt(max(b * b - 4 * a * c, .zero))
    let xi = max(min(2 * c / (-b - root), Lanes(repeating: 1)), .zero)
    let value = Self.value(bin, xi)
    let residual = abs(value.y - target), tolerance = 1e-9
    guard all(residual .< tolerance) else {
      throw InversionFailure(
        map: "circular spline", residual: residual.max(), tolerance: tolerance)
    }
    let x = multiplyAdd(xi, bin.width, bin.x0)
    return (x, target + t - x, value.logDerivative)
  }

  @inline(__always)
  func pullback(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, a: Lanes, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let factors = weights(parameters, scratch)
    let bin = bin(
      of: x, byHeight: false, parameters: parameters, scratch: scratch, factors: factors)
    let inverseWidth = 1 / bin.width
    let s = bin.height * inverseWidth, xi = (x - bin.x0) * inverseWidth
    let rest = 1 - xi, q = xi * rest
    let twist = bin.left + bin.right - 2 * s
    let D = multiplyAdd(twist, q, s)
    let N = bin.right * xi * xi + 2 * s * q + bin.left * rest * rest
    let M = s * xi * xi + bin.left * q
    let inverseD = 1 / D, inverseN = 1 / N
    // a ∂y/∂v = ay (M_v - (M/D) D_v),   b ∂log h'/∂v = b (N_v/N - 2 D_v/D)  (+ 2 b/s for s)
    let ratio = M * inverseD
    let ay = a * bin.height * inverseD, bN = b * inverseN
    let coefficientD = -(ay * ratio + 2 * b * inverseD)
    let slope = rest - xi
    let slopeN: Lanes = 2 * (bin.right * xi + s * slope - bin.left * rest)
    let slopeD: Lanes = twist * slope
    let slopeM: Lanes = 2 * s * xi + bin.left * slope
    let square: Lanes = xi * xi, restSquare: Lanes = rest * rest
    let gXi: Lanes = ay * slopeM + bN * slopeN + coefficientD * slopeD
    let gsOfN: Lanes = 2 * bN * q + 2 * b / s
    let gs: Lanes = ay * square + gsOfN + coefficientD * (1 - 2 * q)
    let gLeft: Lanes =
      (ay * q + bN * restSquare + coefficientD * q) * Self.knotSlope(bin.rawLeft)
    let gRight: Lanes = (bN * square + coefficientD * q) * Self.knotSlope(bin.rawRight)
    let gx = gXi * inverseWidth
    let gWidth = -(gXi * xi + gs * s) * inverseWidth
    let gHeight = a * ratio + gs * inverseWidth
    // Knots are running sums: x_k moves with every width before it, y_k with every height.
    // Softmax: ∂L/∂p_j = e_j (g_j - Σ_i g_i e_i / Σ e) · spread / Σ e.
    var meanWidth = Lanes.zero, meanHeight = Lanes.zero
    var x0 = Lanes(repeating: -Double.pi)
    let smallest = Lanes(repeating: smallest)
    for k in 0..<bins {
      let w = multiplyAdd(scratch[k], factors.width, smallest)
      let before = x0 .< bin.x0, here = x0 .== bin.x0
      let gw = select(before, -gx, select(here, gWidth, .zero))
      let gh = select(before, a, select(here, gHeight, .zero))
      meanWidth = multiplyAdd(gw, scratch[k], meanWidth)
      meanHeight = multiplyAdd(gh, scratch[bins &+ k], meanHeight)
      x0 += w
    }
    meanWidth *= factors.width / spread
    meanHeight *= factors.height / spread
    x0 = Lanes(repeating: -Double.pi)
    let limit = Float(Self.limit)
    for k in 0..<bins {
      let w = multiplyAdd(scratch[k], factors.width, smallest)
      let before = x0 .< bin.x0, here = x0 .== bin.x0
      let gw = select(before, -gx, select(here, gWidth, .zero))
      let gh = select(before, a, select(here, gHeight, .zero))
      let pw = ((gw - meanWidth) * scratch[k] * factors.width).single
      let ph = ((gh - meanHeight) * scratch[bins &+ k] * factors.height).single
      let rawWidth = parameters[k], rawHeight = parameters[bins &+ k]
      parameterGradient[k] = pw.replacing(
        with: 0, where: (rawWidth .>= limit) .| (rawWidth .<= -limit))
      parameterGradient[bins &+ k] = ph.replacing(
        with: 0, where: (rawHeight .>= limit) .| (rawHeight .<= -limit))
      let previous = select(here, gLeft, .zero).single
      if k == 0 {
        for j in 0..<bins { parameterGradient[2 &* bins &+ j] = .zero }
      }
      parameterGradient[2 &* bins &+ k] += previous
      parameterGradient[2 &* bins &+ (k &+ 1 == bins ? 0 : k &+ 1)] +=
        select(here, gRight, .zero).single
      x0 += w
    }
    parameterGradient[3 &* bins] = a.single
    let derivative = s * s * N * inverseD * inverseD
    let logSlope: Lanes = (slopeN * inverseN - 2 * slopeD * inverseD) * inverseWidth
    return multiplyAdd(a, derivative - 1, b * logSlope)
  }
}
