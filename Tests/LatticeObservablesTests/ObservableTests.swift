import LaneMath
import LatticeFields
import LatticeObservables
import Testing

/// The laws that every observable of the catalog obeys.
struct ObservableLaws<Group: GaugeGroup> {
  func check(_ extents: [Int], expectedCount: Int) throws {
    let U = try LinkField<Group>.random(extents)
    let observables = ObservableCatalog<Group>().applicable(to: U.lattice)
    #expect(observables.count == expectedCount)
    let transformed = U.gaugeTransformed(), permuted = U.permuted(laneOrder)
    let cold = LinkField<Group>(coldStart: U.lattice)
    for observable in observables {
      let values = observable.measure(U)
      #expect(values.count == observable.components.count)
      #expect(Set(observable.components).count == observable.components.count)
      #expect(Set(observable.derived.map(\.name)).count == observable.derived.count)
      same(values, observable.measure(transformed), "\(observable.name) in another gauge")
      for mu in extents.indices {
        same(values, observable.measure(U.translated(by: mu)), "\(observable.name) translated")
      }
      #expect(observable.measure(permuted) == values.map { $0.permuted(laneOrder) })
      for derived in observable.derived { gradient(derived, observable.measure(cold)) }
      for value in observable.measure(cold) { #expect(value.largestMagnitude.isFinite) }
    }
  }

  /// Sums of some hundred terms of order 1, or squares of sums of some hundred.
  private func same(_ a: [Lanes], _ b: [Lanes], _ what: String) {
    for (x, y) in zip(a, b) {
      let tolerance = 1e-11 * (1 + x.largestMagnitude)
      let distance = (x - y).largestMagnitude
      #expect(distance <= tolerance, "\(what): \(distance), tolerance \(tolerance)")
    }
  }

  /// The gradient of a derived quantity against a fourth-order difference, near the cold start.
  private func gradient(_ derived: DerivedQuantity, _ cold: [Lanes]) {
    let means = derived.indices.enumerated().map {
      1.1 * abs(cold[$1][0]) + 0.1 + 0.03 * Double($0)
    }
    let slopes = derived.gradient(means)
    #expect(slopes.count == means.count)
    for index in means.indices {
      let h = 1e-3 * means[index]
      func value(_ step: Double) -> Double {
        var moved = means
        moved[index] += step * h
        return derived.value(moved)
      }
      let slope = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * h)
      // The difference errs by rounding of the value divided by h.
      let tolerance = 1e-9 * (1 + abs(slope) + abs(derived.value(means)) / means[index])
      #expect(abs(slope - slopes[index]) < tolerance, "\(derived.name) \(index)")
    }
  }
}

@Suite struct CatalogTests {
  @Test(
    "Every observable is invariant under gauge transformations and translations; lanes do not mix",
    arguments: [
      ([4, 4], 11), ([3, 5], 11), ([1, 4], 11), ([2, 2], 11), ([6, 3], 11), ([7], 1),
      ([3, 2, 4], 7), ([2, 3, 1, 4], 7),
    ])
  func laws(extents: [Int], count: Int) throws {
    try ObservableLaws<U1>().check(extents, expectedCount: count)
    try ObservableLaws<QuaternionGroup>().check(extents, expectedCount: count == 1 ? 1 : 7)
  }

