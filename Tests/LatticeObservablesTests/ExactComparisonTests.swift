import ExactResults
import LaneMath
import LatticeFields
import LatticeObservables
import LatticeStatistics
import Testing

/// Observables on independent exact samples of 2D U(1), against the exact finite-volume results.
///
/// Each suite makes at most 200 comparisons, each of which fails by chance with probability 6e-7
/// (5 standard deviations): a false alarm in 1e-4 of seeds at most. The seed is fixed.
private struct ExactEnsemble {
  let lattice: Lattice
  let exact: ExactU1
  let fields: [LinkField<U1>]
  let largestDeviation = 5.0

  init(_ extents: [Int], beta: Double, packets: Int) throws {
    lattice = try Lattice(extents)
    exact = try ExactU1(volume: lattice.volume, beta: beta)
    let sampler = try DirectSamplerU1(lattice: lattice, beta: beta)
    var U = LinkField<U1>(coldStart: lattice)
    var fields: [LinkField<U1>] = []
    for packet in 0..<packets {
      sampler.sample(into: &U, seed: 77, firstConfiguration: packet * laneCount)
      fields.append(U)
    }
    self.fields = fields
  }

  /// `histories[component][configuration]`.
  func histories(_ observable: some Observable<U1>) -> [[Double]] {
    var histories = [[Double]](repeating: [], count: observable.components.count)
    for U in fields {
      for (component, value) in observable.measure(U).enumerated() {
        for lane in 0..<laneCount { histories[component].append(value[lane]) }
      }
    }
    return histories
  }

  func compare(_ estimate: Estimate, _ exact: Double, _ what: String) {
    // An error of zero is a quantity that is the same on every configuration.
    let deviation = abs(estimate.value - exact) / max(estimate.error, 1e-12)
    #expect(
      deviation < largestDeviation,
      "\(what): \(estimate.value) +- \(estimate.error), exact \(exact): \(deviation) deviations")
  }

  /// Compares components and derived quantities for which `expected` knows the exact value.
  func compare(_ observable: some Observable<U1>, _ expected: (String) throws -> Double?) throws {
    let histories = histories(observable)
    var compared = 0
    for (name, history) in zip(observable.components, histories) {
      guard let exact = try expected(name) else { continue }
      compare(try gammaMethod([history]), exact, "\(observable.name) \(name)")
      compared += 1
    }
    for derived in observable.derived {
      guard let exact = try expected(derived.name) else { continue }
      let estimate = try gammaMethod(
        observables: derived.indices.map { [histories[$0]] }, function: derived.value,
        gradient: derived.gradient)
      compare(estimate, exact, "\(observable.name) \(derived.name)")
      compared += 1
    }
    #expect(compared > 0)
  }
}

@Suite struct ExactComparisonTests {
  /// 2D U(1) on 6x8 at beta 2: 8192 independent configurations.
  private let ensemble: ExactEnsemble
  init() throws { ensemble = try ExactEnsemble([6, 8], beta: 2, packets: 1024) }

  @Test("The plaquette, its fluctuations and all loops have their exact means")
  func loops() throws {
    let (lattice, exact) = (ensemble.lattice, ensemble.exact)
    try ensemble.compare(try AveragePlaquette<U1>(on: lattice)) { _ in exact.averagePlaquette }
    // d⟨P⟩/dβ, by a fourth-order difference.
    let h = 1e-2
    func plaquette(_ step: Double) throws -> Double {
      try ExactU1(volume: lattice.volume, beta: 2 + step * h).averagePlaquette
    }
    let slope =
      try (8 * (plaquette(1) - plaquette(-1)) - (plaquette(2) - plaquette(-2))) / (12 * h)
    try ensemble.compare(try WilsonActionDensity<U1>(on: lattice)) {
      $0 == "action"
        ? -Double(lattice.volume) * exact.averagePlaquette
        : $0 == "variance_per_site" ? slope : nil
    }
    try ensemble.compare(try WilsonLoops<U1>(on: lattice)) { name in
      let sides = name.drop { !$0.isNumber }.split(separator: "x").map { Int($0)! }
      func loop(_ r: Int, _ t: Int) throws -> Double {
        try r * t == 0 ? 1 : exact.wilsonLoop(area: r * t)
      }
      let (r, t) = (sides[0], sides[1])
      guard name.hasPrefix("creutz") else { return try loop(r, t) }
      return try -scalarLog(loop(r, t) * loop(r - 1, t - 1) / (loop(r, t - 1) * loop(r - 1, t)))
    }
  }

