import LaneMath
import LatticeFields
import LatticeStatistics

/// Fits layers with exact determinants along a path of actions, one after the other: a flow of U(1) in two
/// dimensions without an integrator.
///
/// Each layer carries from `S_t` to `S_{t+h}`. Its coefficients start at the least-squares solution of the
/// continuity equation in the middle of the step, and are refined by Gauss-Newton steps on what a layer is
/// really for: the same number for all particles `U`, of
///
///     r(c) = log|det J(U, c)| - S_{t+h}(U'(c)) + S_t(U),    minimise Var_w[r],   w = exp(-S_t + log|det J|)
///
/// Derivatives of `r` are differences, one layer for each coefficient. A step that would fold a layer, at
/// a particle or without modes, is halved.
///
/// The effective sample size of the particles is better than that of fresh samples.
///
/// Complexity: `count + 4` layers on all particles for each Gauss-Newton step.
public final class FourierLayerTrainer {
  /// How a layer went.
  public struct Report: Sendable {
    /// The number of the layer.
    public var layer: Int
    /// The flow time at its end.
    public var time: Double
    /// The coupling at its end.
    public var beta: Double
    /// The variance of `r` over the particles with the continuous solution.
    public var initialResidual: Double
    /// The same after the Gauss-Newton steps.
    public var residual: Double
    /// The effective sample size of the particles, as a fraction.
    public var effectiveSampleSize: Double
  }

  /// The velocities.
  public let basis: FourierBasis
  /// The actions.
  public let path: AnnealingPath
  /// Particles, layers (`intervals`), grading, ridge and clip; the rest is not looked at.
  public let options: RegressionOptions
  /// The number of Gauss-Newton steps for each layer.
  public let newtonSteps: Int
  /// The layers that are fitted.
  public private(set) var layers: [FourierLayer] = []

  private let times: [Double]
  private let threads: Int
  private let states: [FourierState]
  /// `log|det J|` of the particles up to now.
  private let logDets: Buffer<Lanes>
  private let workspaces: ObjectPool<FlowWorkspace<FourierBasis>>

  /// Prepares a fit from the Haar measure.
  ///
  /// - Parameter seed: fixes every random number.
  /// - Precondition: the number of particles is a positive multiple of 8; the path starts at `β = 0`.
  public init(
    basis: FourierBasis, path: AnnealingPath, options: RegressionOptions, newtonSteps: Int = 2,
    seed: UInt64, threads: Int
  ) {
    precondition(
      options.particles > 0 && options.particles % laneCount == 0,
      "expected a multiple of \(laneCount) particles, found \(options.particles)")
    precondition(path.start == 0, "a fit from β = \(path.start) needs its own samples")
    self.basis = basis
    self.path = path
    self.options = options
    self.newtonSteps = newtonSteps
    self.threads = threads
    times = RegressionTrainer<FourierBasis>.times(of: options)
    states = (0..<(options.particles / laneCount)).map { packet in
      var U = LinkField<U1>(coldStart: basis.lattice)
      var generator = LaneGenerator(
        seed: seed, purpose: .training, firstConfiguration: packet * laneCount, step: 0)
      U.sampleHaar(using: &generator)
      let state = basis.makeState()
      basis.load(U, into: state)
      return state
    }
    logDets = Buffer(count: states.count, repeating: .zero)
    workspaces = ObjectPool { FlowWorkspace(basis) }
  }

  /// Whether all layers are fitted.
  public var isComplete: Bool { layers.count == options.intervals }
  /// The layers after each other.
  ///
  /// - Precondition: one is fitted at least.
  public var chain: FourierLayerChain { FourierLayerChain(layers) }

