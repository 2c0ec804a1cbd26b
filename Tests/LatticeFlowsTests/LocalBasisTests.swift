import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// Local fields in two to four dimensions: divergences against differences, columns against sums, and the
/// same fields by other means.
struct LocalBasisTests {
  /// What the differences leave, of the sum of the magnitudes of the terms.
  static let tolerance = 1e-8
  /// The least that wrong divergences are off by.
  static let found = 1e-5
  /// Rounding of some thousand operations.
  static let rounding = 1e-11

  static func names<Group: LocalGroup>(_ group: Group.Type, on lattice: Lattice) -> [String] {
    LocalBasis<Group>.catalogElements(on: lattice)
  }

  static func check<Group: LocalGroup>(
    _ group: Group.Type, _ extents: [Int], _ chosen: [String]? = nil, width: Double? = nil
  ) throws {
    let lattice = try Lattice(extents)
    for (index, name) in (chosen ?? names(Group.self, on: lattice)).enumerated() {
      let basis = try LocalBasis<Group>(lattice: lattice, elements: [name])
      let U = WalkLaws<Group>.links(lattice, width: width, seed: UInt64(index))
      let error = WalkLaws<Group>.divergenceError(basis, U)
      #expect(error < tolerance, "\(Group.name) \(name) on \(lattice): \(error)")
    }
  }

  @Test("Divergences for SU(2) are those of differences over all links, in every dimension")
  func divergencesSU2() throws {
    try Self.check(SU2.self, [3, 4])
    try Self.check(SU2.self, [2, 5], ["a", "xa", "xxa"])
    try Self.check(SU2.self, [3, 4, 3])
    try Self.check(SU2.self, [3, 3, 3, 3], width: 0.5)
  }

  @Test("Divergences for SU(3) are those of differences over all links, in every dimension")
  func divergencesSU3() throws {
    try Self.check(SU3.self, [4, 3])
    try Self.check(SU3.self, [3, 3, 4], width: 0.5)
    try Self.check(SU3.self, [2, 2, 2, 2], ["a", "xa", "yb", "xxa", "yya", "xyb"])
    try Self.check(
      SU3.self, [3, 3, 3, 3],
      ["rectangle", "chair", "twistedRectangle", "twistedChair", "bentX", "nextY", "bentY"])
  }

  @Test("Divergences for SU(4), and SU(2) as matrices, are those of differences over all links")
  func divergencesOfOthers() throws {
    try Self.check(SU4.self, [3, 3])
    try Self.check(SU4.self, [3, 3, 3], ["xyb", "chair", "twistedChair", "bentX", "bentY"])
    try Self.check(SU<2>.self, [3, 3, 3], ["xxa", "rectangle", "chair", "nextX", "bentX"])
  }

