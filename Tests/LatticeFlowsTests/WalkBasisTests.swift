import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// Transported plaquettes: sums and columns agree, and symmetries of the lattice are theirs.
struct WalkBasisTests {
  /// Rounding of some thousand operations.
  static let rounding = 1e-11

  static func everyElement(_ colors: Int) -> [String] {
    colors == 3
      ? WalkElements.catalog(colors: 3) + ["S:xxA", "l:yyA", "S:xyB", "SB", "lM", "lX", "Sq"]
      : WalkElements.catalog(colors: 2) + ["lX", "Sq", "lM"]
  }

  @Test("The adjoint representation transports as the links do")
  func adjointRepresentation() {
    func check<Group: WalkGroup>(_ group: Group.Type) {
      var generator = LaneGenerator(
        seed: 5, purpose: .verification, firstConfiguration: 0, step: 0)
      let U = Group.haar(using: &generator), dimension = Group.Algebra.dimension
      let Y = Group.Algebra.gaussian(using: &generator)
      let R = Buffer(count: dimension * dimension, repeating: Lanes.zero)
      withUnsafePointer(to: U) { Group.writeAdjointRepresentation(of: $0, to: R.pointer) }
      var transported = Group.Algebra.zero
      for a in 0..<dimension {
        for b in 0..<dimension { transported[a] += R[dimension * a + b] * Y[b] }
      }
      let difference = Group.exp(transported) * (U * Group.exp(Y) * U.adjoint).adjoint
      let defect = difference.algebraProjection
      #expect(all(sqrt(defect.dot(defect)) .< 1e-13), "\(Group.name)")
    }
    check(SU2.self)
    check(SU<2>.self)
    check(SU3.self)
    check(SU4.self)
    check(SU5.self)
  }

  static func consistency<Group: WalkGroup>(_ group: Group.Type, _ extents: [Int]) throws {
    let lattice = try Lattice(extents), names = everyElement(Group.colors), beta = 1.7
    let basis = try WalkBasis<Group>(lattice: lattice, elements: names)
    let U = WalkLaws<Group>.links(lattice, width: 0.6)
    let (columns, values) = WalkLaws<Group>.columns(basis, U, beta: beta)
    // Every column is that of its element alone.
    for index in stride(from: 0, to: names.count, by: 3) {
      let single = try WalkBasis<Group>(lattice: lattice, elements: [names[index]])
      let own = WalkLaws<Group>.columns(single, U, beta: beta).columns
      #expect(relativeDifference(own, [columns[index]]) < rounding, "\(names[index])")
    }
    // The sum is that of the columns, with the gradient of the action by other means.
    let coefficients = names.indices.map { 0.1 * Double(($0 * 7) % 11 - 5) }
    let (velocity, divergence) = WalkLaws<Group>.velocity(basis, U, coefficients)
    var expected = Lanes.zero
    for (c, column) in zip(coefficients, columns) { expected += c * column }
    // ∂(-β/N Σ Re tr P).
    var gradient = AlgebraField<Group>(zero: lattice)
    U.links.withUnsafeBufferPointer { links in
      gradient.elements.withUnsafeMutableBufferPointer { gradient in
        for x in 0..<lattice.volume {
          Group.addPlaquetteGradient(
            links.baseAddress!, bottom: lattice.link(x, 0),
            right: lattice.link(lattice.forward(x, 0), 1),
            top: lattice.link(lattice.forward(x, 1), 0), left: lattice.link(x, 1),
            scaledBy: Lanes(repeating: beta / Double(Group.colors)), to: gradient.baseAddress!)
        }
      }
    }
    var sum = divergence
    for (Z, force) in zip(velocity, gradient.elements) { sum -= Z.dot(force) }
    #expect(relativeDifference([sum], [expected]) < 1e-10)
    // The values of the path.
    #expect(relativeDifference([values.plaquetteSum], [U.plaquetteSum]) < rounding)
    #expect(relativeDifference([values.action], [-beta * U.plaquetteSum]) < rounding)
  }

  @Test("Columns are those of single elements, and their sum is the divergence less Z·∂S")
  func consistency() throws {
    try Self.consistency(SU2.self, [6, 7])
    try Self.consistency(SU3.self, [7, 6])
  }

