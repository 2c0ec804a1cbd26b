import LaneMath
import LatticeFields
import Testing

private func randomScalar(_ extents: [Int], seed: UInt64 = 1) throws -> ScalarField {
  var generator = LaneGenerator(seed: seed, purpose: .start, firstConfiguration: 0, step: 0)
  return ScalarField(hotStart: try Lattice(extents), using: &generator)
}

@Suite struct ScalarFieldTests {
  @Test("Translations go round, and a mirror twice is no mirror", arguments: someExtents)
  func symmetries(extents: [Int]) throws {
    let field = try randomScalar(extents)
    for mu in extents.indices {
      var moved = field
      for _ in 0..<extents[mu] { moved = moved.translated(by: mu) }
      #expect(moved.values == field.values)
      #expect(field.reflected(along: mu).reflected(along: mu).values == field.values)
      // A step forward in the mirror is a step backward.
      var back = field.reflected(along: mu).translated(by: mu).reflected(along: mu)
      back = back.translated(by: mu)
      #expect(back.values == field.values)
    }
  }

  @Test("The magnetisation is the mean; cold starts are ordered", arguments: someExtents)
  func magnetization(extents: [Int]) throws {
    let field = try randomScalar(extents)
    let mean = field.values.reduce(Lanes.zero, +) / Double(field.values.count)
    #expect((field.magnetization - mean).largestMagnitude < rounding)
    #expect(ScalarField(coldStart: field.lattice).magnetization == .one)
  }

  @Test("Momenta refresh with the kinetic energy that they have, and drift the field")
  func momenta() throws {
    let field = try randomScalar([4, 3])
    var p = ScalarMomenta(zero: field.lattice)
    var generator = LaneGenerator(seed: 2, purpose: .momenta, firstConfiguration: 0, step: 0)
    let energy = p.refresh(using: &generator)
    let sum = p.values.reduce(Lanes.zero) { $0 + 0.5 * $1 * $1 }
    #expect((energy - sum).largestMagnitude < rounding)
    #expect((p.kineticEnergy - sum).largestMagnitude < rounding)
    var moved = field
    moved.advance(by: 0.5, along: p)
    for x in field.values.indices {
      #expect((moved[x] - field[x] - 0.5 * p[x]).largestMagnitude < rounding)
    }
    p.reset()
    #expect(p.kineticEnergy == .zero)
  }

  @Test("Every kind of field is stored lane by lane, copied, and replaced in the lanes of a mask")
  func memory() throws {
    var generator = LaneGenerator(seed: 3, purpose: .start, firstConfiguration: 0, step: 0)
    let lattice = try Lattice([3, 2])
    try check(
      ScalarField(hotStart: lattice, using: &generator),
      ScalarField(hotStart: lattice, using: &generator))
    try check(
      LinkField<U1>(hotStart: lattice, using: &generator),
      LinkField<U1>(hotStart: lattice, using: &generator))
    try check(
      LinkField<QuaternionGroup>(hotStart: lattice, using: &generator),
      LinkField<QuaternionGroup>(hotStart: lattice, using: &generator))
  }

  private func check<Field: LatticeField>(_ a: Field, _ b: Field) throws {
    func lanes(_ field: Field) -> [Lanes] { field.withLanes { Array($0) } }
    func file(_ field: Field, _ lane: Int) -> [Double] {
      var numbers = [Double](
        repeating: 0, count: Field.scalarsPerConfiguration(on: field.lattice))
      numbers.withUnsafeMutableBufferPointer { field.store(lane: lane, into: $0) }
      return numbers
    }
    var copy = Field(coldStart: a.lattice)
    copy.copy(from: a)
    #expect(lanes(copy) == lanes(a), "\(Field.name)")

    let mask = Lanes(0, 1, 1, 0, 1, 0, 0, 1) .> 0.5
    copy.replace(where: mask, by: b)
    for lane in 0..<laneCount {
      #expect(file(copy, lane) == file(mask[lane] ? b : a, lane), "\(Field.name), lane \(lane)")
    }

    // Lane 2 of b into lane 5 of a; the other lanes stay.
    var loaded = a
    file(b, 2).withUnsafeBufferPointer { loaded.load(lane: 5, from: $0) }
    for lane in 0..<laneCount {
      let expected = lane == 5 ? file(b, 2) : file(a, lane)
      for (x, y) in zip(file(loaded, lane), expected) { #expect(Swift.abs(x - y) < rounding) }
    }
  }

  @Test("A file holds the sites in C order")
  func order() throws {
    var field = ScalarField(constant: 0, on: try Lattice([2, 3]))
    for x in field.values.indices { field[x] = Lanes(repeating: Double(x)) }
    var numbers = [Double](repeating: 0, count: 6)
    numbers.withUnsafeMutableBufferPointer { field.store(lane: 0, into: $0) }
    #expect(numbers == [0, 1, 2, 3, 4, 5])
    #expect(field.lattice.site(at: [1, 0]) == 3)
  }
}
