import LaneMath
import LatticeActions
import LatticeFields

/// A continuous flow ready to be evaluated by any number of threads: a bijection, and a proposal.
///
/// The bijection is the integrator's; its `log|det|` is the integral of the divergence, which differs
/// from the determinant of the discrete map by the error of the integrator. ``integrationError(count:seed:threads:)``
/// measures it. Effective sample sizes are blind to it.
public final class RegressionTransport<Basis: VelocityBasis>: Bijection, Proposal {
  /// The group of the links.
  public typealias Group = Basis.Group
  /// The flow.
  public let flow: RegressionFlow<Basis>
  /// The flow time at which the transport ends.
  public let end: Double
  private let forward: [FlowStages<Basis>]
  private let backward: [FlowStages<Basis>]
  /// The actions where intervals end.
  private let ends: [PathPoint]
  private let workspaces: ObjectPool<FlowWorkspace<Basis>>

  /// Prepares a flow.
  ///
  /// - Parameter beta: the coupling at which to stop, which is on the path; its end where none is given.
  public init(_ flow: RegressionFlow<Basis>, to beta: Double? = nil) {
    self.flow = flow
    let end = beta.map { flow.path.time(ofBeta: $0) } ?? 1
    self.end = end
    var forward: [FlowStages<Basis>] = [], backward: [FlowStages<Basis>] = []
    var ends: [PathPoint] = []
    for (index, interval) in flow.intervals.enumerated() where interval.start < end {
      let last = min(end, interval.end)
      forward.append(FlowStages(flow, interval: index, from: interval.start, to: last))
      backward.append(FlowStages(flow, interval: index, from: last, to: interval.start))
      ends.append(flow.path.point(at: last))
    }
    self.forward = forward
    self.ends = ends
    self.backward = backward
    let basis = flow.basis
    workspaces = ObjectPool { FlowWorkspace(basis) }
  }

  /// The lattice.
  public var lattice: Lattice { flow.basis.lattice }
  /// The number of intervals up to the end.
  public var intervalCount: Int { forward.count }

  /// Applies the flow in place and returns `log|det J|`.
  public func apply(to U: inout LinkField<Group>) -> Lanes {
    carry(&U) { state, workspace in
      var logDet = Lanes.zero
      for stages in forward { logDet += stages.carry(state, flow.basis, using: workspace) }
      return logDet
    }
  }

  /// Applies the inverse in place, by integration backwards, and returns its `log|det|`.
  ///
  /// - Throws: `InversionFailure` where the result is no finite number.
  public func applyInverse(to U: inout LinkField<Group>) throws(InversionFailure) -> Lanes {
    let logDet = carry(&U) { state, workspace in
      var logDet = Lanes.zero
      for stages in backward.reversed() {
        logDet += stages.carry(state, flow.basis, using: workspace)
      }
      return logDet
    }
    return try finite(logDet)
  }

  private func finite(_ logDet: Lanes) throws(InversionFailure) -> Lanes {
    guard all(abs(logDet) .<= Double.greatestFiniteMagnitude) else {
      throw InversionFailure(map: "a continuous flow", residual: .nan, tolerance: 0)
    }
    return logDet
  }

  /// Carries fields over one interval and returns its `log|det|`: a step of escorted annealing.
  public func transport(_ U: inout LinkField<Group>, interval: Int) -> Lanes {
    carry(&U) { forward[interval].carry($0, flow.basis, using: $1) }
  }

  /// Carries fields back over one interval and returns the `log|det|` of that.
  ///
  /// - Throws: `InversionFailure` where the result is no finite number.
  public func transportBack(_ U: inout LinkField<Group>, interval: Int) throws(InversionFailure)
    -> Lanes
  {
    try finite(carry(&U) { backward[interval].carry($0, flow.basis, using: $1) })
  }

  /// Draws Haar-distributed links, transports them, and returns `log q`.
  ///
  /// - Precondition: the path starts at `β = 0`.
  public func sample(into U: inout LinkField<Group>, seed: UInt64, firstConfiguration: Int) -> Lanes
  {
    precondition(flow.path.start == 0, "a flow from β = \(flow.path.start) needs its own samples")
    drawHaar(&U, seed: seed, firstConfiguration: firstConfiguration)
    return -apply(to: &U)
  }

