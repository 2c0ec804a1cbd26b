import Foundation
import GaugeFlow
import Testing

@Suite("Measuring")
struct MeasurementTests {
  private static let lattice = try! Lattice([6, 6])
  private static let beta = 2.0

  /// Independent configurations of the exact distribution, as an ensemble directory.
  private func ensemble(
    _ path: String, count: Int, seed: UInt64, weightedFor target: Double? = nil
  ) throws -> EnsembleReader {
    let sampler = try DirectSamplerU1(lattice: Self.lattice, beta: Self.beta)
    let action = try WilsonAction<U1>(beta: 1)
    let writer = try EnsembleWriter(
      creating: path,
      description: EnsembleDescription(
        group: "U1", lattice: Self.lattice.extents, beta: target ?? Self.beta,
        provenance: .init(version: programVersion, command: "test")),
      weighted: target != nil, chained: false)
    var values = [Double](repeating: 0, count: writer.valuesPerConfiguration)
    for first in stride(from: 0, to: count, by: 8) {
      var U = LinkField<U1>(coldStart: Self.lattice)
      sampler.sample(into: &U, seed: seed, firstConfiguration: first)
      let unit = action.value(of: U)
      for lane in 0..<min(8, count - first) {
        values.withUnsafeMutableBufferPointer { U.store(lane: lane, into: $0) }
        // Weights are known up to a constant here, which no mean depends on.
        let weights = target.map { [17 - ($0 - Self.beta) * unit[lane]] } ?? []
        try writer.append(links: values, logWeights: weights)
      }
    }
    try writer.close()
    return try EnsembleReader(path)
  }

  private func report(
    _ sources: [any ConfigurationSource], to beta: Double? = nil, threads: Int = 2
  ) throws -> MeasurementReport {
    let observables = ObservableCatalog<U1>().applicable(to: Self.lattice, onlyDefaults: true)
    let measurement = EnsembleMeasurement(
      observables, on: Self.lattice, keepsPlaquetteSums: beta != nil, threads: threads)
    var histories = measurement.emptyHistories(beta: sources[0].targetBeta)
    for source in sources { #expect(try measurement.measure(source, into: &histories)) }
    if let beta { try histories.reweight(to: beta) }
    return try MeasurementReport(histories, exact: ExactReference(for: histories))
  }

  @Test("Exact samples agree with the exact results in every quantity that has one")
  func exactSamples() throws {
    let scratch = try Scratch()
    let report = try report([try ensemble(scratch("e"), count: 20_000, seed: 3)])
    var deviations: [Double] = []
    for section in report.sections {
      for quantity in section.quantities {
        guard let deviation = quantity.deviation else { continue }
        deviations.append(deviation)
        #expect(quantity.estimate?.tauInt == 0.5, "independent samples")
      }
    }
    #expect(deviations.count >= 20)
    // Union bound over the comparisons.
    let threshold = normalThreshold(falseAlarm: 1e-5, comparisons: deviations.count)
    #expect(deviations.allSatisfy { abs($0) < threshold }, "\(deviations)")
  }

  @Test("An ensemble with weights gives what the ensemble without them gives when reweighted")
  func weights() throws {
    let scratch = try Scratch()
    let plain = try ensemble(scratch("plain"), count: 1000, seed: 4)
    let weighted = try ensemble(scratch("weighted"), count: 1000, seed: 4, weightedFor: 2.2)
    let a = try report([plain], to: 2.2)
    let b = try report([weighted])
    // The two add the same logarithms in another order.
    let tolerance = 1e-11
    let first = try #require(a["plaquette"]?["plaquette"]?.estimate)
    let second = try #require(b["plaquette"]?["plaquette"]?.estimate)
    #expect(abs(first.value - second.value) < tolerance)
    #expect(abs(first.error - second.error) < tolerance)
    #expect(
      abs((a.effectiveSampleSize ?? 0) - (b.effectiveSampleSize ?? 1)) < tolerance)
    let exact = try ExactU1(volume: 36, beta: 2.2).averagePlaquette
    #expect(a["plaquette"]?["plaquette"]?.exact == exact)
  }