  /// Fits the next layer and carries the particles through it.
  ///
  /// - Throws: `U1BasisError.folded` where no layer that does anything is unfolded.
  public func fitLayer() throws(U1BasisError) -> Report {
    let index = layers.count
    let start = times[index], end = times[index + 1], middle = (start + end) / 2
    let points = (path.point(at: start), path.point(at: middle), path.point(at: end))
    let weights = clippedWeights(at: points.0)
    // Where the path starts, columns of fields that are not gradients vanish.
    let first = continuous(
      at: path.point(at: max(start, 0.5 * times[1])), after: nil, weights: weights)
    let half = try unfolded(0.5 * (end - start), first, points.1)
    let coefficients = continuous(at: points.1, after: half, weights: weights)
    var layer = try unfolded(end - start, coefficients, points.1)
    var residuals = residuals(of: layer, points.0, points.2)
    while !Self.isFinite(residuals, weights) {
      layer = try unfolded(layer.step, layer.coefficients.map { 0.8 * $0 }, points.1)
      residuals = self.residuals(of: layer, points.0, points.2)
    }
    let before = Self.variance(residuals, weights)
    var variance = before
    for _ in 0..<newtonSteps {
      let step = gaussNewton(layer, residuals, weights, points.0, points.2)
      var length = 1.0
      while length > 1e-3 {
        let trial = zip(layer.coefficients, step).map { $0 + length * $1 }
        if let next = try? FourierLayer(
          basis: basis, step: layer.step, coefficients: trial, point: layer.point)
        {
          let values = self.residuals(of: next, points.0, points.2)
          let found = Self.isFinite(values, weights) ? Self.variance(values, weights) : .infinity
          if found < variance {
            (layer, residuals, variance) = (next, values, found)
            break
          }
        }
        length /= 2
      }
      if length <= 1e-3 { break }
    }
    layers.append(layer)
    forEachState { packet, state, _ in
      self.logDets.pointer[packet] += FourierLayerMap(layer).apply(to: state)
    }
    let logWeights = logWeights(at: points.2)
    return Report(
      layer: index, time: end, beta: points.2.beta, initialResidual: before, residual: variance,
      effectiveSampleSize: (try? LogWeights(logWeights).effectiveSampleSize) ?? 0)
  }

  /// The layer of given coefficients, or of smaller ones where that would fold.
  private func unfolded(_ step: Double, _ coefficients: [Double], _ point: PathPoint)
    throws(U1BasisError) -> FourierLayer
  {
    var factor = 1.0
    while true {
      do throws(U1BasisError) {
        return try FourierLayer(
          basis: basis, step: step, coefficients: coefficients.map { factor * $0 }, point: point)
      } catch {
        factor *= 0.8
        if factor < 1e-3 { throw error }
      }
    }
  }

  /// The least squares of the continuity equation, after a layer if there is one.
  private func continuous(at point: PathPoint, after layer: FourierLayer?, weights: [Lanes])
    -> [Double]
  {
    let count = basis.count
    let columns = Buffer<Lanes>(count: states.count * count, repeating: .zero)
    let rates = Buffer<Lanes>(count: states.count, repeating: .zero)
    forEachState { packet, state, workspace in
      self.basis.copy(state, to: workspace.state)
      if let layer { _ = FourierLayerMap(layer).apply(to: workspace.state) }
      rates.pointer[packet] =
        self.basis.columns(
          of: workspace.state, at: point, using: workspace.scratch,
          into: columns.pointer + packet * count
        ).rate
    }
    return LeastSquares(
      columns: UnsafeBufferPointer(columns.elements), count: count, target: Array(rates.elements),
      weights: weights, ridge: options.ridge
    ).coefficients
  }

  /// `r` of all particles.
  private func residuals(of layer: FourierLayer, _ start: PathPoint, _ end: PathPoint) -> [Lanes] {
    let results = Buffer<Lanes>(count: states.count, repeating: .zero)
    forEachState { packet, state, workspace in
      results.pointer[packet] = self.residual(of: layer, state, workspace, start, end)
    }
    return Array(results.elements)
  }

