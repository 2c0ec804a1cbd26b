import LaneMath
import LatticeFields
import Testing

@Suite("One configuration in eight blocks")
struct SublatticeTests {
  static let divisions: [([Int], [Int])] = [
    ([8, 4], [4, 2]), ([4, 8], [2, 4]), ([16, 3], [8, 1]), ([6, 12], [2, 4]),
    ([4, 6, 4], [2, 2, 2]),
    ([3, 8, 6], [1, 4, 2]), ([4, 4, 4, 3], [2, 2, 2, 1]), ([2, 4, 1, 8], [1, 2, 1, 4]),
  ]

  private func hotField<G: GaugeGroup>(_ group: G.Type, _ lattice: Lattice) -> LinkField<G> {
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    return LinkField(hotStart: lattice, using: &generator)
  }

  @Test("a configuration goes into blocks and comes back to the bit", arguments: divisions)
  func roundTrip(extents: [Int], blocks: [Int]) throws {
    try roundTrip(U1.self, extents, blocks)
    try roundTrip(SU2.self, extents, blocks)
    try roundTrip(SU3.self, extents, blocks)
  }

  private func roundTrip<G: GaugeGroup>(_ group: G.Type, _ extents: [Int], _ blocks: [Int]) throws {
    let lattice = try Lattice(extents)
    let layout = try SublatticeLayout(lattice, blocks: blocks)
    let U = hotField(group, lattice)
    let divided = SublatticeLinkField(U, lane: 3, layout: layout)
    var back = LinkField<G>(coldStart: lattice)
    divided.copy(to: &back, lane: 5)
    var before = [Double](repeating: 0, count: lattice.linkCount * G.scalarsPerLink), after = before
    before.withUnsafeMutableBufferPointer { U.store(lane: 3, into: $0) }
    after.withUnsafeMutableBufferPointer { back.store(lane: 5, into: $0) }
    let isSame = before == after
    #expect(isSame)
    // Sums of as many terms in another order.
    #expect(abs(divided.averagePlaquette - U.averagePlaquette[3]) < 1e-12)
  }

  @Test(
    "a site of a lane is that of the block, and the blocks tile the lattice", arguments: divisions)
  func geometry(extents: [Int], blocks: [Int]) throws {
    let lattice = try Lattice(extents)
    let layout = try SublatticeLayout(lattice, blocks: blocks)
    #expect(layout.block.volume * laneCount == lattice.volume)
    // A field that holds the number of each link.
    var U = LinkField<U1>(coldStart: lattice)
    for link in U.links.indices { U.links[link].angle = Lanes(repeating: Double(link)) }
    let divided = SublatticeLinkField(U, layout: layout)
    divided.withMemory { (memory: UnsafeBufferPointer<U1>) in
      for mu in extents.indices {
        for y in 0..<layout.block.volume {
          for lane in 0..<laneCount {
            var rest = lane
            var x = layout.block.coordinates(of: y)
            for nu in extents.indices.reversed() {
              x[nu] += rest % blocks[nu] * layout.block.extents[nu]
              rest /= blocks[nu]
            }
            let here = lattice.site(at: x)
            #expect(
              memory[mu * layout.volume + y].angle[lane] == Double(lattice.link(here, mu)))
            // One step over the border meets the links of the other block, where loops go there.
            for nu in extents.indices where nu != mu {
              let next = layout.forwardNeighbours[nu * layout.volume + y]
              #expect(
                memory[mu * layout.volume + next].angle[lane]
                  == Double(lattice.link(lattice.forward(here, nu), mu)))
              let last = layout.backwardNeighbours[nu * layout.volume + y]
              for rho in extents.indices {
                #expect(
                  memory[rho * layout.volume + last].angle[lane]
                    == Double(lattice.link(lattice.backward(here, nu), rho)))
              }
            }
          }
        }
      }
    }
  }

  @Test("the layout chosen has the smallest border")
  func choice() throws {
    #expect(try SublatticeLayout(Lattice([16, 16])).blocks == [4, 2])
    #expect(try SublatticeLayout(Lattice([8, 8, 8, 8])).blocks == [2, 2, 2, 1])
    #expect(try SublatticeLayout(Lattice([4, 4, 4, 32])).blocks == [1, 1, 1, 8])
    #expect(try SublatticeLayout(Lattice([3, 16])).blocks == [1, 8])
    let layout = try SublatticeLayout(Lattice([6, 6, 6]), reach: .rectangles)
    #expect(layout.blocks == [2, 2, 2])
    #expect(layout.description == "6x6x6 in 2x2x2 blocks of 3x3x3")
    #expect(try SublatticeLayout(Lattice([6, 6, 6])) != layout)
    #expect(try SublatticeLayout(Lattice([6, 6, 6]), reach: .rectangles) == layout)
  }

  @Test("lattices that do not divide are refused in a line that says what would")
  func refusals() throws {
    func message(_ make: () throws -> SublatticeLayout) -> String {
      do { return try make().description } catch { return "\(error)" }
    }
    #expect(
      message { try SublatticeLayout(Lattice([6, 6])) }
        == "sub-lattices: expected extents that divide into eight blocks, 2x2x2, 4x2 or 8, of 2 sites "
        + "or more, such as an even extent of 4 or more in three directions, given lattice 6x6")
    #expect(
      message { try SublatticeLayout(Lattice([4, 4, 4]), reach: .rectangles) }.contains("3 sites"))
    for blocks in [[2, 2], [4, 4], [8, 1], [4, 2, 1], [16, 1], [-4, -2], [0, 0]] {
      #expect(
        message { try SublatticeLayout(Lattice([8, 8]), blocks: blocks) }
          .hasPrefix("sub-lattices: expected eight blocks"), "\(blocks)")
    }
  }

  @Test("momenta keep their coordinates, and their sums are those of the configuration")
  func momenta() throws {
    let lattice = try Lattice([4, 4, 6])
    let layout = try SublatticeLayout(lattice)
    var generator = LaneGenerator(seed: 2, purpose: .momenta, firstConfiguration: 0, step: 0)
    var X = AlgebraField<SU3>(zero: lattice)
    X.sampleGaussian(using: &generator)
    let divided = SublatticeAlgebraField(X, lane: 2, layout: layout)
    var back = AlgebraField<SU3>(zero: lattice)
    divided.copy(to: &back, lane: 2)
    for link in X.elements.indices {
      for a in 0..<8 { #expect(back.elements[link][a][2] == X.elements[link][a][2]) }
    }
    // Sums of some thousand squares in another order.
    #expect(all(abs(divided.kineticEnergy - X.kineticEnergy[2]) .< 1e-9))
    var fresh = SublatticeAlgebraField<SU3>(zero: layout)
    let energy = fresh.refresh(using: &generator)
    #expect(all(abs(energy - fresh.kineticEnergy) .< 1e-9))
    #expect(energy == Lanes(repeating: energy[0]))
    // Half the number of coordinates, with a standard deviation of its root.
    let count = Double(8 * lattice.linkCount)
    #expect(abs(energy[0] - count / 2) < 5 * (count / 2).squareRoot())
  }
}
