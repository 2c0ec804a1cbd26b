import EnsembleIO
import LatticeActions
import LatticeFields
import MarkovChains

/// A gauge action by the name that a user types; its couplings follow from `beta`.
///
/// A new one is a case, a line in ``MarkovChainPlan``'s kernels and one in `couplings(beta:)`.
public enum ActionKind: String, Sendable, CaseIterable {
  /// Wilson's plaquette action.
  case wilson

  /// The names.
  public static var names: [String] { allCases.map(\.rawValue) }

  /// The action as an ensemble's description has it.
  public func description(beta: Double) -> EnsembleDescription.Action {
    EnsembleDescription.Action(name: rawValue, couplings: couplings(beta: beta))
  }

  /// All couplings by name.
  private func couplings(beta: Double) -> [String: Double] {
    switch self {
    case .wilson: ["beta": beta]
    }
  }
}

extension MarkovChainPlan {
  /// The kernels of the plan for links of a group: the one place where the names of actions become
  /// types.
  ///
  /// - Throws: `ActionError`, `ChainError`.
  func kernels<Group: HeatbathGroup>(of group: Group.Type) throws
    -> KernelSequence<LinkField<Group>>
  {
    switch action {
    case .wilson: try algorithm.kernels(for: WilsonAction<Group>(beta: beta), on: lattice)
    }
  }

  /// Refuses a plan that cannot be run.
  ///
  /// - Throws: `UnknownGroupError`, `ActionError`, `ChainError`.
  public func validate() throws {
    struct Task: GroupTask {
      let plan: MarkovChainPlan
      func run<Group: HeatbathGroup>(_ group: Group.Type) throws {
        _ = try plan.kernels(of: group)
      }
    }
    try Catalog.withGroup(named: group, Task(plan: self))
  }
}
