import GaugeFlow

/// Samples two-dimensional U(1) gauge theory exactly with a flow that it trains in seconds.
@main
struct LibraryUse {
  static func main() throws {
    // The theory: weight exp(β Σ cos P) on a periodic 8x8 lattice.
    let lattice = try Lattice([8, 8])
    let beta = 2.0
    let action = try WilsonAction<U1>(beta: beta)

    // A gauge-equivariant flow, trained on its own samples; β rises to its target on the way.
    let trainer = CouplingTrainer(
      flow: try CouplingFlow(lattice: lattice, architecture: .blocks, seed: 1),
      options: TrainingOptions(), seed: 1, threads: 2, action: { fraction in fraction * action })
    let steps = 400
    for step in 0..<steps {
      let report = trainer.takeStep(progress: Double(step) / Double(steps))
      if report.step.isMultiple(of: 100) {
        print("step \(report.step): loss \(report.loss)")
      }
    }

    // Samples with the logarithms of their weights, exp(-S) over the density of the flow. A field
    // holds `laneCount` configurations, and so does a value of an observable.
    let count = 16_384
    let plaquette = try AveragePlaquette<U1>(on: lattice)
    let values = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
    let logWeights = CouplingTransport(trainer.flow).logWeights(
      count: count, action: action, seed: 2, threads: 2
    ) { U, packet, _, _ in values.pointer[packet] = plaquette.measure(U)[0] }
    let history = (0..<count).map { values.pointer[$0 / laneCount][$0 % laneCount] }

    // Reweighting corrects what the flow has not learned; the result is exact within its error.
    let weights = try LogWeights(logWeights)
    let estimate = try reweightedMean(history, logWeights: logWeights)
    let exact = try ExactU1(volume: lattice.volume, beta: beta)
    print("ESS   = \(weights.effectiveSampleSize)")
    print("<P>   = \(estimate)  exact \(exact.averagePlaquette)")
    print("log Z = \(try weights.logPartitionFunction())  exact \(exact.logPartitionFunction)")
  }
}
