import LatticeActions
import LatticeFields
import MarkovChains

/// What the eight lanes of a number hold while chains run; the ensemble is the same kind of file.
public enum ChainLayout: String, Sendable, CaseIterable {
  /// Eight configurations of as many chains: the most updates in a second on all but large lattices.
  case configurations
  /// The eight blocks of one configuration, for few chains on a large lattice.
  case sublattices
}

extension ChainAlgorithm {
  /// The kernels for an action of one configuration in eight blocks; see `kernels(for:on:)`.
  ///
  /// - Throws: `ChainError` where a parameter is out of range, or the lattice does not fit; for winding,
  ///   which moves whole configurations.
  public func kernels<Theory: LoopAction>(
    for action: Theory, in layout: SublatticeLayout
  ) throws(ChainError) -> KernelSequence<SublatticeLinkField<Theory.Group>>
  where Theory.Group: HeatbathGroup {
    try sequence { (sequence, update) throws(ChainError) in
      switch update {
      case .hmc:
        sequence.followed(
          by: try HybridMonteCarlo(
            action: SublatticeAction(action), integrator: integrator,
            trajectoryLength: trajectoryLength, steps: steps))
      case .heatbath:
        sequence.followed(
          by: try SublatticeSweep(on: layout) { block throws(ChainError) in
            try Heatbath(action: action, on: block)
          })
      case .metropolis:
        sequence.followed(
          by: try SublatticeSweep(on: layout) { block throws(ChainError) in
            try LocalMetropolis(action: action, on: block, window: window, hits: hits)
          })
      case .winding: throw .sublattices(algorithm: "winding")
      }
    } overrelaxed: { (sequence, sweeps) throws(ChainError) in
      sequence.followed(
        by: try SublatticeSweep(on: layout) { block throws(ChainError) in
          try Overrelaxation(action: action, on: block)
        }, repetitions: sweeps)
    }
  }
}
