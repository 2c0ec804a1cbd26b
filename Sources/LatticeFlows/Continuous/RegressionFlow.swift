import LaneMath
import LatticeFields

/// A continuous flow along a path of actions, linear in coefficients that depend on the flow time.
///
///     dU_l/dt = Z_l(U, t) U_l,   Z = Σ_i c_i(t) Z_i,   log|det J| = ∫ div Z dt
///
/// The coefficients are quadratic in `t` on each interval between the values at its start, its middle
/// and its end. So the flow is a map of its own, defined without an integrator: any scheme with small
/// enough steps gives it, and its inverse is the integration backwards.
///
/// Shape: `intervals` cover [0, 1]; each has three lists of one coefficient per element of the basis.
public struct RegressionFlow<Basis: VelocityBasis>: Sendable {
  /// The velocity fields.
  public let basis: Basis
  /// The actions along which the flow transports.
  public let path: AnnealingPath
  /// The scheme that integrates it.
  public var integrator: LowStorageIntegrator
  /// The coefficients and the number of steps, interval by interval.
  public var intervals: [FlowInterval]

  /// A flow from its parts.
  public init(
    basis: Basis, path: AnnealingPath, integrator: LowStorageIntegrator,
    intervals: [FlowInterval] = []
  ) {
    self.basis = basis
    self.path = path
    self.integrator = integrator
    self.intervals = intervals
  }

  /// The number of coefficients, at all flow times together.
  public var parameterCount: Int { 3 * basis.count * intervals.count }

  /// The flow with all its intervals in `factor` times as many steps.
  public func refined(by factor: Int) -> RegressionFlow {
    var result = self
    for index in intervals.indices { result.intervals[index].steps *= factor }
    return result
  }
}

/// The coefficients of a flow on an interval of the flow time.
public struct FlowInterval: Sendable, Hashable, Codable {
  /// Where it starts.
  public var start: Double
  /// Where it ends.
  public var end: Double
  /// The number of integrator steps from end to end.
  public var steps: Int
  /// The coefficients at the start, in the middle and at the end.
  public var coefficients: [[Double]]

  /// An interval from its parts.
  public init(start: Double, end: Double, steps: Int, coefficients: [[Double]]) {
    self.start = start
    self.end = end
    self.steps = steps
    self.coefficients = coefficients
  }

  /// The coefficients at a flow time, by the parabola through the three that are given.
  public func coefficients(at time: Double) -> [Double] {
    let x = (time - start) / (end - start)
    let first = 2 * (x - 0.5) * (x - 1), middle = 4 * x * (1 - x), last = 2 * x * (x - 0.5)
    return coefficients[0].indices.map {
      first * coefficients[0][$0] + middle * coefficients[1][$0] + last * coefficients[2][$0]
    }
  }
}

/// The stages of an integration, with everything that does not depend on the configuration.
struct FlowStages<Basis: VelocityBasis>: Sendable {
  private struct Stage: Sendable {
    var point: PathPoint
    var memory: Double
    var step: Double
    var weight: Double
  }
  private let stages: [Stage]
  private let coefficients: Buffer<Double>
  private let count: Int

  /// The stages from one time to another, inside one interval, in either direction.
  init(_ flow: RegressionFlow<Basis>, interval: Int, from: Double, to: Double) {
    let piece = flow.intervals[interval]
    let fraction = abs(to - from) / (piece.end - piece.start)
    let steps = max(1, Int((Double(piece.steps) * fraction - 1e-9).rounded(.up)))
    let step = (to - from) / Double(steps)
    let scheme = flow.integrator
    var stages: [Stage] = []
    var times: [Double] = []
    for number in 0..<steps {
      for stage in 0..<scheme.stages {
        let time = from + (Double(number) + scheme.times[stage]) * step
        times.append(time)
        stages.append(
          Stage(
            point: flow.path.point(at: time), memory: scheme.memories[stage], step: step,
            weight: scheme.weights[stage]))
      }
    }
    count = flow.basis.count
    coefficients = Buffer(count: count * stages.count, repeating: 0)
    for (index, time) in times.enumerated() {
      for (i, value) in piece.coefficients(at: time).enumerated() {
        coefficients.pointer[index * count + i] = value
      }
    }
    self.stages = stages
  }

  /// Carries configurations through the stages and returns `∫ div Z dt`. Allocates nothing.
  func carry(_ state: Basis.State, _ basis: Basis, using workspace: Basis.Workspace) -> Lanes {
    var logDet = Lanes.zero, accumulated = Lanes.zero
    for (index, stage) in stages.enumerated() {
      let divergence = basis.computeVelocity(
        of: state, at: stage.point, coefficients: coefficients.pointer + index * count,
        using: workspace)
      basis.move(
        state, memory: stage.memory, step: stage.step, weight: stage.weight, using: workspace)
      accumulated = stage.memory * accumulated + stage.step * divergence
      logDet += stage.weight * accumulated
    }
    return logDet
  }
}
