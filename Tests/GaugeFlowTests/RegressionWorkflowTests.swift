import Foundation
import GaugeFlow
import LatticeStatistics
import Testing

/// Models that several tests share, each fitted in a few seconds.
private enum Fitted {
  static func plan(
    _ group: String, _ extents: [Int], beta: Double,
    _ change: (inout RegressionPlan) throws -> Void = { _ in }
  ) throws -> RegressionPlan {
    var plan = RegressionPlan(
      group: group, lattice: try Lattice(extents), beta: beta, seed: 3, threads: 2)
    plan.options.particles = 512
    plan.options.intervals = 8
    plan.evaluationCount = 2048
    try change(&plan)
    return plan
  }

  static func run(_ plan: RegressionPlan, in scratch: Scratch, _ name: String = "m") throws
    -> (model: TrainedModel, record: RegressionRecord)
  {
    let record = try RegressionTraining.run(
      plan, directory: scratch(name), resume: false, overwrite: false
    ) { _ in true }
    return (try TrainedModel(reading: scratch(name)), record)
  }

  static func logWeights(_ model: TrainedModel, count: Int, beta: Double? = nil) throws
    -> LogWeights
  {
    try LogWeights(model.source(beta: beta).logWeights(count: count, seed: 77, threads: 2))
  }
}

