import GaugeFlow
import Testing

/// Everything in the catalog obeys its laws.
struct CatalogLawTests {
  @Test("Every law of the catalog holds")
  func catalog() throws {
    let laws = try verifyAll(model: nil, seed: 7)
    #expect(laws.count > 100)
    for law in laws { #expect(law.holds, "\(law)") }
  }

  @Test("Every architecture of the catalog obeys its laws at extreme parameters of its last layers")
  func extremeParameters() throws {
    for entry in Catalog.couplingArchitectures(colors: 1, dimension: 2)
    where entry.value.problem(colors: 1, dimension: 2) == nil {
      var flow = try CouplingFlow<U1>(lattice: Lattice([4, 4]), architecture: entry.value, seed: 3)
      for block in flow.blocks {
        // The last layer: its weights and biases are the last of the block.
        let count = block.channels.last! * (block.channels.dropLast().last! * block.taps.last! + 1)
        for index in (block.range.upperBound - count)..<block.range.upperBound {
          flow.parameters[index] *= 10
        }
      }
      for law in couplingLaws(of: flow, seed: 4) { #expect(law.holds, "\(entry.name): \(law)") }
    }
  }

  @Test("The identity flow obeys its laws, and its density is that of the Haar measure")
  func identity() throws {
    for entry in Catalog.couplingArchitectures(colors: 1, dimension: 2)
    where entry.value.problem(colors: 1, dimension: 2) == nil {
      let flow = try CouplingFlow<U1>(lattice: Lattice([8, 4]), architecture: entry.value)
      let laws =
        couplingLaws(of: flow, seed: 5)
        + proposalLaws(of: CouplingTransport(flow), action: HaarPrior<U1>(), exactLogZ: 0)
      for law in laws { #expect(law.holds, "\(entry.name): \(law)") }
    }
  }

  @Test("A model is verified on its own lattice, a large one on one that its masks allow")
  func model() throws {
    var flow = try CouplingFlow<U1>(lattice: Lattice([5, 3]), architecture: .blocks, seed: 1)
    flow.parameters = flow.parameters.map { 2 * $0 }
    let laws = try verifyAll(model: .coupling(CouplingModel(flow: flow, beta: 0.5)), seed: 1)
    for law in laws { #expect(law.holds, "\(law)") }
    let large = try CouplingFlow<U1>(lattice: Lattice([24, 24]), architecture: .tutorial, seed: 1)
    let moved = try verifyAll(model: .coupling(CouplingModel(flow: large, beta: 0)), seed: 1)
    for law in moved where !law.name.contains("weights") { #expect(law.holds, "\(law)") }
    #expect(moved.contains { $0.name.hasPrefix("on 16x16") })
  }

  @Test("Names in the catalog are unique, and found")
  func names() {
    let architectures = Catalog.couplingArchitectureNames
    #expect(Set(architectures).count == architectures.count)
    #expect(Catalog.couplingArchitecture(named: "blocks") == .blocks)
    #expect(Catalog.couplingArchitecture(named: "none") == nil)
    #expect(Catalog.group(named: "U1") != nil)
  }
}
