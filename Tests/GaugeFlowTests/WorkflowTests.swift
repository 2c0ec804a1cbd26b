import Foundation
import GaugeFlow
import Testing

/// In units of the standard error: a false alarm in 6 of ten million comparisons of a normal
/// variable, in fewer than 1 of ten thousand runs of the comparisons here. Seeds are fixed.
private let largestDeviation = 5.0

/// What the tests of this file train and sample.
private enum Workflow {
  static func plan(
    _ extents: [Int], architecture: CouplingArchitecture = .blocks, batch: Int = 128, steps: Int,
    threads: Int = 2, forwardFraction: Double = 0
  ) throws -> TrainingPlan {
    var options = TrainingOptions()
    options.batch = batch
    options.forwardFraction = forwardFraction
    return TrainingPlan(
      group: "U1", lattice: try Lattice(extents), beta: 2, architecture: architecture,
      options: options,
      limit: .steps(steps), seed: 11, threads: threads)
  }

  static func train(_ plan: TrainingPlan) throws -> (model: CouplingModel, record: TrainingRecord) {
    let scratch = try Scratch()
    return try TrainingRun(plan, directory: scratch("m"), resume: false, overwrite: false)
      .run { _, _ in true }
  }

  /// A flow for 8x8 at beta 2, trained for some seconds, which the tests share.
  static let trained = Result { try train(plan([8, 8], steps: 600)) }

  static func flow() throws -> CouplingFlow<U1> { try trained.get().model.flow(as: U1.self) }

  static func sampling(
    _ flow: CouplingFlow<U1>, count: Int, mode: SamplingPlan.Mode, threads: Int = 2
  ) throws -> SamplingPlan {
    SamplingPlan(
      source: try ProposalSource(CouplingTransport(flow), of: U1.self, beta: 2), count: count,
      mode: mode,
      seed: 5, threads: threads)
  }
}

