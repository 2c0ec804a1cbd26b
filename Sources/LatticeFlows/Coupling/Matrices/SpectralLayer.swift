import LaneMath
import LatticeFields

/// A gauge-equivariant coupling of SU(N) that maps the eigenvalues of loops (arXiv:2008.05456).
///
///     X = P W^{-c} = V e^{iθ} V†,   X' = V e^{iθ'(θ; frozen loops)} V†,   U'_l = X' X† U_l
///     log|det J| = Σ_active log|det ∂θ'/∂θ| + Σ_{j<k} 2 log|sin(Δ'_jk/2) / sin(Δ_jk/2)|
///
/// `P` is a loop that begins with the active link; with `c = 0` it is the layer of the paper. Where `W`
/// is a frozen loop that encloses `P` and its passive neighbour, `c` the share of `P` in its area, both
/// are moved in the same way: the target then depends on `X` and on `tr W` nearly or, for SU(2) and
/// two plaquettes, exactly through the eigenvalues of `X` alone. As `W` is frozen and the Haar measure
/// invariant, `c` does not enter the determinant.
///
/// Gauge covariant: all loops of an active link begin where it begins.
struct SpectralLayer<Group: MatrixCouplingGroup>: Sendable {
  let geometry: LinkGeometry
  let features: TraceFeatures
  let conditioner: Conditioner
  let map: EigenvalueMap

  init(geometry: LinkGeometry, bins: Int, stage: CouplingArchitecture.Stage) {
    self.geometry = geometry
    features = TraceFeatures(geometry: geometry, powers: stage.harmonics, colors: Group.colors)
    map = EigenvalueMap(colors: Group.colors, bins: bins)
    conditioner = Conditioner(
      channels: [features.channels] + stage.hidden + [map.parameterCount],
      stencils: geometry.stencils, activation: stage.activation,
      couplingDegree: stage.couplingDegree)
  }

  /// What is kept of an active link for the derivatives.
  private struct Record {
    /// The eigenvectors of `X`.
    var frame: Group.Frame
    /// The eigenvectors of `W`.
    var centre: Group.Frame
    /// The link as it was.
    var link: Group
  }

  private static var recordCount: Int { MemoryLayout<Record>.stride / MemoryLayout<Lanes>.stride }
  /// Three times the phases: of `X`, of `X'`, of `W`.
  private static var stride: Int { recordCount + 3 * Group.colors }

  @inline(__always)
  private func record(_ active: Int, _ tape: LayerTape) -> (
    record: UnsafeMutablePointer<Record>, phases: UnsafeMutablePointer<Lanes>
  ) {
    let start = tape.values + active &* Self.stride
    return (
      UnsafeMutableRawPointer(start).assumingMemoryBound(to: Record.self), start + Self.recordCount
    )
  }
}

extension SpectralLayer: AnyCouplingLayer {
  var activeCount: Int { geometry.active.count }
  var tapeCount: Int { activeCount * Self.stride }
  /// Two sets of coordinates beside the map's own room.
  var laneScratchCount: Int { map.scratchCount + 2 * Group.colors * Group.colors }
  var floatScratchCount: Int { map.floatScratchCount }
  var movedLinks: Set<Int> { geometry.movedLinks }
  func contradiction() -> String? { geometry.contradiction() }

  @inline(__always)
  private func condition(
    on U: UnsafePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape
  ) -> UnsafePointer<FloatLanes> {
    features.write(of: U, to: tape.activations)
    conditioner.evaluate(packed: packed, tape: tape.activations)
    return UnsafePointer(tape.activations + conditioner.outputOffset)
  }