  static func gradient<Group: WalkGroup>(_ group: Group.Type, _ names: [String]) throws {
    let lattice = try Lattice([6, 7])
    let basis = try WalkBasis<Group>(lattice: lattice, elements: names)
    let U = WalkLaws<Group>.links(lattice, width: 0.5)
    let withAction = WalkLaws<Group>.columns(basis, U, beta: 1).columns
    let without = WalkLaws<Group>.columns(basis, U, beta: 0).columns
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    let point = PathPoint(time: 0.5, beta: 1, betaRate: 1)
    for index in names.indices {
      let shift = 1e-3
      var slope = Lanes.zero
      let unit = names.indices.map { $0 == index ? 1.0 : 0 }
      for (steps, weight) in [(1.0, 8.0), (-1, -8), (2, -1), (-2, 1)] {
        basis.load(U, into: state)
        _ = basis.computeVelocity(of: state, at: point, coefficients: unit, using: workspace)
        basis.move(state, memory: 0, step: 1, weight: steps * shift, using: workspace)
        slope +=
          weight / (12 * shift) * basis.values(of: state, at: point, using: workspace).plaquetteSum
      }
      // Truncation, of fields of up to some tens.
      let error = relativeDifference([slope], [withAction[index] - without[index]])
      #expect(error < 1e-5, "\(names[index]): \(error)")
    }
  }

  @Test("Z·∂X is the rate of change of X along the velocity, for every element of the lists")
  func gradient() throws {
    try Self.gradient(SU2.self, WalkElements.su2)
    try Self.gradient(SU3.self, WalkElements.su3)
  }

  @Test("Columns do not change with the gauge, nor with a translation, nor with a swap of axes")
  func symmetries() throws {
    typealias Laws = WalkLaws<SU3>
    let lattice = try Lattice([6, 7]), names = Self.everyElement(3)
    let basis = try WalkBasis<SU3>(lattice: lattice, elements: names)
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
    for mu in 0..<2 {
      let moved = Laws.columns(basis, U.translated(by: mu), beta: 2).columns
      #expect(relativeDifference(moved, columns) < Self.rounding)
    }
    let other = try Lattice([7, 6])
    var swapped = LinkField<SU3>(coldStart: other)
    for x in 0..<lattice.volume {
      let y = other.site(at: lattice.coordinates(of: x).reversed())
      for mu in 0..<2 { swapped[y, mu] = U[x, 1 - mu] }
    }
    let mirror = try WalkBasis<SU3>(lattice: other, elements: names)
    #expect(
      relativeDifference(Laws.columns(mirror, swapped, beta: 2).columns, columns) < Self.rounding)

