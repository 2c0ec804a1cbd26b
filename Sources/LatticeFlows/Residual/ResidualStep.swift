import LaneMath
import LatticeFields

/// The residual step of one link, `U' = exp(vec(U S)) U` with a matrix `S = Σ_i c_i A_i` of links that
/// do not move: the masked stout smearing of arXiv:2305.02402.
///
/// Equivariant: where `Ω = U S` turns to `g Ω g†`, so does `exp(Z)`, and `log det J` does not change.
///
/// The step is one to one where `L = lipschitzPerCoefficient Σ_i |c_i| < 1`. Derivatives of a term,
/// with `Ω_i = U A_i` and the matrix `H` of ``pullback(_:cotangent:logDet:scratch:)``, are
/// ``coefficientDerivative(_:_:)`` and ``gradient(of:coefficient:_:)``.
enum ResidualStep<Group: ResidualGroup> {
  /// The number of `Lanes` of working memory.
  static var scratchCount: Int { Group.residualScratchCount }

  /// `exp(Z)` and `log|det J|`, exact for any step. `U' = factor U`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU<2>)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  static func apply(_ omega: Group.Matrix, scratch: UnsafeMutablePointer<Lanes>)
    -> (factor: Group, logDet: Lanes)
  { Group.residualStep(omega, scratch: scratch) }

  /// The derivatives of `F(U') + b log|det J|`, where `g` is the left derivative of `F` at `U'`.
  ///
  ///     dF + b d log|det J| = link · ξ + Re tr(H dΩ)
  ///
  /// `link` is the dependence on `U` at a fixed `Z`; `dΩ`, any complex matrix, includes `ξ Ω`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU<2>)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  static func pullback(
    _ omega: Group.Matrix, cotangent g: Group.Algebra, logDet b: Lanes,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> (link: Group.Algebra, omega: Group.Matrix) {
    Group.residualPullback(omega, cotangent: g, logDet: b, scratch: scratch)
  }

