import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

@Suite("element selection")
struct ElementSelectionTests {
  @Test("harmonics are chosen in the order of what they explain, and the residual falls")
  func order() throws {
    let basis = IndependentLinkBasis(lattice: try Lattice([2, 2]), harmonics: 6)
    // Near the Haar measure the exact field is sin θ.
    var fields: [LinkField<U1>] = []
    for packet in 0..<64 {
      var generator = LaneGenerator(
        seed: 1, purpose: .verification, firstConfiguration: 8 * packet, step: 0)
      fields.append(LinkField(hotStart: basis.lattice, using: &generator))
    }
    let selection = ElementSelection(
      from: basis, count: 3, path: AnnealingPath(to: 0.1), samples: [(0, fields)], threads: 2)
    #expect(selection.names.first == "sin1")
    #expect(selection.names.count == selection.residuals.count)
    #expect(zip(selection.residuals, selection.residuals.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(selection.residuals.last! < 1e-8)
  }
}
