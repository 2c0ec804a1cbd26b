import LatticeFields
import Testing

@testable import LatticeFlows

/// The masks of both kinds of coupling, on lattices even and odd.
struct GeometryTests {
  @Test(
    "A tree of blocks contradicts itself nowhere and maps as many loops as plaquettes are free",
    arguments: [
      [1, 2], [2, 1], [2, 2], [4, 4], [8, 4], [5, 3], [3, 5], [7, 7], [1, 8], [9, 1], [6, 10],
      [16, 16],
    ])
  func blocks(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let splits = try BlockGeometry.make(lattice: lattice, harmonics: 2, hiddenLayers: 2)
    for (split, geometry) in splits {
      #expect(geometry.contradiction() == nil, "\(split.name) on \(lattice)")
      #expect(geometry.stencils.last!.outputCount == geometry.activeCount)
      #expect(geometry.centres.allSatisfy { $0 >= 0 })
    }
    #expect(splits.reduce(0) { $0 + $1.geometry.activeCount } == lattice.volume - 1)
  }

  @Test("A pattern of a block has the same flux through every plaquette of a half, none outside")
  func patterns() throws {
    let lattice = try Lattice([6, 5])
    for (_, geometry) in try BlockGeometry.make(lattice: lattice, harmonics: 1, hiddenLayers: 0) {
      for loop in 0..<geometry.activeCount {
        let pattern = Dictionary(
          uniqueKeysWithValues: geometry.patterns.terms(of: loop).map { ($0.link, $0.sign) })
        let flux = (0..<lattice.volume).map { x in
          lattice.boundary(of: [x]).reduce(0) { $0 + $1.value * (pattern[$1.key] ?? 0) }
        }
        // Coefficients are ratios of small integers.
        let tolerance = 1e-14
        let first = flux.filter { $0 > tolerance }, second = flux.filter { $0 < -tolerance }
        #expect(first.allSatisfy { abs($0 - 1 / Double(first.count)) < tolerance })
        #expect(second.allSatisfy { abs($0 + 1 / Double(second.count)) < tolerance })
        #expect(!first.isEmpty && !second.isEmpty)
      }
    }
  }

  @Test("The levels of a tree end at single plaquettes, each once")
  func leaves() throws {
    let lattice = try Lattice([5, 3])
    let splits = try BlockGeometry.make(lattice: lattice, harmonics: 1, hiddenLayers: 0)
    // A split of two plaquettes has single ones as halves; one of three has one.
    let leaves = splits.reduce(0) {
      let ones = ($1.split.first == 1 ? 1 : 0) + ($1.split.second == 1 ? 1 : 0)
      return $0 + ones * $1.geometry.activeCount
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
      #expect(geometry.activeCount == lattice.linkCount / 8)
      #expect(geometry.stencils.last!.outputCount == geometry.activeCount)
      #expect(geometry.stencils.first!.inputCount * geometry.featureChannels >= 2)
      updated += geometry.movedLinks
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
      _ = try CouplingFlow<U1>(lattice: lattice, architecture: .tutorial, seed: 1)
    }
  }

  @Test("A geometry in which a pattern misses its loop, or moves another, contradicts itself")
  func contradictions() throws {
    let lattice = try Lattice([4, 4])
    let loop = lattice.boundary(of: [0])
    var missing = CouplingGeometry()
    missing.appendActive(loop, along: [lattice.link(10, 0): 1])
    #expect(missing.contradiction()?.contains("expected 1") == true)
    var wrongSign = CouplingGeometry()
    wrongSign.appendActive(loop, along: [lattice.link(0, 0): -1])
    #expect(wrongSign.contradiction()?.contains("expected 1") == true)
    var neighbours = CouplingGeometry()
    neighbours.appendActive(loop, along: [lattice.link(0, 0): 1])
    let other = lattice.backward(0, 1)
    neighbours.appendActive(lattice.boundary(of: [other]), along: [lattice.link(other, 0): 1])
    #expect(neighbours.contradiction()?.contains("another pattern") == true)
    var frozen = CouplingGeometry()
    frozen.appendActive(loop, along: [lattice.link(0, 0): 1])
    frozen.appendInvariant(lattice.boundary(of: [other]), site: 0, channel: 0)
    #expect(frozen.contradiction()?.contains("which moves") == true)
  }

  @Test("The boundary of a region is closed: its angle is gauge invariant")
  func boundary() throws {
    let lattice = try Lattice([5, 3])
    let loop = lattice.boundary(of: [0, 1, 3, 4, 7])
    var divergence = Array(repeating: 0.0, count: lattice.volume)
    for (link, sign) in loop {
      let site = link % lattice.volume, mu = link / lattice.volume
      divergence[site] += sign
      divergence[lattice.forward(site, mu)] -= sign
    }
    #expect(divergence.allSatisfy { $0 == 0 })
    #expect(lattice.boundary(of: 0..<15).isEmpty)
  }
}
