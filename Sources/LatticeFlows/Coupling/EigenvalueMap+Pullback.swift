import LaneMath

/// With `δX = ξ X` and `ξ` in frame coordinates, and `θ_j - θ_k = -Δ_jk` for `j < k`,
///
///     ξ'_jk = R_jk ξ_jk,   R_jk = e^{-i(Δ'_jk - Δ_jk)/2} sin(Δ'_jk/2) / sin(Δ_jk/2)
///
/// and the diagonal part follows the phases, through gaps and box. The log-det depends on phases only.
extension EigenvalueMap {
  /// Replaces the frame coordinates of the left derivative `g'` of a function `F` at `X'` by those of
  /// `J^T g' + b d log|det| / dX` at `X`, and writes `d/dp [F + b log|det|]`.
  ///
  /// The new phases are not read: they are computed again, from gaps that are not too small.
  func pullback(
    _ phases: UnsafePointer<Lanes>, newPhases: UnsafePointer<Lanes>,
    parameters: UnsafePointer<FloatLanes>, coordinates: UnsafeMutablePointer<Lanes>, b: Lanes,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>,
    floatScratch: UnsafeMutablePointer<FloatLanes>
  ) {
    let space = differentiate(phases, parameters: parameters, scratch: scratch)
    let old = space.old, new = space.new, covector = space.covector
    forEachPair(space) { pair, sine, newSine, re, im in
      let ratio = newSine / sine
      turn(coordinates + (colors &+ 2 &* pair), re: ratio * re, im: ratio * im)
    }
    new.gapCovector(ofDiagonal: coordinates, to: covector)
    new.convertToBox(covector, addingPotential: b)
    let tau = cos(0.5 * old.lengths[0])
    var ofTau = Lanes.zero
    for j in 1..<(colors &- 1) {
      covector[j] = pullbackSpline(
        j, a: covector[j], b: b, tau: tau, ofTau: &ofTau, parameters: parameters,
        parameterGradient: parameterGradient, space: space)
    }
    let direct = pullbackFirst(
      a: covector[0], b: b, parameters: parameters, parameterGradient: parameterGradient,
      space: space)
    covector[0] = multiplyAdd(ofTau, tauSlope(space), direct)
    old.convertToGaps(covector, subtractingPotential: b)
    old.storeDiagonal(ofGapCovector: covector, to: coordinates)
  }

  /// Replaces the frame coordinates of a left derivative `s` at `X` by those of
  /// `a = J^{-T} (s - d log|det| / dX)` at `X'`, and writes `d/dp [a · f_p + log|det|]`: what
  /// `pullback` writes for `g' = a` and `b = 1`.
  ///
  /// Solved from the top of the triangle: `v` first, then `r`, on which `v'` depends through `τ`.
  func pushScore(
    _ phases: UnsafePointer<Lanes>, newPhases: UnsafePointer<Lanes>,
    parameters: UnsafePointer<FloatLanes>, coordinates: UnsafeMutablePointer<Lanes>,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, scratch: UnsafeMutablePointer<Lanes>,
    floatScratch: UnsafeMutablePointer<FloatLanes>
  ) {
    let space = differentiate(phases, parameters: parameters, scratch: scratch)
    let old = space.old, new = space.new, covector = space.covector
    let one = Lanes(repeating: 1)
    forEachPair(space) { pair, sine, newSine, re, im in
      let ratio = sine / newSine
      turn(coordinates + (colors &+ 2 &* pair), re: ratio * re, im: -(ratio * im))
    }
    old.gapCovector(ofDiagonal: coordinates, to: covector)
    old.convertToBox(covector, addingPotential: one)
    let tau = cos(0.5 * old.lengths[0])
    var ofTau = Lanes.zero
    for j in 1..<(colors &- 1) {
      let place = space.locations[j]
      covector[j] = (covector[j] - place.logDerivativeSlope) / place.derivative
      _ = pullbackSpline(
        j, a: covector[j], b: one, tau: tau, ofTau: &ofTau, parameters: parameters,
        parameterGradient: parameterGradient, space: space)
    }
    let place = space.locations[0]
    let rest = negativeMultiplyAdd(ofTau, tauSlope(space), covector[0])
    covector[0] = (rest - place.logDerivativeSlope) / place.derivative
    _ = pullbackFirst(
      a: covector[0], b: one, parameters: parameters, parameterGradient: parameterGradient,
      space: space)
    new.convertToGaps(covector, subtractingPotential: one)
    new.storeDiagonal(ofGapCovector: covector, to: coordinates)
  }

