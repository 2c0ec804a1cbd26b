import LaneMath
import LatticeFields

/// A gauge-equivariant coupling layer of U(1): active loops are mapped by circle maps conditioned on
/// frozen loops, and links follow (arXiv:2003.06413).
///
///     φ = arg W_active - c(frozen loops),   φ' = h(φ; parameters(frozen loops))
///     θ'_j = θ_j + c_j (φ' - φ),   log|det J| = Σ_active log h'(φ)
///
/// Gauge covariant since loops are invariant, and a factor of a link that is invariant commutes with
/// the gauge transformation at its ends. The functions below work on the links of one packet and allocate nothing; the
/// buffers come from `CouplingWorkspace`.
struct CouplingLayer<Map: CircleMap>: Sendable {
  let geometry: CouplingGeometry
  let conditioner: Conditioner
  let map: Map

  init(geometry: CouplingGeometry, map: Map, stage: CouplingArchitecture.Stage) {
    self.geometry = geometry
    self.map = map
    conditioner = Conditioner(
      channels: [geometry.featureChannels] + stage.hidden + [map.parameterCount],
      stencils: geometry.stencils, activation: stage.activation,
      couplingDegree: stage.couplingDegree)
  }

  var activeCount: Int { geometry.activeCount }
}

extension CouplingLayer: AnyCouplingLayer {
  /// For each active loop the angle `φ`, `h'(φ)` and `d log h'/dφ`.
  var tapeCount: Int { 3 * activeCount }
  var laneScratchCount: Int { map.scratchCount }
  var floatScratchCount: Int { 0 }
  var movedLinks: Set<Int> { geometry.movedLinks }

  func contradiction() -> String? { geometry.contradiction() }

  /// The angle from which an active loop is measured.
  @inline(__always)
  private func centre(of loop: Int, _ U: UnsafePointer<U1>) -> Lanes {
    let centre = geometry.centres[loop]
    if centre < 0 { return .zero }
    return geometry.centreFractions[loop]
      * wrapAngle(geometry.invariants.angle(of: centre, U))
  }

  /// Writes cos kφ and sin kφ of the frozen loops, and evaluates the network.
  @inline(__always)
  private func condition(
    on U: UnsafePointer<U1>, packed: UnsafePointer<Float>, tape: LayerTape
  ) -> UnsafePointer<FloatLanes> {
    let stride = paddedChannels(geometry.featureChannels)
    let features = tape.activations
    features.update(repeating: .zero, count: geometry.stencils[0].inputCount * stride)
    for loop in 0..<geometry.invariants.count {
      let (site, channel) = geometry.invariantPlaces[loop]
      let (sine, cosine) = sincos(geometry.invariants.angle(of: loop, U))
      let place = features + (site &* stride &+ channel)
      place[0] = cosine.single
      place[1] = sine.single
      var c = cosine, s = sine
      for k in 1..<Swift.max(1, geometry.harmonics) {
        (c, s) = (
          negativeMultiplyAdd(s, sine, c * cosine), multiplyAdd(s, cosine, c * sine)
        )
        place[2 &* k] = c.single
        place[2 &* k &+ 1] = s.single
      }
    }
    conditioner.evaluate(packed: packed, tape: tape.activations)
    return UnsafePointer(tape.activations + conditioner.outputOffset)
  }

  @specialized(where Map == CircularSpline)
  @specialized(where Map == ProjectionMixture)
  @inline(never)
  func apply(
    to U: UnsafeMutablePointer<U1>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) -> Lanes {
    let parameters = condition(on: U, packed: packed, tape: tape)
    var logDet = Lanes.zero
    for loop in 0..<activeCount {
      let x = wrapAngle(geometry.activeLoops.angle(of: loop, U) - centre(of: loop, U))
      let value = map.apply(
        x, parameters: parameters + loop &* conditioner.outputStride, scratch: scratch.lanes)
      geometry.patterns.move(U, along: loop, by: value.y - x)
      logDet += value.logDerivative
      tape.values[3 &* loop] = x
      tape.values[3 &* loop &+ 1] = value.derivative
      tape.values[3 &* loop &+ 2] = value.logDerivativeSlope
    }
    return logDet
  }

  @specialized(where Map == CircularSpline)
  @specialized(where Map == ProjectionMixture)
  @inline(never)
  func applyInverse(
    to U: UnsafeMutablePointer<U1>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) throws(InversionFailure) -> Lanes {
    let parameters = condition(on: U, packed: packed, tape: tape)
    var logDet = Lanes.zero
    for loop in 0..<activeCount {
      let y = geometry.activeLoops.angle(of: loop, U) - centre(of: loop, U)
      let (_, change, logDerivative) = try map.invert(
        y, parameters: parameters + loop &* conditioner.outputStride, scratch: scratch.lanes)
      geometry.patterns.move(U, along: loop, by: -change)
      logDet += logDerivative
    }
    return logDet
  }

