import LaneMath
import LatticeActions
import LatticeFields

/// Hybrid Monte Carlo: molecular dynamics of `H = Σ p²/2 + S(U)` with fresh Gaussian momenta,
/// accepted with probability `min(1, exp(-ΔH))` (Duane, Kennedy, Pendleton and Roweth, Phys. Lett. B
/// 195 (1987) 216).
///
/// Conventions: for links the momenta are the coordinates with respect to the generators of
/// `GaugeGroup`, `U <- exp(ε p_a T_a) U`, `p_a <- p_a - ε ∂_a S`; for a scalar field
/// `φ <- φ + ε p`, `p <- p - ε ∂S/∂φ`. Exact for every step size; detailed balance needs
/// only that the integrator is reversible and preserves volume.
///
/// Complexity: `steps` times `integrator.forcesPerStep` forces and one action. Allocates at the first
/// step of a chain only.
public struct HybridMonteCarlo<Theory: Action>: MarkovKernel {
  /// The kind of field.
  public typealias Field = Theory.Field
  /// The action.
  public let action: Theory
  /// The splitting scheme.
  public let integrator: Integrator
  /// The length of a trajectory in molecular-dynamics time.
  public let trajectoryLength: Double
  /// The number of integrator steps on a trajectory.
  public let steps: Int
  @usableFromInline let schedule: [(kick: Double, drift: Double)]

  /// The length of an integrator step.
  public var stepSize: Double { trajectoryLength / Double(steps) }
  /// `hmc`.
  public var name: String { "hmc" }

  /// A hybrid Monte Carlo kernel.
  ///
  /// - Throws: `ChainError.parameter` where the length is not positive and finite, or there are not
  ///   1 to 1,000,000 steps.
  public init(
    action: Theory, integrator: Integrator = .minimumNorm2, trajectoryLength: Double, steps: Int
  ) throws(ChainError) {
    guard trajectoryLength > 0, trajectoryLength.isFinite else {
      throw .parameter(
        name: "trajectory length", expected: "a positive finite number", value: trajectoryLength)
    }
    guard (1...Self.mostSteps).contains(steps) else {
      throw .parameter(
        name: "steps", expected: "1 to \(Self.mostSteps)", value: Double(steps))
    }
    self.init(valid: action, integrator, trajectoryLength, steps)
  }

  private init(valid action: Theory, _ integrator: Integrator, _ length: Double, _ steps: Int) {
    self.action = action
    self.integrator = integrator
    self.trajectoryLength = length
    self.steps = steps
    let stepSize = length / Double(steps)
    schedule = integrator.schedule(steps: steps).map { ($0.kick * stepSize, $0.drift * stepSize) }
  }

  /// The most integrator steps on a trajectory.
  public static var mostSteps: Int { 1_000_000 }

  /// The links, or sites, times the forces on a trajectory.
  public func linkUpdates(on lattice: Lattice) -> Int {
    Field.elementCount(on: lattice) * steps * integrator.forcesPerStep
  }

  /// Follows Hamilton's equations for one trajectory.
  @inlinable
  public func integrate(_ U: inout Field, momenta: inout Field.Momenta) {
    for (kick, drift) in schedule {
      action.evolve(&U, momenta: &momenta, kick: kick, drift: drift)
    }
  }

  /// One trajectory.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @specialized(where Theory == PhiFourAction)
  @inlinable
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    let before = state.action(of: action)
    if state.momenta == nil { state.momenta = state.U.zeroMomenta() }
    var generator = streams.next(.momenta)
    var kinetic = state.momenta!.refresh(using: &generator)
    state.save()
    integrate(&state.U, momenta: &state.momenta!)
    state.U.removeRounding()
    let after = action.value(of: state.U)
    kinetic = state.momenta!.kineticEnergy - kinetic
    let deltaH = kinetic + (after - before)
    let accepted = metropolisDecision(deltaH, on: Field.self, using: &streams)
    state.takeOther(where: .!accepted)
    state.fieldsChanged(action: select(accepted, after, before))
    return UpdateInfo(acceptance: indicator(accepted), deltaH: deltaH)
  }

  /// The kernel with the number of steps that should give the target acceptance (default 0.8) on
  /// trajectories of the same length.
  ///
  /// With `<P_acc> = erfc(√<ΔH>/2)` and `<ΔH>` proportional to the step size to the power of twice
  /// the order; the number of steps changes by a factor of 2 at most.
  public func tuned(acceptance: Double, target: Double?) -> HybridMonteCarlo {
    let target = Swift.min(0.99, Swift.max(0.05, target ?? 0.8))
    let measured = Swift.min(0.995, Swift.max(0.02, acceptance))
    let ratio = inverseErfc(measured) / inverseErfc(target)
    let root = ratio.squareRoot()
    let factor = Swift.min(2, Swift.max(0.5, integrator.order >= 4 ? root.squareRoot() : root))
    let count = Swift.min(
      Double(Self.mostSteps), Swift.max(1, (Double(steps) * factor).rounded(.up)))
    return HybridMonteCarlo(valid: action, integrator, trajectoryLength, Int(count))
  }

  /// The number of steps.
  public var tunedParameters: [Double] { [Double(steps)] }

  /// The kernel with the number of steps.
  public func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> HybridMonteCarlo {
    try requireParameters(parameters, count: 1, of: name)
    guard let steps = Int(exactly: parameters[0]) else {
      throw .parameter(name: "steps", expected: "a whole number", value: parameters[0])
    }
    return try HybridMonteCarlo(
      action: action, integrator: integrator, trajectoryLength: trajectoryLength, steps: steps)
  }
}

/// The complementary error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26), for positive x.
private func erfc(_ x: Double) -> Double {
  let t = 1 / (1 + 0.3275911 * x)
  var p = 1.061405429
  for c in [-1.453152027, 1.421413741, -0.284496736, 0.254829592] { p = p * t + c }
  return p * t * exp(Lanes(repeating: -x * x))[0]
}

/// The positive x where `erfc(x)` has a value in (0, 1), by bisection; good enough to tune with.
private func inverseErfc(_ value: Double) -> Double {
  var low = 0.0, high = 4.0
  for _ in 0..<40 {
    let middle = 0.5 * (low + high)
    if erfc(middle) > value { low = middle } else { high = middle }
  }
  return 0.5 * (low + high)
}