  /// Carries `s = ∂ log q` from `U` to `U'`: `a = J^{-T}(s - d log|det J|/dU)`, and the `H` that
  /// `pullback` gives for `g = a`, `b = 1`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU<2>)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  static func pushScore(
    _ omega: Group.Matrix, score s: Group.Algebra, scratch: UnsafeMutablePointer<Lanes>
  ) -> (score: Group.Algebra, omega: Group.Matrix) {
    Group.residualScore(omega, score: s, scratch: scratch)
  }

  /// The most evaluations of the step in `invert`. Newton's method takes 4 to 15.
  static var inversionLimit: Int { 200 }

  /// The `U` of the image `U'`, and `log|det J|` there.
  ///
  /// `U` is the fixed point of `U -> exp(-vec(U S)) U'`, which brings any two links together by a factor
  /// of `L` at least, in the distance `‖a - b‖`: `‖exp(-X) - exp(-Y)‖ <= ‖X - Y‖`. The answer is an image
  /// of this map, and so at most `L/(1 - L)` times the last step away from the fixed point. Newton's
  /// method proposes the points. A point that does not bring the step down is proposed again at half the
  /// distance, and after four times replaced by the image of the last good one, for which a factor of
  /// `L` is certain.
  ///
  /// Accuracy: `‖U - exact‖ <= 1e-13`, and beyond `L = 1 - 0.02 N`, where the rounding of the step
  /// itself is magnified to more, `2e-15 N L/(1 - L)`.
  ///
  /// - Throws: `InversionFailure` where `L` is not below 1 in every lane, or the limit of evaluations is
  ///   reached.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU<2>)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  static func invert(
    _ image: Group, staple S: Group.Matrix, lipschitz L: Lanes,
    scratch: UnsafeMutablePointer<Lanes>
  ) throws(InversionFailure) -> (link: Group, logDet: Lanes) {
    guard all(L .< 1) else {
      throw InversionFailure(
        map: "a residual step by its Lipschitz constant", residual: largest(L), tolerance: 1)
    }
    let target = 1e-13 * min(Lanes(repeating: 1), (1 - L) / max(L, Lanes(repeating: 0.5)))
    let tolerance = max(target, Lanes(repeating: 2e-15 * Double(Group.colors)))
    var state = InversionState(image: image)
    let one = Lanes(repeating: 1)
    for _ in 0..<inversionLimit {
      let omega = Group.product(of: state.trial, times: S)
      let (factor, logDet) = Group.residualStep(omega, scratch: scratch)
      let next = factor.adjoint * image
      let ratio = next * state.trial.adjoint
      let distance = sqrt(Group.squaredDistance(ratio, .identity))
      let least = min(1 - 0.25 * state.share, max(L, Lanes(repeating: 0.5)))
      let isBetter = (distance .<= least * state.distance) .| (state.share .== 0)
      let accepts = isBetter .& state.isOpen
      replaceLanes(of: &state.base, with: state.trial, where: isBetter)
      replaceLanes(of: &state.point, with: next, where: accepts)
      state.distance.replace(with: distance, where: accepts)
      state.logDet.replace(with: logDet, where: accepts)
      state.isOpen = state.isOpen .& .!(isBetter .& (distance .<= tolerance))
      if !any(state.isOpen) { return (state.point, state.logDet) }
      // -2 Re tr(T_a W) are the coordinates of log W up to its cube.
      let defect = Lanes(repeating: Group.isAbelian ? 1 : 2) * ratio.algebraProjection
      let correction = Group.residualCorrection(omega, defect: defect, scratch: scratch)
      // No fixed point is much further away than that.
      let length = sqrt(correction.dot(correction))
      let bounded = select(length .> 1.5, 1.5 / length, one) * correction
      replaceLanes(of: &state.correction, with: bounded, where: isBetter)
      state.share = select(isBetter, one, 0.5 * state.share)
      state.share = select(state.share .< 0.1, .zero, state.share)
      state.trial = Group.exp(state.share * state.correction) * state.base
      replaceLanes(of: &state.trial, with: state.point, where: state.share .== 0)
    }
    let rest = select(state.isOpen, L / (1 - L) * state.distance, .zero)
    throw InversionFailure(map: "a residual step", residual: largest(rest), tolerance: 1e-13)
  }

  /// `dF/dc_i = Re tr(H Ω_i)`.
  @inline(__always)
  static func coefficientDerivative(_ loop: Group, _ H: Group.Matrix) -> Lanes {
    Group.realTrace(of: loop, times: H)
  }

  /// The left derivative with respect to the first link of a loop, `c_i Re tr(H T_a Ω_i)`, which is
  /// `-c_i vec(Ω_i H)`.
  @inline(__always)
  static func gradient(of loop: Group, coefficient c: Lanes, _ H: Group.Matrix) -> Group.Algebra {
    -c * Group.algebraProjection(of: loop, times: H)
  }

  private static func largest(_ x: Lanes) -> Double {
    var result = 0.0
    for lane in 0..<laneCount where !(x[lane] <= result) { result = x[lane] }
    return result
  }
}

/// Where the inverse of a step has got to.
private struct InversionState<Group: ResidualGroup> {
  /// The link to be tried.
  var trial: Group
  /// The best link, its image, and the distance between the two.
  var base: Group
  var point: Group
  var distance = Lanes(repeating: .infinity)
  var logDet = Lanes.zero
  /// Newton's step from the best link, and how much of it leads to the trial; none where the trial is
  /// the image, whose step is shorter by the Lipschitz constant.
  var correction = Group.Algebra.zero
  var share = Lanes.zero
  var isOpen = LaneMask(repeating: true)

  @inline(__always)
  init(image: Group) {
    trial = image
    base = image
    point = image
  }
}

/// Replaces a value made of `Lanes` by another in some lanes.
@inline(__always)
private func replaceLanes<Value: BitwiseCopyable>(
  of value: inout Value, with other: Value, where mask: LaneMask
) {
  let count = MemoryLayout<Value>.size / MemoryLayout<Lanes>.size
  withUnsafeMutablePointer(to: &value) { value in
    withUnsafePointer(to: other) { other in
      let value = UnsafeMutableRawPointer(value).assumingMemoryBound(to: Lanes.self)
      let other = UnsafeRawPointer(other).assumingMemoryBound(to: Lanes.self)
      for i in 0..<count { value[i].replace(with: other[i], where: mask) }
    }
  }
}
