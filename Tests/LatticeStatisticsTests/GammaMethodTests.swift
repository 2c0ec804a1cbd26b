import LatticeStatistics
import Testing

/// A result of pyerrors 2.17.0.
struct ReferenceRow: Sendable, CustomTestStringConvertible {
  var name: String
  var chains: [(rho: Double, seed: UInt64, count: Int)]
  var sParameter: Double
  var tauExp: Double
  var value, error, errorOfError, tauInt, tauIntError: Double
  var window: Int

  var testDescription: String { "\(name), S = \(sParameter), tau_exp = \(tauExp)" }
}

/// Agreement asked of the reference: its numbers carry 16 digits, sums of 1e4 terms lose 2 to 4.
private let referenceTolerance = 1e-10

private func expectEqual(
  _ estimate: Estimate, _ row: ReferenceRow, location: SourceLocation = #_sourceLocation
) {
  let pairs = [
    ("value", estimate.value, row.value), ("error", estimate.error, row.error),
    ("error of error", estimate.errorOfError!, row.errorOfError),
    ("tau_int", estimate.tauInt!, row.tauInt),
    ("error of tau_int", estimate.tauIntError!, row.tauIntError),
  ]
  for (name, found, expected) in pairs {
    #expect(
      agree(found, expected, to: referenceTolerance),
      "\(name): expected \(expected), found \(found), relative \((found - expected) / expected)",
      sourceLocation: location)
  }
  #expect(estimate.window == row.window, sourceLocation: location)
}

// From reference/gamma-method.json of the project (rows in its order), then more rows of the same
// program and version on the same generator.
private let rows: [ReferenceRow] = [
  ReferenceRow(
    name: "rho 0.5", chains: [(0.5, 2, 4096)], sParameter: 2, tauExp: 0,
    value: -0.014600300733188675, error: 0.02554821409374749,
    errorOfError: 0.0014113527681948888, tauInt: 1.4154478593130648,
    tauIntError: 0.14646294071403423, window: 12),
  ReferenceRow(
    name: "rho 0.5", chains: [(0.5, 2, 4096)], sParameter: 1.5, tauExp: 0,
    value: -0.014600300733188675, error: 0.02504293847300724,
    errorOfError: 0.0012060550046757528, tauInt: 1.3600139253580956,
    tauIntError: 0.12077025246704623, window: 9),
  ReferenceRow(
    name: "rho 0.5", chains: [(0.5, 2, 4096)], sParameter: 2, tauExp: 10,
    value: -0.014600300733188675, error: 0.02710658348008215,
    errorOfError: 0.000993290205858959, tauInt: 1.5933909533507062,
    tauIntError: 0.31635097438212934, window: 5),
  ReferenceRow(
    name: "rho 0.9", chains: [(0.9, 3, 16384)], sParameter: 2, tauExp: 0,
    value: 0.023235724248843365, error: 0.033137506170667706,
    errorOfError: 0.002249486171776516, tauInt: 9.07516110251577,
    tauIntError: 1.1459108618503113, window: 75),
  ReferenceRow(
    name: "rho 0.9", chains: [(0.9, 3, 16384)], sParameter: 1.5, tauExp: 0,
    value: 0.023235724248843365, error: 0.03354331122754788,
    errorOfError: 0.00202141016352962, tauInt: 9.298792650351874,
    tauIntError: 1.0227620959872255, window: 59),
  ReferenceRow(
    name: "rho 0.9", chains: [(0.9, 3, 16384)], sParameter: 2, tauExp: 10,
    value: 0.023235724248843365, error: 0.03415021215148452,
    errorOfError: 0.001520985650665805, tauInt: 9.638323795393623,
    tauIntError: 0.7926313656572281, window: 32),
  ReferenceRow(
    name: "two replica rho 0.8", chains: [(0.8, 21, 2000), (0.8, 22, 3000)], sParameter: 2,
    tauExp: 0, value: 0.0948280044490195, error: 0.04203773219043001,
    errorOfError: 0.0034409366770816806, tauInt: 4.1933716778389405,
    tauIntError: 0.634310008205897, window: 33),
  ReferenceRow(
    name: "three replica rho 0.98", chains: [(0.98, 31, 3000), (0.98, 32, 1000), (0.98, 33, 7000)],
    sParameter: 2, tauExp: 0, value: -0.025836468399062174, error: 0.12537527968902776,
    errorOfError: 0.024831672529415632, tauInt: 90.59894879229991,
    tauIntError: 29.86496417604902, window: 431),
  ReferenceRow(
    name: "three replica rho 0.98", chains: [(0.98, 31, 3000), (0.98, 32, 1000), (0.98, 33, 7000)],
    sParameter: 1, tauExp: 0, value: -0.025836468399062174, error: 0.11146623846426146,
    errorOfError: 0.015565413106909377, tauInt: 71.61203583268133,
    tauIntError: 15.85912236648446, window: 214),
  ReferenceRow(
    name: "three replica rho 0.98", chains: [(0.98, 31, 3000), (0.98, 32, 1000), (0.98, 33, 7000)],
    sParameter: 0, tauExp: 0, value: -0.025836468399062174, error: 0.00931398082498649,
    errorOfError: 6.279484591191165e-05, tauInt: 0.5, tauIntError: 0, window: 0),
  ReferenceRow(
    name: "three replica rho 0.98", chains: [(0.98, 31, 3000), (0.98, 32, 1000), (0.98, 33, 7000)],
    sParameter: 2, tauExp: 50, value: -0.025836468399062174, error: 0.12110355877311017,
    errorOfError: 0.018990841002493892, tauInt: 84.53044204951715,
    tauIntError: 20.80342618579206, window: 270),
  ReferenceRow(
    name: "rho 0.999", chains: [(0.999, 41, 30000)], sParameter: 2, tauExp: 0,
    value: -0.008750051392560635, error: 0.2571747474186219,
    errorOfError: 0.08203431025933845, tauInt: 1124.268860408432,
    tauIntError: 496.48022090058805, window: 3052),
  ReferenceRow(
    name: "nine entries", chains: [(0.5, 51, 9)], sParameter: 2, tauExp: 0,
    value: -0.3848952225428374, error: 0.3429910502020186,
    errorOfError: 0.18077215594858909, tauInt: 0.7000000000000003,
    tauIntError: 0.4714045207910319, window: 2),
  ReferenceRow(
    name: "nine entries", chains: [(0.5, 51, 9)], sParameter: 2, tauExp: 3,
    value: -0.3848952225428374, error: 0.6889452534505752,
    errorOfError: 0.28126072194439017, tauInt: 2.824241880141015,
    tauIntError: 0.4640164234652712, window: 1),
  ReferenceRow(
    name: "rho -0.7", chains: [(-0.7, 61, 500)], sParameter: 2, tauExp: 0,
    value: 0.01722525859253847, error: 0.046634800787951375,
    errorOfError: 0.0025542932356320664, tauInt: 0.5019960079840322,
    tauIntError: 0.04472135954999581, window: 1),
]

