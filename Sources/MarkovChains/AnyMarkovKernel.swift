import LaneMath
import LatticeFields

/// A kernel of any type.
///
/// Make it where the type of the kernel is known: its code is then specialised for the field there.
/// (The kernels of this module are specialised for the U(1) Wilson action in any case.)
public struct AnyMarkovKernel<Field: LatticeField>: MarkovKernel {
  /// The name of the kernel.
  public let name: String
  @usableFromInline let updates: @Sendable (Lattice) -> Int
  @usableFromInline
  let body: @Sendable (inout ChainState<Field>, inout ChainStreams) throws(ChainError) -> UpdateInfo
  @usableFromInline let retuned: @Sendable (Double, Double?) -> AnyMarkovKernel
  @usableFromInline let restored: @Sendable ([Double]) throws(ChainError) -> AnyMarkovKernel
  /// The kernel inside.
  public let base: any MarkovKernel<Field>

  /// Hides the type of a kernel.
  @inlinable
  public init<Kernel: MarkovKernel<Field>>(_ kernel: Kernel) {
    name = kernel.name
    base = kernel
    updates = { kernel.linkUpdates(on: $0) }
    body = { (state, streams) throws(ChainError) -> UpdateInfo in
      try kernel.step(&state, using: &streams)
    }
    retuned = { AnyMarkovKernel(kernel.tuned(acceptance: $0, target: $1)) }
    restored = { (parameters) throws(ChainError) -> AnyMarkovKernel in
      AnyMarkovKernel(try kernel.withTunedParameters(parameters))
    }
  }

  /// The link updates of the kernel.
  public func linkUpdates(on lattice: Lattice) -> Int { updates(lattice) }
  /// One update of every chain.
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    throws(ChainError) -> UpdateInfo
  { try body(&state, &streams) }
  /// The kernel inside, tuned.
  public func tuned(acceptance: Double, target: Double?) -> AnyMarkovKernel {
    retuned(acceptance, target)
  }
  /// The parameters of the kernel inside.
  public var tunedParameters: [Double] { base.tunedParameters }
  /// The kernel inside with the parameters.
  public func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> AnyMarkovKernel {
    try restored(parameters)
  }
}
