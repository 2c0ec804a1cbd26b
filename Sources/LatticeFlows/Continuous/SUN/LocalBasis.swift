import LaneMath
import LatticeFields

/// Velocity fields of SU(N) links in two to four dimensions that are made of plaquettes, and of pairs of
/// plaquettes that share a link.
///
///     dU_l/dt = Z_l U_l,   S_t = -β_t Σ_P Re tr P / N
///
/// With `x + iy = tr P`, `vec(M)_a = -2 Re tr(T_a M)`, `a = vec P`, `b = vec iP`, each loop on each of its
/// links, a loop that passes the link backwards with a minus sign:
///
/// | element | field | divergence on one link |
/// |---|---|---|
/// | `a` `xa` `xxa` `yya` | `f a` | `2 C_F x f - ½ f_x a·a + ½ f_y a·b` |
/// | `yb` `xyb` | `f b` | `-2 C_F y f - ½ f_x a·b + ½ f_y b·b` |
/// | `rectangle` `chair` | `vec P P'†`, the loop of six links | `2 C_F Re tr P P'†` |
/// | `twistedRectangle` `twistedChair` | `vec P P'` | `2 C_F Re tr P P'` |
/// | `nextX` `bentX` | `x' a` | `2 C_F x x'` |
/// | `nextY` `bentY` | `y' b` | `-2 C_F y y'` |
///
/// `P` and `P'` are different plaquettes that both begin with the link that they share, in one plane
/// (`rectangle`, `next`) or at a right angle (`chair`, `bent`). Fields of pairs move the links of `P` that
/// are not in `P'`, and both orders count. On such a link the loop is met once and linearly, which is
/// why the divergences are so short. The divergences of pairs are all functions that the square of
/// the force consists of: the second order in `β` is solved exactly, in any dimension. What is left
/// begins with the third, and grows with the volume.
///
/// For SU(2) `y` and `b` are zero, and twisted loops are differences of the others: `P P' = x' P - P P'†`.
///
/// Conventions: a flow along a linear ``AnnealingPath``; the tilt is not looked at.
///
/// Complexity: about nine products of matrices for each link and plaquette on it, so
/// `18 D (D - 1) V` for a velocity, whatever the number of elements; nothing is allocated.
public struct LocalBasis<Group: LocalGroup>: VelocityBasis {
  /// The lattice, of two to four dimensions.
  public let lattice: Lattice
  /// The names of the elements.
  public let elementNames: [String]
  let elements: [LocalElement]

  /// A basis of elements.
  ///
  /// - Parameters:
  ///   - lattice: two to four dimensions, with extents of at least 2, and 3 for pairs.
  ///   - elements: their names.
  /// - Throws: `LocalBasisError` where a name is unknown or repeated, the group has no such field, or
  ///   the lattice does not fit.
  public init(lattice: Lattice, elements names: [String]) throws(LocalBasisError) {
    guard lattice.dimension > 1 else { throw .dimension(lattice.extents) }
    guard !names.isEmpty else { throw .empty }
    var elements: [LocalElement] = []
    for name in names {
      let element = try LocalElement(parsing: name)
      try element.validate(colors: Group.colors, extents: lattice.extents)
      guard !elements.contains(element) else { throw .repeated(name) }
      elements.append(element)
    }
    self.init(lattice: lattice, unchecked: elements)
  }

  /// A basis of elements that are taken to be valid.
  init(lattice: Lattice, unchecked elements: [LocalElement]) {
    self.lattice = lattice
    self.elements = elements
    elementNames = elements.map(\.name)
  }

  /// Memory for eight configurations.
  public func makeState() -> WalkState<Group> { WalkState(linkCount: lattice.linkCount) }

  /// Memory to compute in.
  public func makeWorkspace() -> LocalWorkspace<Group> { LocalWorkspace(lattice, elements) }