  @Test("Names are found, in the order given, each once")
  func names() throws {
    let lattice = try Lattice([4, 4])
    let catalog = ObservableCatalog<U1>()
    #expect(Set(catalog.names).count == catalog.names.count)
    for name in catalog.names {
      #expect(try catalog.observable(named: name, on: lattice).name == name)
    }
    let some = try catalog.observables(
      named: ["topological-charge", "plaquette", "topological-charge"], on: lattice)
    #expect(some.map(\.name) == ["topological-charge", "plaquette"])
    #expect(
      catalog.applicable(to: lattice, onlyDefaults: true).map(\.name)
        == ["plaquette", "wilson-loops", "polyakov-loop", "topological-charge"])
  }

  @Test("An observable that is not there, or not defined there, says so in one line")
  func errors() throws {
    func text(_ make: () throws(ObservableError) -> Void) -> String {
      do throws(ObservableError) { try make() } catch { return error.description }
      return "no error"
    }
    let catalog = ObservableCatalog<U1>()
    let line = try Lattice([4]), square = try Lattice([4, 4]), cube = try Lattice([4, 4, 4])
    let unknown = text { () throws(ObservableError) in
      _ = try catalog.observable(named: "plaq", on: square)
    }
    #expect(unknown.hasPrefix("observables: expected some of plaquette, action, wilson-loops, "))
    #expect(unknown.hasSuffix(", given 'plaq'"))
    #expect(
      text { () throws(ObservableError) in
        _ = try catalog.observable(named: "topological-charge", on: cube)
      } == "topological-charge: expected a lattice of 2 dimensions, given 4x4x4")
    #expect(
      text { () throws(ObservableError) in
        _ = try ObservableCatalog<QuaternionGroup>().observable(
          named: "topological-charge", on: square)
      } == "topological-charge: expected group U1, given Quaternion")
    #expect(
      text { () throws(ObservableError) in
        _ = try catalog.observable(named: "plaquette", on: line)
      } == "plaquette: expected a lattice of 2 to 4 dimensions, given 4")
    #expect(
      text { () throws(ObservableError) in _ = try WilsonLoops<U1>(on: square, largest: 0) }
        == "wilson-loops: expected a positive largest size, given 0")
  }

  @Test("An observable of one's own is a closure")
  func closures() throws {
    let U = try LinkField<U1>.random([4, 6])
    let links = AnyObservable<U1>(name: "links", lattice: U.lattice, components: ["links"]) {
      [$0.links.reduce(Lanes.zero) { $0 + $1.realTrace }]
    }
    let sum = U.links.reduce(Lanes.zero) { $0 + $1.realTrace }
    #expect(links.measure(U) == [sum])
    #expect(AnyObservable(links).measure(U) == [sum])
  }
}

@Suite struct ComponentTests {
  @Test("The cold start has the values of the free field")
  func coldStart() throws {
    let U = LinkField<U1>(coldStart: try Lattice([4, 6]))
    let expected: [String: (String) -> Double] = [
      "plaquette": { _ in 1 },
      "action": { $0 == "action" ? -24 : 576 },
      "wilson-loops": { _ in 1 },
      "polyakov-loop": { $0.hasPrefix("im") ? 0 : 1 },
      "topological-charge": { _ in 0 },
      "plaquette-correlator": { $0 == "mean" ? 1 : 4 },
      "plaquette-correlator-position": { _ in 1 },
      "plaquette-structure-factor": { $0 == "mean" ? 1 : $0 == "0,0" ? 24 : 0 },
    ]
    for observable in ObservableCatalog<U1>().applicable(to: U.lattice) {
      for (component, value) in zip(observable.components, observable.measure(U)) {
        let exact = expected[observable.name]?(component) ?? 0
        #expect((value - exact).largestMagnitude < 1e-11, "\(observable.name) \(component)")
      }
      for derived in observable.derived where derived.name.hasPrefix("connected") {
        let values = observable.measure(U)
        #expect(abs(derived.value(derived.indices.map { values[$0][0] })) < 1e-11)
      }
    }
  }

  @Test("Loops are named by their sides, and a Creutz ratio of an area law is its tension")
  func wilsonLoops() throws {
    let loops = try WilsonLoops<U1>(on: try Lattice([4, 6]))
    #expect(loops.components == ["1x1", "1x2", "1x3", "2x1", "2x2", "2x3"])
    #expect(loops.derived.map(\.name) == ["creutz_1x1", "creutz_2x2", "creutz_2x3"])
    let tension = 0.3
    let area: [Double] = [1, 2, 3, 2, 4, 6]
    for ratio in loops.derived {
      let means = ratio.indices.map { LaneMath.exp(Lanes(repeating: -tension * area[$0]))[0] }
      #expect(abs(ratio.value(means) - tension) < rounding)
    }
    #expect(loops.derived[1].value([-0.1, 1, 1, 1]).isNaN)
    let large = try WilsonLoops<U1>(on: try Lattice([24, 3, 40]), largest: 5)
    #expect((large.largestR, large.largestT) == (5, 5))
    // 3 has no room for sides of 2: they lie in the plane of the other two directions.
    let U = try LinkField<QuaternionGroup>.random([4, 3, 4])
    let cube = try WilsonLoops<QuaternionGroup>(on: U.lattice)
    let plane = U.averageWilsonLoops(mu: 0, nu: 2, upTo: 2, by: 2)
    #expect((cube.measure(U)[3] - plane[3]).largestMagnitude < rounding)
    #expect((cube.measure(U)[0] - U.averagePlaquette).largestMagnitude < rounding)
  }

