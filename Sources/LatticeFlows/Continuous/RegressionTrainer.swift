import LaneMath
import LatticeFields
import LatticeStatistics

/// How a continuous flow is fitted.
public struct RegressionOptions: Sendable, Hashable, Codable {
  /// The number of configurations, a multiple of 8, that the fit carries along the path.
  public var particles = 1024
  /// The number of intervals of the flow time.
  public var intervals = 16
  /// The flow times at which intervals end are `(i/n)^grading`.
  public var grading = 1.0
  /// The ridge of the least squares, relative to columns of unit norm.
  public var ridge = 1e-7
  /// Weights are clipped at `exp(clip)` times their median.
  public var clip = 1.5
  /// The largest error of `log w` of a sample that the integrator may make.
  public var tolerance = 1e-3
  /// The name of the integrator.
  public var integrator = LowStorageIntegrator.carpenterKennedy4.name

  /// The options by default.
  public init() {}
}

/// Fits a continuous flow in one pass along its path: no gradients, no epochs.
///
/// At the start, in the middle and at the end of each interval of the flow time, the coefficients are the
/// weighted least-squares solution of the continuity equation over the particles,
///
///     minimise Var_w[ Σ_i c_i (div Z_i - Z_i·∂S_t) - ∂_t S_t ],     w = exp(-S_t + log|det J|)
///
/// and then the particles are carried to its end. The number of integrator steps of an interval is
/// chosen so that halving them would change `log w` by less than the tolerance, on the first particles.
///
/// The effective sample size of the particles is better than that of fresh samples, as the coefficients
/// know them: only fresh samples say how good a flow is.
public final class RegressionTrainer<Basis: VelocityBasis> {
  /// What may happen to the particles between two intervals: a Markov step that leaves `exp(-S_t)`
  /// invariant. Called from several threads, with the field of eight particles, the coupling, the
  /// number of the interval that ended, and the number of the packet.
  public typealias Refresh = @Sendable (inout LinkField<Basis.Group>, Double, Int, Int) -> Void

  /// How an interval went.
  public struct Report: Sendable {
    /// The number of the interval.
    public var interval: Int
    /// The flow time at its end.
    public var time: Double
    /// The coupling at its end.
    public var beta: Double
    /// The variance of the residual of the continuity equation at its end.
    public var residual: Double
    /// The same variance without a flow.
    public var variance: Double
    /// The effective sample size of the particles, as a fraction.
    public var effectiveSampleSize: Double
    /// The number of integrator steps.
    public var steps: Int
    /// The change of `log w` that halving the steps makes in this interval.
    public var integrationError: Double
  }

  /// The flow, as far as it is fitted.
  public private(set) var flow: RegressionFlow<Basis>
  /// How it is fitted.
  public let options: RegressionOptions
  /// The boundaries of the intervals.
  public let times: [Double]
  private let threads: Int
  private let refresh: Refresh?
  private let states: [Basis.State]
  /// `log w + S_t(U)` of the particles at the start of the next interval.
  private let logDensityRatios: Buffer<Lanes>
  private let columns: Buffer<Lanes>
  private let results: Buffer<PathValues>
  private let logDets: Buffer<Lanes>
  private let workspaces: ObjectPool<FlowWorkspace<Basis>>

  /// Prepares a fit.
  ///
  /// - Parameters:
  ///   - seed: fixes every random number.
  ///   - refresh: what happens to the particles between intervals, if anything.
  ///   - start: fills a packet with samples of the action at the start of the path; links from the
  ///     Haar measure by default.
  /// - Precondition: the number of particles is a positive multiple of 8, the integrator is known.
  public init(
    basis: Basis, path: AnnealingPath, options: RegressionOptions, seed: UInt64, threads: Int,
    refresh: Refresh? = nil, start: ((inout LinkField<Basis.Group>, _ packet: Int) -> Void)? = nil
  ) {
    precondition(
      options.particles > 0 && options.particles % laneCount == 0,
      "expected a multiple of \(laneCount) particles, found \(options.particles)")
    guard let integrator = LowStorageIntegrator(named: options.integrator) else {
      preconditionFailure("no integrator is named \(options.integrator)")
    }
    self.options = options
    self.threads = threads
    self.refresh = refresh
    flow = RegressionFlow(basis: basis, path: path, integrator: integrator)
    times = Self.times(of: options)
    let packets = options.particles / laneCount
    states = (0..<packets).map { packet in
      var U = LinkField<Basis.Group>(coldStart: basis.lattice)
      if let start {
        start(&U, packet)
      } else {
        var generator = LaneGenerator(
          seed: seed, purpose: .training, firstConfiguration: packet * laneCount, step: 0)
        U.sampleHaar(using: &generator)
      }
      let state = basis.makeState()
      basis.load(U, into: state)
      return state
    }
    logDensityRatios = Buffer(count: packets, repeating: .zero)
    columns = Buffer(count: packets * basis.count, repeating: .zero)
    results = Buffer(
      count: packets, repeating: PathValues(action: .zero, rate: .zero, plaquetteSum: .zero))
    logDets = Buffer(count: packets, repeating: .zero)
    workspaces = ObjectPool { FlowWorkspace(basis) }
    forEachState { packet, state, scratch in
      let values = basis.values(of: state, at: path.point(at: 0), using: scratch)
      self.logDensityRatios.pointer[packet] = path.start == 0 ? .zero : values.action
    }
  }

