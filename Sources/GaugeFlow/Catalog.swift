import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains

/// What the library is made of, by the names that a user types: a new group, action, architecture or
/// map is one file and one line here, and the laws and tests run over it.
public enum Catalog {
  /// A part with its name.
  public struct Entry<Value: Sendable>: Sendable {
    /// The name that a user types.
    public let name: String
    /// The part.
    public let value: Value

    /// A part with its name.
    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }

  /// Visits the gauge groups: one line for each.
  @inlinable
  public static func visitGroups<Visitor: GroupVisitor>(_ visitor: inout Visitor) {
    visitor.visit(U1.self)
    visitor.visit(SU2.self)
    visitor.visit(SU3.self)
    visitor.visit(SU4.self)
    visitor.visit(SU5.self)
    visitor.visit(SU6.self)
  }

  /// Visits the velocity bases of continuous flows: one line for each family of each group, the one by
  /// default first.
  static func visitVelocityBases<Visitor: VelocityBasisVisitor>(_ visitor: inout Visitor) {
    visitor.visit(FourierBasis.self)
    visitor.visit(LoopBasis.self)
    visitor.visit(WalkBasis<SU2>.self)
    visitor.visit(WalkBasis<SU3>.self)
    visitor.visit(WalkBasis<SU4>.self)
    visitor.visit(LocalBasis<SU2>.self)
    visitor.visit(LocalBasis<SU3>.self)
    visitor.visit(LocalBasis<SU4>.self)
  }

  /// The gauge groups.
  public static let groups: [any HeatbathGroup.Type] = {
    var list = GroupList()
    visitGroups(&list)
    return list.groups
  }()

  /// The actions of a group, at couplings that make no term small.
  public static func actions<G: GaugeGroup>(of group: G.Type) -> [Entry<any GaugeAction<G>>] {
    // The couplings are finite numbers.
    let wilson = try! WilsonAction<G>(beta: 1.7)
    var actions: [Entry<any GaugeAction<G>>] = [
      Entry("haar", HaarPrior<G>()),
      Entry("wilson", wilson),
      Entry("sums and multiples", wilson + 0.3 * wilson),
    ]
    for improvement in RectangleImprovement.allCases {
      let action = try! RectangleAction<G>(improvement, beta: 1.7)
      actions.append(Entry(improvement.rawValue, action))
    }
    return actions
  }

  /// The priors of a group.
  public static func priors<G: GaugeGroup>(of group: G.Type) -> [Entry<any GaugePrior<G>>] {
    [
      Entry("haar", HaarPrior<G>())
    ]
  }

  /// The actions of a scalar field, at couplings that make no term small.
  public static let scalarActions: [Entry<any Action<ScalarField>>] = {
    // The couplings are in their ranges.
    let free = try! FreeFieldPrior(massSquared: 0.7)
    let interacting = try! PhiFourAction(massSquared: -1.2, lambda: 0.9)
    return [
      Entry("free", free),
      Entry("phi4", interacting),
      Entry("sums and multiples", 0.3 * free + interacting),
    ]
  }()

  /// The priors of a scalar field.
  public static let scalarPriors: [Entry<any Prior<ScalarField>>] = [
    Entry("free", try! FreeFieldPrior(massSquared: 0.7))
  ]

  /// Visits the groups that coupling flows transport: one line for each.
  static func visitCouplingGroups<Visitor: CouplingGroupVisitor>(_ visitor: inout Visitor) {
    visitor.visit(U1.self)
    visitor.visit(SU2.self)
    visitor.visit(SU3.self)
    visitor.visit(SU4.self)
  }

  /// The architectures of coupling flows for a group of so many colours on lattices of a dimension; the
  /// one by default first. Not all are possible: `CouplingArchitecture.problem` tells.
  public static func couplingArchitectures(
    colors: Int, dimension: Int
  ) -> [Entry<CouplingArchitecture>] {
    let plane: [Entry<CouplingArchitecture>] = [
      Entry("blocks", .blocks(colors: colors)),
      Entry("plaquettes", .plaquettes(colors: colors)),
      Entry("tutorial", .tutorial),
    ]
    let general: [Entry<CouplingArchitecture>] = [
      Entry("checkerboard", .checkerboard(colors: colors, dimension: dimension)),
      Entry("residual", .residual(dimension: dimension)),
    ]
    return dimension == 2 ? plane + general : general + plane
  }

  /// The names of the architectures.
  public static let couplingArchitectureNames = couplingArchitectures(colors: 1, dimension: 2)
    .map(\.name)

  /// The circle maps.
  public static let circleMaps: [Entry<CouplingMapKind>] = [
    Entry("spline", .spline(bins: 8)),
    Entry("projection", .projection(components: 2)),
  ]

  /// The nonlinearities of conditioners.
  public static let activations: [Entry<Activation>] = Activation.allCases.map {
    Entry($0.rawValue, $0)
  }

  /// The architecture of the given name.
  public static func couplingArchitecture(
    named name: String, colors: Int = 1, dimension: Int = 2
  ) -> CouplingArchitecture? {
    couplingArchitectures(colors: colors, dimension: dimension).first { $0.name == name }?.value
  }

  /// The group of the given name.
  public static func group(named name: String) -> (any GaugeGroup.Type)? {
    groups.first { $0.name == name }
  }
}