@Suite("Training")
struct WorkflowTrainingTests {
  @Test("A training that was stopped goes on to the same bits, for any number of threads")
  func resume() throws {
    let scratch = try Scratch()
    func run(_ name: String, threads: Int, resume: Bool = false, until last: Int = .max) throws
      -> (model: CouplingModel, record: TrainingRecord)
    {
      try TrainingRun(
        Workflow.plan([4, 4], batch: 32, steps: 60, threads: threads), directory: scratch(name),
        resume: resume, overwrite: false
      ).run { _, step in step.step < last }
    }
    let whole = try run("a", threads: 1)
    for stop in [1, 23, 59] {
      let name = "stopped-\(stop)"
      let part = try run(name, threads: 2, until: stop)
      #expect(!part.record.isComplete && part.record.steps == stop)
      let rest = try run(name, threads: 1, resume: true)
      #expect(rest.record.isComplete)
      #expect(rest.model == whole.model)
      #expect(rest.record.history.map(\.ess) == whole.record.history.map(\.ess))
      #expect(rest.record.history.map(\.steps) == whole.record.history.map(\.steps))
    }
    // Going on with what is finished changes nothing.
    let again = try run("a", threads: 2, resume: true)
    #expect(again.record.history == whole.record.history)
    #expect(again.model == whole.model)
    #expect(throws: EnsembleIOError.self) { try run("a", threads: 1) }
    #expect(throws: EnsembleIOError.self) {
      try TrainingRun(
        Workflow.plan([4, 4], batch: 64, steps: 60), directory: scratch("a"), resume: true,
        overwrite: false)
    }
  }

  @Test("A training that diverges says so and leaves no model")
  func divergence() throws {
    let scratch = try Scratch()
    var plan = try Workflow.plan([4, 4], batch: 32, steps: 60)
    plan.options.learningRate = 1e300
    let run = try TrainingRun(plan, directory: scratch("m"), resume: false, overwrite: false)
    #expect(throws: TrainingError.self) { try run.run { _, _ in true } }
    #expect(!FileManager.default.fileExists(atPath: scratch("m/model.safetensors")))
  }

  @Test(
    "Training on samples of the target, and on both kinds, improves the flow", arguments: [1, 0.5])
  func forwardTraining(fraction: Double) throws {
    let (_, record) = try Workflow.train(
      Workflow.plan([8, 8], batch: 64, steps: 250, forwardFraction: fraction))
    let first = try #require(record.history.first).ess
    #expect(record.ess > 0.3 && first < 0.01, "from \(first) to \(record.ess)")
    #expect(try #require(record.forwardESS) > 0.3)
  }

  @Test("Plaquette couplings improve as well")
  func plaquettes() throws {
    let (_, record) = try Workflow.train(
      Workflow.plan([8, 8], architecture: .plaquettes(), batch: 64, steps: 300))
    let first = try #require(record.history.first).ess
    #expect(record.ess > 0.05 && record.ess > 20 * first, "from \(first) to \(record.ess)")
  }

  @Test("Seconds of training beat drawing plaquettes, in both directions of the divergence")
  func realTraining() throws {
    let (model, record) = try Workflow.trained.get()
    let free = try ExactU1(volume: 64, beta: 2).learningFreeEffectiveSampleSize
    #expect(abs(free - 0.46) < 0.01)
    #expect(record.ess > 0.6, "found \(record.ess), \(free) with nothing learned")
    // The standard error of either is about 0.006.
    #expect(abs(try #require(record.forwardESS) - record.ess) < 0.05)
    #expect(abs(record.acceptanceRate - record.ess) < 0.2)
    let laws = try verifyAll(model: .coupling(model), seed: 3)
    #expect(laws.hold, "\(laws.filter { !$0.holds })")
  }

  @Test("A flow with a spoilt block of parameters is a worse sampler, and an exact one still")
  func spoiltBlock() throws {
    var flow = try Workflow.flow()
    for index in flow.blocks[2].range { flow.parameters[index] *= 1.2 }
    let laws = try verifyAll(model: .coupling(CouplingModel(flow: flow, beta: 2)), seed: 3)
    #expect(laws.hold, "\(laws.filter { !$0.holds })")
  }

  @Test("A model directory gives back the model, and refuses what was changed")
  func roundTrip() throws {
    let scratch = try Scratch()
    let model = try Workflow.trained.get().model
    try model.write(to: scratch("m"))
    let read = try CouplingModel(reading: scratch("m"))
    #expect(read == model && read.beta == 2 && read.group == "U1")
    #expect(
      try read.flow(as: U1.self).parameters == model.flow(as: U1.self).parameters)
    #expect(throws: EnsembleIOError.self) { try read.flow(as: SU2.self) }
    #expect(try read.checksum() == model.checksum())
    let path = scratch("m/model.safetensors")
    let data = try #require(FileManager.default.contents(atPath: path))
    for (name, position) in [("header", 300), ("tensors", data.count - 9)] {
      var tampered = data
      tampered[position] ^= 4
      try tampered.write(to: URL(fileURLWithPath: path))
      #expect(throws: EnsembleIOError.self, "\(name)") { try CouplingModel(reading: path) }
    }
    try data.prefix(data.count - 8).write(to: URL(fileURLWithPath: path))
    #expect(throws: EnsembleIOError.self) { try CouplingModel(reading: path) }
  }
}

@Suite("Sampling")
struct WorkflowSamplingTests {
  @Test(
    "Sampling that was stopped goes on to the same bytes, for any number of threads",
    arguments: SamplingPlan.Mode.allCases)
  func resume(mode: SamplingPlan.Mode) throws {
    let scratch = try Scratch()
    let flow = try CouplingFlow<U1>(lattice: Lattice([4, 4]), architecture: .blocks, seed: 1)
    let names = ["links.npy", "log_weight.npy", "chain.npy", "proposal_log_weight.npy"]
    func run(_ name: String, threads: Int, resume: Bool = false, until last: Int = .max) throws {
      let run = try SamplingRun(
        try Workflow.sampling(flow, count: 5003, mode: mode, threads: threads),
        directory: scratch(name), resume: resume, overwrite: false)
      _ = try run.run { $0 < last }
      try run.close()
      #expect(run.isComplete == (last == .max))
    }
    func files(_ name: String) -> [Data?] {
      names.map { FileManager.default.contents(atPath: scratch(name) + "/" + $0) }
    }
    try run("whole", threads: 1)
    try run("part", threads: 2, until: 1)
    try run("part", threads: 1, resume: true)
    #expect(files("part") == files("whole"))
    #expect(files("whole").compactMap { $0 }.count == (mode == .weighted ? 2 : 3))
    // A crash that lost the weights of the proposals: everything is made again.
    try run("crash", threads: 2, until: 1)
    try? FileManager.default.removeItem(atPath: scratch("crash/proposal_log_weight.npy"))
    try run("crash", threads: 2, resume: true)
    #expect(files("crash") == files("whole"))
  }

