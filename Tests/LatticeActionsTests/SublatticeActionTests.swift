import LaneMath
import LatticeActions
import LatticeFields
import Testing

@Suite("Actions of one configuration in eight blocks")
struct SublatticeActionTests {
  static let divisions: [([Int], [Int])] = [
    ([8, 4], [4, 2]), ([4, 8], [2, 4]), ([16, 3], [8, 1]), ([6, 12], [2, 4]),
    ([4, 6, 4], [2, 2, 2]),
    ([4, 2, 4, 4], [2, 1, 2, 2]), ([2, 4, 1, 8], [1, 2, 1, 4]),
  ]
  static let wideDivisions: [([Int], [Int])] = [
    ([12, 6], [4, 2]), ([24, 3], [8, 1]), ([6, 6, 8], [2, 2, 2]), ([3, 6, 3, 12], [1, 2, 1, 4]),
  ]

  @Test("staples, values and gradients are those of the whole lattice", arguments: divisions)
  func wilson(extents: [Int], blocks: [Int]) throws {
    try agree(WilsonAction<U1>(beta: 1.3), extents, blocks)
    try agree(WilsonAction<SU2>(beta: 2.1), extents, blocks)
    try agree(WilsonAction<SU3>(beta: 5.5), extents, blocks)
    try agree(WilsonAction<SU<4>>(beta: 9), extents, blocks)
  }

  @Test("those of rectangle-improved actions too", arguments: wideDivisions)
  func rectangles(extents: [Int], blocks: [Int]) throws {
    try agree(RectangleAction<U1>(.iwasaki, beta: 1.3), extents, blocks)
    try agree(RectangleAction<SU2>(.symanzik, beta: 2.1), extents, blocks)
    try agree(RectangleAction<SU3>(.dbw2, beta: 1), extents, blocks)
  }

  private func agree<Theory: LoopAction>(_ action: Theory, _ extents: [Int], _ blocks: [Int]) throws
  {
    let lattice = try Lattice(extents)
    let layout = try SublatticeLayout(lattice, blocks: blocks, reach: action.reach)
    let lane = 6
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    var U = LinkField<Theory.Group>(hotStart: lattice, using: &generator)
    var divided = SublatticeLinkField(U, lane: lane, layout: layout)

    // Staples, to the bit: the same products of the same numbers.
    if extents.allSatisfy({ $0 >= action.smallestExtent }) {
      let size = MemoryLayout<Theory.Group.Matrix>.size / MemoryLayout<Lanes>.size
      var differences = 0
      U.withLinkView { whole in
        divided.withLinkView(reach: action.reach) { view in
          for mu in extents.indices {
            for y in 0..<layout.block.volume {
              let A = action.staple(at: y, mu: mu, in: view)
              for block in 0..<laneCount {
                let x = site(of: y, in: block, layout)
                let B = action.staple(at: x, mu: mu, in: whole)
                withUnsafeBytes(of: A) { A in
                  withUnsafeBytes(of: B) { B in
                    let a = A.bindMemory(to: Lanes.self), b = B.bindMemory(to: Lanes.self)
                    for index in 0..<size where a[index][block] != b[index][lane] {
                      differences += 1
                    }
                  }
                }
              }
            }
          }
        }
      }
      #expect(differences == 0)
    }

    // Sums of some thousand terms in another order.
    let tolerance = 1e-10
    let theory = SublatticeAction(action)
    let value = theory.value(of: divided)
    #expect(value == Lanes(repeating: value[0]))
    #expect(abs(value[0] - action.value(of: U)[lane]) < tolerance)

    var gradient = AlgebraField<Theory.Group>(zero: lattice)
    action.accumulateGradient(of: U, scaledBy: 0.7, into: &gradient)
    var inBlocks = divided.zeroMomenta()
    // Twice, so that whatever was left in the border would be counted again.
    theory.accumulateGradient(of: divided, scaledBy: 0.4, into: &inBlocks)
    theory.accumulateGradient(of: divided, scaledBy: 0.3, into: &inBlocks)
    var back = AlgebraField<Theory.Group>(zero: lattice)
    inBlocks.copy(to: &back, lane: lane)
    var largest = 0.0
    for link in gradient.elements.indices {
      for a in 0..<Theory.Group.Algebra.dimension {
        let difference = back.elements[link][a][lane] - gradient.elements[link][a][lane]
        largest = max(largest, abs(difference), difference.isNaN ? .infinity : 0)
      }
    }
    #expect(largest < 1e-12)
    #expect(abs(inBlocks.kineticEnergy[0] - gradient.kineticEnergy[lane]) < tolerance)
  }

  private func site(of y: Int, in lane: Int, _ layout: SublatticeLayout) -> Int {
    var x = layout.block.coordinates(of: y)
    var rest = lane
    for mu in x.indices.reversed() {
      x[mu] += rest % layout.blocks[mu] * layout.block.extents[mu]
      rest /= layout.blocks[mu]
    }
    return layout.lattice.site(at: x)
  }
}