  /// `X`, with the eigenvectors and phases of `W` written down.
  @inline(__always)
  private func loop(
    _ active: LinkGeometry.Active, _ U: UnsafePointer<Group>,
    _ record: UnsafeMutablePointer<Record>, _ phases: UnsafeMutablePointer<Lanes>,
    _ room: UnsafeMutablePointer<Lanes>
  ) -> Group {
    let P: Group = geometry.paths.product(of: active.path, U)
    guard active.centre >= 0 else { return P }
    let W: Group = geometry.paths.product(of: active.centre, U)
    let centrePhases = phases + 2 &* Group.colors
    record.pointee.centre = Group.Frame(of: W, phases: centrePhases)
    for j in 0..<Group.colors { room[j] = -active.fraction * centrePhases[j] }
    return P * record.pointee.centre.element(phases: room)
  }

  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  func apply(
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) -> Lanes {
    let parameters = condition(on: U, packed: packed, tape: tape)
    var logDet = Lanes.zero
    let colors = Group.colors, room = scratch.lanes + map.scratchCount
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, phases) = record(index, tape)
      let X = loop(active, U, record, phases, room)
      record.pointee.frame = Group.Frame(of: X, phases: phases)
      logDet += map.apply(
        phases, parameters: parameters + index &* conditioner.outputStride, to: phases + colors,
        scratch: scratch.lanes, floatScratch: scratch.floats)
      for j in 0..<colors { room[j] = phases[colors &+ j] - phases[j] }
      record.pointee.link = U[active.link]
      U[active.link] = record.pointee.frame.element(phases: room) * U[active.link]
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
    let parameters = condition(on: U, packed: packed, tape: tape)
    var logDet = Lanes.zero
    let colors = Group.colors, room = scratch.lanes + map.scratchCount
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, phases) = record(index, tape)
      let X = loop(active, U, record, phases, room)
      record.pointee.frame = Group.Frame(of: X, phases: phases + colors)
      logDet += try map.applyInverse(
        phases + colors, parameters: parameters + index &* conditioner.outputStride, to: phases,
        scratch: scratch.lanes, floatScratch: scratch.floats)
      for j in 0..<colors { room[j] = phases[j] - phases[colors &+ j] }
      U[active.link] = record.pointee.frame.element(phases: room) * U[active.link]
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
    let parameters = UnsafePointer(tape.activations + conditioner.outputOffset)
    let square = Group.colors &* Group.colors
    let result = scratch.lanes + map.scratchCount, turned = result + square
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, phases) = record(index, tape)
      U[active.link] = record.pointee.link
      record.pointee.frame.storeCoordinates(of: cotangent[active.link], to: result)
      turn(result, by: phases, into: turned)
      map.pullback(
        phases, newPhases: phases + Group.colors,
        parameters: parameters + index &* conditioner.outputStride, coordinates: result, b: b,
        parameterGradient: outputGradient(index, scratch), scratch: scratch.lanes,
        floatScratch: scratch.floats)
      cotangent[active.link] = record.pointee.frame.algebra(coordinates: result)
      for k in 0..<square { turned[k] = result[k] - turned[k] }
      scatterFrozen(active, record, phases, turned, U, cotangent)
    }
    backpropagate(
      cotangent, sign: 1, U, packed: packed, tape: tape, scratch: scratch, gradient: gradient)
  }

  /// With `s = ∂ log q` at the input, `a = J^{-T}(s - ∂ log det J)` is the score of the active links at
  /// the output; those of the frozen links lose what `pullback` of `a` would give them, in which the
  /// part that goes through `X` is `s` itself.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inline(never)
  func pushScore(
    _ score: UnsafeMutablePointer<Group.Algebra>, at U: UnsafePointer<Group>,
    packed: UnsafePointer<Float>, tape: LayerTape, scratch: LayerScratch,
    gradient: UnsafeMutablePointer<Float>?
  ) {
    let parameters = UnsafePointer(tape.activations + conditioner.outputOffset)
    let square = Group.colors &* Group.colors
    let result = scratch.lanes + map.scratchCount, turned = result + square
    for index in 0..<activeCount {
      let active = geometry.active[index]
      let (record, phases) = record(index, tape)
      let before = score[active.link]
      record.pointee.frame.storeCoordinates(of: before, to: result)
      map.pushScore(
        phases, newPhases: phases + Group.colors,
        parameters: parameters + index &* conditioner.outputStride, coordinates: result,
        parameterGradient: outputGradient(index, scratch), scratch: scratch.lanes,
        floatScratch: scratch.floats)
      score[active.link] = record.pointee.frame.algebra(coordinates: result)
      turn(result, by: phases, into: turned)
      record.pointee.frame.storeCoordinates(of: before, to: result)
      for k in 0..<square { turned[k] = turned[k] - result[k] }
      scatterFrozen(active, record, phases, turned, U, score)
    }
    backpropagate(
      score, sign: -1, U, packed: packed, tape: tape, scratch: scratch, gradient: gradient)
  }

  /// The room for the derivatives with respect to the parameters of one map, its padding zero.
  @inline(__always)
  private func outputGradient(_ index: Int, _ scratch: LayerScratch)
    -> UnsafeMutablePointer<FloatLanes>
  {
    let stride = conditioner.outputStride
    let target = scratch.outputGradient + index &* stride
    for channel in map.parameterCount..<Swift.max(map.parameterCount, stride) {
      target[channel] = .zero
    }
    return target
  }

  /// The coordinates of `Ad_{E†} g` with `E = X' X† = V e^{i(θ' - θ)} V†`.
  @inline(__always)
  private func turn(
    _ coordinates: UnsafePointer<Lanes>, by phases: UnsafePointer<Lanes>,
    into turned: UnsafeMutablePointer<Lanes>
  ) {
    let colors = Group.colors
    for j in 0..<colors { turned[j] = coordinates[j] }
    var place = colors
    for j in 0..<colors {
      for k in (j &+ 1)..<Swift.max(j &+ 1, colors) {
        let angle =
          (phases[colors &+ j] - phases[j]) - (phases[colors &+ k] - phases[k])
        let (s, c) = sincos(angle)
        let re = coordinates[place], im = coordinates[place &+ 1]
        // times e^{-i angle}
        turned[place] = multiplyAdd(re, c, im * s)
        turned[place &+ 1] = multiplyAdd(im, c, -(re * s))
        place &+= 2
      }
    }
  }

  /// Carries a derivative with respect to `X`, in its eigenframe, to the frozen links of its loop and of
  /// the loop that it is measured from.
  ///
  ///     X = P C†, C = W^c:  δX = ξ X,  ξ = Ad.. of the links of P, and -Ad_X κ, δC = κ C;
  ///     in the eigenframe of W, δW = ω W:  κ_jk = ω_jk e^{i(c-1)Δ/2} sin(cΔ/2)/sin(Δ/2),  κ_jj = c ω_jj
  @inline(__always)
  private func scatterFrozen(
    _ active: LinkGeometry.Active, _ record: UnsafeMutablePointer<Record>,
    _ phases: UnsafeMutablePointer<Lanes>, _ coordinates: UnsafeMutablePointer<Lanes>,
    _ U: UnsafePointer<Group>, _ field: UnsafeMutablePointer<Group.Algebra>
  ) {
    let link = record.pointee.link
    let atX = record.pointee.frame.algebra(coordinates: coordinates)
    geometry.paths.scatter(
      link.adjoint.adjointAction(on: atX), of: active.path, skipping: 1, U, to: field)
    guard active.centre >= 0 else { return }
    // Ad_{X†}: the frame of X, multiplied by the differences of its phases.
    let colors = Group.colors
    turnBack(coordinates, phases)
    let atC = record.pointee.frame.algebra(coordinates: coordinates)
    record.pointee.centre.storeCoordinates(of: atC, to: coordinates)
    let centrePhases = phases + 2 &* colors
    let c = Lanes(repeating: active.fraction)
    for j in 0..<colors { coordinates[j] = -(c * coordinates[j]) }
    var place = colors
    for j in 0..<colors {
      for k in (j &+ 1)..<Swift.max(j &+ 1, colors) {
        // Phases ascend: the difference is negative; its size is kept from 0.
        let size = max(centrePhases[k] - centrePhases[j], Lanes(repeating: 1e-8))
        let ratio = sin(0.5 * c * size) / max(sin(0.5 * size), Lanes(repeating: 1e-150))
        // The transpose: times -conj(e^{-i(c-1) size/2}) ratio = -e^{i(c-1) size/2} ratio
        let (s, co) = sincos(0.5 * (c - 1) * size)
        let re = coordinates[place], im = coordinates[place &+ 1]
        coordinates[place] = -(ratio * multiplyAdd(re, co, -(im * s)))
        coordinates[place &+ 1] = -(ratio * multiplyAdd(im, co, re * s))
        place &+= 2
      }
    }
    geometry.paths.scatter(
      record.pointee.centre.algebra(coordinates: coordinates), of: active.centre, U, to: field)
  }

  /// The coordinates of `Ad_{X†}` of an element in the eigenframe of `X`.
  @inline(__always)
  private func turnBack(
    _ coordinates: UnsafeMutablePointer<Lanes>, _ phases: UnsafePointer<Lanes>
  ) {
    let colors = Group.colors
    var place = colors
    for j in 0..<colors {
      for k in (j &+ 1)..<Swift.max(j &+ 1, colors) {
        let (s, c) = sincos(phases[j] - phases[k])
        let re = coordinates[place], im = coordinates[place &+ 1]
        coordinates[place] = multiplyAdd(re, c, im * s)
        coordinates[place &+ 1] = multiplyAdd(im, c, -(re * s))
        place &+= 2
      }
    }
  }

  /// The derivatives with respect to the parameters of the maps, through the network to frozen loops.
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
