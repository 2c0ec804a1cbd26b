import LaneMath
import LatticeFields

/// A gauge-equivariant coupling that moves active links along a learned combination of loops through
/// them: a masked step of stout smearing (hep-lat/0311018; as a flow arXiv:2305.02402).
///
///     Ω = Σ_i c_i(frozen loops) Ω_i,   U'_l = exp(Z) U_l,   Z_a = -Re tr(T_a Ω)
///     log|det J| = Σ_active log|det(1 + dexp_{-Z} M)|,   M_ab = -Re tr(T_a T_b Ω)
///
/// Each `Ω_i` is a loop of frozen links that begins with the active one: the Jacobian is a matrix of
/// `N² - 1` rows for each active link. The coefficients are bounded,
///
///     c_i = (κ/λ) r_i / (1 + Σ_j √(r_j² + 1/n²)),    λ Σ_i |c_i| < κ = 0.9,
///
/// `r` the outputs of the network, `n` their number and `λ` the Lipschitz constant of `Z` for each unit
/// of a coefficient (1/2 for SU(N)): then `U -> exp(Z) U` is invertible, and its inverse the limit of a
/// contraction of rate `κ`.
struct ResidualLayer<Group: MatrixCouplingGroup & ResidualGroup>: Sendable {
  let geometry: LinkGeometry
  let features: TraceFeatures
  let conditioner: Conditioner
  let termCount: Int
  /// `κ`.
  static var contraction: Double { 0.9 }

  init(geometry: LinkGeometry, stage: CouplingArchitecture.Stage) {
    self.geometry = geometry
    features = TraceFeatures(geometry: geometry, powers: stage.harmonics, colors: Group.colors)
    termCount = geometry.active.first?.terms.count ?? 0
    conditioner = Conditioner(
      channels: [features.channels] + stage.hidden + [termCount],
      stencils: geometry.stencils, activation: stage.activation,
      couplingDegree: stage.couplingDegree)
  }

  /// What is kept of an active link for the derivatives; the coefficients follow.
  private struct Record {
    /// `Ω`.
    var omega: Group.Matrix
    /// The link as it was.
    var link: Group
  }

  private static var recordCount: Int { MemoryLayout<Record>.stride / MemoryLayout<Lanes>.stride }

  @inline(__always)
  private func record(_ active: Int, _ tape: LayerTape) -> (
    record: UnsafeMutablePointer<Record>, coefficients: UnsafeMutablePointer<Lanes>
  ) {
    let start = tape.values + active &* (Self.recordCount &+ termCount)
    return (
      UnsafeMutableRawPointer(start).assumingMemoryBound(to: Record.self), start + Self.recordCount
    )
  }
}

extension ResidualLayer: AnyCouplingLayer {
  var activeCount: Int { geometry.active.count }
  var tapeCount: Int { activeCount * (Self.recordCount + termCount) }
  var laneScratchCount: Int { ResidualStep<Group>.scratchCount }
  var floatScratchCount: Int { 0 }
  var movedLinks: Set<Int> { geometry.movedLinks }
  func contradiction() -> String? { geometry.contradiction() }

  @inline(__always)
  private func condition(
    on U: UnsafePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape
  ) {
    features.write(of: U, to: tape.activations)
    conditioner.evaluate(packed: packed, tape: tape.activations)
  }

  /// `1/n²`.
  private var offset: Double { 1 / Double(termCount &* termCount) }

