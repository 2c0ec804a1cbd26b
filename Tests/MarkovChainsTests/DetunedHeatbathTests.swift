import ExactResults
import Glibc
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import MarkovChains
import Testing

/// Weighted samples of annealing from the Haar measure: `log w` and the average plaquette.
///
/// The deviation from exact values is that of a mean over independent samples, in standard errors; the
/// limit of `sigmas` standard errors has a false alarm in 1e-7 of the cases.
struct WeightedSamples {
  var logWeights: [Double] = []
  var plaquettes: [Double] = []

  /// log of the mean weight with its error.
  var logZ: (value: Double, error: Double) {
    let weights = try! LogWeights(logWeights)
    let error = ((1 / weights.effectiveSampleSize - 1) / Double(weights.count - 1)).squareRoot()
    return (weights.logMeanWeight, error)
  }

  /// The weighted plaquette with its error.
  var plaquette: (value: Double, error: Double) {
    let weights = try! LogWeights(logWeights).normalizedWeights
    let mean = zip(weights, plaquettes).reduce(0) { $0 + $1.0 * $1.1 }
    let square = zip(weights, plaquettes).reduce(0) {
      $0 + $1.0 * $1.0 * ($1.1 - mean) * ($1.1 - mean)
    }
    return (mean, square.squareRoot())
  }
}

/// Annealing from coupling 0 with a detuned heatbath in every step.
func annealed<G: DetunedHeatbathGroup>(
  _ group: G.Type, _ extents: [Int], couplings: [Double], detuning: Detuning,
  order: LinkOrder.Kind = .siteBySite, packets: Int, seed: UInt64
) throws -> WeightedSamples {
  let lattice = try Lattice(extents)
  let update = try DetunedHeatbath(
    action: WilsonAction<G>(beta: 1), on: lattice, detuning: detuning, order: order)
  var result = WeightedSamples()
  for packet in 0..<packets {
    var generator = LaneGenerator(
      seed: seed, purpose: .start, firstConfiguration: packet * laneCount, step: 0)
    var state = ChainState(LinkField<G>(hotStart: lattice, using: &generator))
    var streams = ChainStreams(seed: seed, firstChain: packet * laneCount)
    var sum = Lanes.zero
    for step in 1..<couplings.count {
      sum += try update.update(
        &state, from: couplings[step - 1], to: couplings[step], step: step - 1, using: &streams)
    }
    let plaquette = state.U.averagePlaquette
    for lane in 0..<laneCount {
      result.logWeights.append(sum[lane])
      result.plaquettes.append(plaquette[lane])
    }
  }
  return result
}

/// `count` equal steps from 0.
func couplings(to end: Double, _ count: Int) -> [Double] {
  (0...count).map { end * Double($0) / Double(count) }
}

/// No detuning, a good one, and two absurd ones.
private let detunings = [
  Detuning.none, Detuning(late: 1, early: 0.3), Detuning(6), Detuning(late: 6, early: -3),
]

