import LaneMath
import LatticeFields

/// A coupling flow ready to be evaluated by any number of threads: a bijection, and a proposal.
///
/// Holds the parameters as the kernels read them, and a workspace for each thread that has asked for
/// one. Nothing else is allocated after the first call of each thread.
public final class CouplingTransport<Group: CouplingGroup>: DifferentiableBijection, Proposal {
  /// The flow.
  public let flow: CouplingFlow<Group>
  private let packed: Buffer<Float>
  private let workspaces: ObjectPool<CouplingWorkspace>
  /// Workspaces that hold the tapes of all layers.
  private let tapes: ObjectPool<CouplingWorkspace>

  /// Prepares a flow.
  public init(_ flow: CouplingFlow<Group>) {
    self.flow = flow
    packed = flow.makePackedParameters()
    flow.pack(into: packed)
    workspaces = ObjectPool { CouplingWorkspace(flow: flow, keepsTape: false) }
    tapes = ObjectPool { CouplingWorkspace(flow: flow, keepsTape: true) }
  }

  /// The lattice.
  public var lattice: Lattice { flow.lattice }

  /// Applies the flow in place and returns `log|det J|`.
  public func apply(to U: inout LinkField<Group>) -> Lanes {
    check(U)
    return workspaces.withObject { workspace in
      U.links.withUnsafeMutableBufferPointer {
        flow.apply(to: $0.baseAddress!, packed: packed.pointer, workspace: workspace)
      }
    }
  }

  /// Applies the inverse in place and returns its `log|det|`.
  public func applyInverse(to U: inout LinkField<Group>) throws(InversionFailure) -> Lanes {
    check(U)
    let result: Result<Lanes, InversionFailure> = workspaces.withObject { workspace in
      U.links.withUnsafeMutableBufferPointer { links in
        do throws(InversionFailure) {
          return .success(
            -(try flow.applyInverse(
              to: links.baseAddress!, packed: packed.pointer, workspace: workspace)))
        } catch { return .failure(error) }
      }
    }
    return try result.get()
  }

  /// Applies the flow and keeps what its pullback needs, in a workspace that is lent until the
  /// pullback is released. The pullback may be called more than once.
  public func applyWithPullback(to U: inout LinkField<Group>) -> (
    logDet: Lanes, pullback: (inout AlgebraField<Group>, Lanes) -> Void
  ) {
    check(U)
    let tape = tapes.lend()
    let logDet = apply(to: &U, keeping: tape.object)
    let image = U
    return (
      logDet,
      { [self] gradient, b in
        var U = image
        pullBack(&gradient, logDetWeight: b, restoring: &U, through: tape.object)
      }
    )
  }

  /// Applies the flow and computes the gradient of a function of its output. Allocates at the first
  /// call of each thread only.
  public func applyWithGradient(
    to U: inout LinkField<Group>, gradient: inout AlgebraField<Group>, logDetWeight b: Lanes,
    derivative: (LinkField<Group>, inout AlgebraField<Group>) -> Void
  ) -> Lanes {
    check(U)
    let tape = tapes.take()
    defer { tapes.giveBack(tape) }
    let logDet = apply(to: &U, keeping: tape)
    derivative(U, &gradient)
    pullBack(&gradient, logDetWeight: b, restoring: &U, through: tape)
    return logDet
  }

  private func apply(to U: inout LinkField<Group>, keeping tape: CouplingWorkspace) -> Lanes {
    U.links.withUnsafeMutableBufferPointer {
      flow.apply(to: $0.baseAddress!, packed: packed.pointer, workspace: tape)
    }
  }

  private func pullBack(
    _ gradient: inout AlgebraField<Group>, logDetWeight b: Lanes,
    restoring U: inout LinkField<Group>, through tape: CouplingWorkspace
  ) {
    U.links.withUnsafeMutableBufferPointer { links in
      gradient.elements.withUnsafeMutableBufferPointer { elements in
        for index in flow.layers.indices.reversed() {
          flow.layers[index].pullback(
            elements.baseAddress!, logDet: b, restoring: links.baseAddress!,
            packed: packed.pointer + flow.packedOffsets[index], tape: tape.tape(index),
            scratch: tape.scratch, gradient: nil)
        }
      }
    }
  }

  /// Draws Haar-distributed links, transports them, and returns `log q`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  public func sample(
    into U: inout LinkField<Group>, seed: UInt64, firstConfiguration: Int
  ) -> Lanes {
    var generator = LaneGenerator(
      seed: seed, purpose: .prior, firstConfiguration: firstConfiguration, step: 0)
    U.sampleHaar(using: &generator)
    let logDet = apply(to: &U)
    U.reunitarize()
    return -logDet
  }

  /// `log q(U)` of given fields.
  public func logDensity(of U: LinkField<Group>) throws(InversionFailure) -> Lanes {
    var copy = U
    return try applyInverse(to: &copy)
  }

  private func check(_ U: LinkField<Group>) {
    precondition(
      U.lattice == flow.lattice, "a field on \(U.lattice) given to a flow on \(flow.lattice)")
  }
}
