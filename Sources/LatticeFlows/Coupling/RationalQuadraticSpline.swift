import LaneMath

/// The raw parameters of a spline, in double precision whatever they are made of.
protocol SplineParameters {
  /// One parameter.
  subscript(k: Int) -> Lanes { get }
}

/// A network's outputs as they are.
struct PlainParameters: SplineParameters {
  let pointer: UnsafePointer<FloatLanes>
  @inline(__always)
  subscript(k: Int) -> Lanes { pointer[k].double }
}

/// A monotone rational-quadratic spline of an interval onto itself (arXiv:1906.04032): what
/// ``CircularSpline`` and ``IntervalSpline`` have in common.
///
/// The interval is cut into K bins of widths `w_k` and heights `h_k`, both positive with the length of
/// the interval as their sum; inside a bin, with `ξ = (x - x_k)/w_k`, `s = h_k/w_k` and knot
/// derivatives `d_k`,
///
///     h(x) = y_k + h_k [s ξ² + d_k ξ(1-ξ)] / D,    D = s + (d_k + d_{k+1} - 2 s) ξ(1-ξ)
///     h'(x) = s² [d_{k+1} ξ² + 2 s ξ(1-ξ) + d_k (1-ξ)²] / D²
///
/// Parameters: `K` widths and `K` heights through a softmax (each at least 1e-3 of the interval), then
/// the knot derivatives through a softplus (at least 1e-3): `K` where the last knot is the first one,
/// `K + 1` otherwise. All zero is the identity.
struct RationalQuadraticSpline: Sendable {
  let bins: Int
  let start: Double
  let isPeriodic: Bool
  private let smallest: Double
  private let spread: Double
  private static let limit = 15.0
  private static let smallestDerivative = 1e-3
  /// softplus(softplusShift) + smallestDerivative = 1.
  private static let softplusShift = 0.5397424172369522

  init(bins: Int, start: Double, length: Double, isPeriodic: Bool) {
    self.bins = bins
    self.start = start
    self.isPeriodic = isPeriodic
    smallest = length * 1e-3
    spread = length * (1 - 1e-3 * Double(bins))
  }

  /// The `Lanes` of scratch space: the softmax numerators.
  var scratchCount: Int { 2 * bins }

  /// `spread` over the sums of the softmax numerators.
  struct Factors: BitwiseCopyable {
    var width: Lanes
    var height: Lanes
  }

  /// The bin that holds a point, and the place of the point in it.
  struct Bin: BitwiseCopyable {
    var x0: Lanes
    var y0: Lanes
    var width: Lanes
    var height: Lanes
    var rawLeft: Lanes
    var rawRight: Lanes
    /// 1 where it is the last bin, 0 elsewhere.
    var last: Lanes
    /// The derivatives at the knots.
    var left = Lanes.zero
    var right = Lanes.zero
    /// `ξ` and `1 - ξ`, which the owner of the spline sets, each as precise as it can.
    var xi = Lanes.zero
    var rest = Lanes.zero
    @inline(__always) var isLast: LaneMask { last .> 0 }
  }

  /// Writes the softmax numerators of widths and heights to `scratch`.
  @inline(__always)
  func factors(_ raw: some SplineParameters, _ scratch: UnsafeMutablePointer<Lanes>) -> Factors {
    let limit = Lanes(repeating: Self.limit)
    var widths = Lanes.zero, heights = Lanes.zero
    for k in 0..<bins {
      let w = exp(max(min(raw[k], limit), -limit))
      let h = exp(max(min(raw[bins &+ k], limit), -limit))
      scratch[k] = w
      scratch[bins &+ k] = h
      widths += w
      heights += h
    }
    return Factors(width: spread / widths, height: spread / heights)
  }