  @Test(
    "A handful of samples has a value for everything and an error for nothing",
    arguments: [1, 2, 10])
  func fewSamples(count: Int) throws {
    let scratch = try Scratch()
    let flow = try Workflow.flow()
    for mode in SamplingPlan.Mode.allCases {
      let run = try SamplingRun(
        try Workflow.sampling(flow, count: count, mode: mode), directory: scratch(mode.rawValue),
        resume: false, overwrite: false)
      _ = try run.run()
      try run.close()
      let found = try run.diagnostics(directory: scratch(mode.rawValue))
      #expect(found.count == count && found.logZ.value.isFinite && found.logZ.error.isNaN)
      #expect(found.tailIndex == nil)
    }
  }

  @Test("Weights and Metropolis both give exact values, sectors and log Z within their errors")
  func exactness() throws {
    let scratch = try Scratch()
    let flow = try Workflow.flow()
    for mode in SamplingPlan.Mode.allCases {
      let home = scratch(mode.rawValue)
      let run = try SamplingRun(
        try Workflow.sampling(flow, count: 16_000, mode: mode), directory: home, resume: false,
        overwrite: false)
      _ = try run.run()
      try run.close()
      let found = try run.diagnostics(directory: home)
      #expect(found.effectiveSampleSize > 0.6)
      let exact = try #require(found.exactLogZ)
      #expect(abs(found.logZ.deviation(from: exact)) < largestDeviation)
      #expect(found.sectors.count >= 7)
      // Rare sectors hold too few samples for a normal law.
      for (weight, exact) in found.sectors where weight.count > 100 {
        let deviation = weight.weight.deviation(from: try #require(exact))
        #expect(abs(deviation) < largestDeviation, "\(mode) Q = \(weight.sector): \(weight.weight)")
      }
      let histories = try measure(home, on: flow.lattice)
      try expectExact(histories, isChain: mode == .metropolis)
      if mode == .weighted { try expectExact(histories.metropolis(seed: 9), isChain: true) }
    }
  }

  @Test(
    "A flow samples other lattices exactly", arguments: [[4, 8], [16, 8], [8, 16], [16, 16]])
  func transfer(extents: [Int]) throws {
    let scratch = try Scratch()
    let flow = try Workflow.flow().moved(to: Lattice(extents))
    let run = try SamplingRun(
      try Workflow.sampling(flow, count: 8000, mode: .weighted), directory: scratch("e"),
      resume: false, overwrite: false)
    _ = try run.run()
    try run.close()
    let found = try run.diagnostics(directory: scratch("e"))
    #expect(abs(found.logZ.deviation(from: try #require(found.exactLogZ))) < largestDeviation)
    try expectExact(measure(scratch("e"), on: flow.lattice), isChain: false)
  }

  @Test(
    "A lattice with splits that were not trained is refused in one line",
    arguments: [[5, 5], [12, 12], [6, 8], [8, 8, 8]])
  func noTransfer(extents: [Int]) throws {
    let flow = try Workflow.flow()
    let lattice = try Lattice(extents)
    let error = #expect(throws: TransferError.self) { try flow.moved(to: lattice) }
    let text = "\(try #require(error))"
    #expect(text.contains("\(lattice)") && !text.contains("\n"))
  }

  private func measure(_ directory: String, on lattice: Lattice) throws -> MeasurementHistories {
    let observables = try ObservableCatalog<U1>().observables(
      named: ["plaquette", "topological-charge"], on: lattice)
    let measurement = EnsembleMeasurement(observables, on: lattice, threads: 2)
    var histories = measurement.emptyHistories(beta: 2)
    _ = try measurement.measure(EnsembleReader(directory), into: &histories)
    return histories
  }

  private func expectExact(_ histories: MeasurementHistories, isChain: Bool) throws {
    let report = try MeasurementReport(histories, exact: ExactReference(for: histories))
    for (observable, name) in [
      ("plaquette", "plaquette"), ("topological-charge", "charge_squared"),
    ] {
      let quantity = try #require(report[observable]?[name])
      let deviation = try #require(quantity.deviation)
      #expect(abs(deviation) < largestDeviation, "\(name): \(deviation) sigma off")
      // An accepted proposal in two or three of four makes a chain remember.
      if isChain { #expect(try #require(quantity.estimate?.tauInt) > 0.6) }
    }
  }
}
