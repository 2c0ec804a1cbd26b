import LaneMath
import LatticeActions
import LatticeFields

/// What is done to a field when the coupling changes: it takes fields of weight `exp(-λ_0 S)` to fields
/// of weight `exp(-λ_1 S)` and gives the logarithm of the factor by which their weights change.
///
/// The law of every update `U -> U'` with increment `w`: for each function `f` of the field,
///
///     ∫ dU exp(-λ_0 S(U)) E[exp(w) f(U')] = ∫ dU exp(-λ_1 S(U)) f(U)
///
/// A new way of transport is one type that conforms.
public protocol NonequilibriumUpdate<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// The step from one coupling to another; it returns the increment of the logarithm of the weight.
  ///
  /// - Parameters:
  ///   - state: the fields; an update that moves them calls `fieldsChanged`.
  ///   - start: the coupling that they come from.
  ///   - end: the coupling that they go to.
  ///   - step: the number of the step in its schedule, from 0.
  ///   - streams: random numbers.
  func update(
    _ state: inout ChainState<LinkField<Group>>, from start: Double, to end: Double, step: Int,
    using streams: inout ChainStreams
  ) throws(ChainError) -> Lanes
}

/// Leaves the fields where they are: annealed importance sampling, the work being the change of the
/// action (Jarzynski, Phys. Rev. Lett. 78 (1997) 2690; Neal, physics/9803008).
///
///     w = -(λ_1 - λ_0) S(U)
public struct Reweighting<Theory: GaugeAction>: NonequilibriumUpdate {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// The action at coupling 1.
  public let action: Theory

  /// The update for an action at coupling 1.
  public init(action: Theory) { self.action = action }

  /// The work; the fields stay.
  public func update(
    _ state: inout ChainState<LinkField<Group>>, from start: Double, to end: Double, step: Int,
    using streams: inout ChainStreams
  ) throws(ChainError) -> Lanes { (start - end) * action.value(of: state.U) }
}

/// A map of gauge fields for each step of a schedule, such as a piece of a continuous flow.
public protocol Transport<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// Maps the fields.
  ///
  /// - Returns: `log|det ∂U'/∂U|` with respect to the Haar measure.
  func transport(_ U: inout LinkField<Group>, step: Int) -> Lanes
}

/// Maps the fields when the coupling changes (stochastic normalising flows, 2201.08862).
///
///     w = λ_0 S(U) - λ_1 S(U') + log|det ∂U'/∂U|
public struct TransportUpdate<Theory: GaugeAction>: NonequilibriumUpdate {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// The action at coupling 1.
  public let action: Theory
  /// The maps.
  public let transport: any Transport<Group>

  /// The update for an action at coupling 1.
  public init(action: Theory, transport: any Transport<Group>) {
    self.action = action
    self.transport = transport
  }

  /// Maps the fields.
  public func update(
    _ state: inout ChainState<LinkField<Group>>, from start: Double, to end: Double, step: Int,
    using streams: inout ChainStreams
  ) throws(ChainError) -> Lanes {
    let before = action.value(of: state.U)
    let logDet = transport.transport(&state.U, step: step)
    state.fieldsChanged()
    return start * before - end * action.value(of: state.U) + logDet
  }
}
