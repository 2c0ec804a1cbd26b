import LaneMath
import LatticeActions
import LatticeFields

/// Heatbath: every link in turn is drawn anew from its distribution given all others.
///
///     p(U_mu(x)) ∝ exp(κ Re tr[U_mu(x) A_mu(x)])
///
/// Links are visited in a ``LinkOrder``, site by site unless another one is asked for. Each single
/// update satisfies detailed balance; the sweep leaves the distribution invariant.
///
/// Complexity: one staple sum and one draw for each link. Allocates nothing.
public struct Heatbath<Theory: LinkLinearAction>: LinkSweep where Theory.Group: HeatbathGroup {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// Links.
  public typealias Field = LinkField<Theory.Group>
  /// The action.
  public let action: Theory
  /// The order of the links in a sweep.
  public let order: LinkOrder
  /// `heatbath`.
  public var name: String { "heatbath" }

  /// A heatbath for chains on a lattice.
  ///
  /// - Throws: `ChainError.extent` where a link would be part of its own staples, and what a checkerboard
  ///   needs.
  public init(
    action: Theory, on lattice: Lattice, order: LinkOrder.Kind = .siteBySite
  ) throws(ChainError) {
    try requireExtents("heatbath", action, lattice)
    self.action = action
    self.order = try LinkOrder(order, on: lattice)
  }

  /// The loops of the staples.
  @inlinable public var reach: LoopReach { action.reach }

  /// The number of links.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.linkCount }

  /// One sweep of every chain.
  @inlinable
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    -> UpdateInfo
  { state.sweep(self, using: &streams) }

  /// One sweep.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  public func sweep(_ U: LinkView<Group>, using streams: inout ChainStreams) -> UpdateInfo {
    var generator = streams.next(.heatbath)
    let coupling = action.stapleCoupling
    if let planar = PlanarU1(action, U) {
      planar.heatbath(in: order, using: &generator)
      return UpdateInfo()
    }
    var staple = Group.zeroMatrix
    order.visit(U.sites, U.dimension) { x, mu in
      staple = Group.zeroMatrix
      action.addStaple(at: x, mu: mu, in: U, to: &staple)
      Group.heatbath(
        &U.links[mu &* U.volume &+ x], staple: &staple, coupling: coupling, using: &generator)
      U.linkChanged(x, mu)
    }
    return UpdateInfo()
  }
}

/// Overrelaxation: every link in turn is reflected in its staples, which leaves the action as it is
/// and moves the field far (Creutz, Phys. Rev. D 36 (1987) 515).
///
/// It is deterministic and not ergodic: it serves in a sequence with a heatbath or another kernel.
///
/// Complexity: one staple sum for each link. Allocates nothing.
public struct Overrelaxation<Theory: LinkLinearAction>: LinkSweep
where Theory.Group: HeatbathGroup {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// Links.
  public typealias Field = LinkField<Theory.Group>
  /// The action.
  public let action: Theory
  /// The order of the links in a sweep.
  public let order: LinkOrder
  /// `overrelaxation`.
  public var name: String { "overrelaxation" }

  /// Overrelaxation for chains on a lattice.
  ///
  /// - Throws: `ChainError.extent` where a link would be part of its own staples, and what a checkerboard
  ///   needs.
  public init(
    action: Theory, on lattice: Lattice, order: LinkOrder.Kind = .siteBySite
  ) throws(ChainError) {
    try requireExtents("overrelaxation", action, lattice)
    self.action = action
    self.order = try LinkOrder(order, on: lattice)
  }

  /// The loops of the staples.
  @inlinable public var reach: LoopReach { action.reach }

  /// The number of links.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.linkCount }

  /// One sweep of every chain.
  @inlinable
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    -> UpdateInfo
  { state.sweep(self, using: &streams) }

  /// One sweep.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  public func sweep(_ U: LinkView<Group>, using streams: inout ChainStreams) -> UpdateInfo {
    if let planar = PlanarU1(action, U) {
      planar.overrelax(in: order)
      return UpdateInfo()
    }
    var staple = Group.zeroMatrix
    order.visit(U.sites, U.dimension) { x, mu in
      staple = Group.zeroMatrix
      action.addStaple(at: x, mu: mu, in: U, to: &staple)
      Group.overrelax(&U.links[mu &* U.volume &+ x], staple: &staple)
      U.linkChanged(x, mu)
    }
    return UpdateInfo()
  }
}

