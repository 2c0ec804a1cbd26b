import Foundation
import GaugeFlow

/// A training whose effective sample size is followed.
struct TrainingCourse: Sendable {
  var name: String
  var architecture: CouplingArchitecture
  var extent: Int
  var beta: Double
  var seconds: Double
  var options = TrainingOptions()
  var showsSectors = false

  static let all = [
    TrainingCourse(
      name: "blocks 8x8 beta 2, 10 s", architecture: .blocks, extent: 8, beta: 2, seconds: 10),
    TrainingCourse(
      name: "blocks 8x8 beta 2, 60 s", architecture: .blocks, extent: 8, beta: 2, seconds: 60),
    TrainingCourse(
      name: "plaquettes 8x8 beta 2, 60 s", architecture: .plaquettes(), extent: 8, beta: 2,
      seconds: 60),
    TrainingCourse(
      name: "plaquettes 8x8 beta 2, rate 1e-3, 60 s", architecture: .plaquettes(), extent: 8,
      beta: 2, seconds: 60, options: TrainingOptions(learningRate: 1e-3)),
    TrainingCourse(
      name: "blocks 16x16 beta 7, 120 s", architecture: .blocks, extent: 16, beta: 7,
      seconds: 120, showsSectors: true),
  ]

  /// What a course found.
  struct Outcome: Codable {
    var name: String
    var threads: Int
    var record: TrainingRecord
    var learningFree: Double
    var sectors: [Sector]
    struct Sector: Codable {
      var charge: Int
      var weight: Double
      var error: Double
      var exact: Double
    }
  }

  /// Trains on two threads in a temporary directory.
  func run() throws -> Outcome {
    let threads = 2
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("gaugeflow-benchmark-\(getpid())").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let lattice = try Lattice([extent, extent])
    let plan = TrainingPlan(
      group: "U1", lattice: lattice, beta: beta, architecture: architecture, options: options,
      limit: .seconds(seconds), seed: 1, threads: threads)
    let training = try TrainingRun(plan, directory: directory, resume: false, overwrite: true)
    let (model, record) = try training.run { _, _ in true }
    let exact = try ExactU1(volume: lattice.volume, beta: beta)
    var sectors: [Outcome.Sector] = []
    if showsSectors {
      let samples = 65_536
      let transport = CouplingTransport(try model.flow(as: U1.self))
      let charge = try ObservableCatalog<U1>().observable(
        named: "topological-charge", on: lattice)
      let component = charge.components.firstIndex(of: "charge")!
      let charges = Buffer<Lanes>(count: samples / laneCount, repeating: .zero)
      let weights = transport.logWeights(
        count: samples, action: try WilsonAction<U1>(beta: beta), seed: 2, threads: threads
      ) { U, packet, _, _ in charges.pointer[packet] = charge.measure(U)[component] }
      let found = try sectorWeights(
        (0..<samples).map { Int(charges.pointer[$0 / laneCount][$0 % laneCount].rounded()) },
        logWeights: weights)
      sectors = found.map {
        Outcome.Sector(
          charge: $0.sector, weight: $0.weight.value, error: $0.weight.error,
          exact: exact.sectors.probability(of: $0.sector))
      }
    }
    return Outcome(
      name: name, threads: threads, record: record,
      learningFree: exact.learningFreeEffectiveSampleSize, sectors: sectors)
  }
}

func printOutcome(_ outcome: TrainingCourse.Outcome) {
  let record = outcome.record
  print("\(outcome.name), \(outcome.threads) threads, \(record.parameters) parameters")
  print(
    "  ESS \(short(record.ess)), forward \(record.forwardESS.map(short) ?? "-"), acceptance "
      + "\(short(record.acceptanceRate)), learning-free \(short(outcome.learningFree)), "
      + "\(record.steps) steps")
  print(
    "  seconds: ESS  "
      + record.history.map { "\(short($0.seconds)): \(short($0.ess))" }.joined(separator: "  "))
  for sector in outcome.sectors where sector.exact > 1e-4 {
    print(
      "  sector \(pad("\(sector.charge)", 3, right: true))  \(short(sector.weight)) "
        + "+- \(short(sector.error))  exact \(short(sector.exact))")
  }
  fflush(nil)
}
