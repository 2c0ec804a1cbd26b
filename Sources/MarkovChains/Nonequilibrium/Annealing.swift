import LaneMath
import LatticeActions
import LatticeFields

/// A way from one coupling to another out of equilibrium: weights are exact however fast it goes.
///
/// Each step changes the coupling by a ``NonequilibriumUpdate``, which gives the change of the weights,
/// and is followed by Markov kernels that leave `exp(-λ_t S)` invariant and change no weight. The mean
/// weight is then a ratio of partition functions, and weighted means are those of the last coupling
/// (Jarzynski, Phys. Rev. Lett. 78 (1997) 2690):
///
///     <w> = Z(λ_n) / Z(λ_0),    <w f(U)> / <w> = <f>_{λ_n}
///
/// ```swift
/// let action = try WilsonAction<SU3>(beta: 1)
/// let annealing = try Annealing(
///   try .linear(from: 5.8, to: 6, steps: 64),
///   update: DetunedHeatbath(action: action, on: lattice, detuning: Detuning(1.5))
/// ) { beta throws(ChainError) in
///   KernelSequence(try Overrelaxation(action: WilsonAction(beta: beta), on: lattice))
/// }
/// ```
public struct Annealing<Group: GaugeGroup>: Sendable {
  /// The couplings.
  public let schedule: AnnealingSchedule
  /// What is done when the coupling changes.
  public let update: any NonequilibriumUpdate<Group>
  /// The kernels after each change, one sequence for each step; it may be empty.
  public let kernels: [KernelSequence<LinkField<Group>>]

  /// A way along a schedule.
  ///
  /// - Parameters:
  ///   - schedule: the couplings.
  ///   - update: what is done when the coupling changes.
  ///   - kernels: makes the kernels that leave the distribution at a coupling invariant.
  /// - Throws: what `kernels` throws.
  public init<Failure: Error>(
    _ schedule: AnnealingSchedule, update: any NonequilibriumUpdate<Group>,
    kernels: (Double) throws(Failure) -> KernelSequence<LinkField<Group>>
  ) throws(Failure) {
    self.schedule = schedule
    self.update = update
    var sequences: [KernelSequence<LinkField<Group>>] = []
    for coupling in schedule.couplings.dropFirst() { sequences.append(try kernels(coupling)) }
    self.kernels = sequences
  }

  /// A way along a schedule without kernels: for updates that are ergodic themselves.
  public init(_ schedule: AnnealingSchedule, update: any NonequilibriumUpdate<Group>) {
    self.init(schedule, update: update) { (_) throws(Never) in KernelSequence() }
  }

  /// One step.
  ///
  /// - Returns: the increment of the logarithm of the weight.
  func advance(
    _ state: inout ChainState<LinkField<Group>>, step: Int, using streams: inout ChainStreams
  ) throws(ChainError) -> Lanes {
    let couplings = schedule.couplings
    let increment = try update.update(
      &state, from: couplings[step], to: couplings[step + 1], step: step, using: &streams)
    // What kernels remembered was of another coupling.
    state.fieldsChanged()
    for (kernel, repetitions) in kernels[step].entries {
      for _ in 0..<repetitions { _ = try kernel.step(&state, using: &streams) }
    }
    state.fieldsChanged()
    return increment
  }
}

/// How far annealing is.
public struct AnnealingProgress: Sendable, Hashable {
  /// The steps made.
  public let steps: Int
  /// The steps of the whole schedule.
  public let totalSteps: Int
  /// The start that these steps belong to, where there are several.
  public let repetition: Int
  /// The number of starts.
  public let repetitions: Int
}