  /// Finds the bin of `point` by its left knots in `x` (or in `y` where `byHeight`).
  @inline(__always)
  func bin(
    of point: Lanes, byHeight: Bool, parameters raw: some SplineParameters,
    scratch: UnsafeMutablePointer<Lanes>, factors: Factors
  ) -> Bin {
    let start = Lanes(repeating: start)
    var x = start, y = start
    var bin = Bin(
      x0: start, y0: start, width: .zero, height: .zero, rawLeft: .zero, rawRight: .zero,
      last: Lanes(repeating: bins == 1 ? 1 : 0))
    let smallest = Lanes(repeating: smallest)
    for k in 0..<bins {
      let w = multiplyAdd(scratch[k], factors.width, smallest)
      let h = multiplyAdd(scratch[bins &+ k], factors.height, smallest)
      let left = raw[2 &* bins &+ k]
      let right = raw[2 &* bins &+ (isPeriodic && k &+ 1 == bins ? 0 : k &+ 1)]
      if k == 0 {
        bin.width = w
        bin.height = h
        bin.rawLeft = left
        bin.rawRight = right
      } else {
        let here = point .>= (byHeight ? y : x)
        bin.x0 = select(here, x, bin.x0)
        bin.y0 = select(here, y, bin.y0)
        bin.width = select(here, w, bin.width)
        bin.height = select(here, h, bin.height)
        bin.rawLeft = select(here, left, bin.rawLeft)
        bin.rawRight = select(here, right, bin.rawRight)
        bin.last = select(here, Lanes(repeating: k &+ 1 == bins ? 1 : 0), bin.last)
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

  /// What the spline gives at a point of a bin.
  struct Value {
    /// The height above the left knot.
    var rise: Lanes
    /// The height below the right knot.
    var fall: Lanes
    /// `h'`.
    var derivative: Lanes
    /// `d log h'/dx`.
    var logDerivativeSlope: Lanes
  }

  @inline(__always)
  static func value(_ bin: Bin) -> Value {
    let xi = bin.xi, rest = bin.rest
    let s = bin.height / bin.width
    let q = xi * rest
    let twist = bin.left + bin.right - 2 * s
    let D = multiplyAdd(twist, q, s)
    let N = bin.right * xi * xi + 2 * s * q + bin.left * rest * rest
    let M = s * xi * xi + bin.left * q
    let slopeN = 2 * (bin.right * xi + s * (rest - xi) - bin.left * rest)
    let slopeD = twist * (rest - xi)
    return Value(
      rise: bin.height * M / D, fall: bin.height * (s * rest * rest + bin.right * q) / D,
      derivative: s * s * N / (D * D),
      logDerivativeSlope: (slopeN / N - 2 * slopeD / D) / bin.width)
  }

  /// The `ξ` at which the spline is `rise` above the left knot, or, where `left` and `right` change
  /// places, the `1 - ξ` at which it is that much below the right knot. Solves a quadratic equation.
  @inline(__always)
  static func place(of rise: Lanes, in bin: Bin, left: Lanes, right: Lanes) -> Lanes {
    let s = bin.height / bin.width
    let twist = left + right - 2 * s
    let a = multiplyAdd(rise, twist, bin.height * (s - left))
    let b = bin.height * left - rise * twist
    let c = -s * rise
    let root = sqrt(max(b * b - 4 * a * c, .zero))
    return max(min(2 * c / (-b - root), Lanes(repeating: 1)), .zero)
  }

  /// Gives `emit`, bin after bin, what the bin contributes to `a ∂h/∂p_k + b ∂ log h'/∂p_k`: for its
  /// width, for its height, for the derivatives at its left and at its right knot; returns `h'` and
  /// `d log h'/dx`.
  ///
  /// `scratch` and `factors` are those with which the bin was found.
  @inline(__always)
  func pullback(
    _ bin: Bin, parameters raw: some SplineParameters, a: Lanes, b: Lanes,
    scratch: UnsafeMutablePointer<Lanes>, factors: Factors,
    emit: (_ k: Int, _ width: Lanes, _ height: Lanes, _ left: Lanes, _ right: Lanes) -> Void
  ) -> (derivative: Lanes, logDerivativeSlope: Lanes) {
    let xi = bin.xi, rest = bin.rest
    let inverseWidth = 1 / bin.width
    let s = bin.height * inverseWidth
    let q = xi * rest
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
    var x0 = Lanes(repeating: start)
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
    x0 = Lanes(repeating: start)
    let limit = Self.limit
    for k in 0..<bins {
      let w = multiplyAdd(scratch[k], factors.width, smallest)
      let before = x0 .< bin.x0, here = x0 .== bin.x0
      let gw = select(before, -gx, select(here, gWidth, .zero))
      let gh = select(before, a, select(here, gHeight, .zero))
      let pw = (gw - meanWidth) * scratch[k] * factors.width
      let ph = (gh - meanHeight) * scratch[bins &+ k] * factors.height
      let rawWidth = raw[k], rawHeight = raw[bins &+ k]
      emit(
        k, select((rawWidth .>= limit) .| (rawWidth .<= -limit), .zero, pw),
        select((rawHeight .>= limit) .| (rawHeight .<= -limit), .zero, ph),
        select(here, gLeft, .zero), select(here, gRight, .zero))
      x0 += w
    }
    let derivative = s * s * N * inverseD * inverseD
    let logSlope: Lanes = (slopeN * inverseN - 2 * slopeD * inverseD) * inverseWidth
    return (derivative, logSlope)
  }
}
