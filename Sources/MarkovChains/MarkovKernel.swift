import LaneMath
import LatticeFields

/// A Markov chain update that leaves a distribution of fields invariant, for 8 independent
/// chains at once.
///
/// A kernel is pure: its answer is a function of the state and the random streams. It accepts or
/// rejects lane by lane, so that no chain depends on which others share its packet. A new algorithm
/// is one file that conforms to this protocol.
public protocol MarkovKernel<Field>: Sendable {
  /// The kind of field.
  associatedtype Field: LatticeField
  /// The name a user types, such as `hmc`.
  var name: String { get }
  /// The number of link updates (of site updates for a scalar field) that one step makes in one
  /// chain, for rates: links times force evaluations for molecular dynamics, links times hits for
  /// local updates.
  func linkUpdates(on lattice: Lattice) -> Int
  /// One update of every chain.
  ///
  /// - Throws: `ChainError.inversion` where the kernel needs a density that cannot be computed; the
  ///   kernels without a proposal never throw.
  func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    throws(ChainError) -> UpdateInfo
  /// The kernel with its step size moved towards a target acceptance, given the mean acceptance that
  /// it had. Only for thermalisation: a chain whose kernel changes is not a Markov chain.
  ///
  /// - Parameters:
  ///   - acceptance: the mean acceptance probability since the last change, in [0, 1].
  ///   - target: the wanted one, or nil for the kernel's own choice.
  func tuned(acceptance: Double, target: Double?) -> Self
  /// What tuning may have changed, for a checkpoint.
  var tunedParameters: [Double] { get }
  /// The kernel with the parameters that ``tunedParameters`` gave.
  ///
  /// - Throws: `ChainError` where they are not valid parameters of this kernel.
  func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> Self
}

extension MarkovKernel {
  /// The kernel itself: nothing to tune.
  public func tuned(acceptance: Double, target: Double?) -> Self { self }
  /// None.
  public var tunedParameters: [Double] { [] }
  /// The kernel itself.
  public func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> Self {
    try requireParameters(parameters, count: 0, of: name)
    return self
  }
}

/// Checks the number of parameters of a kernel in a checkpoint.
func requireParameters(_ parameters: [Double], count: Int, of name: String) throws(ChainError) {
  guard parameters.count == count else {
    throw .checkpoint(
      expected: "\(count) parameters of \(name)", given: "\(parameters.count)")
  }
}

/// What one update did in each chain.
@frozen
public struct UpdateInfo: Sendable {
  /// The fraction of proposals that were accepted; 1 where nothing can be rejected.
  public var acceptance: Lanes
  /// The violation `ΔH` of energy conservation, or minus the logarithm of the acceptance ratio, of a
  /// global proposal; nil for local updates. `<exp(-ΔH)> = 1` in equilibrium.
  public var deltaH: Lanes?

  /// What one update did.
  @inlinable
  public init(acceptance: Lanes = Lanes(repeating: 1), deltaH: Lanes? = nil) {
    self.acceptance = acceptance
    self.deltaH = deltaH
  }
}

/// Metropolis' decision in every lane: true with probability `min(1, exp(-deltaH))`.
///
/// False where `deltaH` is not a number.
@inlinable
public func metropolisDecision(_ deltaH: Lanes, using streams: inout ChainStreams) -> LaneMask {
  var generator = streams.next(.metropolis)
  return generator.uniform() .< exp(-deltaH)
}

/// Metropolis' decision for every configuration of a kind of field: one for all lanes where they are
/// parts of the same configuration.
@inlinable
public func metropolisDecision<Field: LatticeField>(
  _ deltaH: Lanes, on field: Field.Type, using streams: inout ChainStreams
) -> LaneMask {
  guard Field.configurationsPerPacket == 1 else {
    return metropolisDecision(deltaH, using: &streams)
  }
  var generator = streams.next(.metropolis)
  return Lanes(repeating: generator.uniform()[0]) .< exp(-deltaH)
}

/// 1 in the lanes of the mask, 0 elsewhere.
@inlinable @inline(__always)
func indicator(_ mask: LaneMask) -> Lanes { select(mask, Lanes(repeating: 1), .zero) }
