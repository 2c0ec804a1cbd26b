import LaneMath
import LatticeFields

/// Velocity fields of SU(N) links in two dimensions made of plaquettes that are transported along walks
/// on the dual lattice: the series for the field that carries along the coupling.
///
///     dU_l/dt = Z_l U_l,   Z_l = Σ_i c_i Σ_{P on l} ± w_i(P; U),   S_t = -β_t Σ_P Re tr P / N
///
/// A word `w` such as `MSll` transports the algebra element of a plaquette, plaquette by plaquette, to
/// the link. With `x + iy = tr P`, `a = vec P`, `b = vec iP`, where `vec(M)_a = -2 Re tr(T_a M)`, and
/// the transported vector `Y`:
///
/// | letter | acts as | divergence where it comes first |
/// |---|---|---|
/// | `S` | straight on, the mean of both sides | 0 |
/// | `l` `r` | turns about the shared corner | 0 |
/// | `X` | `x Y` | `-½ a·Y` |
/// | `Q` | `a (a·Y)` | `2 C_F x a·Y + ½ p·Y - (y/N) b·Y`, `p = vec P²` |
/// | `B` | `b (b·Y)` | `-2 C_F y b·Y - ½ p·Y + (x/N) a·Y` |
/// | `q` | `x a (a·Y)` | `x div Q - ½ (a·a)(a·Y)` |
/// | `M` | `vec ½{P, Y}` | `-½ (C_F - 1/2N) a·Y` |
///
/// The leftmost letter acts at the link. The seed follows a colon: `A` (the default), `xA`, `yB`, `xxA`,
/// `yyA` or `xyB`. Every word stands for itself and its mirror image. The divergence is exact because
/// neither the walk nor the seed contains the link but for the first step: words for which this does
/// not hold are refused. Beside words there are the local fields `a`, `xa`, `yb`, `xxa`, `yya`, `xyb`
/// on the four links of every plaquette and `rectangle`, all loops of two plaquettes on their six
/// links. For SU(2) `y` and `b` are zero.
///
/// In two dimensions plaquettes are independent but for the whole lattice, and the theory is solved;
/// these fields make use of both and have no counterpart in four dimensions.
///
/// Conventions: a flow along a linear ``AnnealingPath``; the tilt is not looked at.
///
/// Complexity: a sum of all elements takes `O(V W N⁴)` with `W` the number of steps that the words do not
/// share, about 20 for the lists of ``WalkElements``; nothing is allocated.
public struct WalkBasis<Group: WalkGroup>: VelocityBasis {
  /// The lattice, of two dimensions.
  public let lattice: Lattice
  /// The names of the elements.
  public let elementNames: [String]

  let elements: [WalkElement]
  let sumProgram: WalkProgram
  let columnProgram: WalkProgram
  let local: [(seed: WalkElement.Seed, element: Int)]
  let rectangle: Int?
  let constants: [SymmetricStructureConstant]

  /// A basis of elements.
  ///
  /// - Parameters:
  ///   - lattice: two dimensions, with extents of at least two more than the steps of the longest walk.
  ///   - elements: their names; see ``WalkElements`` for lists.
  /// - Throws: `WalkBasisError` where a name is unknown or repeated, the divergence of a word is not
  ///   known, or the lattice is too small.
  public init(lattice: Lattice, elements names: [String]) throws(WalkBasisError) {
    guard (2...6).contains(Group.colors), !Group.isAbelian else { throw .group(Group.name) }
    guard lattice.dimension == 2 else { throw .dimension(lattice.extents) }
    guard !names.isEmpty else { throw .empty }
    var elements: [WalkElement] = []
    var known: [WalkElement.Content: String] = [:]
    for name in names {
      let element = try WalkElement(parsing: name)
      try element.validate(colors: Group.colors, extents: lattice.extents)
      if let other = known.updateValue(name, forKey: element.identity) {
        throw .repeated(name, other)
      }
      elements.append(element)
    }
    self.init(lattice: lattice, unchecked: elements)
  }

  /// A basis of elements that are taken to be valid.
  init(lattice: Lattice, unchecked elements: [WalkElement]) {
    self.lattice = lattice
    self.elements = elements
    elementNames = elements.map(\.name)
    let words = WalkProgram.cut(elements)
    let fields = WalkProgram.plaquetteFields(of: elements, colors: Group.colors)
    sumProgram = .sum(words, plaquetteFields: fields)
    columnProgram = .columns(words, plaquetteFields: fields)
    local = elements.indices.compactMap { index in
      guard case .local(let seed) = elements[index].content else { return nil }
      return (seed, index)
    }
    rectangle = elements.firstIndex { $0.content == .rectangle }
    constants = Group.symmetricStructureConstants
  }

  /// Memory for eight configurations.
  public func makeState() -> WalkState<Group> { WalkState(linkCount: lattice.linkCount) }

