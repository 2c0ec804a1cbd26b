import GaugeFlow

/// A flow to time, with the figures of the same flow in PyTorch on one core.
struct FlowCase<Group: CouplingGroup>: Sendable {
  var name: String
  var architecture: CouplingArchitecture
  var extents: [Int]
  var beta: Double
  /// Milliseconds of a training step of 64 samples: reference, target.
  var step: (reference: Double?, target: Double?) = (nil, nil)
  /// Microseconds of a sample with its log-density: reference, target.
  var sample: (reference: Double?, target: Double?) = (nil, nil)

  func flow() throws -> CouplingFlow<Group> {
    try CouplingFlow<Group>(
      lattice: Lattice(extents), architecture: architecture, seed: 1)
  }

  /// A trainer on one thread at a learning rate at which the flow changes slowly.
  func trainer(_ estimator: TrainingOptions.Estimator) throws -> CouplingTrainer<Group> {
    let action = try WilsonAction<Group>(beta: beta)
    return CouplingTrainer<Group>(
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
        let action = try WilsonAction<Group>(beta: beta)
        return { keep(transport.logWeights(count: 1024, action: action, seed: 1, threads: 1)[0]) }
      })
    return list
  }
}

/// The stripes of the literature: 16 couplings, plaquettes only, networks with two hidden layers of eight.
private let literature = CouplingArchitecture(stages: [
  .init(
    geometry: .stripes, layers: 16, map: .spline(bins: 8), hidden: [8, 8], activation: .leakyReLU,
    pairLoops: false)
])

/// The flows of U(1).
let flowsU1: [FlowCase<U1>] = [
  FlowCase<U1>(
    name: "tutorial 8x8", architecture: .tutorial, extents: [8, 8], beta: 2, step: (72, 7),
    sample: (315, 32)),
  FlowCase<U1>(
    name: "tutorial 16x16", architecture: .tutorial, extents: [16, 16], beta: 2,
    step: (151, nil), sample: (1160, nil)),
  FlowCase<U1>(name: "blocks 8x8", architecture: .blocks, extents: [8, 8], beta: 2),
  FlowCase<U1>(name: "blocks 16x16", architecture: .blocks, extents: [16, 16], beta: 7),
  FlowCase<U1>(name: "plaquettes 8x8", architecture: .plaquettes(), extents: [8, 8], beta: 2),
]

/// The flows of SU(2).
let flowsSU2: [FlowCase<SU2>] = [
  FlowCase<SU2>(
    name: "SU(2) 8x8, 16 couplings", architecture: literature, extents: [8, 8], beta: 2.2,
    step: (817, nil), sample: (12_800, nil)),
  FlowCase<SU2>(
    name: "SU(2) blocks 8x8", architecture: .blocks(colors: 2), extents: [8, 8], beta: 2.2),
]

/// The flows of SU(3).
let flowsSU3: [FlowCase<SU3>] = [
  FlowCase<SU3>(
    name: "SU(3) 8x8, 16 couplings", architecture: literature, extents: [8, 8], beta: 5,
    step: (782, 40), sample: (7100, 350)),
  FlowCase<SU3>(
    name: "SU(3) blocks 8x8", architecture: .blocks(colors: 3), extents: [8, 8], beta: 5),
  FlowCase<SU3>(
    name: "SU(3) blocks 16x16", architecture: .blocks(colors: 3), extents: [16, 16], beta: 5),
  FlowCase<SU3>(
    name: "SU(3) residual 4x4x4x4", architecture: .residual(dimension: 4), extents: [4, 4, 4, 4],
    beta: 1),
]

let flows =
  flowsU1.flatMap(\.benchmarks) + flowsSU2.flatMap(\.benchmarks) + flowsSU3.flatMap(\.benchmarks)