  @Test("Fields whose divergence is wrong are found out: pairs that meet a link twice")
  func planted() throws {
    // On two sites the plaquettes ahead and behind share their far links.
    for (extents, pair) in [
      ([2, 3], LocalElement.Pair.loop), ([3, 2], .twisted), ([3, 2, 3], .trace),
      ([2, 2, 2], .imaginaryTrace),
    ] {
      let lattice = try Lattice(extents)
      let basis = LocalBasis<SU3>(
        lattice: lattice, unchecked: [.pair(pair, isBent: false)])
      let error = WalkLaws<SU3>.divergenceError(
        basis, WalkLaws<SU3>.links(lattice, seed: 3))
      #expect(error > Self.found, "\(pair) on \(lattice)")
    }
    // A basis that forgets a term of its divergence.
    let lattice = try Lattice([3, 3, 3])
    let basis = ForgetfulBasis(try LocalBasis<SU2>(lattice: lattice, elements: ["xa"]))
    #expect(
      WalkLaws<SU2>.divergenceError(basis, WalkLaws<SU2>.links(lattice, seed: 4)) > Self.found)
  }

  static func consistency<Group: LocalGroup>(_ group: Group.Type, _ extents: [Int]) throws {
    let lattice = try Lattice(extents), names = names(Group.self, on: lattice), beta = 1.7
    let basis = try LocalBasis<Group>(lattice: lattice, elements: names)
    let U = WalkLaws<Group>.links(lattice, width: 0.6)
    let (columns, values) = WalkLaws<Group>.columns(basis, U, beta: beta)
    for (index, name) in names.enumerated() {
      let single = try LocalBasis<Group>(lattice: lattice, elements: [name])
      let own = WalkLaws<Group>.columns(single, U, beta: beta).columns
      #expect(relativeDifference(own, [columns[index]]) < rounding, "\(name)")
    }
    let coefficients = names.indices.map { 0.1 * Double(($0 * 7) % 11 - 5) }
    let (velocity, divergence) = WalkLaws<Group>.velocity(basis, U, coefficients)
    var expected = Lanes.zero
    for (c, column) in zip(coefficients, columns) { expected += c * column }
    // ∂(-β/N Σ Re tr P), by the kernel that chains use.
    var gradient = AlgebraField<Group>(zero: lattice)
    let scale = Lanes(repeating: beta / Double(Group.colors))
    U.links.withUnsafeBufferPointer { links in
      gradient.elements.withUnsafeMutableBufferPointer { gradient in
        for x in 0..<lattice.volume {
          for mu in 0..<lattice.dimension {
            for nu in 0..<mu {
              Group.addPlaquetteGradient(
                links.baseAddress!, bottom: lattice.link(x, mu),
                right: lattice.link(lattice.forward(x, mu), nu),
                top: lattice.link(lattice.forward(x, nu), mu), left: lattice.link(x, nu),
                scaledBy: scale, to: gradient.baseAddress!)
            }
          }
        }
      }
    }
    var sum = divergence
    for (Z, force) in zip(velocity, gradient.elements) { sum -= Z.dot(force) }
    #expect(relativeDifference([sum], [expected]) < 1e-10)
    #expect(relativeDifference([values.plaquetteSum], [U.plaquetteSum]) < rounding)
    #expect(relativeDifference([values.action], [-beta * U.plaquetteSum]) < rounding)
  }

  @Test("Columns are those of single elements, and their sum is the divergence less Z·∂S")
  func consistency() throws {
    try Self.consistency(SU2.self, [3, 4])
    try Self.consistency(SU3.self, [3, 4, 5])
    try Self.consistency(SU4.self, [4, 3, 3])
    try Self.consistency(SU2.self, [3, 4, 3, 4])
    try Self.consistency(SU3.self, [3, 3, 4, 3])
  }

  @Test("Local fields and rectangles in two dimensions are those of the walks")
  func asWalks() throws {
    let lattice = try Lattice([4, 5]), c = [0.3, -0.2, 0.1, 0.4, -0.6, 0.25, 0.7]
    let names = ["a", "xa", "yb", "xxa", "yya", "xyb", "rectangle"]
    let local = try LocalBasis<SU3>(lattice: lattice, elements: names)
    let walks = try WalkBasis<SU3>(lattice: lattice, elements: names)
    let U = WalkLaws<SU3>.links(lattice, width: 0.7)
    let here = WalkLaws<SU3>.velocity(local, U, c), there = WalkLaws<SU3>.velocity(walks, U, c)
    #expect(relativeDifference([here.divergence], [there.divergence]) < Self.rounding)
    for (X, Y) in zip(here.velocity, there.velocity) {
      for a in 0..<8 { #expect(abs(X[a] - Y[a]).max() < 1e-10) }
    }
    #expect(
      relativeDifference(
        WalkLaws<SU3>.columns(local, U, beta: 2).columns,
        WalkLaws<SU3>.columns(walks, U, beta: 2).columns) < Self.rounding)
  }

  @Test("Columns do not change with the gauge, nor with a translation, nor with a swap of axes")
  func symmetries() throws {
    typealias Laws = WalkLaws<SU3>
    let lattice = try Lattice([3, 4, 5])
    let basis = try LocalBasis<SU3>(
      lattice: lattice, elements: Self.names(SU3.self, on: lattice))
    let U = Laws.links(lattice, width: 0.7)
    let columns = Laws.columns(basis, U, beta: 2).columns
    var generator = LaneGenerator(
      seed: 9, purpose: .gaugeTransformation, firstConfiguration: 0, step: 0)
    let g = (0..<lattice.volume).map { _ in SU3.haar(using: &generator) }
    var transformed = U
    transformed.transform(by: g)
    #expect(
      relativeDifference(Laws.columns(basis, transformed, beta: 2).columns, columns)
        < Self.rounding)
    for mu in 0..<3 {
      let moved = Laws.columns(basis, U.translated(by: mu), beta: 2).columns
      #expect(relativeDifference(moved, columns) < Self.rounding)
    }
    let other = try Lattice([5, 4, 3])
    var swapped = LinkField<SU3>(coldStart: other)
    for x in 0..<lattice.volume {
      let y = other.site(at: lattice.coordinates(of: x).reversed())
      for mu in 0..<3 { swapped[y, mu] = U[x, 2 - mu] }
    }
    let turned = try LocalBasis<SU3>(lattice: other, elements: basis.elementNames)
    #expect(
      relativeDifference(Laws.columns(turned, swapped, beta: 2).columns, columns)
        < Self.rounding)
  }

  @Test("What a group or a lattice does not have is refused in one line")
  func refusals() throws {
    func refusal(_ extents: [Int], _ names: [String], colors: Int = 3) throws -> String {
      let lattice = try Lattice(extents)
      do {
        if colors == 2 {
          _ = try LocalBasis<SU2>(lattice: lattice, elements: names)
        } else {
          _ = try LocalBasis<SU3>(lattice: lattice, elements: names)
        }
        return "none"
      } catch { return "\(error)" }
    }
    #expect(try refusal([4, 4], ["S"]).hasPrefix("element 'S': expected one of a, xa, yb"))
    #expect(try refusal([4, 4], ["yb"], colors: 2).contains("real"))
    #expect(try refusal([4, 4], ["twistedRectangle"], colors: 2).contains("a sum of others"))
    #expect(
      try refusal([4, 4], ["chair"])
        == "element 'chair': expected three or four dimensions, given 4x4")
    #expect(
      try refusal([2, 4], ["nextX"])
        == "element 'nextX': expected extents of 3 or more, given 2x4")
    #expect(try refusal([1, 4], ["a"]) == "element 'a': expected extents of 2 or more, given 1x4")
    #expect(
      try refusal([4, 4], ["a", "xa", "a"])
        == "element 'a': expected different elements, given it twice")
    #expect(try refusal([4], ["a"]) == "local fields: expected two to four dimensions, given 4")
    #expect(try refusal([4, 4], []) == "elements: expected one or more")
  }
}

