import LaneMath

/// The mean of non-compact projections, followed by a rotation (arXiv:2002.02428, as used for U(1)
/// in arXiv:2003.06413).
///
///     h(x) = t + (1/K) Σ_k 2 arctan(e^{s_k} tan(x/2)),
///     h'(x) = (1/K) Σ_k 1 / D_k,    D_k = e^{-s_k} cos²(x/2) + e^{s_k} sin²(x/2)
///
/// Parameters: `s_1 .. s_K, t`; all zero gives the identity. `s_k` is clamped to [-12, 12].
/// The inverse is a Newton iteration inside a bracket, exact at its start where all `s_k` are equal.
///
/// Accuracy: everything is a sum of positive terms in the half angle, so that `h'` keeps its relative
/// accuracy where it is smallest, 1e-15 at any `s_k`.
struct ProjectionMixture: CircleMap {
  let components: Int
  private let inverseCount: Double
  private static let limit = 12.0

  init(components: Int) {
    self.components = components
    inverseCount = 1 / Double(components)
  }
  var parameterCount: Int { components + 1 }
  var scratchCount: Int { 1 }

  @inline(__always)
  private func scale(_ parameter: FloatLanes) -> (s: Lanes, e: Lanes, inverse: Lanes) {
    let s = max(min(parameter.double, Lanes(repeating: Self.limit)), Lanes(repeating: -Self.limit))
    let e = exp(s)
    return (s, e, 1 / e)
  }

  @inline(__always)
  func apply(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> CircleMapValue {
    let (sine, cosine) = sincos(0.5 * x)
    let sineSquare = sine * sine, cosineSquare = cosine * cosine
    var angle = Lanes.zero, derivative = Lanes.zero, slope = Lanes.zero
    for k in 0..<components {
      let (_, e, inverse) = scale(parameters[k])
      let inverseD = 1 / multiplyAdd(e, sineSquare, inverse * cosineSquare)
      angle += atan2(e * sine, cosine)
      derivative += inverseD
      slope -= inverseD * inverseD * (e - inverse)
    }
    let t = parameters[components].double
    return CircleMapValue(
      y: multiplyAdd(angle, Lanes(repeating: 2 * inverseCount), t),
      derivative: derivative * inverseCount, logDerivative: log(derivative * inverseCount),
      logDerivativeSlope: slope * sine * cosine / derivative)
  }

  func invert(
    _ y: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> (x: Lanes, change: Lanes, logDerivative: Lanes) {
    let t = parameters[components].double
    let target = wrapAngle(y - t)
    var low = Lanes(repeating: -Double.pi), high = Lanes(repeating: Double.pi)
    // Start from the inverse of the component with the mean scale.
    var mean = Lanes.zero
    for k in 0..<components { mean += scale(parameters[k]).s }
    let (sine, cosine) = sincos(0.5 * target)
    var x = 2 * atan2(exp(-mean * inverseCount) * sine, cosine)
    var residual = Lanes(repeating: .infinity), logDerivative = Lanes.zero
    var active = LaneMask(repeating: true)
    // A lane that has converged waits for the others: its result does not depend on them.
    for _ in 0..<200 {
      let value = apply(x, parameters: parameters, scratch: scratch)
      let found = value.y - t - target
      let isShrinking = abs(found) .<= 0.5 * abs(residual)
      residual = select(active, found, residual)
      logDerivative = select(active, value.logDerivative, logDerivative)
      low = select(found .<= 0, x, low)
      high = select(found .>= 0, x, high)
      // Steep maps move by ulp(x) h' when x moves by one rounding.
      let floor = multiplyAdd(
        value.derivative, Lanes(repeating: 0x1p-51), Lanes(repeating: 4e-15))
      let newton = x - found / value.derivative
      let isTrusted = isShrinking .& (newton .> low) .& (newton .< high)
      let next = select(isTrusted, newton, 0.5 * (low + high))
      active = active .& .!(abs(found) .<= floor) .& (next .!= x)
      if !any(active) { break }
      x = select(active, next, x)
    }
    let tolerance = 1e-9
    guard all(abs(residual) .< tolerance) else {
      throw InversionFailure(
        map: "projection mixture", residual: abs(residual).max(), tolerance: tolerance)
    }
    return (x, target + t - x, logDerivative)
  }

  @inline(__always)
  func pullback(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, a: Lanes, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let (sine, cosine) = sincos(0.5 * x)
    let product = sine * cosine
    let sineSquare = sine * sine, cosineSquare = cosine * cosine
    var derivative = Lanes.zero, slope = Lanes.zero
    for k in 0..<components {
      let (_, e, inverse) = scale(parameters[k])
      let inverseD = 1 / multiplyAdd(e, sineSquare, inverse * cosineSquare)
      derivative += inverseD
      slope -= inverseD * inverseD * (e - inverse)
    }
    let weight = b / derivative
    for k in 0..<components {
      let (s, e, inverse) = scale(parameters[k])
      let up = e * sineSquare, down = inverse * cosineSquare
      let inverseD = 1 / (up + down)
      // ∂y/∂s = sin x / (K D);  ∂(Σ 1/D)/∂s = (e^{-s} cos²(x/2) - e^s sin²(x/2)) / D²
      let gradient =
        a * (2 * inverseCount) * product * inverseD
        + weight * inverseD * inverseD * (down - up)
      let inside = abs(s) .< Lanes(repeating: Self.limit)
      parameterGradient[k] = select(inside, gradient, .zero).single
    }
    parameterGradient[components] = a.single
    return multiplyAdd(a, derivative * inverseCount - 1, weight * slope * product)
  }
}
