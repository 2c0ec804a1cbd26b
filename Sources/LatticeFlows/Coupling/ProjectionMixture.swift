import LaneMath

/// The mean of non-compact projections, followed by a rotation (arXiv:2002.02428, as used for U(1)
/// in arXiv:2003.06413).
///
///     h(x) = t + (1/K) Σ_k 2 arctan(e^{s_k} tan(x/2)),
///     h'(x) = (1/K) Σ_k 1 / D_k,    D_k = cosh s_k - sinh s_k cos x
///
/// Parameters: `s_1 .. s_K, t`; all zero gives the identity. `s_k` is clamped to [-12, 12].
/// The inverse is a safeguarded Newton iteration for K > 1 and exact for K = 1.
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
  private func scale(_ parameter: FloatLanes) -> (s: Lanes, cosh: Lanes, sinh: Lanes) {
    let s = max(min(parameter.double, Lanes(repeating: Self.limit)), Lanes(repeating: -Self.limit))
    let e = exp(s), inverse = 1 / e
    return (s, 0.5 * (e + inverse), 0.5 * (e - inverse))
  }

  @inline(__always)
  func apply(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> CircleMapValue {
    let (sine, cosine) = sincos(x)
    var angle = Lanes.zero, derivative = Lanes.zero, slope = Lanes.zero
    for k in 0..<components {
      let (_, cosh, sinh) = scale(parameters[k])
      let inverse = 1 / negativeMultiplyAdd(sinh, cosine, cosh)
      angle += atan2(sine, negativeMultiplyAdd(cosh, Lanes(repeating: -1) * cosine, -sinh))
      derivative += inverse
      slope -= inverse * inverse * sinh * sine
    }
    let t = parameters[components].double
    return CircleMapValue(
      y: multiplyAdd(angle, Lanes(repeating: inverseCount), t),
      derivative: derivative * inverseCount, logDerivative: log(derivative * inverseCount),
      logDerivativeSlope: slope / derivative)
  }

  func invert(
    _ y: Lanes, parameters: UnsafePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> (x: Lanes, logDerivative: Lanes) {
    let t = parameters[components].double
    let target = wrapAngle(y - t)
    var low = Lanes(repeating: -Double.pi), high = Lanes(repeating: Double.pi)
    // Start from the inverse of the component with the mean scale.
    var mean = Lanes.zero
    for k in 0..<components { mean += scale(parameters[k]).s }
    let e = exp(-mean * inverseCount), inverse = 1 / e
    let (sine, cosine) = sincos(target)
    var x = atan2(sine, 0.5 * (e + inverse) * cosine - 0.5 * (e - inverse))
    var residual = Lanes.zero, logDerivative = Lanes.zero
    for _ in 0..<100 {
      let value = apply(x, parameters: parameters, scratch: scratch)
      residual = value.y - t - target
      logDerivative = value.logDerivative
      if abs(residual).max() < 4e-15 { break }
      low = select(residual .<= 0, x, low)
      high = select(residual .>= 0, x, high)
      let newton = x - residual / value.derivative
      let next = select((newton .> low) .& (newton .< high), newton, 0.5 * (low + high))
      if all(next .== x) { break }
      x = next
    }
    let worst = abs(residual).max()
    // Steep maps move by ulp(x) h' when x moves by one rounding.
    guard worst < 1e-9 else {
      throw InversionFailure(map: "projection mixture", residual: worst, tolerance: 1e-9)
    }
    return (x, logDerivative)
  }

  @inline(__always)
  func pullback(
    _ x: Lanes, parameters: UnsafePointer<FloatLanes>, a: Lanes, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let (sine, cosine) = sincos(x)
    var derivative = Lanes.zero, slope = Lanes.zero
    for k in 0..<components {
      let (_, cosh, sinh) = scale(parameters[k])
      let inverse = 1 / negativeMultiplyAdd(sinh, cosine, cosh)
      derivative += inverse
      slope -= inverse * inverse * sinh * sine
    }
    let weight = b / derivative
    for k in 0..<components {
      let (s, cosh, sinh) = scale(parameters[k])
      let inverse = 1 / negativeMultiplyAdd(sinh, cosine, cosh)
      // ∂y/∂s = sin x / (K D);  ∂(Σ 1/D)/∂s = (cosh s cos x - sinh s) / D²
      let gradient =
        a * inverseCount * sine * inverse
        + weight * inverse * inverse * (cosh * cosine - sinh)
      let inside = abs(s) .< Lanes(repeating: Self.limit)
      parameterGradient[k] = select(inside, gradient, .zero).single
    }
    parameterGradient[components] = a.single
    return multiplyAdd(a, derivative * inverseCount - 1, weight * slope)
  }
}