  /// Memory to compute in.
  public func makeWorkspace() -> WalkWorkspace<Group> {
    WalkWorkspace(
      lattice: lattice, plaquetteFields: sumProgram.plaquetteFields.count,
      messageFields: max(sumProgram.messageFieldCount, columnProgram.messageFieldCount),
      constants: constants)
  }

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
    of state: WalkState<Group>, at point: PathPoint, using workspace: WalkWorkspace<Group>
  ) -> PathValues {
    let sum = Group.plaquetteTraceSum(
      state.links.pointer, workspace.forward.pointer, volume: lattice.volume,
      sites: lattice.volume, dimension: 2)
    return Self.values((1 / Double(Group.colors)) * sum, at: point)
  }

  private static func values(_ X: Lanes, at point: PathPoint) -> PathValues {
    PathValues(action: -point.beta * X, rate: -point.betaRate * X, plaquetteSum: X)
  }

  /// The columns of all elements.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func columns(
    of state: WalkState<Group>, at point: PathPoint, using workspace: WalkWorkspace<Group>,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues {
    for element in elements.indices { columns[element] = .zero }
    switch Group.Algebra.dimension {
    case 3: computeColumns(WalkKernel<3>.self, state, point, workspace, columns)
    case 8: computeColumns(WalkKernel<8>.self, state, point, workspace, columns)
    case 15: computeColumns(WalkKernel<15>.self, state, point, workspace, columns)
    case 24: computeColumns(WalkKernel<24>.self, state, point, workspace, columns)
    default: computeColumns(WalkKernel<35>.self, state, point, workspace, columns)
    }
    var X = Lanes.zero
    for x in 0..<lattice.volume { X += workspace.traces.pointer[x] }
    return Self.values((1 / Double(Group.colors)) * X, at: point)
  }

  @inline(__always)
  private func computeColumns<let D: Int>(
    _ kernel: WalkKernel<D>.Type, _ state: WalkState<Group>, _ point: PathPoint,
    _ workspace: WalkWorkspace<Group>, _ columns: UnsafeMutablePointer<Lanes>
  ) {
    let memory = workspace.memory, fixed = workspace.fixed
    fixed.fix(state.links.pointer, memory)
    kernel.prepare(fixed, memory, columnProgram.plaquetteFields)
    let results = UnsafeMutableRawPointer(columns).assumingMemoryBound(to: RegisterLanes.self)
    kernel.writeGradient(
      columnProgram.root, scale: -0.5 * point.beta / Double(Group.colors), memory)
    for pass in columnProgram.passes {
      kernel.run(
        pass, columnProgram.terms, memory, coefficients: workspace.noCoefficients,
        results: results)
    }
    if let rectangle {
      columns[rectangle] += loopDivergence * kernel.prepareRectangles(fixed, memory)
    }
    kernel.addLocalColumns(
      local, rectangle: rectangle, root: columnProgram.root, memory, columns: results)
  }

  /// `2 m C_F` with the `m = 6` links of a rectangle.
  private var loopDivergence: Double {
    6 * (Double(Group.colors) - 1 / Double(Group.colors))
  }

  /// The velocity, kept in the workspace.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func computeVelocity(
    of state: WalkState<Group>, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: WalkWorkspace<Group>
  ) -> Lanes {
    switch Group.Algebra.dimension {
    case 3: computeVelocity(WalkKernel<3>.self, state, coefficients, workspace)
    case 8: computeVelocity(WalkKernel<8>.self, state, coefficients, workspace)
    case 15: computeVelocity(WalkKernel<15>.self, state, coefficients, workspace)
    case 24: computeVelocity(WalkKernel<24>.self, state, coefficients, workspace)
    default: computeVelocity(WalkKernel<35>.self, state, coefficients, workspace)
    }
  }

  @inline(__always)
  private func computeVelocity<let D: Int>(
    _ kernel: WalkKernel<D>.Type, _ state: WalkState<Group>, _ coefficients: UnsafePointer<Double>,
    _ workspace: WalkWorkspace<Group>
  ) -> Lanes {
    let memory = workspace.memory, fixed = workspace.fixed
    fixed.fix(state.links.pointer, memory)
    kernel.prepare(fixed, memory, sumProgram.plaquetteFields)
    workspace.divergence[0] = .zero
    let results = UnsafeMutableRawPointer(workspace.divergence.pointer).assumingMemoryBound(
      to: RegisterLanes.self)
    for pass in sumProgram.passes {
      kernel.run(
        pass, sumProgram.terms, memory, coefficients: coefficients, results: results)
    }
    if let rectangle {
      workspace.divergence[0] +=
        (loopDivergence * coefficients[rectangle]) * kernel.prepareRectangles(fixed, memory)
    }
    kernel.addLocal(
      local, rectangle: rectangle, isFirst: sumProgram.passes.isEmpty, root: sumProgram.root,
      memory, coefficients: coefficients, results: results)
    kernel.fold(sumProgram.root, fixed, memory, into: workspace.velocity.pointer)
    return workspace.divergence[0]
  }

  /// One stage of a Runge-Kutta step.
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func move(
    _ state: WalkState<Group>, memory: Double, step: Double, weight: Double,
    using workspace: WalkWorkspace<Group>
  ) {
    state.move(memory: memory, step: step, weight: weight, velocity: workspace.velocity)
  }
}