  /// Writes the coefficients of an active link and returns `λ Σ|c|`.
  @inline(__always)
  private func writeCoefficients(
    of index: Int, tape: LayerTape, to coefficients: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    let outputs = tape.activations + (conditioner.outputOffset &+ index &* conditioner.outputStride)
    var sum = Lanes(repeating: 1)
    for i in 0..<termCount {
      let r = outputs[i].double
      coefficients[i] = r
      sum += sqrt(multiplyAdd(r, r, Lanes(repeating: offset)))
    }
    let factor = (Self.contraction / Group.lipschitzPerCoefficient) / sum
    var size = Lanes.zero
    for i in 0..<termCount {
      coefficients[i] *= factor
      size += abs(coefficients[i])
    }
    return Group.lipschitzPerCoefficient * size
  }

  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  func apply(
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) -> Lanes {
    condition(on: U, packed: packed, tape: tape)
    var logDet = Lanes.zero
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, coefficients) = record(index, tape)
      _ = writeCoefficients(of: index, tape: tape, to: coefficients)
      var omega = Group.zeroMatrix
      for i in 0..<termCount {
        let loop: Group = geometry.paths.product(of: active.terms[i], U)
        var term = Group.zeroMatrix
        Group.add(loop, to: &term)
        Group.add(term, scaledBy: coefficients[i], to: &omega)
      }
      let (factor, own) = ResidualStep<Group>.apply(omega, scratch: scratch.lanes)
      record.pointee.omega = omega
      record.pointee.link = U[active.link]
      U[active.link] = factor * U[active.link]
      logDet += own
    }
    return logDet
  }

  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  func applyInverse(
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) throws(InversionFailure) -> Lanes {
    condition(on: U, packed: packed, tape: tape)
    var logDet = Lanes.zero
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (_, coefficients) = record(index, tape)
      let lipschitz = writeCoefficients(of: index, tape: tape, to: coefficients)
      var staple = Group.zeroMatrix
      for i in 0..<termCount {
        let rest: Group = geometry.paths.product(of: active.terms[i], skipping: 1, U)
        var term = Group.zeroMatrix
        Group.add(rest, to: &term)
        Group.add(term, scaledBy: coefficients[i], to: &staple)
      }
      let (link, own) = try ResidualStep<Group>.invert(
        U[active.link], staple: staple, lipschitz: lipschitz, scratch: scratch.lanes)
      U[active.link] = link
      logDet += own
    }
    return logDet
  }

  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  func pullback(
    _ cotangent: UnsafeMutablePointer<Group.Algebra>, logDet b: Lanes,
    restoring U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch, gradient: UnsafeMutablePointer<Float>?
  ) {
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, _) = record(index, tape)
      U[active.link] = record.pointee.link
      let (link, H) = ResidualStep<Group>.pullback(
        record.pointee.omega, cotangent: cotangent[active.link], logDet: b, scratch: scratch.lanes)
      cotangent[active.link] = link
      let own = scatter(H, index, sign: 1, U, cotangent, tape, scratch)
      cotangent[active.link] = cotangent[active.link] + own
    }
    backpropagate(
      cotangent, sign: 1, U, packed: packed, tape: tape, scratch: scratch, gradient: gradient)
  }

  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  func pushScore(
    _ score: UnsafeMutablePointer<Group.Algebra>, at U: UnsafePointer<Group>,
    packed: UnsafePointer<Float>, tape: LayerTape, scratch: LayerScratch,
    gradient: UnsafeMutablePointer<Float>?
  ) {
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, _) = record(index, tape)
      let (result, H) = ResidualStep<Group>.pushScore(
        record.pointee.omega, score: score[active.link], scratch: scratch.lanes)
      score[active.link] = result
      _ = scatter(H, index, sign: -1, U, score, tape, scratch)
    }
    backpropagate(
      score, sign: -1, U, packed: packed, tape: tape, scratch: scratch, gradient: gradient)
  }

  /// Carries a derivative with respect to `Ω`, `Re tr(H δΩ)`, to the coefficients and the frozen links
  /// of its loops, and returns that of the active link.
  @inline(__always)
  private func scatter(
    _ H: Group.Matrix, _ index: Int, sign: Double, _ U: UnsafePointer<Group>,
    _ field: UnsafeMutablePointer<Group.Algebra>, _ tape: LayerTape, _ scratch: LayerScratch
  ) -> Group.Algebra {
    let active = geometry.active[index]
    let (record, coefficients) = record(index, tape)
    let link = record.pointee.link, back = link.adjoint
    var own = Group.Algebra.zero
    let target = scratch.outputGradient + index &* conditioner.outputStride
    let outputs = tape.activations + (conditioner.outputOffset &+ index &* conditioner.outputStride)
    var sum = Lanes(repeating: 1), along = Lanes.zero
    for i in 0..<termCount {
      let rest: Group = geometry.paths.product(of: active.terms[i], skipping: 1, U)
      let loop = link * rest
      // dΩ_i = ξ Ω_i:  Re tr(H ξ Ω_i) = -ξ · projection(Ω_i H)
      let left = (-coefficients[i]) * Group.algebraProjection(of: loop, times: H)
      own = own + left
      geometry.paths.scatter(
        back.adjointAction(on: Lanes(repeating: sign) * left), of: active.terms[i], skipping: 1, U,
        to: field)
      let slope = Group.realTrace(of: loop, times: H)
      let r = outputs[i].double
      sum += sqrt(multiplyAdd(r, r, Lanes(repeating: offset)))
      along = multiplyAdd(slope, r, along)
      target[i] = slope.single
    }
    // c_i = f r_i / D:  ∂c_i/∂r_j = f (δ_ij / D - r_i r_j / (h_j D²))
    let factor = (Self.contraction / Group.lipschitzPerCoefficient) / sum
    let common = along / sum
    for i in 0..<termCount {
      let r = outputs[i].double
      let h = sqrt(multiplyAdd(r, r, Lanes(repeating: offset)))
      target[i] = (factor * (target[i].double - common * (r / h))).single
    }
    for channel in termCount..<Swift.max(termCount, conditioner.outputStride) {
      target[channel] = .zero
    }
    return own
  }

  /// The derivatives with respect to the coefficients, through the network to frozen loops.
  @inline(__always)
  private func backpropagate(
    _ field: UnsafeMutablePointer<Group.Algebra>, sign: Double, _ U: UnsafePointer<Group>,
    packed: UnsafePointer<Float>, tape: LayerTape, scratch: LayerScratch,
    gradient: UnsafeMutablePointer<Float>?
  ) {
    let gradients = conditioner.pullback(
      packed: packed, tape: tape.activations, outputGradient: scratch.outputGradient,
      scratch: scratch.network, gradient: gradient)
    features.scatter(gradients, sign: sign, U, to: field)
  }
}