  private func residual(
    of layer: FourierLayer, _ state: FourierState, _ workspace: FlowWorkspace<FourierBasis>,
    _ start: PathPoint, _ end: PathPoint
  ) -> Lanes {
    let before = basis.values(of: state, at: start, using: workspace.scratch).action
    basis.copy(state, to: workspace.state)
    let logDet = FourierLayerMap(layer).apply(to: workspace.state)
    return logDet + before
      - basis.values(of: workspace.state, at: end, using: workspace.scratch).action
  }

  /// The change of the coefficients that makes the linearised `r` vary least.
  private func gaussNewton(
    _ layer: FourierLayer, _ residuals: [Lanes], _ weights: [Lanes], _ start: PathPoint,
    _ end: PathPoint
  ) -> [Double] {
    let count = basis.count, coefficients = layer.coefficients
    let largest = coefficients.reduce(0) { max($0, abs($1)) }
    // Rounding of r, of some hundreds of plaquettes, is below 1e-6 of these differences.
    let shifts = coefficients.map { 1e-5 * max(abs($0), 1e-2 * largest, 1e-6) }
    let shifted = coefficients.indices.map { i in
      var other = coefficients
      other[i] += shifts[i]
      return try? FourierLayer(
        basis: basis, step: layer.step, coefficients: other, point: layer.point)
    }
    let columns = Buffer<Lanes>(count: states.count * count, repeating: .zero)
    forEachState { packet, state, workspace in
      for i in 0..<count {
        guard let layer = shifted[i] else { continue }
        let value = self.residual(of: layer, state, workspace, start, end)
        let slope = (value - residuals[packet]) / shifts[i]
        columns.pointer[packet * count + i] = select(
          abs(slope) .<= Double.greatestFiniteMagnitude, slope, .zero)
      }
    }
    return LeastSquares(
      columns: UnsafeBufferPointer(columns.elements), count: count,
      target: residuals.map { -$0 }, weights: weights, ridge: options.ridge
    ).coefficients
  }

  /// Whether the layer folds nowhere among the particles that count.
  private static func isFinite(_ residuals: [Lanes], _ weights: [Lanes]) -> Bool {
    zip(residuals, weights).allSatisfy {
      all(abs($0) .<= Double.greatestFiniteMagnitude .| $1 .<= 0)
    }
  }

  private static func variance(_ values: [Lanes], _ weights: [Lanes]) -> Double {
    LeastSquares(
      columns: UnsafeBufferPointer(start: nil, count: 0), count: 0, target: values,
      weights: weights, ridge: 1
    ).variance
  }

  /// The weights of the particles, clipped.
  private func clippedWeights(at point: PathPoint) -> [Lanes] {
    let logWeights = logWeights(at: point)
    let sorted = logWeights.filter(\.isFinite).sorted()
    let median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    return (0..<states.count).map { packet in
      let values = Lanes((0..<laneCount).map { logWeights[packet * laneCount + $0] - median })
      let isFinite = abs(values) .<= Double.greatestFiniteMagnitude
      return select(isFinite, exp(min(values, Lanes(repeating: options.clip))), .zero)
    }
  }

  private func logWeights(at point: PathPoint) -> [Double] {
    let results = Buffer<Lanes>(count: states.count, repeating: .zero)
    forEachState { packet, state, workspace in
      results.pointer[packet] =
        self.logDets.pointer[packet]
        - self.basis.values(of: state, at: point, using: workspace.scratch).action
    }
    return (0..<options.particles).map { results.pointer[$0 / laneCount][$0 % laneCount] }
  }

  private func forEachState(_ body: (Int, FourierState, FlowWorkspace<FourierBasis>) -> Void) {
    // Each state has one thread at a time.
    nonisolated(unsafe) let states = states
    forEachPacket(count: states.count, threads: threads) { packet in
      workspaces.withObject { body(packet, states[packet], $0) }
    }
  }
}
