import LatticeStatistics
import Testing

@Suite("Jackknife and bootstrap")
struct ResamplingTests {
  @Test("the jackknife of a mean is the standard error")
  func mean() throws {
    let series = referenceNormals(seed: 5, count: 100)
    let naive = try gammaMethod([series], sParameter: 0)
    let jackknifed = try jackknife(observables: [[series]], function: { $0[0] })
    #expect(agree(jackknifed.error, naive.error, to: 1e-12))
    #expect(jackknifed.value == naive.value)
  }

  @Test("a binned jackknife is the jackknife of the bin means where bins are full")
  func bins() throws {
    let series = referenceSeries(rho: 0.8, seed: 6, count: 1000)
    let means = (0..<50).map { series[$0 * 20..<($0 + 1) * 20].reduce(0, +) / 20 }
    let binned = try jackknife(observables: [[series]], binSize: 20, function: { $0[0] })
    let direct = try jackknife(observables: [[means]], function: { $0[0] })
    #expect(agree(binned.error, direct.error, to: 1e-11))
  }

  /// Three estimates of one error, each with its own error of about 5 %; 30 % apart in none of 1e4.
  @Test("jackknife, bootstrap and Gamma method agree on a ratio along chains of unequal length")
  func agreement() throws {
    let lengths = [8000, 5013]
    let a = lengths.enumerated().map {
      referenceSeries(rho: 0.6, seed: 50 + UInt64($0.offset), count: $0.element)
    }
    let b = lengths.enumerated().map { pair in
      zip(
        a[pair.offset],
        referenceSeries(rho: 0.6, seed: 60 + UInt64(pair.offset), count: pair.element)
      )
      .map { 0.5 * $0 + $1 + 4 }
    }
    let observables = [a.map { $0.map { $0 + 3 } }, b]
    let ratio = { @Sendable (means: [Double]) in means[0] / means[1] }
    let gamma = try gammaMethod(observables: observables, function: ratio)
    let jackknifed = try jackknife(observables: observables, binSize: 50, function: ratio)
    let booted = try bootstrap(observables: observables, binSize: 50, seed: 1, function: ratio)
    #expect(abs(jackknifed.error / gamma.error - 1) < 0.3)
    #expect(abs(booted.error / gamma.error - 1) < 0.3)
    #expect(gamma.value == jackknifed.value && gamma.value == booted.value)
  }

  @Test("weighted resampling agrees with the reweighted mean")
  func weighted() throws {
    let x = referenceNormals(seed: 70, count: 4000)
    let logs = x.map { 0.4 * $0 }
    let mean = try reweightedMean(x, logWeights: logs)
    let jackknifed = try jackknife(observables: [[x]], logWeights: [logs], function: { $0[0] })
    let booted = try bootstrap(
      observables: [[x]], logWeights: [logs], resamples: 2000, seed: 2, function: { $0[0] })
    #expect(agree(jackknifed.value, mean.value, to: 1e-14))
    #expect(abs(jackknifed.error / mean.error - 1) < 0.01)
    // 2000 resamples know the error to 1.6 %; 7 % are more than 4 of that.
    #expect(abs(booted.error / mean.error - 1) < 0.07)
  }

  @Test("the same seed gives the same bits, another seed others")
  func seeds() throws {
    let series = [[referenceNormals(seed: 8, count: 200)]]
    let first = try bootstrapSamples(
      observables: series, resamples: 50, seed: 3, function: { $0[0] })
    #expect(
      first
        == (try bootstrapSamples(observables: series, resamples: 50, seed: 3, function: { $0[0] })))
    #expect(
      first
        != (try bootstrapSamples(observables: series, resamples: 50, seed: 4, function: { $0[0] })))
  }

  @Test("bins out of range are typed errors")
  func refusals() {
    let series = [[referenceNormals(seed: 8, count: 20)]]
    #expect(throws: StatisticsError.tooShort(what: "bins", expected: 2, found: 1)) {
      try jackknife(observables: series, binSize: 11, function: { $0[0] })
    }
    #expect(throws: StatisticsError.self) {
      try jackknife(observables: series, binSize: 0, function: { $0[0] })
    }
    #expect(throws: StatisticsError.self) {
      try bootstrap(observables: series, resamples: 1, seed: 1, function: { $0[0] })
    }
    #expect(throws: StatisticsError.functionNotFinite(value: .infinity)) {
      try bootstrap(observables: series, seed: 1, function: { _ in .infinity })
    }
  }
}
