import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import Testing

@testable import LatticeFlows

/// Derivatives of coupling flows of SU(N), and what training promises.
struct MatrixPullbackTests {
  private func randomGradient<Group: CouplingGroup>(
    _ group: Group.Type, _ lattice: Lattice, seed: UInt64
  ) -> AlgebraField<Group> {
    var generator = LaneGenerator(seed: seed, purpose: .momenta, firstConfiguration: 0, step: 0)
    var field = AlgebraField<Group>(zero: lattice)
    field.sampleGaussian(using: &generator)
    return field
  }

  private func hotStart<Group: CouplingGroup>(_ group: Group.Type, _ lattice: Lattice)
    -> LinkField<Group>
  {
    var generator = LaneGenerator(
      seed: 11, purpose: .verification, firstConfiguration: 0, step: 0)
    return LinkField<Group>(hotStart: lattice, using: &generator)
  }

  /// `∂/∂ε [Σ_l g_l · log(U'_l(ε) U'_l†) + b log det]` along a random direction, against the pullback.
  ///
  /// With weights of the network that vanish the features do not matter, and everything is in double
  /// precision; with all of them the network's rounding over the step is what limits the differences.
  private func check<Group: CouplingGroup>(_ group: Group.Type, _ index: Int, features: Bool)
    throws
  {
    var flow = try makeMatrixFlow(group, index, scale: 1)
    if !features {
      for block in flow.blocks {
        var place = block.range.lowerBound
        for layer in block.taps.indices {
          let weights = block.channels[layer] * block.channels[layer + 1] * block.taps[layer]
          for k in place..<(place + weights) { flow.parameters[k] = 0 }
          place += weights + block.channels[layer + 1]
        }
      }
    }
    for number in 0..<flow.layerCount where number < (Group.colors == 4 ? 2 : 6) {
      let layer = CouplingTransport(flow.layer(number))
      let U = hotStart(group, flow.lattice)
      let direction = randomGradient(group, flow.lattice, seed: 2)
      let g = randomGradient(group, flow.lattice, seed: 3)
      let b = Lanes(repeating: 0.7)
      var image = U
      let (_, pullback) = layer.applyWithPullback(to: &image)
      var gradient = g
      pullback(&gradient, b)
      let expected = gradient.dot(direction)
      func value(_ epsilon: Double) -> Lanes {
        var moved = U
        for link in U.links.indices {
          moved.links[link] =
            Group.exp(Lanes(repeating: epsilon) * direction.elements[link]) * moved.links[link]
        }
        var sum = b * layer.apply(to: &moved)
        for link in U.links.indices {
          sum += g.elements[link].dot((moved.links[link] * image.links[link].adjoint).logarithm)
        }
        return sum
      }
      var best = Lanes(repeating: .infinity)
      for h in features ? [3e-2, 1e-2, 3e-3, 1e-3] : [3e-3, 1e-3, 1e-4, 1e-5] {
        let found =
          (45 * (value(h) - value(-h)) - 9 * (value(2 * h) - value(-2 * h))
            + (value(3 * h) - value(-3 * h))) / (60 * h)
        best = min(best, abs(found - expected))
      }
      let scale = 1 + LaneMath.sqrt(gradient.dot(gradient))
      let errors = (0..<laneCount).map { best[$0] / scale[$0] }.sorted()
      // The middle of eight: knots and walls within a step spoil some.
      #expect(
        errors[4] < (features ? 2e-3 : 1e-8),
        "\(Group.name) \(matrixArchitectures[index].name) layer \(number): \(errors)")
    }
  }

  @Test("Pullbacks are derivatives, without the network", arguments: matrixArchitectures.indices)
  func pullbackOfMaps(index: Int) throws {
    try check(SU2.self, index, features: false)
    try check(SU3.self, index, features: false)
    try check(SU4.self, index, features: false)
  }

  @Test("Pullbacks are derivatives, with the network", arguments: matrixArchitectures.indices)
  func pullbackOfLayers(index: Int) throws {
    try check(SU2.self, index, features: true)
    try check(SU3.self, index, features: true)
    try check(SU4.self, index, features: true)
  }

  /// `J^T a + ∂ log det = s` for the score `a` that is pushed from `s`.
  private func checkScore<Group: CouplingGroup>(_ group: Group.Type, _ index: Int) throws {
    let flow = try makeMatrixFlow(group, index, scale: 1)
    let packed = flow.makePackedParameters()
    flow.pack(into: packed)
    let workspace = CouplingWorkspace(flow: flow, keepsTape: true)
    for (number, layer) in flow.layers.enumerated() {
      var U = hotStart(group, flow.lattice)
      let start = U
      let s = randomGradient(group, flow.lattice, seed: 5)
      var a = s
      U.links.withUnsafeMutableBufferPointer { links in
        a.elements.withUnsafeMutableBufferPointer { score in
          let weights = packed.pointer + flow.packedOffsets[number]
          _ = layer.apply(
            to: links.baseAddress!, packed: weights, tape: workspace.tape(number),
            scratch: workspace.scratch)
          layer.pushScore(
            score.baseAddress!, at: links.baseAddress!, packed: weights,
            tape: workspace.tape(number), scratch: workspace.scratch, gradient: nil)
          layer.pullback(
            score.baseAddress!, logDet: Lanes(repeating: 1), restoring: links.baseAddress!,
            packed: weights, tape: workspace.tape(number), scratch: workspace.scratch, gradient: nil
          )
        }
      }
      var worst = Lanes.zero
      for link in U.links.indices {
        let difference = a.elements[link] - s.elements[link]
        worst = max(worst, difference.dot(difference))
        let isSame = withUnsafeBytes(of: U.links[link]) { x in
          withUnsafeBytes(of: start.links[link]) { x.elementsEqual($0) }
        }
        #expect(isSame, "\(Group.name), layer \(number): link \(link) is not restored")
      }
      #expect(
        worst.max() < 1e-12, "\(Group.name) \(matrixArchitectures[index].name) layer \(number)")
    }
  }

  @Test(
    "The score that is pushed is the one that pulls back", arguments: matrixArchitectures.indices)
  func score(index: Int) throws {
    try checkScore(SU2.self, index)
    try checkScore(SU3.self, index)
    try checkScore(SU4.self, index)
  }

  private func makeTrainer<Group: CouplingGroup>(
    _ flow: CouplingFlow<Group>, _ estimator: TrainingOptions.Estimator, forward: Double = 0,
    threads: Int = 1, sampler: CouplingTrainer<Group>.TargetSampler? = nil
  ) -> CouplingTrainer<Group> {
    CouplingTrainer<Group>(
      flow: flow,
      options: TrainingOptions(
        batch: 32, learningRate: 1e-2, estimator: estimator, forwardFraction: forward,
        annealing: 0),
      seed: 5, threads: threads, action: { try! WilsonAction<Group>(beta: 1.7 * $0) },
      targetSampler: sampler)
  }

  private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// A gradient against differences of the loss of the same batch along itself and random directions; one
  /// percent of its norm is beyond what rounding of the network, knots and walls do to the best of four
  /// steps.
  private func expectGradient<Group: CouplingGroup>(
    _ trainer: CouplingTrainer<Group>, _ name: String
  ) {
    let start = trainer.state.parameters
    func evaluate(_ parameters: [Double]) -> Double {
      var state = trainer.state
      state.parameters = parameters
      trainer.state = state
      return trainer.evaluateBatch(progress: 1).loss
    }
    _ = evaluate(start)
    let gradient = trainer.gradient
    let size = norm(gradient)
    #expect(size > 0.01, "\(name): nothing to check")
    var generator = ScalarGenerator(seed: 1, purpose: .verification)
    for number in 0..<3 {
      var direction = number == 0 ? gradient : gradient.map { _ in 2 * generator.uniform() - 1 }
      let length = norm(direction)
      direction = direction.map { $0 / length }
      let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      func loss(_ step: Double) -> Double {
        evaluate(zip(start, direction).map { $0 + step * $1 })
      }
      let found = [1e-2, 2e-3, 4e-4, 1e-4].map { h in
        (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
      }
      #expect(
        found.contains { Swift.abs($0 - expected) < 0.01 * size },
        "\(name), direction \(number): \(found) against \(expected), norm \(size)")
    }
  }

  private func checkGradients<Group: CouplingGroup>(_ group: Group.Type, _ index: Int) throws {
    let flow = try makeMatrixFlow(group, index, scale: 0.7)
    let name = "\(Group.name) \(matrixArchitectures[index].name)"
    expectGradient(makeTrainer(flow, .plain), name + " plain")
    let sampler: CouplingTrainer<Group>.TargetSampler = { U, first, step in
      var generator = LaneGenerator(
        seed: 8, purpose: .prior, firstConfiguration: first, step: step)
      U.sampleHaar(using: &generator)
    }
    expectGradient(makeTrainer(flow, .plain, forward: 1, sampler: sampler), name + " forward")
    // The two estimators differ by the forward gradient on the flow's own samples, whose mean is zero.
    let own = CouplingTransport(flow)
    let forward = makeTrainer(flow, .plain, forward: 1) { U, first, step in
      var generator = LaneGenerator(
        seed: 5, purpose: .training, firstConfiguration: first, step: step)
      U.sampleHaar(using: &generator)
      _ = own.apply(to: &U)
    }
    let path = makeTrainer(flow, .path), plain = makeTrainer(flow, .plain)
    for trainer in [forward, path, plain] { _ = trainer.evaluateBatch(progress: 1) }
    let difference = flow.parameters.indices.map {
      path.gradient[$0] - plain.gradient[$0] - forward.gradient[$0]
    }
    #expect(norm(difference) < 1e-3 * (norm(path.gradient) + norm(plain.gradient)), "\(name) path")
  }

  @Test(
    "Gradients of every objective are derivatives of the loss",
    arguments: matrixArchitectures.indices)
  func gradients(index: Int) throws {
    try checkGradients(SU2.self, index)
    try checkGradients(SU3.self, index)
  }

  @Test("Training is the same bits on 1 and 2 threads")
  func threads() throws {
    let flow = try makeMatrixFlow(SU3.self, 0, scale: 0.3)
    let one = makeTrainer(flow, .path), two = makeTrainer(flow, .path, threads: 2)
    for _ in 0..<3 {
      _ = one.takeStep(progress: 0.5)
      _ = two.takeStep(progress: 0.5)
    }
    #expect(one.state == two.state)
  }

  /// Twenty seconds of one core at 8x8 are two at 4x4. False-alarm rate below 1e-4: `log Z` is 4 sigma.
  @Test("A tree of blocks learns SU(2) and SU(3)")
  func training() throws {
    try train(SU2.self, beta: 2.2, layers: 1, least: 0.9)
    try train(SU3.self, beta: 5, layers: 4, least: 0.8)
  }

  private func train<Group: CouplingGroup>(
    _ group: Group.Type, beta: Double, layers: Int, least: Double
  ) throws {
    let lattice = try Lattice([4, 4])
    let architecture = CouplingArchitecture(stages: [
      .init(
        geometry: .blocks, layers: layers, map: .spline(bins: 8), hidden: [8, 8], activation: .tanh)
    ])
    let trainer = CouplingTrainer<Group>(
      flow: try CouplingFlow(lattice: lattice, architecture: architecture, seed: 1),
      options: TrainingOptions(batch: 64, learningRate: 1e-2), seed: 1, threads: 2,
      action: { try! WilsonAction<Group>(beta: beta * $0) })
    let steps = 250
    for step in 0..<steps { _ = trainer.takeStep(progress: Double(step) / Double(steps)) }
    let logWeights = CouplingTransport(trainer.flow).logWeights(
      count: 4096, action: try WilsonAction<Group>(beta: beta), seed: 2, threads: 2)
    let weights = try LogWeights(logWeights)
    let exact = try ExactSU(colors: Group.colors, volume: lattice.volume, beta: beta)
    #expect(weights.effectiveSampleSize > least)
    let logZ = try weights.logPartitionFunction()
    #expect(abs(logZ.deviation(from: exact.logPartitionFunction)) < 4, "\(logZ)")
  }
}