  /// `log q(U)` of given fields.
  public func logDensity(of U: LinkField<Group>) throws(InversionFailure) -> Lanes {
    var copy = U
    return try applyInverse(to: &copy)
  }

  /// Draws samples as `sample` does, and calls `visit` at the end of every interval with the coupling
  /// there, the fields, `X = Σ Re tr P/N` and the logarithm of the density of the sample.
  public func sampleAlongPath(
    seed: UInt64, firstConfiguration: Int,
    visit: (_ beta: Double, _ U: LinkField<Group>, _ plaquetteSum: Lanes, _ logDensity: Lanes) ->
      Void
  ) {
    var U = LinkField<Group>(coldStart: lattice)
    drawHaar(&U, seed: seed, firstConfiguration: firstConfiguration)
    workspaces.withObject { workspace in
      let basis = flow.basis
      basis.load(U, into: workspace.state)
      var logDet = Lanes.zero
      for (index, stages) in forward.enumerated() {
        logDet += stages.carry(workspace.state, basis, using: workspace.scratch)
        let point = ends[index]
        let values = basis.values(of: workspace.state, at: point, using: workspace.scratch)
        basis.store(workspace.state, into: &U)
        visit(point.beta, U, values.plaquetteSum, -logDet)
      }
    }
  }

  private func drawHaar(_ U: inout LinkField<Group>, seed: UInt64, firstConfiguration: Int) {
    var generator = LaneGenerator(
      seed: seed, purpose: .prior, firstConfiguration: firstConfiguration, step: 0)
    U.sampleHaar(using: &generator)
  }

  private func carry(
    _ U: inout LinkField<Group>, _ body: (Basis.State, Basis.Workspace) -> Lanes
  ) -> Lanes {
    precondition(U.lattice == lattice, "a field on \(U.lattice) given to a flow on \(lattice)")
    return workspaces.withObject { workspace in
      flow.basis.load(U, into: workspace.state)
      let logDet = body(workspace.state, workspace.scratch)
      flow.basis.store(workspace.state, into: &U)
      return logDet
    }
  }
}

/// The memory that one thread needs to carry eight configurations.
final class FlowWorkspace<Basis: VelocityBasis> {
  let state: Basis.State
  let scratch: Basis.Workspace

  init(_ basis: Basis) {
    state = basis.makeState()
    scratch = basis.makeWorkspace()
  }
}

extension RegressionTransport {
  /// The largest change of `log w` of a sample when every integrator step is halved: the size of the
  /// error that the integrator makes, which effective sample sizes do not see.
  ///
  /// - Parameter count: the number of samples, drawn with a seed of their own.
  public func integrationError(count: Int, seed: UInt64, threads: Int) -> Double {
    let fine = RegressionTransport(flow.refined(by: 2), to: flow.path.point(at: end).beta)
    let packets = (count + laneCount - 1) / laneCount
    let errors = Buffer<Lanes>(count: packets, repeating: .zero)
    forEachPacket(count: packets, threads: threads) { packet in
      let results = [self, fine].map { transport in
        var U = LinkField<Group>(coldStart: lattice)
        let logDensity = transport.sample(
          into: &U, seed: seed, firstConfiguration: packet * laneCount)
        return logDensity - flow.path.point(at: end).beta * plaquetteSum(of: U)
      }
      errors.pointer[packet] = abs(results[0] - results[1])
    }
    return errors.elements.reduce(0) { largest, error in
      (0..<laneCount).reduce(largest) { max($0, error[$1].isNaN ? .infinity : error[$1]) }
    }
  }

  private func plaquetteSum(of U: LinkField<Group>) -> Lanes {
    workspaces.withObject { workspace in
      flow.basis.load(U, into: workspace.state)
      return flow.basis.values(
        of: workspace.state, at: flow.path.point(at: end), using: workspace.scratch
      ).plaquetteSum
    }
  }
}