  @Test("Results do not depend on threads, nor on how configurations are parted into ensembles")
  func parts() throws {
    let scratch = try Scratch()
    let e = try ensemble(scratch("e"), count: 203, seed: 5)
    let one = try report([e], threads: 1)
    let many = try report([e], threads: 3)
    for (a, b) in zip(one.sections, many.sections) {
      for (x, y) in zip(a.quantities, b.quantities) { #expect(x.estimate == y.estimate) }
    }
    let twice = try report([e, e])
    #expect(twice.count == 406)
    #expect(
      abs(twice["plaquette"]!["plaquette"]!.value - one["plaquette"]!["plaquette"]!.value) < 1e-13)
  }

  @Test("Weights with a heavy tail get values and no error")
  func heavyWeights() throws {
    let scratch = try Scratch()
    let report = try report([try ensemble(scratch("e"), count: 1000, seed: 6)], to: 8)
    guard case .weightsTooHeavy? = report.weightsRefusal else {
      Issue.record("expected a refusal, found \(report.tailIndex ?? .nan)")
      return
    }
    let plaquette = try #require(report["plaquette"]?["plaquette"])
    #expect(plaquette.estimate == nil && plaquette.value.isFinite && plaquette.deviation == nil)
  }

  @Test("Chains that disagree raise the error")
  func chains() throws {
    var histories = MeasurementHistories(
      groupName: "U1", lattice: Self.lattice, beta: 1,
      observables: [
        ObservableHistory(name: "o", components: ["o"], derived: [], values: [[]])
      ])
    // Two chains around 0 and 1, with fluctuations of a hundredth.
    var generator = ScalarGenerator(seed: 2, purpose: .verification, index: 0, step: 0)
    let values = (0..<1000).map { Double($0 % 2) + 0.01 * Double(generator.next() >> 11) * 0x1p-53 }
    try histories.append(values: [[values]], chains: (0..<1000).map { $0 % 2 })
    let quantity = try #require(try MeasurementReport(histories)["o"]?["o"])
    let error = try #require(quantity.estimate?.error)
    #expect(error > 0.1, "chains half a unit from their mean, found an error of \(error)")
    try histories.append(values: [[values]], chains: (0..<1000).map { $0 % 2 })
    #expect(Set(histories.chains ?? []).count == 4)
    #expect(throws: MeasurementError.mixture(what: "chains", location: "samples")) {
      try histories.append(values: [[values]])
    }
  }

  @Test("Ensembles of another lattice or coupling are refused")
  func otherTheory() throws {
    let scratch = try Scratch()
    let e = try ensemble(scratch("e"), count: 20, seed: 7)
    let f = try ensemble(scratch("f"), count: 20, seed: 7, weightedFor: 2.5)
    #expect(throws: MeasurementError.self) { try report([e, f]) }
    let measurement = EnsembleMeasurement<U1>([], on: try Lattice([4, 9]), threads: 1)
    var histories = measurement.emptyHistories(beta: 2)
    #expect(throws: MeasurementError.self) { try measurement.measure(e, into: &histories) }
  }

  @Test("A bare array of angles measures as the ensemble it came from")
  func bareArray() throws {
    let scratch = try Scratch()
    let e = try ensemble(scratch("e"), count: 50, seed: 8)
    let bare = try ArraySource(scratch("e") + "/links.npy", beta: 2)
    #expect(bare.count == 50 && bare.latticeExtents == [6, 6])
    let values = (try report([e]), try report([bare]))
    #expect(
      values.0["plaquette"]!["plaquette"]!.value == values.1["plaquette"]!["plaquette"]!.value)
    #expect(throws: EnsembleIOError.self) { try ArraySource(scratch("e") + "/ensemble.json") }
  }
}