@Suite("Gamma method")
struct GammaMethodTests {
  @Test("agrees with pyerrors 2.17.0 on autoregressive series", arguments: rows)
  func reference(_ row: ReferenceRow) throws {
    let chains = row.chains.map { referenceSeries(rho: $0.rho, seed: $0.seed, count: $0.count) }
    let estimate = try gammaMethod(chains, sParameter: row.sParameter, tauExp: row.tauExp)
    expectEqual(estimate, row)
    #expect(estimate.count == chains.reduce(0) { $0 + $1.count })
  }

  // The "ratio" row of reference/gamma-method.json.
  @Test("agrees with pyerrors 2.17.0 on a ratio of means, with and without a given gradient")
  func ratio() throws {
    let a = referenceSeries(rho: 0.5, seed: 2, count: 4096)
    let b = referenceSeries(rho: 0.9, seed: 7, count: 4096)
    let numerator = a.map { $0 + 10 }
    let denominator = zip(a, b).map { $0 * $0 + 5 + $1 }
    let row = ReferenceRow(
      name: "ratio", chains: [], sParameter: 2, tauExp: 0, value: 1.6899477158906573,
      error: 0.021862098624538622, errorOfError: 0.0018236198263111326,
      tauInt: 3.6092586158468625, tauIntError: 0.5556676825892642, window: 28)
    let observables = [[numerator], [denominator]]
    expectEqual(
      try gammaMethod(
        observables: observables, function: { $0[0] / $0[1] },
        gradient: { [1 / $0[1], -$0[0] / ($0[1] * $0[1])] }), row)
    expectEqual(try gammaMethod(observables: observables, function: { $0[0] / $0[1] }), row)
  }

