import ExactResults
import Glibc
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import Testing

@testable import LatticeFlows

/// Fitting and integrating continuous flows, on a theory whose links do not interact.
@Suite("regression flows")
struct RegressionFlowTests {
  private static let beta = 2.0

  private static func basis(divergenceFactor: Double = 1) throws -> IndependentLinkBasis {
    var basis = IndependentLinkBasis(lattice: try Lattice([2, 2]), harmonics: 5)
    basis.divergenceFactor = divergenceFactor
    return basis
  }

  private static func options(_ change: (inout RegressionOptions) -> Void = { _ in })
    -> RegressionOptions
  {
    var options = RegressionOptions()
    options.particles = 256
    options.intervals = 6
    change(&options)
    return options
  }

  private static func train(
    _ basis: IndependentLinkBasis, _ options: RegressionOptions, threads: Int = 2
  ) -> RegressionTrainer<IndependentLinkBasis> {
    let trainer = RegressionTrainer(
      basis: basis, path: AnnealingPath(to: beta), options: options, seed: 3, threads: threads)
    while !trainer.isComplete { _ = trainer.fitInterval() }
    return trainer
  }

  private static func logWeights(
    _ flow: RegressionFlow<IndependentLinkBasis>, to beta: Double = Self.beta, count: Int = 4096,
    threads: Int = 2
  ) -> [Double] {
    let transport = RegressionTransport(flow, to: beta)
    let results = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
    forEachPacket(count: count / laneCount, threads: threads) { packet in
      var U = LinkField<U1>(coldStart: transport.lattice)
      let logDensity = transport.sample(
        into: &U, seed: 11, firstConfiguration: packet * laneCount)
      let sum = U.links.reduce(Lanes.zero) { $0 + sincos($1.angle).cos }
      results.pointer[packet] = beta * sum - logDensity
    }
    return (0..<count).map { results.pointer[$0 / laneCount][$0 % laneCount] }
  }

  /// `log I_0(β)`, by quadrature.
  private static func exactLogZ(_ beta: Double, links: Int) -> Double {
    let mean = (0..<400).reduce(0.0) { $0 + exp(beta * cos(2 * .pi * Double($1) / 400)) } / 400
    return Double(links) * log(mean)
  }