  @Test("Polyakov loops have no mean, and two of them are a loop around the area between them")
  func polyakovLoops() throws {
    let (lattice, exact) = (ensemble.lattice, ensemble.exact)
    try ensemble.compare(PolyakovLoop<U1>(on: lattice)) { name in
      guard !name.hasPrefix("abs_") || name.hasPrefix("abs_squared") else { return nil }
      if name.hasPrefix("re") || name.hasPrefix("im") { return 0 }
      guard let last = name.last, name.hasPrefix("abs_squared") else { return nil }
      let mu = Int(String(last))!
      let (length, width) = (lattice.extents[mu], lattice.extents[1 - mu])
      return try (1..<width).reduce(1.0) { try $0 + exact.wilsonLoop(area: $1 * length) }
        / Double(width)
    }
  }

  @Test("The topological charge has its exact distribution")
  func charge() throws {
    let (lattice, exact) = (ensemble.lattice, ensemble.exact)
    let observable = try TopologicalCharge(on: lattice)
    try ensemble.compare(observable) {
      $0 == "charge"
        ? 0
        : $0 == "charge_squared" ? exact.topologicalChargeSquared : exact.topologicalSusceptibility
    }
    let charges = ensemble.histories(observable)[0]
    for charge in charges { #expect(abs(charge - charge.rounded()) < 1e-10) }
    let count = Double(charges.count)
    for sector in -2...2 {
      let share = charges.reduce(0.0) { $0 + (Int($1.rounded()) == sector ? 1 : 0) } / count
      let p = exact.sectors.probability(of: sector)
      #expect(abs(share - p) < ensemble.largestDeviation * (p * (1 - p) / count).squareRoot())
    }
  }

  @Test("Plaquettes on a torus are exchangeable: correlators are flat beyond zero separation")
  func correlators() throws {
    let (lattice, exact) = (ensemble.lattice, ensemble.exact)
    let volume = Double(lattice.volume)
    // ⟨q²⟩ at one site: the trapezoid rule is exact for periodic analytic densities up to rounding.
    // The integrand has a corner at ±π, where its periodic continuation is even: Simpson's rule.
    let steps = 20_000, h = 2 * Double.pi / Double(20_000)
    var square = 0.0
    for step in 0...steps {
      let angle = -Double.pi + Double(step) * h
      let weight = step == 0 || step == steps ? 1.0 : step % 2 == 1 ? 4 : 2
      let q = angle / (2 * .pi)
      square += weight * h / 3 * q * q * exact.plaquetteDensity(at: angle)
    }
    let susceptibility = exact.topologicalSusceptibility
    let beyond = (susceptibility - square) / (volume - 1)
    try ensemble.compare(try TopologicalChargeCorrelator(on: lattice, form: .position)) {
      $0 == "0,0" ? square : beyond
    }
    try ensemble.compare(try TopologicalChargeCorrelator(on: lattice, form: .timeSlices)) {
      $0 == "0" ? square + 5 * beyond : 6 * beyond
    }
    try ensemble.compare(try TopologicalChargeCorrelator(on: lattice, form: .momentum)) {
      $0 == "0,0" ? susceptibility : square - beyond
    }
  }

  private func scalarLog(_ x: Double) -> Double { LaneMath.log(Lanes(repeating: x))[0] }
}
