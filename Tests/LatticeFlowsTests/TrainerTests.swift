import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import Testing

@testable import LatticeFlows

/// Gradients of every objective, and what training promises.
struct TrainerTests {
  private let beta = 1.3

  private func makeTrainer(
    _ flow: CouplingFlow<U1>, _ estimator: TrainingOptions.Estimator, forward: Double = 0,
    threads: Int = 1, batch: Int = 32, sampler: CouplingTrainer<U1>.TargetSampler? = nil
  ) throws -> CouplingTrainer<U1> {
    let beta = beta
    return CouplingTrainer<U1>(
      flow: flow,
      options: TrainingOptions(
        batch: batch, learningRate: 1e-2, estimator: estimator, forwardFraction: forward,
        annealing: 0),
      seed: 5, threads: threads, action: { try! WilsonAction<U1>(beta: beta * $0) },
      targetSampler: sampler)
  }

  /// The gradient of the first batch at the parameters of `flow`, and its loss.
  private func evaluate(_ trainer: CouplingTrainer<U1>, _ parameters: [Double]? = nil) -> (
    gradient: [Double], loss: Double
  ) {
    var state = trainer.state
    if let parameters { state.parameters = parameters }
    trainer.state = state
    let loss = trainer.evaluateBatch(progress: 1).loss
    return (trainer.gradient, loss)
  }

  private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// Compares a gradient with differences of the loss of the same batch along random directions and
  /// along itself.
  ///
  /// The network is in single precision: a step h leaves rounding of some 1e-7/h for each angle and
  /// h⁴ times the fifth derivative; knots, kinks and the branch of a flux around a block spoil long
  /// steps, so the best of four counts. One percent of the gradient's norm is beyond the rest.
  private func expectGradient(_ trainer: CouplingTrainer<U1>, _ name: String) {
    let start = trainer.state.parameters
    let (gradient, _) = evaluate(trainer, start)
    let size = norm(gradient)
    #expect(size > 0.01, "\(name): nothing to check")
    var generator = ScalarGenerator(seed: 1, purpose: .verification)
    for number in 0..<5 {
      var direction =
        number == 0 ? gradient : gradient.map { _ in 2 * generator.uniform() - 1 }
      let length = norm(direction)
      direction = direction.map { $0 / length }
      let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      func loss(_ step: Double) -> Double {
        evaluate(trainer, zip(start, direction).map { $0 + step * $1 }).loss
      }
      let found = [1e-2, 2e-3, 4e-4, 1e-4].map { h in
        (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
      }
      #expect(
        found.contains { Swift.abs($0 - expected) < 0.01 * size },
        "\(name), direction \(number): \(found) against \(expected), norm \(size)")
    }
  }

  @Test(
    "The plain gradient is the derivative of the mean of log q + S of the batch",
    arguments: smallArchitectures.indices)
  func plainGradient(index: Int) throws {
    let flow = try makeFlow(smallArchitectures[index], [4, 4])
    expectGradient(try makeTrainer(flow, .plain), "architecture \(index)")
  }

  @Test(
    "The forward gradient is the derivative of the mean of -S - log q at fixed fields",
    arguments: smallArchitectures.indices)
  func forwardGradient(index: Int) throws {
    let flow = try makeFlow(smallArchitectures[index], [4, 4])
    let sampler = try DirectSamplerU1(lattice: flow.lattice, beta: beta)
    let trainer = try makeTrainer(flow, .plain, forward: 1) { U, first, step in
      sampler.sample(into: &U, seed: 8, firstConfiguration: first)
    }
    expectGradient(trainer, "architecture \(index)")
  }

  /// The two estimators differ by the mean of `∂ log q` at fixed fields, whose expectation is zero;
  /// on the flow's own samples that is minus the forward gradient there.
  @Test(
    "The path gradient is the plain gradient without the score term",
    arguments: smallArchitectures.indices)
  func pathGradient(index: Int) throws {
    let flow = try makeFlow(smallArchitectures[index], [4, 4])
    let plain = evaluate(try makeTrainer(flow, .plain)).gradient
    let path = evaluate(try makeTrainer(flow, .path)).gradient
    let forward = evaluate(
      try makeTrainer(flow, .plain, forward: 1) { U, first, step in
        // The samples that the reverse batch consists of.
        var generator = LaneGenerator(
          seed: 5, purpose: .training, firstConfiguration: first, step: step)
        U.sampleHaar(using: &generator)
        _ = CouplingTransport(flow).apply(to: &U)
      }
    ).gradient
    let difference = zip(path, zip(plain, forward)).map { $0 - ($1.0 + $1.1) }
    // Rounding of derivatives of networks in single precision, relative.
    #expect(norm(difference) < 1e-4 * (norm(plain) + norm(forward)))
    #expect(norm(forward) > 0.01)
  }

