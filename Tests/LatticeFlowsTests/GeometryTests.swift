import LatticeFields
import Testing

@testable import LatticeFlows

/// The masks of both kinds of coupling, on lattices even and odd.
struct GeometryTests {
  @Test(
    "A tree of blocks contradicts itself nowhere and updates one link for each free plaquette",
    arguments: [
      [1, 2], [2, 1], [2, 2], [4, 4], [8, 4], [5, 3], [3, 5], [7, 7], [1, 8], [9, 1], [6, 10],
      [16, 16],
    ])
  func blocks(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let splits = try BlockGeometry.make(lattice: lattice, harmonics: 2, hiddenLayers: 2)
    var updated: [Int] = []
    for (split, geometry) in splits {
      #expect(geometry.contradiction() == nil, "\(split.name) on \(lattice)")
      #expect(geometry.stencils.last!.outputCount == geometry.activeLinks.count)
      #expect(geometry.centres.allSatisfy { $0 >= 0 })
      updated += geometry.activeLinks
    }
    #expect(updated.count == lattice.volume - 1)
    #expect(Set(updated).count == updated.count)
  }

  @Test("The levels of a tree end at single plaquettes, each once")
  func leaves() throws {
    let lattice = try Lattice([5, 3])
    let splits = try BlockGeometry.make(lattice: lattice, harmonics: 1, hiddenLayers: 0)
    // A split of two plaquettes has single ones as halves; one of three has one.
    let leaves = splits.reduce(0) {
      let ones = ($1.split.first == 1 ? 1 : 0) + ($1.split.second == 1 ? 1 : 0)
      return $0 + ones * $1.geometry.activeLinks.count
    }
    #expect(leaves == lattice.volume)
    #expect(splits.filter { $0.split.isClosed }.count == 1)
  }

  @Test("A tree of blocks refuses other dimensions, in one line")
  func blocksDimension() throws {
    let error = #expect(throws: LatticeError.self) {
      _ = try BlockGeometry.make(
        lattice: try Lattice([4, 4, 4]), harmonics: 1, hiddenLayers: 1)
    }
    #expect(error?.description == "block tree: expected 2 dimensions, given lattice 4x4x4")
  }

  @Test(
    "Stripes contradict themselves nowhere, and eight layers update every link once",
    arguments: [[4, 4], [8, 4], [4, 12], [8, 8]], [true, false])
  func stripes(extents: [Int], pairLoops: Bool) throws {
    let lattice = try Lattice(extents)
    var updated: [Int] = []
    for layer in 0..<8 {
      let geometry = try StripeGeometry.make(
        lattice: lattice, direction: layer % 2, offset: layer / 2 % 4, pairLoops: pairLoops,
        hiddenLayers: 2)
      #expect(geometry.contradiction() == nil, "layer \(layer) on \(lattice)")
      #expect(geometry.activeLinks.count == lattice.linkCount / 8)
      #expect(geometry.stencils.last!.outputCount == geometry.activeLinks.count)
      #expect(geometry.stencils.first!.inputCount * geometry.featureChannels >= 2)
      updated += geometry.activeLinks
    }
    #expect(updated.sorted() == Array(0..<lattice.linkCount))
  }

  @Test(
    "Stripes run in one direction on an odd extent, and refuse it in the other, in one line",
    arguments: [[6, 4], [5, 4], [4, 7]])
  func stripesRefuse(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let bad = extents[0] % 4 == 0 ? 1 : 0
    let error = #expect(throws: LatticeError.self) {
      _ = try StripeGeometry.make(
        lattice: lattice, direction: 1 - bad, offset: 0, pairLoops: true, hiddenLayers: 1)
    }
    #expect(
      error?.description
        == "stripe mask: expected extent \(bad) to be a multiple of 4, given lattice \(lattice)")
    let other = try StripeGeometry.make(
      lattice: lattice, direction: bad, offset: 1, pairLoops: true, hiddenLayers: 1)
    #expect(other.contradiction() == nil)
    #expect(throws: LatticeError.self) {
      _ = try CouplingFlow(lattice: lattice, architecture: .tutorial, seed: 1)
    }
  }

  @Test("A geometry in which a link is active twice, or a loop lacks its link, contradicts itself")
  func contradictions() throws {
    let lattice = try Lattice([4, 4])
    var twice = CouplingGeometry()
    twice.appendActive(lattice.boundary(of: [0]), through: lattice.link(0, 0))
    twice.appendActive(lattice.boundary(of: [0]), through: lattice.link(0, 0))
    #expect(twice.contradiction() == "a link is active twice")
    var missing = CouplingGeometry()
    missing.appendActive(lattice.boundary(of: [0]), through: lattice.link(5, 0))
    #expect(missing.contradiction()?.contains("does not contain its own active link") == true)
    var neighbours = CouplingGeometry()
    neighbours.appendActive(lattice.boundary(of: [0]), through: lattice.link(0, 0))
    neighbours.appendActive(lattice.boundary(of: [1]), through: lattice.link(1, 1))
    #expect(neighbours.contradiction() != nil)
  }

  @Test("The boundary of a region is closed: its angle is gauge invariant")
  func boundary() throws {
    let lattice = try Lattice([5, 3])
    let loop = lattice.boundary(of: [0, 1, 3, 4, 7])
    var divergence = Array(repeating: 0, count: lattice.volume)
    for (link, sign) in loop {
      let site = link % lattice.volume, mu = link / lattice.volume
      divergence[site] += sign
      divergence[lattice.forward(site, mu)] -= sign
    }
    #expect(divergence.allSatisfy { $0 == 0 })
    #expect(lattice.boundary(of: 0..<15).isEmpty)
  }
}