/// Local Metropolis: every link in turn is offered `exp(X) U`, each coordinate of `X` uniform in
/// `(-window, window)`, and takes it with probability `min(1, exp(-ΔS))`.
///
/// The proposal is symmetric, because `X` and `-X` are equally likely. Several hits on a link use its
/// staples again. Links are visited as by ``Heatbath``.
///
/// Complexity: one staple sum and `hits` proposals for each link. Allocates nothing.
public struct LocalMetropolis<Theory: LinkLinearAction>: LinkSweep {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// Links.
  public typealias Field = LinkField<Theory.Group>
  /// The action.
  public let action: Theory
  /// The half-width of the proposal in each coordinate of the algebra.
  public let window: Double
  /// The number of proposals for each link in a sweep.
  public let hits: Int
  /// The order of the links in a sweep.
  public let order: LinkOrder
  /// `metropolis`.
  public var name: String { "metropolis" }

  /// A local Metropolis kernel for chains on a lattice.
  ///
  /// - Throws: `ChainError.extent` where a link would be part of its own staples;
  ///   `ChainError.parameter` where the window is not in `(0, largestWindow]` or there is no hit; what a
  ///   checkerboard needs.
  public init(
    action: Theory, on lattice: Lattice, window: Double = 1, hits: Int = 1,
    order: LinkOrder.Kind = .siteBySite
  ) throws(ChainError) {
    try requireExtents("metropolis", action, lattice)
    guard window > 0, window <= Self.largestWindow else {
      throw .parameter(
        name: "metropolis window", expected: "a number in (0, pi]", value: window)
    }
    guard hits > 0 else {
      throw .parameter(name: "metropolis hits", expected: "1 or more", value: Double(hits))
    }
    self.init(valid: action, window, hits, try LinkOrder(order, on: lattice))
  }

  private init(valid action: Theory, _ window: Double, _ hits: Int, _ order: LinkOrder) {
    self.action = action
    self.window = window
    self.hits = hits
    self.order = order
  }

  /// The loops of the staples.
  @inlinable public var reach: LoopReach { action.reach }

  /// π: for U(1) the whole group.
  public static var largestWindow: Double { .pi }

  /// The links times the hits.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.linkCount * hits }

  /// One sweep of every chain.
  @inlinable
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    -> UpdateInfo
  { state.sweep(self, using: &streams) }

  /// One sweep.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  public func sweep(_ U: LinkView<Group>, using streams: inout ChainStreams) -> UpdateInfo {
    var generator = streams.next(.proposal)
    let coupling = Lanes(repeating: action.stapleCoupling)
    let width = Lanes(repeating: 2 * window)
    var accepted = Lanes.zero
    if let planar = PlanarU1(action, U) {
      accepted = planar.metropolis(width: width, hits: hits, in: order, using: &generator)
    } else {
      order.visit(U.sites, U.dimension) { x, mu in
        let staple = action.staple(at: x, mu: mu, in: U)
        var link = U[x, mu]
        var trace = Group.realTrace(of: link, times: staple)
        for _ in 0..<hits {
          var X = Group.Algebra.zero
          for a in 0..<Group.Algebra.dimension { X[a] = width * (generator.uniform() - 0.5) }
          let candidate = Group.exp(X) * link
          let candidateTrace = Group.realTrace(of: candidate, times: staple)
          let taken = generator.uniform() .< exp(coupling * (candidateTrace - trace))
          link = selectLink(taken, candidate, link)
          trace = select(taken, candidateTrace, trace)
          accepted += indicator(taken)
        }
        U[x, mu] = link.reunitarized
        U.linkChanged(x, mu)
      }
    }
    return UpdateInfo(acceptance: accepted / Double(U.sites * U.dimension * hits))
  }

  /// The kernel with its window multiplied by `exp(2 (acceptance - target))`, target 0.5 by default.
  public func tuned(acceptance: Double, target: Double?) -> LocalMetropolis {
    let factor = exp(Lanes(repeating: 2 * (acceptance - (target ?? 0.5))))[0]
    return LocalMetropolis(
      valid: action, Swift.min(Self.largestWindow, Swift.max(1e-4, window * factor)), hits,
      order)
  }

  /// The window.
  public var tunedParameters: [Double] { [window] }

  /// The kernel with the window.
  public func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> LocalMetropolis {
    try requireParameters(parameters, count: 1, of: name)
    guard parameters[0] > 0, parameters[0] <= Self.largestWindow else {
      throw .parameter(
        name: "metropolis window", expected: "a number in (0, pi]", value: parameters[0])
    }
    return LocalMetropolis(valid: action, parameters[0], hits, order)
  }
}

/// Checks that no link of the lattice is part of its own staples.
func requireExtents(_ algorithm: String, _ action: some LinkLinearAction, _ lattice: Lattice)
  throws(ChainError)
{
  let smallest = action.smallestExtent
  guard lattice.extents.allSatisfy({ $0 >= smallest }) else {
    throw .extent(algorithm: algorithm, smallest: smallest, lattice: lattice)
  }
}
