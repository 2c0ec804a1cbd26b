import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The divergences of transported plaquettes: a wrong one gives an excellent effective sample size of a
/// wrong distribution, so that every element stands trial.
struct WalkBasisDivergenceTests {
  /// What the differences leave, of the sum of the magnitudes of the terms.
  static let tolerance = 1e-8

  static func check<Group: WalkGroup>(
    _ group: Group.Type, _ names: [String], widths: [Double?] = [nil]
  ) throws {
    for (index, name) in names.enumerated() {
      let lattice = try WalkLaws<Group>.lattice(for: name, transposed: index % 2 == 1)
      let basis = try WalkBasis<Group>(lattice: lattice, elements: [name])
      for width in widths {
        let U = WalkLaws<Group>.links(lattice, width: width, seed: UInt64(index))
        let error = WalkLaws<Group>.divergenceError(basis, U)
        #expect(error < tolerance, "\(Group.name) \(name) on \(lattice): \(error)")
      }
    }
  }

  @Test("Divergences of the catalog for SU(2) are those of differences over all links")
  func catalogSU2() throws { try Self.check(SU2.self, WalkElements.catalog(colors: 2)) }

  @Test("Divergences of the catalog for SU(3) are those of differences over all links")
  func catalogSU3() throws { try Self.check(SU3.self, WalkElements.catalog(colors: 3)) }

  @Test("Divergences of the ready lists are those of differences between order and disorder")
  func lists() throws {
    try Self.check(SU2.self, WalkElements.su2, widths: [0.3, 0.7])
    try Self.check(SU3.self, WalkElements.su3, widths: [0.4])
  }

  @Test("Seeds and modifications that the catalog leaves out have the divergence of differences too")
  func others() throws {
    try Self.check(
      SU3.self, ["S:xxA", "l:yyA", "S:xyB", "SB", "lM", "SX", "lq", "Xll", "Bll", "BS:yB", "qSS"])
    try Self.check(SU2.self, ["XS", "Xlr", "SM", "lq", "QS:xxA"])
  }

  @Test("Divergences for SU(4) are those of differences over all links")
  func colorsFour() throws {
    try Self.check(
      SU4.self,
      ["a", "xa", "yb", "xxa", "yya", "xyb", "rectangle", "S", "l", "MS", "Ml", "Ql", "BS", "qS"])
    try Self.check(SU<2>.self, ["a", "xa", "xxa", "rectangle", "MS", "Ql", "qS", "SQl"])
  }

  @Test("Fields whose divergence is wrong are found out", arguments: [false, true])
  func planted(isTransposed: Bool) throws {
    typealias Laws = WalkLaws<SU3>
    func error(_ letters: [WalkElement.Letter], _ seed: WalkElement.Seed, _ extents: [Int]) throws
      -> Double
    {
      let lattice = try Lattice(isTransposed ? extents.reversed() : extents)
      let element = WalkElement(name: "planted", content: .walk(letters, seed))
      let basis = WalkBasis<SU3>(lattice: lattice, unchecked: [element])
      return Laws.divergenceError(basis, Laws.links(lattice, seed: 3))
    }
    // Two modifications at the link; a local seed taken for a transported one; three equal turns; a
    // walk around the lattice.
    #expect(try error([.square, .trace, .straight], .a, [4, 3]) > 1e-3)
    #expect(try error([.anticommutator, .square, .left], .a, [4, 3]) > 1e-3)
    #expect(try error([], .xa, [4, 3]) > 1e-3)
    #expect(try error([.left, .left, .left], .a, [5, 6]) > 1e-3)
    #expect(try error([.straight, .straight, .straight], .a, [4, 4]) > 1e-3)
    // The same machinery where the divergence is right.
    #expect(try error([.square, .straight], .xa, [4, 3]) < Self.tolerance)
  }
}
