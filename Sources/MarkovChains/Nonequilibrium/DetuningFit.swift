import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics

/// The detuning that makes the variance of slow annealing least, from equilibrium chains at one coupling.
///
/// For slow driving `Var log w = Σ_t Γ (dλ_t)²` with the friction
///
///     Γ = Σ_k Cov(R_t, R_{t+k}),     R = X - a ξ,    X = -S(U)
///
/// Here `ξ`, with a part for the late and one for the early loops, is what the draws of a sweep add to
/// `X` link by link, less its mean given the staples. Being fluctuations that nobody could foresee,
/// the `ξ` of different sweeps are independent, and those to come of every `X` before, so that
///
///     Γ(a) = Γ(0) - 2 a·C + a·M a,   C = Cov(ξ_t, Σ_{k>=0} X_{t+k}),   M = Cov(ξ_t, ξ_t)
///     a = M⁻¹ C
///
/// `ξ` is measured by the sweep itself, as the derivative of its weight with the coupling.
public struct DetuningFit: Sendable {
  /// The best two numbers.
  public let detuning: Detuning
  /// The best single number.
  public let single: Detuning
  /// The friction without detuning, `Γ(0)`, for ``AnnealingSchedule``.
  public let friction: Estimate
  /// `Γ(a)/Γ(0)` with the best two numbers, as the linear response has it.
  public let frictionRatio: Double
  /// `Γ(a)/Γ(0)` with the best single number.
  public let singleFrictionRatio: Double
  /// The number of sweeps over which `X` was followed.
  public let window: Int

  /// Runs chains with ordinary heatbath sweeps and solves for the detuning.
  ///
  /// Deterministic: a function of the arguments, whatever the number of threads.
  ///
  /// - Parameters:
  ///   - update: the sweep that the detuning is for; its own detuning does not matter.
  ///   - coupling: where to measure, such as the middle of the way.
  ///   - kernels: what follows each sweep on the way, at this coupling.
  ///   - lattice: the lattice.
  ///   - chains: the number of chains, a multiple of 8 best.
  ///   - thermalization: the sweeps before the first measurement.
  ///   - sweeps: the sweeps measured, at least 32.
  ///   - seed: of the random numbers.
  ///   - threads: the most threads to use.
  /// - Throws: `ChainError` for parameters out of range, and what a kernel throws; `StatisticsError` for
  ///   series that never move.
  public init<Theory: SplitStapleAction>(
    _ update: DetunedHeatbath<Theory>, at coupling: Double,
    kernels: KernelSequence<LinkField<Theory.Group>> = KernelSequence(), on lattice: Lattice,
    chains: Int = 32, thermalization: Int = 200, sweeps: Int = 500, seed: UInt64, threads: Int
  ) throws {
    guard chains > 0, sweeps >= 32, thermalization >= 0 else {
      throw ChainError.parameter(
        name: "sweeps of a detuning fit", expected: "32 or more", value: Double(sweeps))
    }
    let packets = (chains + laneCount - 1) / laneCount
    let records = Slots<Result<[SweepRecord], ChainError>>(count: packets)
    forEachPacket(count: packets, threads: threads) { packet in
      do throws(ChainError) {
        records.set(
          .success(
            try update.record(
              at: coupling, kernels, lattice, thermalization, sweeps,
              ChainStreams(seed: seed, firstChain: packet * laneCount))), at: packet)
      } catch {
        records.set(.failure(error), at: packet)
      }
    }
    var histories: [[SweepRecord]] = []
    for packet in 0..<packets { histories.append(try records[packet]!.get()) }
    try self.init(histories, chains: chains)
  }