  @Test("a fit makes nearly exact samples at every coupling of the path, log Z within 5.5 sigma")
  func exactness() throws {
    let flow = Self.train(try Self.basis(), Self.options()).flow
    for beta in [0.6, 1.37, 2.0] {
      let weights = try LogWeights(Self.logWeights(flow, to: beta))
      #expect(weights.effectiveSampleSize > 0.999)
      let logZ = try weights.logPartitionFunction()
      let exact = Self.exactLogZ(beta, links: 8)
      // False alarms: 4e-8 for each coupling, and 1e-3 is left to the integrator.
      #expect(
        abs(logZ.value - exact) < 5.5 * logZ.error + 1e-3,
        "log Z at beta \(beta): expected \(exact), found \(logZ)")
    }
  }

  @Test("a wrong divergence keeps its effective sample size, and log Z gives it away")
  func wrongDivergence() throws {
    let flow = Self.train(try Self.basis(divergenceFactor: 1.05), Self.options()).flow
    let weights = try LogWeights(Self.logWeights(flow))
    #expect(weights.effectiveSampleSize > 0.98)
    let logZ = try weights.logPartitionFunction()
    #expect(abs(logZ.value - Self.exactLogZ(Self.beta, links: 8)) > 10 * logZ.error)
  }

  @Test("the error of the integrator is below the tolerance that was asked for")
  func tolerance() throws {
    for name in LowStorageIntegrator.all.map(\.name) {
      for tolerance in [1e-2, 1e-4] {
        let flow = Self.train(
          try Self.basis(),
          Self.options {
            $0.tolerance = tolerance
            $0.integrator = name
          }
        ).flow
        let error = RegressionTransport(flow).integrationError(count: 1024, seed: 5, threads: 2)
        #expect(error < 4 * tolerance, "\(name): error \(error), asked for \(tolerance)")
        #expect(error > 0)
      }
    }
  }

  @Test("the error falls with the power of the step that the scheme has", arguments: [0, 1])
  func order(index: Int) throws {
    let scheme = LowStorageIntegrator.all[index]
    var flow = Self.train(
      try Self.basis(), Self.options { $0.integrator = scheme.name }
    ).flow
    for index in flow.intervals.indices { flow.intervals[index].steps = 4 }
    let coarse = RegressionTransport(flow).integrationError(count: 256, seed: 5, threads: 2)
    let fine = RegressionTransport(flow.refined(by: 2)).integrationError(
      count: 256, seed: 5, threads: 2)
    let measured = log2(coarse / fine)
    #expect(abs(measured - Double(scheme.order)) < 0.35, "\(scheme.name): order \(measured)")
  }

  @Test("the inverse flow leads back, and its log-det is minus that of the flow")
  func roundTrip() throws {
    let flow = Self.train(try Self.basis(), Self.options { $0.tolerance = 1e-7 }).flow
    for transport in [RegressionTransport(flow), RegressionTransport(flow, to: 1.1)] {
      var generator = LaneGenerator(
        seed: 9, purpose: .verification, firstConfiguration: 0, step: 0)
      let start = LinkField<U1>(hotStart: transport.lattice, using: &generator)
      var U = start
      let logDet = transport.apply(to: &U)
      let back = try transport.applyInverse(to: &U)
      for (a, b) in zip(U.links, start.links) {
        let distance = abs(wrapAngle(a.angle - b.angle))
        #expect(all(distance .< 1e-5))
      }
      #expect(all(abs(logDet + back) .< 1e-5))
    }
  }

  @Test("fits and samples have the same bits for any number of threads")
  func threads() throws {
    let one = Self.train(try Self.basis(), Self.options(), threads: 1).flow
    let three = Self.train(try Self.basis(), Self.options(), threads: 3).flow
    #expect(one.intervals == three.intervals)
    #expect(
      Self.logWeights(one, count: 512, threads: 1) == Self.logWeights(one, count: 512, threads: 3))
  }

  @Test("a fit that is restored goes on to the same bits")
  func restored() throws {
    let whole = Self.train(try Self.basis(), Self.options()).flow
    let trainer = RegressionTrainer(
      basis: try Self.basis(), path: AnnealingPath(to: Self.beta), options: Self.options(), seed: 3,
      threads: 2)
    trainer.restore(Array(whole.intervals[..<3]))
    while !trainer.isComplete { _ = trainer.fitInterval() }
    #expect(trainer.flow.intervals == whole.intervals)
  }

  @Test("least squares find the coefficients of a target that is linear, whatever the scales")
  func leastSquares() {
    var generator = LaneGenerator(seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
    let packets = 40, scales = [1.0, 1e6, 1e-5], truth = [2.0, -3e-6, 4e4]
    let columns = Buffer<Lanes>(count: packets * 3, repeating: .zero)
    var target: [Lanes] = [], weights: [Lanes] = []
    for packet in 0..<packets {
      var sum = Lanes(repeating: 17)
      for i in 0..<3 {
        let value = scales[i] * (generator.normal() + 5)
        columns.pointer[packet * 3 + i] = value
        sum += truth[i] * value
      }
      target.append(sum)
      weights.append(generator.uniform())
    }
    let fit = LeastSquares(
      columns: UnsafeBufferPointer(columns.elements), count: 3, target: target, weights: weights,
      ridge: 1e-14)
    for i in 0..<3 { #expect(abs(fit.coefficients[i] / truth[i] - 1) < 1e-10) }
    #expect(fit.residual < 1e-12 * fit.variance)
  }

  @Test("a column that does not vary gets no coefficient")
  func constantColumn() {
    let columns = Buffer<Lanes>(count: 8, repeating: Lanes(repeating: 3))
    for packet in 0..<4 {
      columns.pointer[2 * packet] = Lanes(0, 1, 2, 3, 4, 5, 6, 7) * Double(packet + 1)
    }
    let fit = LeastSquares(
      columns: UnsafeBufferPointer(columns.elements), count: 2,
      target: (0..<4).map { 2 * columns.pointer[2 * $0] },
      weights: Array(repeating: Lanes(repeating: 1), count: 4), ridge: 1e-12)
    #expect(abs(fit.coefficients[0] - 2) < 1e-9)
    #expect(fit.coefficients[1] == 0)
  }
}

/// The tilt of the charge on the way.
@Suite("annealing paths")
struct AnnealingPathTests {
  @Test(
    "the target at the end of a path has no tilt, and rates are derivatives", arguments: [2.0, 7.0])
  func rates(beta: Double) {
    let path = AnnealingPath(.tilted, to: beta)
    #expect(abs(path.point(at: 1).tilt) < 1e-12)
    #expect(path.point(at: 0.5).tilt < -1e-3 || path.point(at: 0.5).tilt > 1e-3)
    for time in [0.1, 0.3, 0.449, 0.6, 0.9] {
      let h = 1e-5
      let (up, down) = (path.point(at: time + h), path.point(at: time - h))
      let point = path.point(at: time)
      #expect(
        abs((up.tilt - down.tilt) / (2 * h) - point.tiltRate) < 1e-5 * (1 + abs(point.tiltRate)))
      #expect(abs((up.beta - down.beta) / (2 * h) - point.betaRate) < 1e-7)
    }
  }

  @Test("the variance of a plaquette angle is that of the uniform density at 0 and 1/beta far off")
  func variance() {
    #expect(abs(TopologicalTilt.variance(0).value - .pi * .pi / 3) < 1e-12)
    #expect(abs(TopologicalTilt.variance(1e4).value * 1e4 - 1) < 1e-3)
  }
}