  @Test("Polyakov components are those of the averaged loop")
  func polyakovLoops() throws {
    let U = try LinkField<U1>.random([5, 3])
    let loop = PolyakovLoop<U1>(on: U.lattice)
    let values = loop.measure(U)
    for mu in 0..<2 {
      let P = U.averagePolyakovLoop(mu: mu)
      #expect(values[4 * mu] == P.re && values[4 * mu + 1] == P.im)
      #expect(
        (values[4 * mu + 2] * values[4 * mu + 2] - P.squaredMagnitude).largestMagnitude < rounding)
      #expect(loop.components[4 * mu + 3] == "abs_squared_\(mu)")
      // V_perp (0.5 - 0.3^2)
      #expect(abs(loop.derived[mu].value([0.5, 0.3]) - 0.41 * [3.0, 5.0][mu]) < rounding)
    }
  }

  @Test(
    "The charge correlator sums to Q²/V in every form",
    arguments: [[8, 8], [5, 6], [3, 7], [1, 4]])
  func sumRules(extents: [Int]) throws {
    let U = try LinkField<U1>.random(extents, seed: 12)
    let lattice = U.lattice
    let charge = U.topologicalCharge
    let expected = charge * charge / Double(lattice.volume)
    let time = extents[1]
    for form in TwoPointForm.allCases {
      let correlator = try TopologicalChargeCorrelator(on: lattice, form: form)
      var sum = Lanes.zero
      for (name, value) in zip(correlator.components, correlator.measure(U)) {
        let at = name.split(separator: ",").map { Int($0)! }
        switch form {
        case .timeSlices: sum += at[0] == 0 || 2 * at[0] == time ? value : 2 * value
        case .position:
          let opposite = lattice.site(at: at.map { -$0 })
          sum += opposite == lattice.site(at: at) ? value : 2 * value
        case .momentum: if at == [0, 0] { sum = value }
        }
      }
      #expect((sum - expected).largestMagnitude < 1e-10, "\(form)")
    }
    let values = try TopologicalCharge(on: lattice).measure(U)
    #expect((values[1] - charge * charge).largestMagnitude < rounding)
  }

  @Test(
    "Every form of a two-point function is the sum written out",
    arguments: [[4, 6], [3, 5], [2, 3, 4]])
  func twoPointFunctions(extents: [Int]) throws {
    let U = try LinkField<QuaternionGroup>.random(extents)
    let lattice = U.lattice, dimension = extents.count
    var density = [Lanes](repeating: .zero, count: lattice.volume)
    for x in 0..<lattice.volume {
      for nu in 1..<dimension {
        for mu in 0..<nu { density[x] += U.plaquette(at: x, mu: mu, nu: nu).realTrace }
      }
      density[x] /= Double(dimension * (dimension - 1))
    }
    var position = [Lanes](repeating: .zero, count: lattice.volume)
    for d in 0..<lattice.volume {
      for x in 0..<lattice.volume {
        let y = lattice.site(
          at: zip(lattice.coordinates(of: x), lattice.coordinates(of: d)).map { $0 + $1 })
        position[d] += density[x] * density[y] / Double(lattice.volume)
      }
    }
    for form in TwoPointForm.allCases {
      let correlator = try PlaquetteCorrelator<QuaternionGroup>(on: lattice, form: form)
      let values = correlator.measure(U)
      #expect((values[0] - U.averagePlaquette).largestMagnitude < rounding)
      for (name, value) in zip(correlator.components, values).dropFirst() {
        let at = name.split(separator: ",").map { Int($0)! }
        var expected = Lanes.zero
        for d in 0..<lattice.volume {
          let x = lattice.coordinates(of: d)
          switch form {
          case .timeSlices: if x[dimension - 1] == at[0] { expected += position[d] }
          case .position: if x == at { expected = position[d] }
          case .momentum:
            let turns = zip(zip(at, x), extents).reduce(0.0) {
              $0 + Double($1.0.0 * $1.0.1) / Double($1.1)
            }
            expected += position[d] * LaneMath.cos(Lanes(repeating: 2 * .pi * turns))
          }
        }
        #expect((value - expected).largestMagnitude < 1e-11, "\(form) \(name)")
      }
    }
  }
}