    // The velocity turns with the frame of its site.
    let coefficients = names.indices.map { 0.1 * Double(($0 * 7) % 11 - 5) }
    let before = Laws.velocity(basis, U, coefficients).velocity
    let after = Laws.velocity(basis, transformed, coefficients).velocity
    let R = Buffer(count: 64, repeating: Lanes.zero)
    for x in 0..<lattice.volume {
      SU3.writeAdjointRepresentation(of: [g[x]], to: R.pointer)
      for mu in 0..<2 {
        let Z = before[lattice.link(x, mu)]
        let turned = (0..<8).map { a in
          (0..<8).reduce(Lanes.zero) { $0 + R[8 * a + $1] * Z[$1] }
        }
        let found = (0..<8).map { after[lattice.link(x, mu)][$0] }
        #expect(relativeDifference(turned, found) < 1e-10)
      }
    }
  }

  @Test("Lanes do not know of each other, and a workspace does not remember")
  func independence() throws {
    let lattice = try Lattice([6, 6])
    let basis = try WalkBasis<SU3>(lattice: lattice, elements: WalkElements.su3)
    let U = WalkLaws<SU3>.links(lattice), other = WalkLaws<SU3>.links(lattice, seed: 2)
    var mixed = other
    var numbers = Array(repeating: 0.0, count: 18 * lattice.linkCount)
    numbers.withUnsafeMutableBufferPointer { U.store(lane: 2, into: $0) }
    numbers.withUnsafeBufferPointer { mixed.load(lane: 5, from: $0) }
    let first = WalkLaws<SU3>.columns(basis, U, beta: 3).columns
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    let point = PathPoint(time: 0.5, beta: 3, betaRate: 1)
    let coefficients = basis.elementNames.indices.map { 0.1 * Double($0 % 5 - 2) }
    var columns = first, divergences: [Lanes] = []
    for links in [U, other, mixed] {
      basis.load(links, into: state)
      divergences.append(
        basis.computeVelocity(
          of: state, at: point, coefficients: coefficients, using: workspace))
      columns.withUnsafeMutableBufferPointer {
        _ = basis.columns(of: state, at: point, using: workspace, into: $0.baseAddress!)
      }
    }
    #expect(zip(columns, first).allSatisfy { $0[5] == $1[2] })
    #expect(divergences[2][5] == divergences[0][2] && divergences[2][4] == divergences[1][4])
  }

  @Test("States are copied and stored with all they hold")
  func states() throws {
    let lattice = try Lattice([5, 4])
    let basis = try WalkBasis<SU3>(lattice: lattice, elements: ["a", "SS"])
    let U = WalkLaws<SU3>.links(lattice)
    let state = basis.makeState(), copy = basis.makeState(), workspace = basis.makeWorkspace()
    let point = PathPoint(time: 0, beta: 1, betaRate: 1)
    basis.load(U, into: state)
    // Two stages that hang together by the accumulated velocity.
    for _ in 0..<2 {
      _ = basis.computeVelocity(of: state, at: point, coefficients: [0.3, 0.1], using: workspace)
      basis.copy(state, to: copy)
      basis.move(state, memory: -0.5, step: 0.1, weight: 0.7, using: workspace)
    }
    basis.move(copy, memory: -0.5, step: 0.1, weight: 0.7, using: workspace)
    var stored = LinkField<SU3>(coldStart: lattice), again = stored
    basis.store(state, into: &stored)
    basis.store(copy, into: &again)
    #expect(all(stored.unitarityDefect .< 1e-14))
    #expect(relativeDifference([stored.plaquetteSum], [again.plaquetteSum]) == 0)
    #expect(relativeDifference([stored.plaquetteSum], [U.plaquetteSum]) > 1e-3)
  }

  @Test(
    "Elements that are unknown, repeated, zero or without a known divergence are refused",
    arguments: [
      (["Sz"], "expected a, xa"), (["a", "S", "a"], "given it twice"), (["l", "r"], "is the same"),
      (["S", "S:A"], "is the same"), (["MQS"], "at most one"), (["lll"], "three equal turns"),
      (["lMll"], "at most two"), ([":xA"], "expected a, xa"), (["M"], "ends at a plaquette"),
      (["SSSSS"], "extents of 7 or more, given 6x7"), ([], "one or more"),
      (["llrrll:A:"], "expected"),
    ])
  func refusals(names: [String], text: String) throws {
    let error = #expect(throws: WalkBasisError.self) {
      try WalkBasis<SU3>(lattice: Lattice([6, 7]), elements: names)
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test("SU(2) has no y and no b; other dimensions and groups are refused")
  func vanishing() throws {
    let lattice = try Lattice([6, 6])
    for name in ["yb", "yya", "xyb", "S:yB", "BS", "S:xyB"] {
      #expect(throws: WalkBasisError.vanishes(name)) {
        try WalkBasis<SU2>(lattice: lattice, elements: [name])
      }
    }
    #expect(throws: WalkBasisError.dimension([4, 4, 4])) {
      try WalkBasis<SU2>(lattice: Lattice([4, 4, 4]), elements: ["a"])
    }
    for name in ["llSll", "llrll"] where WalkElement.returns(name.map { .init(rawValue: $0)! }) {
      #expect(throws: WalkBasisError.containsLink(name)) {
        try WalkBasis<SU2>(lattice: Lattice([8, 8]), elements: [name])
      }
    }
  }

  @Test("The lists are bases, and the catalog holds them")
  func lists() throws {
    let lattice = try Lattice([8, 8])
    #expect(try WalkBasis<SU3>(lattice: lattice, elements: WalkElements.su3).count == 40)
    #expect(try WalkBasis<SU2>(lattice: lattice, elements: WalkElements.su2).count == 45)
    for (colors, list) in [(2, WalkElements.su2), (3, WalkElements.su3)] {
      let catalog = Set(WalkElements.catalog(colors: colors))
      #expect(list.allSatisfy { catalog.contains($0) })
    }
    #expect(
      try WalkBasis<SU3>(lattice: lattice, elements: WalkElements.catalog(for: SU3.self)).count
        > 150)
    #expect(
      try WalkBasis<SU2>(lattice: lattice, elements: WalkElements.catalog(colors: 2)).count > 130)
  }
}