  /// The boundaries of the intervals, `(i/n)^grading`.
  public static func times(of options: RegressionOptions) -> [Double] {
    (0...options.intervals).map {
      power(Double($0) / Double(options.intervals), options.grading)
    }
  }

  /// Whether all intervals are fitted.
  public var isComplete: Bool { flow.intervals.count == options.intervals }

  /// Fits the next interval and carries the particles through it.
  public func fitInterval() -> Report {
    let index = flow.intervals.count
    let start = times[index], end = times[index + 1], middle = (start + end) / 2
    // Where the path starts, columns of fields that are not gradients vanish.
    let first = fit(at: Swift.max(start, 0.5 * times[1]), after: nil)
    var interval = FlowInterval(
      start: start, end: end, steps: flow.intervals.last?.steps ?? 2,
      coefficients: [first.coefficients, first.coefficients, first.coefficients])
    flow.intervals.append(interval)
    let second = fit(
      at: middle, after: FlowStages(flow, interval: index, from: start, to: middle))
    // On with the straight line through both.
    interval.coefficients = [
      first.coefficients, second.coefficients,
      zip(first.coefficients, second.coefficients).map { 2 * $1 - $0 },
    ]
    flow.intervals[index] = interval
    let last = fit(at: end, after: FlowStages(flow, interval: index, from: start, to: end))
    interval.coefficients[2] = last.coefficients
    flow.intervals[index] = interval
    let error = chooseSteps(of: index)
    carryParticles(through: index)
    let weights = logWeights(at: end)
    if refresh != nil { refreshParticles(after: index) }
    return Report(
      interval: index, time: end, beta: flow.path.point(at: end).beta, residual: last.residual,
      variance: last.variance,
      effectiveSampleSize: (try? LogWeights(weights).effectiveSampleSize) ?? 0,
      steps: flow.intervals[index].steps, integrationError: error)
  }

  /// Multiplies the numbers of steps until halving them changes `log w` of fresh samples by less than the
  /// tolerance: the particles that they were chosen on are few, and configurations differ.
  ///
  /// - Parameters:
  ///   - count: the number of fresh samples.
  ///   - seed: of these.
  /// - Returns: the change that is left.
  /// - Precondition: all intervals are fitted.
  public func tightenSteps(count: Int, seed: UInt64) -> Double {
    var error = RegressionTransport(flow).integrationError(
      count: count, seed: seed, threads: threads)
    for _ in 0..<4 where error > options.tolerance {
      let ratio = error.isFinite ? 1.5 * error / options.tolerance : 256
      let factor = Swift.min(4, power(ratio, 1 / Double(flow.integrator.order)))
      for index in flow.intervals.indices {
        let steps = factor * Double(flow.intervals[index].steps)
        flow.intervals[index].steps = Swift.min(100_000, Int(steps.rounded(.up)))
      }
      error = RegressionTransport(flow).integrationError(
        count: count, seed: seed, threads: threads)
    }
    return error
  }

  /// Goes on from intervals that were fitted before, with the same bits as if they had been fitted
  /// now.
  ///
  /// - Precondition: nothing has been fitted yet; the intervals are the first ones of this fit.
  public func restore(_ intervals: [FlowInterval]) {
    precondition(flow.intervals.isEmpty, "intervals are restored before any is fitted")
    for (index, interval) in intervals.enumerated() {
      flow.intervals.append(interval)
      carryParticles(through: index)
      if refresh != nil { refreshParticles(after: index) }
    }
  }

  /// The least squares over all particles, carried through some stages first.
  private func fit(at time: Double, after stages: FlowStages<Basis>?) -> LeastSquares {
    let point = flow.path.point(at: time), basis = flow.basis
    forEachState { packet, state, scratch in
      self.workspaces.withObject { workspace in
        var moved = state
        var logDet = Lanes.zero
        if let stages {
          basis.copy(state, to: workspace.state)
          moved = workspace.state
          logDet = stages.carry(moved, basis, using: scratch)
        }
        self.logDets.pointer[packet] = logDet
        self.results.pointer[packet] = basis.columns(
          of: moved, at: point, using: scratch, into: self.columns.pointer + packet * basis.count)
      }
    }
    return LeastSquares(
      columns: UnsafeBufferPointer(columns.elements), count: basis.count,
      target: results.elements.map(\.rate), weights: clippedWeights(), ridge: options.ridge)
  }