  // The "reweight" row of reference/gamma-method.json.
  @Test("agrees with pyerrors 2.17.0 on a reweighted mean")
  func reweighting() throws {
    let a = referenceSeries(rho: 0.5, seed: 11, count: 4096)
    let b = referenceSeries(rho: 0.5, seed: 12, count: 4096)
    let row = ReferenceRow(
      name: "reweight", chains: [], sParameter: 2, tauExp: 0, value: 0.20624025626588754,
      error: 0.031228612842134133, errorOfError: 0.0017251534302908085,
      tauInt: 1.3309174703032018, tauIntError: 0.13823686907856328, window: 12)
    let values = zip(a, b).map { 0.5 * $0 + $1 }
    let logWeights = a.map { 0.3 * $0 }
    expectEqual(try reweightedMean([values], logWeights: [logWeights]), row)
    // The same as a derived quantity of <wO> and <w>, the weights shifted by a constant.
    let weights = logWeights.map { exponential($0) }
    expectEqual(
      try gammaMethod(
        observables: [[zip(weights, values).map(*)], [weights]], function: { $0[0] / $0[1] }), row)
    expectEqual(
      try reweightedMean([values], logWeights: [logWeights.map { $0 + 800 }]), row)
  }

  @Test("one observable through the identity is its mean")
  func identity() throws {
    let chains = [referenceSeries(rho: 0.8, seed: 5, count: 1000)]
    let plain = try gammaMethod(chains)
    let derived = try gammaMethod(observables: [chains], function: { $0[0] })
    #expect(agree(plain.error, derived.error, to: referenceTolerance))
    #expect(plain.value == derived.value)
  }

  /// 1000 chains of 2000 entries, tau_int 4.5, tau_exp 4.48: |z| > 1 in a fraction 0.3173 of
  /// them. The count has
  /// a standard deviation of 0.0147; a threshold of 4 of them plus 0.01 for the spread of the
  /// estimated error alarms falsely in fewer than 6e-5 of all cases.
  @Test("errors cover the truth as often as one sigma should", arguments: [0.0, 4.48])
  func coverage(tauExp: Double) throws {
    var outside = 0
    var tau = 0.0
    let repetitions = 1000
    for seed in 0..<repetitions {
      var generator = TestGenerator(seed: UInt64(seed))
      let series = autoregressive(generator.normals(2000), rho: 0.8)
      let estimate = try gammaMethod([series], tauExp: tauExp)
      if abs(estimate.deviation(from: 0)) > 1 { outside += 1 }
      tau += estimate.tauInt! / Double(repetitions)
    }
    let share = Double(outside) / Double(repetitions)
    #expect(abs(share - 0.3173) < 4 * 0.0147 + 0.01, "|z| > 1 in \(share)")
    // The mean of tau_int is known to 0.02, its bias from the window to a few per cent.
    #expect(abs(tau - 4.5) < 0.3, "mean tau_int \(tau), exact 4.5")
  }

  /// 400 estimates from 8 chains of 400 entries; threshold as above (standard deviation 0.0233).
  @Test("the overall mean as origin covers many short chains")
  func manyChains() throws {
    var outside = 0
    for seed in 0..<400 {
      var generator = TestGenerator(seed: 7000 + UInt64(seed))
      let chains = (0..<8).map { _ in autoregressive(generator.normals(400), rho: 0.8) }
      let estimate = try gammaMethod(chains, origin: .overallMean)
      if abs(estimate.deviation(from: 0)) > 1 { outside += 1 }
    }
    #expect(abs(Double(outside) / 400 - 0.3173) < 4 * 0.0233 + 0.01)
  }

  @Test("chains that disagree raise the error only from the overall mean")
  func disagreement() throws {
    let low = referenceNormals(seed: 1, count: 1000)
    let high = referenceNormals(seed: 2, count: 1000).map { $0 + 5 }
    let blind = try gammaMethod([low, high])
    let seeing = try gammaMethod([low, high], origin: .overallMean)
    #expect(seeing.error > 20 * blind.error)
  }