  /// ∂_in = J^T ∂_out + logDet ∂ log det J
  @specialized(where Map == CircularSpline)
  @specialized(where Map == ProjectionMixture)
  @inline(never)
  func pullback(
    _ cotangent: UnsafeMutablePointer<U1Algebra>, logDet b: Lanes,
    restoring U: UnsafeMutablePointer<U1>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch, gradient: UnsafeMutablePointer<Float>?
  ) {
    propagate(
      cotangent, sign: 1, packed: packed, tape: tape, scratch: scratch, gradient: gradient
    ) { loop in (geometry.patterns.value(of: loop, cotangent), b) }
  }

  /// With `g = ∂ log q` at the output and `s` at the input, `J^T g = s - ∂ log det J`. As
  /// `J = 1 + c v^T`, first `c · g = (c · s - d log h'/dφ) / h'` for each active loop, then
  /// `g = s - ∂ log det J - v (c · g)`: the vector-Jacobian product of `pullback`, subtracted
  /// (arXiv:2207.08219).
  ///
  /// The gradient that is accumulated is that of `-log q` at a fixed output.
  @specialized(where Map == CircularSpline)
  @specialized(where Map == ProjectionMixture)
  @inline(never)
  func pushScore(
    _ score: UnsafeMutablePointer<U1Algebra>, at U: UnsafePointer<U1>,
    packed: UnsafePointer<Float>, tape: LayerTape, scratch: LayerScratch,
    gradient: UnsafeMutablePointer<Float>?
  ) {
    let b = Lanes(repeating: 1)
    propagate(
      score, sign: -1, packed: packed, tape: tape, scratch: scratch, gradient: gradient
    ) { loop in
      let slope = tape.values[3 &* loop &+ 2], derivative = tape.values[3 &* loop &+ 1]
      let along = geometry.patterns.value(of: loop, score)
      return ((along - slope) / derivative, b)
    }
  }

  /// Adds `sign` times the derivative of `Σ a φ' - a φ + b log h'` to `field`, link by link, where
  /// `coefficients` gives `(a, b)` of each active loop.
  @inline(__always)
  private func propagate(
    _ field: UnsafeMutablePointer<U1Algebra>, sign: Double, packed: UnsafePointer<Float>,
    tape: LayerTape, scratch: LayerScratch, gradient: UnsafeMutablePointer<Float>?,
    coefficients: (Int) -> (Lanes, Lanes)
  ) {
    let parameters = UnsafePointer(tape.activations + conditioner.outputOffset)
    let stride = conditioner.outputStride
    for loop in 0..<activeCount {
      let (a, b) = coefficients(loop)
      let target = scratch.outputGradient + loop &* stride
      for channel in map.parameterCount..<Swift.max(map.parameterCount, stride) {
        target[channel] = .zero
      }
      let amount = map.pullback(
        tape.values[3 &* loop], parameters: parameters + loop &* stride, a: a, b: b,
        parameterGradient: target, scratch: scratch.lanes)
      geometry.activeLoops.scatter(sign * amount, loop: loop, to: field)
      let centre = geometry.centres[loop]
      if centre >= 0 {
        let share = -sign * geometry.centreFractions[loop]
        geometry.invariants.scatter(share * amount, loop: centre, to: field)
      }
    }
    let features = conditioner.pullback(
      packed: packed, tape: tape.activations, outputGradient: scratch.outputGradient,
      scratch: scratch.network, gradient: gradient)
    let featureStride = paddedChannels(geometry.featureChannels)
    for loop in 0..<geometry.invariants.count {
      let (site, channel) = geometry.invariantPlaces[loop]
      let place = site &* featureStride &+ channel
      var amount = Lanes.zero
      for k in 0..<geometry.harmonics {
        // d cos kφ = -k sin kφ dφ,  d sin kφ = k cos kφ dφ
        let at = place &+ 2 &* k
        let c = tape.activations[at].double, s = tape.activations[at &+ 1].double
        let slope = features[at &+ 1].double * c - features[at].double * s
        amount = multiplyAdd(Lanes(repeating: Double(k + 1)), slope, amount)
      }
      geometry.invariants.scatter(sign * amount, loop: loop, to: field)
    }
  }
}