/// From a fit to weighted samples, at the couplings and for the groups of the catalog.
@Suite("Regression workflow", .serialized)
struct RegressionWorkflowTests {
  /// 5.5 standard errors: a false alarm in 4e-8 of tests. A thousandth is left to the integrator.
  private func expectExactLogZ(_ weights: LogWeights, _ exact: Double, _ comment: String) throws {
    let logZ = try weights.logPartitionFunction()
    #expect(
      abs(logZ.value - exact) < 5.5 * logZ.error + 1e-3,
      "\(comment): expected log Z \(exact), found \(logZ)")
  }

  @Test("U(1): forward and reverse ESS, log Z at every coupling, and all laws of the model")
  func abelian() throws {
    let scratch = try Scratch()
    let (model, record) = try Fitted.run(Fitted.plan("U1", [8, 8], beta: 2), in: scratch)
    #expect(record.ess > 0.99 && (record.forwardESS ?? 0) > 0.99)
    #expect(record.integrationError < 1e-3)
    for beta in [0.7, 1.3, 2] {
      try expectExactLogZ(
        Fitted.logWeights(model, count: 4096, beta: beta),
        ExactU1(volume: 64, beta: beta).logPartitionFunction, "beta \(beta)")
    }
    for law in try verifyAll(model: model, seed: 5, threads: 2) { #expect(law.holds, "\(law)") }
  }

  @Test("SU(2) and SU(3) reach the exact log Z and plaquette", arguments: ["SU2", "SU3"])
  func nonAbelian(group: String) throws {
    let scratch = try Scratch()
    let beta = group == "SU2" ? 1.8 : 3.0
    let (model, record) = try Fitted.run(
      Fitted.plan(group, [8, 6], beta: beta) {
        $0.options.particles = 256
        $0.evaluationCount = 512
      }, in: scratch)
    #expect(record.ess > 0.9 && (record.forwardESS ?? 0) > 0.9)
    let exact = try ExactSU(colors: group == "SU2" ? 2 : 3, volume: 48, beta: beta)
    try expectExactLogZ(
      Fitted.logWeights(model, count: 2048), exact.logPartitionFunction, group)
    let curve = try CouplingCurve(of: model, count: 1024, seed: 4, threads: 2)
    #expect(curve.points.count == 8 && curve.points.last?.beta == beta)
    for point in curve.points {
      let reference = try #require(point.exact).theory
      #expect(
        abs(point.logZ.value - reference.logPartitionFunction) < 5.5 * point.logZ.error + 1e-3)
      #expect(abs(point.plaquette.deviation(from: reference.averagePlaquette)) < 5.5)
    }
  }

  @Test("In three and four dimensions local fields are the default, alone and escorted")
  func localFields() throws {
    let scratch = try Scratch()
    let (model, record) = try Fitted.run(
      Fitted.plan("SU2", [3, 3, 3], beta: 1) {
        $0.options.particles = 256
        $0.options.intervals = 6
        $0.evaluationCount = 1024
      }, in: scratch)
    guard case .regression(let stored) = model else {
      Issue.record("expected a regression flow")
      return
    }
    #expect(stored.basis == "local" && stored.elements.contains("bentX"))
    #expect(record.ess > 0.85 && (record.forwardESS ?? 0) > 0.85)
    for law in try verifyAll(model: model, seed: 5, threads: 2) { #expect(law.holds, "\(law)") }
    let (escorted, other) = try Fitted.run(
      Fitted.plan("SU2", [3, 3, 3], beta: 1) {
        try $0.apply(
          RunOptions(arguments: ["particles=128", "intervals=6"]), escorted: true)
        $0.evaluationCount = 1024
      }, in: scratch, "escorted")
    #expect(other.ess > record.ess && (other.forwardESS ?? 0) > 0.85)
    let logZ = try Fitted.logWeights(model, count: 2048).logPartitionFunction()
    let second = try Fitted.logWeights(escorted, count: 2048).logPartitionFunction()
    let error = (logZ.error * logZ.error + second.error * second.error).squareRoot()
    #expect(abs(logZ.value - second.value) < 5.5 * error + 1e-3, "\(logZ), \(second)")
  }

  @Test("Escorted annealing has the exact log Z, with forward ESS from reversed ways")
  func escorted() throws {
    let scratch = try Scratch()
    let (model, record) = try Fitted.run(
      Fitted.plan("SU2", [8, 6], beta: 2.2) {
        try $0.apply(RunOptions(arguments: ["particles=256"]), escorted: true)
        $0.evaluationCount = 1024
      }, in: scratch)
    #expect(record.ess > 0.95 && (record.forwardESS ?? 0) > 0.95)
    let exact = try ExactSU(colors: 2, volume: 48, beta: 2.2)
    try expectExactLogZ(
      Fitted.logWeights(model, count: 4096), exact.logPartitionFunction, "escorted")
  }

  @Test("Annealing from equilibrium at another coupling has the exact ratio of log Z")
  func annealing() throws {
    let scratch = try Scratch()
    var plan = AnnealingPlan(
      group: "SU2", lattice: try Lattice([6, 4]), beta: 2.4, from: 1.8, seed: 5, threads: 2)
    plan.steps = 12
    plan.evaluationCount = 256
    let record = try AnnealingTraining.run(plan, directory: scratch("m"), overwrite: false)
    #expect(record.ess > 0.5 && (record.frictionRatio ?? 1) < 1)
    let source = try TrainedModel(reading: scratch("m")).source()
    let weights = try LogWeights(source.logWeights(count: 4096, seed: 6, threads: 2))
    func exact(_ beta: Double) throws -> Double {
      try ExactSU(colors: 2, volume: 24, beta: beta).logPartitionFunction
    }
    let ratio = try exact(2.4) - exact(1.8)
    let logZ = try weights.logPartitionFunction()
    // Starts of a chain remember each other: 8 errors of independent ones.
    #expect(abs(logZ.value - ratio) < 8 * logZ.error, "expected \(ratio), found \(logZ)")
    #expect(logZ.error < 0.02)
    // The same bits for any number of threads and from any unit.
    let again = try source.logWeights(count: 256, seed: 6, threads: 1)
    #expect(again == Array(weights.values.prefix(256)))
    #expect(throws: ModelError.self) { try TrainedModel(reading: scratch("m")).source(beta: 2) }
    #expect(throws: EnsembleIOError.self) {
      try AnnealingTraining.run(plan, directory: scratch("m"), overwrite: false)
    }
  }

  @Test("A selection keeps the best elements, and the model knows them")
  func selection() throws {
    let scratch = try Scratch()
    let (model, record) = try Fitted.run(
      Fitted.plan("SU2", [6, 6], beta: 1.5) {
        $0.selected = 10
        $0.options.particles = 128
        $0.options.intervals = 4
        $0.evaluationCount = 512
      }, in: scratch)
    guard case .regression(let regression) = model else {
      Issue.record("expected a regression model")
      return
    }
    #expect(regression.elements.count == 10 && regression.elements.first == "a")
    #expect(record.parameters == 3 * 10 * 4 && record.ess > 0.9)
  }

  @Test("Coefficients of two volumes continue to a third better than those of one")
  func volumes() throws {
    let scratch = try Scratch()
    let (model, _) = try Fitted.run(
      Fitted.plan("U1", [10, 10], beta: 4) {
        $0.companion = try Lattice([8, 8])
        $0.options.intervals = 16
      }, in: scratch)
    guard case .regression(var single) = model else { return }
    single.volumeSlopes = nil
    let lattice = try Lattice([14, 14])
    func weights(_ model: TrainedModel) throws -> LogWeights {
      try LogWeights(
        model.source(on: lattice).logWeights(count: 2048, seed: 3, threads: 2))
    }
    let (two, one) = (try weights(model), try weights(.regression(single)))
    #expect(two.effectiveSampleSize > one.effectiveSampleSize)
    #expect(two.effectiveSampleSize > 0.8)
    try expectExactLogZ(
      two, ExactU1(volume: 196, beta: 4).logPartitionFunction, "another volume")
  }

  @Test("A fit that was stopped goes on to the same bits, for any number of threads")
  func resume() throws {
    let scratch = try Scratch()
    func run(_ name: String, threads: Int, resume: Bool, until last: Double) throws
      -> RegressionRecord
    {
      var plan = try Fitted.plan("U1", [6, 6], beta: 4)
      plan.threads = threads
      return try RegressionTraining.run(
        plan, directory: scratch(name), resume: resume, overwrite: false
      ) { $0.fraction < last }
    }
    #expect(try run("whole", threads: 1, resume: false, until: 2).isComplete)
    #expect(try !run("part", threads: 2, resume: false, until: 0.4).isComplete)
    #expect(throws: EnsembleIOError.self) {
      try run("part", threads: 2, resume: false, until: 2)
    }
    #expect(try run("part", threads: 2, resume: true, until: 2).isComplete)
    let whole = try RegressionModel(reading: scratch("whole"))
    #expect(try RegressionModel(reading: scratch("part")) == whole)
  }

  @Test("Bad plans are refused in one line")
  func refusals() throws {
    let scratch = try Scratch()
    func message(_ plan: RegressionPlan) -> String {
      do {
        _ = try Fitted.run(plan, in: scratch, UUID().uuidString)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message(try Fitted.plan("SU5", [6, 6], beta: 1)).contains("U1, SU2, SU3, SU4"))
    #expect(
      message(try Fitted.plan("U1", [6, 6], beta: 1) { $0.basis = "walks" })
        .contains("fourier or loops"))
    #expect(
      message(try Fitted.plan("SU2", [6, 6], beta: 1) { $0.elements = ["a", "Sll", "lll"] })
        .contains("lll"))
    #expect(
      message(try Fitted.plan("SU2", [6, 6], beta: 1) { $0.path = .tilted }).contains("linear"))
    #expect(throws: ModelError.self) {
      let (model, _) = try Fitted.run(
        Fitted.plan("U1", [4, 4], beta: 1) { $0.options.intervals = 2 }, in: scratch, "m")
      _ = try model.source(beta: 1.5)
    }
  }
}
