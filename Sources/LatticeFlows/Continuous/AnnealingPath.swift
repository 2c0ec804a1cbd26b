import LaneMath

/// A family of actions from one coupling to another, along which a continuous flow transports.
///
///     S_t(U) = -β_t X(U) + κ_t/(2V) G(U)²,    β_t = β_0 + t (β - β_0),    X = Σ_P Re tr P / N
///
/// `κ_t = 0` on the linear path. The tilted path is for U(1) in two dimensions: `G = Σ_x g(F_x)` is the
/// sum of damped sawtooths of the plaquette angles, the topological charge but for the smoothing of
/// the jump at ±π, and `κ_t` brings the distribution of the charge near its target while plaquettes
/// can still cross π. `κ_1 = 0`: the target is the same.
public struct AnnealingPath: Sendable, Hashable, Codable {
  /// The shape of the path.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The coupling alone changes.
    case linear
    /// The charge is held near its target distribution from early on.
    case tilted
  }

  /// The shape.
  public let kind: Kind
  /// The coupling `β_0` at `t = 0`; 0 is the Haar measure.
  public let start: Double
  /// The coupling `β` at `t = 1`.
  public let end: Double

  /// A path.
  ///
  /// - Precondition: the couplings are finite and differ.
  public init(_ kind: Kind = .linear, from start: Double = 0, to end: Double) {
    precondition(
      start.isFinite && end.isFinite && start != end,
      "expected two finite couplings that differ, found \(start) and \(end)")
    self.kind = kind
    self.start = start
    self.end = end
  }

  /// The flow time at which a coupling is reached; outside [0, 1] where it is not on the path.
  public func time(ofBeta beta: Double) -> Double { (beta - start) / (end - start) }

  /// The action and its rate of change at a flow time.
  public func point(at time: Double) -> PathPoint {
    var point = PathPoint(
      time: time, beta: start + time * (end - start), betaRate: end - start)
    if kind == .tilted {
      (point.tilt, point.tiltRate) = TopologicalTilt(target: end).value(
        at: time, beta: point.beta, betaRate: point.betaRate)
    }
    return point
  }
}

/// The couplings of the action `S_t` at one flow time, and their derivatives with respect to it.
@frozen
public struct PathPoint: Sendable, Hashable {
  /// The flow time `t`.
  public var time: Double
  /// `β_t`.
  public var beta: Double
  /// `dβ_t/dt`.
  public var betaRate: Double
  /// `κ_t`, the coefficient of `G²/2V`.
  public var tilt = 0.0
  /// `dκ_t/dt`.
  public var tiltRate = 0.0

  /// A point of a path without a tilt.
  public init(time: Double, beta: Double, betaRate: Double) {
    self.time = time
    self.beta = beta
    self.betaRate = betaRate
  }
}

/// What a configuration has to say about a point of a path.
@frozen
public struct PathValues: Sendable {
  /// The action `S_t(U)`.
  public var action: Lanes
  /// `∂_t S_t(U)` at fixed `U`.
  public var rate: Lanes
  /// `X(U) = Σ_P Re tr P / N`: the Wilson action at `β` is `-β X`.
  public var plaquetteSum: Lanes

  /// The values from their parts.
  @inlinable
  public init(action: Lanes, rate: Lanes, plaquetteSum: Lanes) {
    self.action = action
    self.rate = rate
    self.plaquetteSum = plaquetteSum
  }
}
