import EnsembleIO
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains

/// A gauge action by the name that a user types; its couplings follow from `beta`.
///
/// A new one is a case, a line in ``MarkovChainPlan``'s kernels and one in `couplings(beta:)`.
public enum ActionKind: Sendable, Hashable, CaseIterable {
  /// Wilson's plaquette action.
  case wilson
  /// A rectangle-improved action.
  case improved(RectangleImprovement)

  /// All kinds.
  public static var allCases: [ActionKind] {
    [.wilson] + RectangleImprovement.allCases.map { .improved($0) }
  }

  /// The name, such as `wilson` or `iwasaki`.
  public var name: String {
    switch self {
    case .wilson: "wilson"
    case .improved(let improvement): improvement.rawValue
    }
  }

  /// The names.
  public static var names: [String] { allCases.map(\.name) }

  /// The action of a name; nil where there is none.
  public init?(named name: String) {
    guard let known = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  /// The loops of the action.
  public var reach: LoopReach {
    switch self {
    case .wilson: .plaquettes
    case .improved: .rectangles
    }
  }

  /// The action as an ensemble's description has it.
  public func description(beta: Double) -> EnsembleDescription.Action {
    EnsembleDescription.Action(name: name, couplings: couplings(beta: beta))
  }

  /// The formula, for the conventions of an ensemble; nil where the standard ones say it.
  public var formula: String? {
    switch self {
    case .wilson: nil
    case .improved: "S = -(beta/N) [c0 sum_P Re tr P + c1 sum_R Re tr R], R the 1x2 and 2x1 loops"
    }
  }

  /// All couplings by name.
  private func couplings(beta: Double) -> [String: Double] {
    switch self {
    case .wilson: ["beta": beta]
    case .improved(let improvement):
      [
        "beta": beta, "c0": 1 - 8 * improvement.rectangleCoefficient,
        "c1": improvement.rectangleCoefficient,
      ]
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
    case .improved(let improvement):
      try algorithm.kernels(for: RectangleAction<Group>(improvement, beta: beta), on: lattice)
    }
  }

  /// The kernels of the plan for links in sub-lattices.
  ///
  /// - Throws: `ActionError`, `ChainError`.
  func kernels<Group: HeatbathGroup>(of group: Group.Type, in layout: SublatticeLayout) throws
    -> KernelSequence<SublatticeLinkField<Group>>
  {
    switch action {
    case .wilson: try algorithm.kernels(for: WilsonAction<Group>(beta: beta), in: layout)
    case .improved(let improvement):
      try algorithm.kernels(for: RectangleAction<Group>(improvement, beta: beta), in: layout)
    }
  }

  /// The kernels of the plan for links in the variables of a map.
  ///
  /// - Throws: `ActionError`, `ChainError`.
  func kernels<Group: HeatbathGroup>(through map: any DifferentiableBijection<Group>) throws
    -> KernelSequence<LinkField<Group>>
  {
    let limit = transformation?.forceLimit
    switch action {
    case .wilson:
      return try algorithm.kernels(
        for: WilsonAction<Group>(beta: beta), through: map, on: lattice, forceLimit: limit)
    case .improved(let improvement):
      return try algorithm.kernels(
        for: RectangleAction<Group>(improvement, beta: beta), through: map, on: lattice,
        forceLimit: limit)
    }
  }

  /// Refuses a plan that cannot be run.
  ///
  /// - Throws: `UnknownGroupError`, `LatticeError`, `ActionError`, `ChainError`, `ModelError`,
  ///   `TransferError`.
  public func validate() throws {
    struct Task: GroupTask {
      let plan: MarkovChainPlan
      func run<Group: HeatbathGroup>(_ group: Group.Type) throws {
        switch plan.layout {
        case .configurations:
          if let map = try plan.map(of: group) {
            _ = try plan.kernels(through: map)
          } else {
            _ = try plan.kernels(of: group)
          }
        case .sublattices:
          let layout = try plan.sublatticeLayout()
          _ = try plan.kernels(of: group, in: layout)
        }
      }
    }
    try Catalog.withGroup(named: group, Task(plan: self))
  }
}