  @Test("The score that is carried forward is the derivative of log q by the field")
  func score() throws {
    let flow = try makeFlow(smallArchitectures[2], [4, 4])
    let transport = CouplingTransport(flow)
    let workspace = CouplingWorkspace(flow: flow, keepsTape: true)
    let packed = flow.makePackedParameters()
    flow.pack(into: packed)
    var generator = LaneGenerator(seed: 3, purpose: .verification, firstConfiguration: 0, step: 0)
    var U = LinkField<U1>(hotStart: flow.lattice, using: &generator)
    var score = AlgebraField<U1>(zero: flow.lattice)
    for (index, layer) in flow.layers.enumerated() {
      let weights = UnsafePointer(packed.pointer + flow.packedOffsets[index])
      _ = layer.apply(
        to: &U.links, packed: weights, tape: workspace.tape(index), scratch: workspace.scratch)
      layer.pushScore(
        &score.elements, at: U.links, packed: weights, tape: workspace.tape(index),
        scratch: workspace.scratch, gradient: nil)
    }
    let scale = 1 + sqrt(score.dot(score))
    for link in U.links.indices {
      // Of three steps the best: knots and single precision.
      var best = Lanes(repeating: .infinity)
      for h in [1e-2, 3e-3, 1e-3] {
        var up = U, down = U
        up.links[link].angle += h
        down.links[link].angle -= h
        let slope = (try transport.logDensity(of: up) - transport.logDensity(of: down)) / (2 * h)
        best = min(best, abs(slope - score.elements[link].value) / scale)
      }
      #expect(best.max() < 0.02, "link \(link): \(best)")
    }
  }

  @Test("Mixed training is the mean of both objectives by their shares")
  func mixture() throws {
    let flow = try makeFlow(smallArchitectures[0], [4, 4])
    let sampler = try DirectSamplerU1(lattice: flow.lattice, beta: beta)
    let target: CouplingTrainer<U1>.TargetSampler = { U, first, step in
      sampler.sample(into: &U, seed: 8, firstConfiguration: first)
    }
    // Packets 0, 1 are the flow's, 2, 3 the target's.
    let mixed = evaluate(try makeTrainer(flow, .path, forward: 0.5, sampler: target)).gradient
    let reverse = evaluate(try makeTrainer(flow, .path, batch: 16)).gradient
    let forward = evaluate(
      try makeTrainer(flow, .path, forward: 1, batch: 16) { U, first, step in
        target(&U, first + 16, step)
      }
    ).gradient
    let difference = zip(mixed, zip(reverse, forward)).map { $0 - 0.5 * ($1.0 + $1.1) }
    #expect(norm(difference) < 1e-5 * norm(mixed))
  }

  @Test(
    "Training gives the same bits on 1, 2 and 3 threads, and after an interruption",
    arguments: [TrainingOptions.Estimator.path, .plain])
  func bits(estimator: TrainingOptions.Estimator) throws {
    let flow = try makeFlow(smallArchitectures[2], [4, 4])
    let sampler = try DirectSamplerU1(lattice: flow.lattice, beta: beta)
    func trainer(threads: Int, flow: CouplingFlow<U1>) throws -> CouplingTrainer<U1> {
      try makeTrainer(flow, estimator, forward: 0.5, threads: threads, batch: 64) {
        U, first, step in
        sampler.sample(into: &U, seed: 9 + UInt64(step), firstConfiguration: first)
      }
    }
    func run(_ trainer: CouplingTrainer<U1>, _ steps: Range<Int>) -> TrainingState {
      for step in steps { _ = trainer.takeStep(progress: Double(step) / 6) }
      return trainer.state
    }
    let one = run(try trainer(threads: 1, flow: flow), 0..<6)
    #expect(one.parameters != flow.parameters)
    for threads in 2...3 {
      #expect(run(try trainer(threads: threads, flow: flow), 0..<6) == one)
    }
    let first = run(try trainer(threads: 2, flow: flow), 0..<3)
    let other = try trainer(
      threads: 1, flow: try CouplingFlow<U1>(lattice: flow.lattice, architecture: flow.architecture)
    )
    other.state = first
    #expect(run(other, 3..<6) == one)
  }