@Suite("Detuned heatbath")
struct DetunedHeatbathTests {
  private func compare<G: DetunedHeatbathGroup>(
    _ group: G.Type, _ extents: [Int], beta: Double, steps: Int, _ exact: some ExactTheory2D,
    _ detuning: Detuning, order: LinkOrder.Kind = .siteBySite, packets: Int
  ) throws {
    let samples = try annealed(
      group, extents, couplings: couplings(to: beta, steps), detuning: detuning, order: order,
      packets: packets, seed: 31)
    let name = "\(G.name) \(extents) beta \(beta) \(detuning)"
    let logZ = samples.logZ, plaquette = samples.plaquette
    let exactLogZ = exact.logPartitionFunction
    #expect(
      abs(logZ.value - exactLogZ) < sigmas * logZ.error, "\(name): \(logZ), exact \(exactLogZ)")
    let isAbsurd = abs(detuning.late) > 2
    #expect(logZ.error < (isAbsurd ? 6e-2 : 1e-2), "\(name): \(logZ)")
    #expect(
      abs(plaquette.value - exact.averagePlaquette) < sigmas * plaquette.error,
      "\(name): \(plaquette), exact \(exact.averagePlaquette)")
  }

  @Test("log Z and plaquette of U(1) are exact for every detuning", arguments: detunings.indices)
  func u1(index: Int) throws {
    let detuning = detunings[index]
    let exact = try ExactU1(volume: 6, beta: 0.8)
    try compare(U1.self, [2, 3], beta: 0.8, steps: 256, exact, detuning, packets: 600)
    let square = try ExactU1(volume: 4, beta: 0.8)
    try compare(
      U1.self, [2, 2], beta: 0.8, steps: 192, square, detuning, order: .checkerboard,
      packets: 600)
  }

  @Test("log Z and plaquette of SU(N) are exact for every detuning", arguments: detunings.indices)
  func su(index: Int) throws {
    let detuning = detunings[index]
    let exact2 = try ExactSU(colors: 2, volume: 6, beta: 1.2)
    try compare(SU2.self, [2, 3], beta: 1.2, steps: 256, exact2, detuning, packets: 600)
    let square = try ExactSU(colors: 2, volume: 4, beta: 1.2)
    try compare(
      SU2.self, [2, 2], beta: 1.2, steps: 192, square, detuning, order: .checkerboard,
      packets: 600)
    let exact3 = try ExactSU(colors: 3, volume: 6, beta: 2)
    try compare(SU3.self, [3, 2], beta: 2, steps: 192, exact3, detuning, packets: 400)
    let exact4 = try ExactSU(colors: 4, volume: 4, beta: 2)
    try compare(SU4.self, [2, 2], beta: 2, steps: 160, exact4, detuning, packets: 400)
  }

  @Test("the mean of the ratio of densities is 1 from every field, in every dimension")
  func normalization() throws {
    func check<Theory: SplitStapleAction>(_ action: Theory, _ extents: [Int]) throws
    where Theory.Group: DetunedHeatbathGroup {
      let lattice = try Lattice(extents)
      let sweep = try DetunedHeatbath(action: action, on: lattice, detuning: .none)
      for (late, early) in [(0.48, 0.48), (0.52, 0.47)] {
        var ratio = Sample()
        for packet in 0..<200 {
          // The same field in all lanes of all packets, another one for each action.
          var generator = LaneGenerator(
            seed: 8, purpose: .start, configurations: SIMD8(repeating: 0), step: 0)
          var U = LinkField<Theory.Group>(hotStart: lattice, using: &generator)
          var streams = ChainStreams(seed: 9, firstChain: packet * laneCount)
          let increment = U.withLinkView {
            sweep.sweep($0, late: late, early: early, backward: 0.5, using: &streams)
          }
          ratio.add(exp(increment))
        }
        #expect(abs(ratio.pull(exact: 1)) < sigmas, "\(Theory.self) \(extents): \(ratio)")
        #expect(ratio.error > 1e-4 && ratio.error < 0.05, "\(Theory.self) \(extents): \(ratio)")
      }
    }
    try check(WilsonAction<U1>(beta: 2), [3, 2, 2])
    try check(WilsonAction<SU2>(beta: 4), [2, 2, 2, 2])
    try check(WilsonAction<SU3>(beta: 6), [2, 3, 2])
    try check(WilsonAction<SU<2>>(beta: 4), [2, 2, 3])
    try check(RectangleAction<SU2>(beta: 3, rectangleCoefficient: -1 / 12), [3, 3])
  }

  @Test("without detuning the sweep is the heatbath, to the bit, and costs no weight")
  func withoutDetuning() throws {
    let lattice = try Lattice([4, 2, 2])
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    let start = LinkField<SU3>(hotStart: lattice, using: &generator)
    for order in LinkOrder.Kind.allCases {
      let detuned = try DetunedHeatbath(
        action: WilsonAction<SU3>(beta: 6), on: lattice, detuning: .none, order: order)
      let plain = try Heatbath(action: WilsonAction<SU3>(beta: 6), on: lattice, order: order)
      var a = ChainState(start), b = ChainState(start)
      var streams = ChainStreams(seed: 2, firstChain: 0), other = streams
      let ratio = a.U.withLinkView {
        detuned.sweep($0, late: 1, early: 1, backward: 1, using: &streams)
      }
      _ = plain.step(&b, using: &other)
      #expect(all(ratio .== .zero))
      for link in start.links.indices {
        #expect(all(a.U.links[link].realTrace .== b.U.links[link].realTrace))
      }
    }
  }

  @Test("the two parts of a staple sum are the whole")
  func parts() throws {
    func check<Theory: SplitStapleAction>(_ action: Theory, _ extents: [Int]) throws {
      let lattice = try Lattice(extents)
      var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
      var U = LinkField<Theory.Group>(hotStart: lattice, using: &generator)
      U.withLinkView { view in
        for mu in 0..<lattice.dimension {
          for x in 0..<lattice.volume {
            let whole = Theory.Group.realTrace(
              of: view[x, mu], times: action.staple(at: x, mu: mu, in: view))
            for split in [StapleSplit.planes, .sides] {
              var first = Theory.Group.zeroMatrix, second = Theory.Group.zeroMatrix
              action.addStaples(
                at: x, mu: mu, in: view, split: split, first: &first, second: &second)
              let a = Theory.Group.realTrace(of: view[x, mu], times: first)
              let b = Theory.Group.realTrace(of: view[x, mu], times: second)
              #expect(all(abs(a + b - whole) .< 1e-12))
              // The last direction has no planes with nu > mu.
              let isEmpty = split == .planes && mu == lattice.dimension - 1
              #expect(all(b .== .zero) == isEmpty)
            }
          }
        }
      }
    }
    try check(WilsonAction<U1>(beta: 1), [3, 4])
    try check(WilsonAction<SU3>(beta: 1), [2, 3, 2])
    try check(RectangleAction<SU2>(beta: 1, rectangleCoefficient: -1 / 12), [3, 4, 3])
  }
}