  /// Solves for the detuning, given what sweeps recorded in each packet.
  init(_ packets: [[SweepRecord]], chains: Int) throws {
    func histories(_ quantity: (SweepRecord) -> Lanes) -> [[Double]] {
      var result: [[Double]] = (0..<chains).map { chain in
        packets[chain / laneCount].map { quantity($0)[chain % laneCount] }
      }
      let mean = total(result.joined()) / Double(chains * packets[0].count)
      for chain in result.indices { for t in result[chain].indices { result[chain][t] -= mean } }
      return result
    }
    let X = histories { $0.X }, late = histories { $0.late }, early = histories { $0.early }
    let estimate = try gammaMethod(X, origin: .overallMean)
    let count = Double(chains * packets[0].count)
    let gamma = estimate.error * estimate.error * count
    friction = Estimate(
      value: gamma, error: 2 * gamma * (estimate.errorOfError ?? 0) / estimate.error,
      count: estimate.count)
    let window = Swift.min(packets[0].count / 4, Swift.max(4, estimate.window ?? 4))
    self.window = window
    // Σ_k X_{t+k} over the window, where it ends before the chain does.
    func response(_ xi: [[Double]]) -> Double {
      var sum = CompensatedSum()
      let times = packets[0].count - window
      for (xi, X) in zip(xi, X) {
        for t in 0..<times { sum.add(xi[t] * X[t...(t + window)].reduce(0, +)) }
      }
      return sum.value / Double(times * chains)
    }
    func covariance(_ a: [[Double]], _ b: [[Double]]) -> Double {
      total(zip(a.joined(), b.joined()).lazy.map { $0 * $1 }) / count
    }
    let (cl, ce) = (response(late), response(early))
    let (ll, le, ee) = (
      covariance(late, late), covariance(late, early), covariance(early, early)
    )
    let determinant = ll * ee - le * le
    guard determinant > 0 else {
      throw ChainError.parameter(
        name: "covariance of the fluctuations", expected: "one of full rank", value: determinant)
    }
    let a = Detuning(
      late: (ee * cl - le * ce) / determinant, early: (ll * ce - le * cl) / determinant)
    let one = Detuning((cl + ce) / (ll + 2 * le + ee))
    func ratio(_ a: Detuning) -> Double {
      let gain = 2 * (a.late * cl + a.early * ce)
      let price = a.late * a.late * ll + 2 * a.late * a.early * le + a.early * a.early * ee
      return 1 - (gain - price) / gamma
    }
    detuning = a
    single = one
    frictionRatio = ratio(a)
    singleFrictionRatio = ratio(one)
  }
}

/// What a sweep in equilibrium recorded.
struct SweepRecord: Sendable {
  /// `-S` at coupling 1, after the sweep.
  let X: Lanes
  /// The unforeseeable part of what the draws added to it in the late loops.
  let late: Lanes
  /// In the early loops.
  let early: Lanes
}

extension DetunedHeatbath {
  /// Equilibrium sweeps from a hot start.
  func record(
    at coupling: Double, _ kernels: KernelSequence<LinkField<Group>>, _ lattice: Lattice,
    _ thermalization: Int, _ sweeps: Int, _ start: ChainStreams
  ) throws(ChainError) -> [SweepRecord] {
    var streams = start
    var generator = streams.next(.start)
    var state = ChainState(LinkField<Group>(hotStart: lattice, using: &generator))
    var copy = state.U
    // The derivative of the weight: small enough for a second order that does not matter, and
    // large enough that rounding does not.
    let shift = 1e-5 * Swift.max(1e-3, Swift.abs(coupling))
    let equilibrium = (late: coupling, early: coupling)
    var records: [SweepRecord] = []
    for sweep in 0..<(thermalization + sweeps) {
      let isMeasured = sweep >= thermalization
      var late = Lanes.zero
      if isMeasured {
        // The same draws twice, weighed at couplings moved for one kind of loop and for the other.
        copy.copy(from: state.U)
        var same = streams
        late = copy.withLinkView {
          splitSweep($0, equilibrium, (coupling + shift, coupling), using: &same)
        }
      }
      let early = state.U.withLinkView {
        splitSweep($0, equilibrium, (coupling, coupling + shift), using: &streams)
      }
      state.fieldsChanged()
      for (kernel, repetitions) in kernels.entries {
        for _ in 0..<repetitions { _ = try kernel.step(&state, using: &streams) }
      }
      state.fieldsChanged()
      if isMeasured {
        records.append(
          SweepRecord(X: -action.value(of: state.U), late: late / shift, early: early / shift))
      }
    }
    return records
  }
}
