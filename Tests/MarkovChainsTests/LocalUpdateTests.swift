import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains
import Testing

@Suite("Local updates")
struct LocalUpdateTests {
  @Test("overrelaxation keeps the action and moves the field", arguments: [[3, 5], [3, 4, 2]])
  func overrelaxation(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let action = try WilsonAction<U1>(beta: 2)
    let start = hotField(lattice)
    var state = ChainState(start)
    var streams = ChainStreams(seed: 1, firstChain: 0)
    _ = try Overrelaxation(action: action, on: lattice).step(&state, using: &streams)
    // Rounding of some tens of cosines.
    let tolerance = 1e-11
    #expect(all(abs(action.value(of: state.U) - action.value(of: start)) .< tolerance))
    #expect(any(abs(state.U.links[0].angle - start.links[0].angle) .> 0.1))
    #expect(state.U.links.allSatisfy { all(abs($0.angle) .<= .pi) })
  }

  @Test("overrelaxation of the U(1) link is an involution that keeps Re(U A)")
  func involution() {
    var generator = LaneGenerator(seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
    for _ in 0..<20 {
      let link = U1.haar(using: &generator)
      var A = ComplexLanes(generator.normal(), generator.normal())
      var reflected = link
      U1.overrelax(&reflected, staple: &A)
      var back = reflected
      U1.overrelax(&back, staple: &A)
      let change = U1.realTrace(of: reflected, times: A) - U1.realTrace(of: link, times: A)
      #expect(all(abs(change) .< 1e-14))
      #expect(all(abs(wrapAngle(back.angle - link.angle)) .< 1e-14))
    }
  }

  @Test("the two-dimensional kernels do what the generic ones do")
  func planar() throws {
    let lattice = try Lattice([3, 5])
    let fast = try WilsonAction<U1>(beta: 1.4), plain = PlainWilsonAction(beta: 1.4)
    let start = hotField(lattice)
    var a = ChainState(start), b = ChainState(start)
    var streams = ChainStreams(seed: 1, firstChain: 0)
    _ = try Overrelaxation(action: fast, on: lattice).step(&a, using: &streams)
    _ = try Overrelaxation(action: plain, on: lattice).step(&b, using: &streams)
    for link in start.links.indices {
      let difference = wrapAngle(a.U.links[link].angle - b.U.links[link].angle)
      #expect(all(abs(difference) .< 1e-11))
    }
  }

  @Test("the generic kernels sample three and four dimensions as hybrid Monte Carlo does")
  func higherDimensions() throws {
    for (extents, beta) in [([3, 4, 3], 0.9), ([2, 3, 3, 2], 0.8)] {
      let lattice = try Lattice(extents)
      let action = try WilsonAction<U1>(beta: beta)
      let plan = ChainPlan(thermalization: 60, every: 2, count: 100)
      func means(_ kernels: KernelSequence<LinkField<U1>>, _ seed: UInt64) throws -> [Sample] {
        try chainMeans(kernels, lattice, plan: plan, seed: seed) { U in
          let plaquette = U.averagePlaquette
          return [plaquette, plaquette * plaquette]
        }
      }
      let results = [
        try means(KernelSequence(Heatbath(action: action, on: lattice)), 1),
        try means(
          KernelSequence(try Heatbath(action: action, on: lattice))
            .followed(by: try Overrelaxation(action: action, on: lattice), repetitions: 2), 2),
        try means(
          KernelSequence(LocalMetropolis(action: action, on: lattice, window: 2, hits: 2)), 3),
        try means(
          KernelSequence(
            HybridMonteCarlo(
              action: action, integrator: .leapfrog, trajectoryLength: 1, steps: 5)), 4),
      ]
      for a in results.indices {
        for b in (a + 1)..<results.count {
          #expect(abs(results[a][0].pull(against: results[b][0])) < sigmas, "\(results)")
          #expect(abs(results[a][1].pull(against: results[b][1])) < sigmas)
        }
      }
    }
  }

  @Test("a direction in which links close on themselves is refused by local updates")
  func extents() throws {
    let lattice = try Lattice([4, 1])
    let action = try WilsonAction<U1>(beta: 1)
    #expect(throws: ChainError.self) { try Heatbath(action: action, on: lattice) }
    #expect(throws: ChainError.self) { try Overrelaxation(action: action, on: lattice) }
    #expect(throws: ChainError.self) { try LocalMetropolis(action: action, on: lattice) }
  }

  @Test("wrong parameters give an error of one line that says what was expected and given")
  func parameters() throws {
    let plane = try Lattice([4, 4]), space = try Lattice([4, 4, 4])
    let action = try WilsonAction<U1>(beta: 1)
    func text(_ body: () throws -> Void) -> String? {
      do { try body() } catch let error as ChainError { return error.description } catch {}
      return nil
    }
    #expect(
      text { _ = try WindingUpdate(action: action, on: space) }
        == "winding: expected 2 dimensions, given lattice 4x4x4")
    #expect(
      text { _ = try HybridMonteCarlo(action: action, trajectoryLength: .nan, steps: 3) }
        == "trajectory length: expected a positive finite number, given nan")
    #expect(
      text { _ = try HybridMonteCarlo(action: action, trajectoryLength: 1, steps: 0) } != nil)
    #expect(
      text { _ = try LocalMetropolis(action: action, on: plane, window: 0) }
        == "metropolis window: expected a number in (0, pi], given 0.0")
    #expect(text { _ = try LocalMetropolis(action: action, on: plane, hits: 0) } != nil)
    #expect(
      text {
        _ = try IndependenceMetropolis(
          proposal: IndependentLinks(lattice: plane), action: action, on: space)
      } == "independence Metropolis: expected a proposal on 4x4x4, given one on 4x4")
    #expect(
      text {
        _ = try ChainRunner(
          KernelSequence(try Heatbath(action: action, on: plane)), lattice: plane, chains: 0,
          start: .hot, seed: 1, threads: 1)
      } == "chains: expected 1 or more, given 0.0")
  }
}