  /// The weights of the particles where the last pass left them, clipped; those that are no number are
  /// 0.
  private func clippedWeights() -> [Lanes] {
    let logWeights = (0..<states.count).map {
      logDensityRatios.pointer[$0] + logDets.pointer[$0] - results.pointer[$0].action
    }
    let sorted = logWeights.flatMap { packet in (0..<laneCount).map { packet[$0] } }
      .filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return logWeights.map { _ in .zero } }
    let median = sorted[sorted.count / 2]
    return logWeights.map {
      let isFinite = abs($0) .<= Double.greatestFiniteMagnitude
      return select(isFinite, exp(min($0 - median, Lanes(repeating: options.clip))), .zero)
    }
  }

  /// Sets the number of steps of an interval, and returns the change of `log w` that halving them makes.
  private func chooseSteps(of index: Int) -> Double {
    let interval = flow.intervals[index]
    let tolerance = options.tolerance * (interval.end - interval.start)
    let order = Double(flow.integrator.order)
    var steps = interval.steps
    var best: (steps: Int, error: Double) = (steps, .infinity)
    for _ in 0..<6 {
      let error = stepError(of: index, steps: steps)
      if error <= tolerance {
        if best.error > tolerance || steps < best.steps { best = (steps, error) }
        // Fewer steps, if they are far from needed.
        let fewer = Swift.max(
          1, Int((Double(steps) * power(2 * error / tolerance, 1 / order)).rounded(.up)))
        if fewer >= steps { break }
        steps = fewer
      } else {
        if best.error <= tolerance { break }
        best = (steps, error)
        let ratio = error.isFinite ? Swift.min(4, power(2 * error / tolerance, 1 / order)) : 4
        steps = Swift.min(4096, Swift.max(steps + 1, Int((Double(steps) * ratio).rounded(.up))))
      }
    }
    flow.intervals[index].steps = best.steps
    return best.error
  }

  /// The largest change of `log w` over some particles when the steps of an interval are halved.
  private func stepError(of index: Int, steps: Int) -> Double {
    let interval = flow.intervals[index], basis = flow.basis
    let end = flow.path.point(at: interval.end)
    let stages = [1, 2].map { factor in
      var refined = flow
      refined.intervals[index].steps = factor * steps
      return FlowStages(refined, interval: index, from: interval.start, to: interval.end)
    }
    // As many for any number of threads.
    let tested = Swift.min(states.count, 4)
    let errors = Buffer<Lanes>(count: tested, repeating: .zero)
    forEachState(first: tested) { packet, state, scratch in
      self.workspaces.withObject { workspace in
        let logWeights = stages.map { stages in
          basis.copy(state, to: workspace.state)
          let logDet = stages.carry(workspace.state, basis, using: scratch)
          return logDet - basis.values(of: workspace.state, at: end, using: scratch).action
        }
        errors.pointer[packet] = abs(logWeights[0] - logWeights[1])
      }
    }
    return errors.elements.reduce(0) { largest, error in
      (0..<laneCount).reduce(largest) { error[$1].isFinite ? max($0, error[$1]) : .infinity }
    }
  }

  private func carryParticles(through index: Int) {
    let interval = flow.intervals[index], basis = flow.basis
    let stages = FlowStages(flow, interval: index, from: interval.start, to: interval.end)
    let end = flow.path.point(at: interval.end)
    forEachState { packet, state, scratch in
      self.logDensityRatios.pointer[packet] += stages.carry(state, basis, using: scratch)
      self.logDets.pointer[packet] = .zero
      self.results.pointer[packet] = basis.values(of: state, at: end, using: scratch)
    }
  }

  private func refreshParticles(after index: Int) {
    guard let refresh else { return }
    let basis = flow.basis, end = flow.path.point(at: times[index + 1])
    forEachState { packet, state, scratch in
      let before = basis.values(of: state, at: end, using: scratch).action
      var U = LinkField<Basis.Group>(coldStart: basis.lattice)
      basis.store(state, into: &U)
      refresh(&U, end.beta, index, packet)
      basis.load(U, into: state)
      // The work is as it was: what changes is the action.
      self.logDensityRatios.pointer[packet] +=
        basis.values(of: state, at: end, using: scratch).action - before
    }
  }

  private func logWeights(at time: Double) -> [Double] {
    (0..<options.particles).map { particle in
      let (packet, lane) = (particle / laneCount, particle % laneCount)
      return logDensityRatios.pointer[packet][lane] - results.pointer[packet].action[lane]
    }
  }

  private func forEachState(
    first count: Int? = nil, _ body: (Int, Basis.State, Basis.Workspace) -> Void
  ) {
    // Each state has one thread at a time.
    nonisolated(unsafe) let states = states
    forEachPacket(count: count ?? states.count, threads: threads) { packet in
      workspaces.withObject { body(packet, states[packet], $0.scratch) }
    }
  }
}

/// `x^y` for `x >= 0`.
private func power(_ x: Double, _ y: Double) -> Double {
  y == 1 ? x : x <= 0 ? 0 : exp(Lanes(repeating: y) * log(Lanes(repeating: x)))[0]
}