  /// Puts configurations at the start of their way.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func load(_ U: LinkField<Group>, into state: WalkState<Group>) {
    precondition(U.lattice == lattice, "field on \(U.lattice) for a basis on \(lattice)")
    state.load(U)
  }

  /// The configurations where they are now, links reunitarised.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func store(_ state: WalkState<Group>, into U: inout LinkField<Group>) {
    precondition(U.lattice == lattice, "field on \(U.lattice) for a basis on \(lattice)")
    state.store(into: &U)
  }

  /// Copies a state.
  public func copy(_ source: WalkState<Group>, to target: WalkState<Group>) {
    source.copy(to: target)
  }

  /// The action, its rate of change and `X = Σ_P Re tr P / N`.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func values(
    of state: WalkState<Group>, at point: PathPoint, using workspace: LocalWorkspace<Group>
  ) -> PathValues {
    let sum = Group.plaquetteTraceSum(
      state.links.pointer, workspace.forward.pointer, volume: lattice.volume,
      sites: lattice.volume, dimension: lattice.dimension)
    let X = (1 / Double(Group.colors)) * sum
    return PathValues(action: -point.beta * X, rate: -point.betaRate * X, plaquetteSum: X)
  }

  /// The columns of all elements.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func columns(
    of state: WalkState<Group>, at point: PathPoint, using workspace: LocalWorkspace<Group>,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues {
    for element in elements.indices { columns[element] = .zero }
    let kernel = LocalKernel(workspace, links: state.links.pointer)
    kernel.computeForces()
    kernel.addColumns(elements, beta: point.beta, to: columns)
    return values(of: state, at: point, using: workspace)
  }

  /// The velocity, kept in the workspace.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func computeVelocity(
    of state: WalkState<Group>, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: LocalWorkspace<Group>
  ) -> Lanes {
    workspace.velocity.fill(.zero)
    return LocalKernel(workspace, links: state.links.pointer)
      .addVelocity(LocalCoefficients(elements, coefficients), elements, coefficients)
  }

  /// One stage of a Runge-Kutta step.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func move(
    _ state: WalkState<Group>, memory: Double, step: Double, weight: Double,
    using workspace: LocalWorkspace<Group>
  ) {
    state.move(memory: memory, step: step, weight: weight, velocity: workspace.velocity)
  }
}

/// The memory of a ``LocalBasis`` for one thread.
public final class LocalWorkspace<Group: LocalGroup> {
  /// The velocity that was computed last, `[mu V + site]`.
  let velocity: Buffer<Group.Algebra>
  /// The sum of `a` over the plaquettes of each link, `[mu V + site]`.
  let forces: Buffer<Group.Algebra>
  /// The plaquettes on one link.
  let sides: Buffer<LinkSide<Group>>
  let forward: Buffer<Int>
  let backward: Buffer<Int>
  let lattice: Lattice
  let needs: LocalNeeds

  init(_ lattice: Lattice, _ elements: [LocalElement]) {
    self.lattice = lattice
    needs = LocalNeeds(elements)
    velocity = Buffer(count: lattice.linkCount, repeating: .zero)
    forces = Buffer(count: lattice.linkCount, repeating: .zero)
    sides = Buffer(count: 2 * (lattice.dimension - 1), repeating: LinkSide())
    forward = Buffer(count: lattice.linkCount, repeating: 0)
    backward = Buffer(count: lattice.linkCount, repeating: 0)
    for index in 0..<lattice.linkCount {
      forward[index] = lattice.forwardNeighbours[index]
      backward[index] = lattice.backwardNeighbours[index]
    }
  }
}

/// Which parts of the work the elements of a basis need.
struct LocalNeeds: Sendable {
  var locals = false
  var pairs = false
  var twisted = false

  init(_ elements: [LocalElement]) {
    for element in elements {
      switch element {
      case .plaquette: locals = true
      case .pair(let pair, _):
        pairs = true
        if pair == .twisted { twisted = true }
      }
    }
  }
}
