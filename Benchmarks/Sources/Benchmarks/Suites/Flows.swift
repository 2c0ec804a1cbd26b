import GaugeFlow

/// A flow to time, with the figures of the same flow in PyTorch on one core.
struct FlowCase: Sendable {
  var name: String
  var architecture: CouplingArchitecture
  var extent: Int
  var beta: Double
  /// Milliseconds of a training step of 64 samples: reference, target.
  var step: (reference: Double?, target: Double?) = (nil, nil)
  /// Microseconds of a sample with its log-density: reference, target.
  var sample: (reference: Double?, target: Double?) = (nil, nil)

  static let all = [
    FlowCase(
      name: "tutorial 8x8", architecture: .tutorial, extent: 8, beta: 2, step: (72, 7),
      sample: (315, 32)),
    FlowCase(
      name: "tutorial 16x16", architecture: .tutorial, extent: 16, beta: 2, step: (151, nil),
      sample: (1160, nil)),
    FlowCase(name: "blocks 8x8", architecture: .blocks, extent: 8, beta: 2),
    FlowCase(name: "blocks 16x16", architecture: .blocks, extent: 16, beta: 7),
    FlowCase(name: "plaquettes 8x8", architecture: .plaquettes(), extent: 8, beta: 2),
  ]

  func flow() throws -> CouplingFlow<U1> {
    try CouplingFlow<U1>(
      lattice: Lattice([extent, extent]), architecture: architecture, seed: 1)
  }

  /// A trainer on one thread at a learning rate at which the flow changes slowly.
  func trainer(_ estimator: TrainingOptions.Estimator) throws -> CouplingTrainer<U1> {
    let action = try WilsonAction<U1>(beta: beta)
    return CouplingTrainer<U1>(
      flow: try flow(),
      options: TrainingOptions(batch: 64, learningRate: 1e-4, estimator: estimator), seed: 1,
      threads: 1, action: { _ in action })
  }

  var benchmarks: [Benchmark] {
    let operations = (try? flow()).map { 2 * Double($0.multiplyAddCount) } ?? 0
    var list: [Benchmark] = []
    // A network's pullback costs two evaluations, its pullback to the features alone one.
    for (estimator, evaluations) in [(TrainingOptions.Estimator.path, 4.0), (.plain, 3)] {
      list.append(
        Benchmark(
          name: "\(name), step, \(estimator.rawValue) gradient",
          unit: .time("ms per step", scale: 1e3),
          work: .float(operations: 64 * evaluations * operations), reference: step.reference,
          target: step.target
        ) {
          let trainer = try trainer(estimator)
          return { keep(trainer.takeStep(progress: 0.5).loss) }
        })
    }
    list.append(
      Benchmark(
        name: "\(name), sample, log q and log w", unit: .time("us per sample", scale: 1e6),
        items: 1024, work: .float(operations: 1024 * operations), reference: sample.reference,
        target: sample.target
      ) {
        let transport = CouplingTransport(try flow())
        let action = try WilsonAction<U1>(beta: beta)
        return { keep(transport.logWeights(count: 1024, action: action, seed: 1, threads: 1)[0]) }
      })
    return list
  }
}

let flows = FlowCase.all.flatMap(\.benchmarks)