  /// Sets both points, with gaps that are not too small.
  @inline(__always)
  private func differentiate(
    _ phases: UnsafePointer<Lanes>, parameters: UnsafePointer<FloatLanes>,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> Workspace {
    let space = Workspace(self, scratch)
    _ = evaluate(
      phases, parameters: parameters, smallestGap: Self.smallestGapOfDerivatives, space: space)
    space.old.setSines()
    space.new.setSines()
    return space
  }

  /// Calls `body` for every pair with `sin(Δ/2)`, `sin(Δ'/2)` and `e^{i(Δ' - Δ)/2}`.
  @inline(__always)
  private func forEachPair(
    _ space: Workspace,
    _ body: (_ pair: Int, _ sine: Lanes, _ newSine: Lanes, _ re: Lanes, _ im: Lanes) -> Void
  ) {
    for pair in 0..<((colors &* (colors &- 1)) / 2) {
      let s = space.old.sines[pair], c = space.old.cosines[pair]
      let newS = space.new.sines[pair], newC = space.new.cosines[pair]
      body(
        pair, s, newS, multiplyAdd(newC, c, newS * s), negativeMultiplyAdd(newC, s, newS * c))
    }
  }

  /// Multiplies a complex number in memory.
  @inline(__always)
  private func turn(_ z: UnsafeMutablePointer<Lanes>, re: Lanes, im: Lanes) {
    let x = z[0], y = z[1]
    z[0] = negativeMultiplyAdd(im, y, re * x)
    z[1] = multiplyAdd(im, x, re * y)
  }

  /// `dτ/dr`.
  @inline(__always)
  private func tauSlope(_ space: Workspace) -> Lanes { -0.5 * sin(0.5 * space.old.lengths[0]) }

  @inline(__always)
  private func pullbackFirst(
    a: Lanes, b: Lanes, parameters: UnsafePointer<FloatLanes>,
    parameterGradient: UnsafeMutablePointer<FloatLanes>, space: Workspace
  ) -> Lanes {
    var gradient = PlainGradient(pointer: parameterGradient)
    return first.pullback(
      space.locations[0].location, parameters: PlainParameters(pointer: parameters), a: a, b: b,
      gradient: &gradient, scratch: space.splines)
  }

  /// The pullback of `h_j`, from 1; adds the derivative with respect to `τ`.
  @inline(__always)
  private func pullbackSpline(
    _ j: Int, a: Lanes, b: Lanes, tau: Lanes, ofTau: inout Lanes,
    parameters: UnsafePointer<FloatLanes>, parameterGradient: UnsafeMutablePointer<FloatLanes>,
    space: Workspace
  ) -> Lanes {
    let raw = self.parameters(j, of: parameters, tau: tau)
    let constant = parameterGradient + (2 &* j &- 1) &* block
    var gradient = Gradient(
      constant: constant, linear: constant + block, slopes: raw.linear, tau: tau, ofTau: .zero)
    let result = other.pullback(
      space.locations[j].location, parameters: raw, a: a, b: b, gradient: &gradient,
      scratch: space.splines + j &* other.scratchCount)
    ofTau += gradient.ofTau
    return result
  }

  /// Derivatives with respect to `A_j`, `B_j` and `τ`.
  private struct Gradient: SplineGradient {
    let constant: UnsafeMutablePointer<FloatLanes>
    let linear: UnsafeMutablePointer<FloatLanes>
    let slopes: UnsafePointer<FloatLanes>
    let tau: Lanes
    var ofTau: Lanes
    @inline(__always)
    mutating func set(_ k: Int, _ value: Lanes) {
      constant[k] = value.single
      linear[k] = (value * tau).single
      ofTau = multiplyAdd(slopes[k].double, value, ofTau)
    }
  }
}