/// The memory of a ``WalkBasis`` for one thread.
public final class WalkWorkspace<Group: WalkGroup> {
  /// The velocity that was computed last, `[mu V + site]`.
  let velocity: Buffer<Group.Algebra>
  let divergence: Buffer<Lanes>
  /// `Re tr P` of every plaquette.
  let traces: Buffer<Lanes>
  let forward: Buffer<Int>
  let memory: WalkMemory
  let fixed: FixedLinks<Group>
  let noCoefficients: UnsafePointer<Double>

  private let lanes: [Buffer<Lanes>]
  private let groups: [Buffer<Group>]
  private let backward: Buffer<Int>
  private let layouts: Buffer<MessageLayout>
  private let constants: Buffer<SymmetricStructureConstant>
  private let nothing: Buffer<Double>

  init(
    lattice: Lattice, plaquetteFields: Int, messageFields: Int,
    constants values: [SymmetricStructureConstant]
  ) {
    let dimension = Group.Algebra.dimension, volume = lattice.volume
    let lines = lattice.extents[0], line = lattice.extents[1]
    let vector = dimension * registersPerPacket
    func room(_ count: Int) -> Buffer<Lanes> { Buffer(count: count, repeating: .zero) }
    func registers(_ buffer: Buffer<Lanes>) -> UnsafeMutablePointer<RegisterLanes> {
      UnsafeMutableRawPointer(buffer.pointer).assumingMemoryBound(to: RegisterLanes.self)
    }
    velocity = Buffer(count: lattice.linkCount, repeating: .zero)
    divergence = room(1)
    traces = room(volume)
    let square = dimension * dimension
    let matrices = room(3 * square * volume), seams = room(2 * square * lines)
    let imaginaryTraces = room(volume), rectangles = room(2 * dimension * volume)
    let scratch = room(6 * dimension + square)
    let plaquettes = room(2 * dimension * volume * plaquetteFields)
    let messages = room(4 * dimension * volume * messageFields)
    lanes = [matrices, seams, imaginaryTraces, rectangles, scratch, plaquettes, messages]
    let transformation = Buffer(count: volume, repeating: Group.identity)
    let links = Buffer(count: volume, repeating: Group.identity)
    let own = Buffer(count: volume, repeating: Group.identity)
    let seam = Buffer(count: 2 * lines, repeating: Group.identity)
    groups = [transformation, links, own, seam]
    fixed = FixedLinks(
      transformation: transformation.pointer, links: links.pointer, seam: seam.pointer,
      seamTop: seam.pointer + lines, plaquettes: own.pointer)
    forward = Buffer(count: 2 * volume, repeating: 0)
    backward = Buffer(count: 2 * volume, repeating: 0)
    for index in 0..<(2 * volume) {
      forward[index] = lattice.forwardNeighbours[index]
      backward[index] = lattice.backwardNeighbours[index]
    }
    let empty = MessageLayout(
      base: registers(messages), site: 0, bottom: 0, right: 0, top: 0, left: 0)
    layouts = Buffer(count: plaquetteFields + messageFields, repeating: empty)
    for index in 0..<plaquetteFields {
      layouts[index] = MessageLayout(
        base: registers(plaquettes) + 2 * vector * index, site: 2 * vector * plaquetteFields,
        bottom: 0, right: vector, top: 0, left: 0)
    }
    for index in 0..<messageFields {
      layouts[plaquetteFields + index] = MessageLayout(
        base: registers(messages) + 4 * vector * index, site: 4 * vector * messageFields, bottom: 0,
        right: vector, top: 2 * vector, left: 3 * vector)
    }
    constants = Buffer(
      count: values.count, repeating: SymmetricStructureConstant(a: 0, b: 0, c: 0, value: 0))
    for index in values.indices { constants[index] = values[index] }
    nothing = Buffer(count: 1, repeating: 0)
    noCoefficients = UnsafePointer(nothing.pointer)
    memory = WalkMemory(
      matrices: registers(matrices),
      seamTop: registers(seams) + square * lines * registersPerPacket,
      seam: registers(seams), x: registers(traces), y: registers(imaginaryTraces),
      forward: UnsafePointer(forward.pointer), backward: UnsafePointer(backward.pointer),
      fields: layouts.pointer, rectangles: registers(rectangles), scratch: registers(scratch),
      constants: UnsafePointer(constants.pointer), constantCount: values.count, volume: volume,
      line: line, colors: Group.colors)
  }
}