  @Test("A gradient that is not finite changes nothing, and is reported")
  func notFinite() throws {
    var flow = try makeFlow(smallArchitectures[0], [4, 4])
    flow.parameters[3] = .nan
    let trainer = try makeTrainer(flow, .plain)
    let report = trainer.takeStep(progress: 0.5)
    #expect(!report.gradientNorm.isFinite)
    #expect(trainer.state.optimizer.steps == 0)
    #expect(trainer.state.parameters[0] == flow.parameters[0])
  }

  @Test("Optimiser: the first step is the learning rate against the sign, and norms are clipped")
  func adam() {
    var adam = AdamOptimizer(parameterCount: 2)
    var parameters = [1.0, 1.0], gradient = [300.0, -400.0]
    let norm = adam.step(
      &parameters, gradient: &gradient, learningRate: 0.1, largestNorm: 5)
    #expect(norm == 500)
    #expect(gradient == [3, -4])
    #expect(Swift.abs(parameters[0] - 0.9) < 1e-8)
    #expect(Swift.abs(parameters[1] - 1.1) < 1e-8)
  }

  @Test("Schedules: the rate rises, then falls to its end; the coupling rises to its target")
  func schedules() {
    let options = TrainingOptions(
      learningRate: 1, warmup: 0.1, finalRate: 0.01, annealing: 0.5, annealingStart: 0.2)
    #expect(Swift.abs(options.rate(at: 0.05) - 0.5) < 1e-12)
    #expect(Swift.abs(options.rate(at: 0.1) - 1) < 1e-12)
    #expect(Swift.abs(options.rate(at: 1) - 0.01) < 1e-12)
    #expect(Swift.abs(options.couplingFraction(at: 0) - 0.2) < 1e-12)
    #expect(Swift.abs(options.couplingFraction(at: 0.25) - 0.6) < 1e-12)
    #expect(options.couplingFraction(at: 0.5) == 1)
  }

  /// ESS of 8192 samples; its error there is below 0.01, the margins are far wider.
  private func effectiveSampleSize(_ flow: CouplingFlow<U1>, beta: Double) throws -> Double {
    let logWeights = CouplingTransport(flow).logWeights(
      count: 8192, action: try WilsonAction<U1>(beta: beta), seed: 77, threads: 2)
    let largest = logWeights.max()!
    let weights = logWeights.map { exp(Lanes(repeating: $0 - largest))[0] }
    let sum = weights.reduce(0, +), squares = weights.reduce(0) { $0 + $1 * $1 }
    return sum * sum / (squares * Double(weights.count))
  }

  @Test(
    "A second of training beats what needs no learning",
    arguments: [(1, 0.5, 200, 1e-2), (2, 0, 600, 4e-3)] as [(Double, Double, Int, Double)])
  func training(beta: Double, forward: Double, steps: Int, learningRate: Double) throws {
    let lattice = try Lattice([4, 4])
    let flow = try CouplingFlow<U1>(lattice: lattice, architecture: .blocks, seed: 1)
    let sampler = try DirectSamplerU1(lattice: lattice, beta: beta)
    let trainer = CouplingTrainer<U1>(
      flow: flow,
      options: TrainingOptions(batch: 128, learningRate: learningRate, forwardFraction: forward),
      seed: 2, threads: 2, action: { try! WilsonAction<U1>(beta: beta * $0) },
      targetSampler: { U, first, step in
        sampler.sample(into: &U, seed: 100 + UInt64(step), firstConfiguration: first)
      })
    for step in 0..<steps { _ = trainer.takeStep(progress: Double(step) / Double(steps)) }
    let exact = try ExactU1(volume: 16, beta: beta)
    let reached = try effectiveSampleSize(trainer.flow, beta: beta)
    #expect(reached > exact.learningFreeEffectiveSampleSize + 0.1)
  }
}
