import AllocationCounter
import GaugeFlow

/// Calls of the allocator in a piece of work that is repeated.
struct Allocations: Codable {
  var name: String
  /// Calls for each repetition, after the first ones.
  var calls: Double
  /// Bytes for each repetition.
  var bytes: Double
  /// Calls in the first repetition, where the buffers are made.
  var firstCalls: Double
  /// MiB that the process has held at most, so far.
  var peakMemory: Double
}

private func count(_ name: String, repetitions: Int = 20, _ body: () -> Void) -> Allocations {
  let start = allocation_count()
  body()
  let first = allocation_count() - start
  for _ in 0..<2 { body() }
  let calls = allocation_count(), bytes = allocation_bytes()
  for _ in 0..<repetitions { body() }
  let number = Double(repetitions)
  return Allocations(
    name: name, calls: Double(allocation_count() - calls) / number,
    bytes: Double(allocation_bytes() - bytes) / number, firstCalls: Double(first),
    peakMemory: peakMemory)
}

/// Allocations of training steps and of sampling.
private func measureAllocations<Group>(of flow: FlowCase<Group>) throws -> [Allocations] {
  var results: [Allocations] = []
  for estimator in TrainingOptions.Estimator.allCases {
    let trainer = try flow.trainer(estimator)
    results.append(
      count("\(flow.name), step, \(estimator.rawValue) gradient") {
        keep(trainer.takeStep(progress: 0.5).loss)
      })
  }
  let transport = CouplingTransport(try flow.flow())
  var U = LinkField<Group>(coldStart: transport.lattice)
  results.append(
    count("\(flow.name), one packet of samples") {
      keep(transport.sample(into: &U, seed: 1, firstConfiguration: 0)[0])
    })
  return results
}

/// Allocations of training steps, of sampling, and of Markov chains, on one thread.
func measureAllocations() throws -> [Allocations] {
  var results: [Allocations] = []
  for flow in flowsU1 { results += try measureAllocations(of: flow) }
  for flow in flowsSU2 { results += try measureAllocations(of: flow) }
  for flow in flowsSU3 { results += try measureAllocations(of: flow) }
  let lattice = try Lattice([64, 64])
  let action = try WilsonAction<U1>(beta: 7)
  var state = ChainState(LinkField<U1>(coldStart: lattice))
  var streams = ChainStreams(seed: 1, firstChain: 0)
  let hmc = try HybridMonteCarlo(
    action: action, integrator: .leapfrog, trajectoryLength: 1, steps: 50)
  results.append(
    count("HMC trajectory, 64x64") { keep(hmc.step(&state, using: &streams).acceptance[0]) })
  let small = try Lattice([16, 16])
  let transformed = try HybridMonteCarlo(
    action: transformedAction(.blocks, small), trajectoryLength: 1, steps: 4)
  var variables = ChainState(LinkField<U1>(coldStart: small))
  results.append(
    count("HMC trajectory in the variables of a flow, 16x16") {
      keep(transformed.step(&variables, using: &streams).acceptance[0])
    })
  let heatbath = try Heatbath(action: action, on: lattice)
  results.append(
    count("heatbath sweep, 64x64") { keep(heatbath.step(&state, using: &streams).acceptance[0]) })
  return results
}