  @Test("the result scales with the series and ignores its offset")
  func scaling() throws {
    let series = referenceSeries(rho: 0.9, seed: 9, count: 5000)
    let plain = try gammaMethod([series])
    let moved = try gammaMethod([series.map { 1e6 - 1e-3 * $0 }])
    // The offset costs 9 of 16 digits of the fluctuations.
    #expect(agree(moved.error, 1e-3 * plain.error, to: 1e-6))
    #expect(agree(moved.tauInt!, plain.tauInt!, to: 1e-6))
    #expect(moved.window == plain.window)
  }

  @Test("a million entries with a window of thousands")
  func long() throws {
    var generator = TestGenerator(seed: 99)
    let series = autoregressive(generator.normals(1_000_000), rho: 0.999)
    let estimate = try gammaMethod([series])
    // Exact: 999.5. Four of its errors alarm falsely in 6e-5 of all cases.
    #expect(abs(estimate.tauInt! - 999.5) < 4 * estimate.tauIntError!)
    #expect(abs(estimate.deviation(from: 0)) < 4)
  }

  @Test("a numerical gradient is exact to 1e-10 for smooth functions")
  func gradient() throws {
    let a = referenceNormals(seed: 3, count: 400).map { $0 + 2 }
    let b = referenceNormals(seed: 4, count: 400).map { 0.1 * $0 + 0.3 }
    let observables = [[a], [b]]
    let numerical = try gammaMethod(
      observables: observables, function: { ($0[0] * $0[0] - $0[1]) / ($0[1] * $0[0]) })
    let analytic = try gammaMethod(
      observables: observables, function: { ($0[0] * $0[0] - $0[1]) / ($0[1] * $0[0]) },
      gradient: { [1 / $0[1] + 1 / ($0[0] * $0[0]), -$0[0] / ($0[1] * $0[1])] })
    #expect(agree(numerical.error, analytic.error, to: 1e-10))
  }
}

@Suite("Gamma method: input that cannot be analysed")
struct GammaMethodRefusals {
  @Test("short, empty, undefined and frozen series are typed errors")
  func refusals() {
    #expect(throws: StatisticsError.tooShort(what: "chains", expected: 1, found: 0)) {
      try gammaMethod([])
    }
    #expect(throws: StatisticsError.tooShort(what: "entries of a chain", expected: 5, found: 4)) {
      try gammaMethod([[1, 2, 3, 4]])
    }
    #expect(
      throws: StatisticsError.tooShort(what: "entries of the longest chain", expected: 8, found: 7)
    ) {
      try gammaMethod([[1, 2, 3, 4, 3, 2, 5]], tauExp: 1)
    }
    #expect(
      throws: StatisticsError.notFinite(what: "series", chain: 1, index: 2, value: .infinity)
    ) {
      try gammaMethod([[1, 2, 3, 4, 5], [1, 2, .infinity, 4, 5]])
    }
    #expect(throws: StatisticsError.self) { try gammaMethod([[1, 2, .nan, 4, 5]]) }
    // A constant that binary fractions do not hold: its mean is off by a rounding.
    #expect(throws: StatisticsError.self) { try gammaMethod([[Double](repeating: 0.1, count: 77)]) }
    do {
      _ = try gammaMethod([[Double](repeating: 3, count: 10)])
      Issue.record("a frozen series was accepted")
    } catch {
      #expect(error == .constantSeries(value: 3, count: 10))
      #expect("\(error)".contains("found 10 entries"))
    }
  }

  @Test("parameters out of range, wrong shapes and undefined functions are typed errors")
  func parameters() {
    let series = [referenceNormals(seed: 1, count: 50)]
    #expect(throws: StatisticsError.self) { try gammaMethod(series, sParameter: -1) }
    #expect(throws: StatisticsError.self) { try gammaMethod(series, sParameter: .nan) }
    #expect(throws: StatisticsError.self) { try gammaMethod(series, tauExp: -1) }
    #expect(
      throws: StatisticsError.shapeMismatch(what: "chain length of series", expected: 50, found: 49)
    ) {
      try gammaMethod(
        observables: [series, [referenceNormals(seed: 2, count: 49)]], function: { $0[0] })
    }
    #expect(throws: StatisticsError.shapeMismatch(what: "gradient", expected: 1, found: 2)) {
      try gammaMethod(observables: [series], function: { $0[0] }, gradient: { _ in [1, 2] })
    }
    #expect(throws: StatisticsError.functionNotFinite(value: .infinity)) {
      try gammaMethod(observables: [series], function: { _ in .infinity })
    }
  }
}