/// A basis that forgets a tenth of the divergence of each element: what gates must catch.
struct ForgetfulBasis<Group: LocalGroup>: LinkVelocityBasis {
  let basis: LocalBasis<Group>
  var lattice: Lattice { basis.lattice }
  var elementNames: [String] { basis.elementNames }

  init(_ basis: LocalBasis<Group>) { self.basis = basis }

  static func velocity(in workspace: LocalWorkspace<Group>) -> Buffer<Group.Algebra> {
    workspace.velocity
  }

  func makeState() -> WalkState<Group> { basis.makeState() }
  func makeWorkspace() -> LocalWorkspace<Group> { basis.makeWorkspace() }
  func load(_ U: LinkField<Group>, into state: WalkState<Group>) { basis.load(U, into: state) }
  func store(_ state: WalkState<Group>, into U: inout LinkField<Group>) {
    basis.store(state, into: &U)
  }
  func copy(_ source: WalkState<Group>, to target: WalkState<Group>) {
    basis.copy(source, to: target)
  }
  func values(
    of state: WalkState<Group>, at point: PathPoint, using workspace: LocalWorkspace<Group>
  ) -> PathValues { basis.values(of: state, at: point, using: workspace) }
  func columns(
    of state: WalkState<Group>, at point: PathPoint, using workspace: LocalWorkspace<Group>,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues {
    let divergences = Buffer<Lanes>(count: count, repeating: .zero)
    let free = PathPoint(time: point.time, beta: 0, betaRate: point.betaRate)
    _ = basis.columns(of: state, at: free, using: workspace, into: divergences.pointer)
    let values = basis.columns(of: state, at: point, using: workspace, into: columns)
    for i in 0..<count { columns[i] -= 0.1 * divergences[i] }
    return values
  }
  func computeVelocity(
    of state: WalkState<Group>, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: LocalWorkspace<Group>
  ) -> Lanes {
    0.9
      * basis.computeVelocity(
        of: state, at: point, coefficients: coefficients, using: workspace)
  }
  func move(
    _ state: WalkState<Group>, memory: Double, step: Double, weight: Double,
    using workspace: LocalWorkspace<Group>
  ) { basis.move(state, memory: memory, step: step, weight: weight, using: workspace) }
}
