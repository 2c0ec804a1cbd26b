import LaneMath
import LatticeActions
import LatticeFields
import Testing

@testable import LatticeFlows

/// A flow far enough from the identity that every part of it matters.
func makeFlow(
  _ architecture: CouplingArchitecture, _ extents: [Int], seed: UInt64 = 1, factor: Double = 2
) throws -> CouplingFlow<U1> {
  var flow = try CouplingFlow<U1>(
    lattice: try Lattice(extents), architecture: architecture, seed: seed)
  flow.parameters = flow.parameters.map { factor * $0 }
  return flow
}

/// Small architectures with smooth and with kinked parts; every geometry, map and activation.
let smallArchitectures: [CouplingArchitecture] = [
  CouplingArchitecture(stages: [
    .init(
      geometry: .blocks, layers: 0, map: .spline(bins: 4), hidden: [6, 5], activation: .tanh,
      harmonics: 2)
  ]),
  CouplingArchitecture(stages: [
    .init(
      geometry: .stripes, layers: 8, map: .projection(components: 2), hidden: [5],
      activation: .leakyReLU, pairLoops: false)
  ]),
  CouplingArchitecture(stages: [
    .init(
      geometry: .blocks, layers: 0, map: .projection(components: 3), hidden: [4],
      activation: .tanh),
    .init(
      geometry: .stripes, layers: 3, map: .spline(bins: 3), hidden: [4, 4], activation: .tanh),
  ]),
]

/// Flows as a whole.
struct CouplingFlowTests {
  @Test("The tutorial's flow has the parameters of the tutorial")
  func tutorialParameters() throws {
    let flow = try CouplingFlow<U1>(lattice: Lattice([8, 8]), architecture: .tutorial, seed: 1)
    #expect(flow.parameterCount == 15_280)
    #expect(flow.layerCount == 16)
    #expect(flow.updatedLinkCount == 128)
  }

  @Test("Every architecture updates all that it can", arguments: smallArchitectures.indices)
  func updatedLinks(index: Int) throws {
    let flow = try makeFlow(smallArchitectures[index], [4, 4])
    #expect(flow.maskContradictions().isEmpty)
    #expect(flow.updatedLinkCount >= flow.lattice.volume - 1)
  }

  @Test("Samples and densities are the same bits on 1 and 2 threads")
  func threads() throws {
    let transport = CouplingTransport(try makeFlow(.blocks, [5, 3]))
    let action = try WilsonAction<U1>(beta: 1)
    let one = transport.logWeights(count: 100, action: action, seed: 3, threads: 1)
    let two = transport.logWeights(count: 100, action: action, seed: 3, threads: 2)
    #expect(one == two)
    #expect(Set(one).count == 100)
    // Fewer samples are the first of more.
    #expect(
      transport.logWeights(count: 37, action: action, seed: 3, threads: 2) == Array(one[..<37]))
  }

  @Test("The log-det of the inverse flow is that of the flow with the other sign")
  func inverse() throws {
    for architecture in smallArchitectures {
      let transport = CouplingTransport(try makeFlow(architecture, [4, 4]))
      let inverse = InverseBijection(transport)
      let chain = BijectionChain<U1>([transport, inverse])
      var generator = LaneGenerator(
        seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
      let U = LinkField<U1>(hotStart: transport.lattice, using: &generator)
      var V = U
      // A parameter in single precision may round the other way on the way back.
      #expect(abs(chain.apply(to: &V)).max() < 1e-5)
      for link in U.links.indices {
        #expect(abs(wrapAngle(V.links[link].angle - U.links[link].angle)).max() < 1e-5)
      }
    }
  }

  @Test("On its own lattice a moved flow is the same; stripes move anywhere that they fit")
  func movedStripes() throws {
    let flow = try makeFlow(.tutorial, [8, 8])
    #expect(try flow.moved(to: flow.lattice).parameters == flow.parameters)
    let large = try flow.moved(to: Lattice([12, 16]))
    #expect(large.parameters == flow.parameters)
    #expect(large.maskContradictions().isEmpty)
    let error = #expect(throws: TransferError.self) { _ = try flow.moved(to: Lattice([6, 8])) }
    #expect(
      error?.description
        == "stripe mask: expected extent 0 to be a multiple of 4, given lattice 6x8")
  }

  @Test("A tree of blocks moves to larger and smaller lattices with the layers that it has")
  func movedBlocks() throws {
    let flow = try makeFlow(.blocks, [8, 8])
    for extents in [[4, 4], [16, 16], [8, 4], [32, 16]] {
      let moved = try flow.moved(to: Lattice(extents))
      #expect(moved.maskContradictions().isEmpty)
      for block in moved.blocks {
        let source = try #require(flow.blocks.first { $0.name == block.name })
        #expect(Array(moved.parameters[block.range]) == Array(flow.parameters[source.range]))
      }
    }
    // What was trained on blocks of areas 1, 2, 4, .. says nothing about areas 3, 5.
    let error = #expect(throws: TransferError.self) { _ = try flow.moved(to: Lattice([5, 3])) }
    #expect(error?.description.contains("lattice 5x3: needs layer 'blocks.") == true)
  }

  @Test("A transport moved to a larger lattice and back is the flow that it was")
  func movedBack() throws {
    let flow = try makeFlow(.tutorial, [4, 4])
    let back = try flow.moved(to: Lattice([8, 8])).moved(to: Lattice([4, 4]))
    var generator = LaneGenerator(seed: 2, purpose: .verification, firstConfiguration: 0, step: 0)
    let U = LinkField<U1>(hotStart: flow.lattice, using: &generator)
    var first = U, second = U
    #expect(CouplingTransport(flow).apply(to: &first) == CouplingTransport(back).apply(to: &second))
    for (a, b) in zip(first.links, second.links) { #expect(a.angle == b.angle) }
  }

  @Test("The layers one after the other are the flow", arguments: smallArchitectures.indices)
  func layers(index: Int) throws {
    let flow = try makeFlow(smallArchitectures[index], [4, 4])
    var generator = LaneGenerator(seed: 2, purpose: .verification, firstConfiguration: 0, step: 0)
    let U = LinkField<U1>(hotStart: flow.lattice, using: &generator)
    var whole = U, parts = U
    let logDet = CouplingTransport(flow).apply(to: &whole)
    var sum = Lanes.zero
    for layer in 0..<flow.layerCount {
      sum += CouplingTransport(flow.layer(layer)).apply(to: &parts)
    }
    #expect(sum == logDet)
    for (a, b) in zip(whole.links, parts.links) { #expect(a.angle == b.angle) }
  }
}
