import GaugeFlow

/// Samples two-dimensional SU(2) gauge theory exactly with a flow that it fits in seconds.
@main
struct LibraryUse {
  static func main() throws {
    // The theory: weight exp((β/2) Σ Re tr P) on a periodic 8x8 lattice.
    let lattice = try Lattice([8, 8])
    let beta = 2.2
    let action = try WilsonAction<SU2>(beta: beta)

    // A gauge-equivariant continuous flow along β, its coefficients found by least squares.
    var options = RegressionOptions()
    options.particles = 512
    options.intervals = 8
    let trainer = RegressionTrainer(
      basis: try WalkBasis<SU2>(lattice: lattice, elements: WalkElements.su2),
      path: AnnealingPath(to: beta), options: options, seed: 1, threads: 2)
    while !trainer.isComplete {
      let report = trainer.fitInterval()
      if report.interval % 2 == 1 {
        print("β = \(report.beta): residual \(report.residual) of \(report.variance)")
      }
    }

    // Samples with the logarithms of their weights, exp(-S) over the density of the flow. A field
    // holds `laneCount` configurations, and so does a value of an observable.
    let count = 8192
    let plaquette = try AveragePlaquette<SU2>(on: lattice)
    let values = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
    let logWeights = RegressionTransport(trainer.flow).logWeights(
      count: count, action: action, seed: 2, threads: 2
    ) { U, packet, _, _ in values.pointer[packet] = plaquette.measure(U)[0] }
    let history = (0..<count).map { values.pointer[$0 / laneCount][$0 % laneCount] }

    // Reweighting corrects what the flow has not learned; the result is exact within its error.
    let weights = try LogWeights(logWeights)
    let estimate = try reweightedMean(history, logWeights: logWeights)
    let exact = try ExactSU(colors: 2, volume: lattice.volume, beta: beta)
    print("ESS   = \(weights.effectiveSampleSize)")
    print("<P>   = \(estimate)  exact \(exact.averagePlaquette)")
    print("log Z = \(try weights.logPartitionFunction())  exact \(exact.logPartitionFunction)")
  }
}
