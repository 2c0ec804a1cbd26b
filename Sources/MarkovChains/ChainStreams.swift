import LaneMath

/// The random numbers of 8 chains: a fresh stream for every request.
///
/// Request number `n` is answered by the streams keyed by (seed, purpose, chain, n): what a chain
/// draws does not depend on packets or threads, no kernel can draw the same numbers twice, and a
/// chain is resumed from `requests` alone.
@frozen
public struct ChainStreams: Sendable, Hashable {
  /// The seed of all chains.
  public let seed: UInt64
  /// The number of the chain in lane 0.
  public let firstChain: Int
  /// The number of streams handed out so far.
  public var requests: Int

  /// The streams of the chains `firstChain ..< firstChain + 8`.
  ///
  /// - Precondition: `firstChain` and `requests` are in `0 ..< 2^32`.
  @inlinable
  public init(seed: UInt64, firstChain: Int, requests: Int = 0) {
    self.seed = seed
    self.firstChain = firstChain
    self.requests = requests
  }

  /// The next stream of every chain.
  @inlinable
  public mutating func next(_ purpose: RandomPurpose) -> LaneGenerator {
    let step = requests
    requests += 1
    return LaneGenerator(seed: seed, purpose: purpose, firstConfiguration: firstChain, step: step)
  }

  /// A seed for a proposal that numbers its random streams itself, the same for all chains: the
  /// proposal tells them apart by their number.
  @inlinable
  public mutating func nextSeed(_ purpose: RandomPurpose) -> UInt64 {
    let step = requests
    requests += 1
    var generator = ScalarGenerator(seed: seed, purpose: purpose, index: 0, step: step)
    return generator.next()
  }
}
