/// One stream of random numbers for work that is not done in lanes: shuffles, bootstrap samples.
///
/// The stream is a function of (seed, purpose, index, step) alone, with the counters of
/// ``LaneGenerator``: its 64-bit words are those of the lane of configuration `index`.
@frozen
public struct ScalarGenerator: RandomNumberGenerator, Sendable {
  @usableFromInline var counter: SIMD4<UInt32>
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline var spare: UInt64
  @usableFromInline var hasSpare: Bool

  /// The stream of the given index and step.
  ///
  /// - Precondition: `index` and `step` are in `0 ..< 2^32`.
  @inlinable
  public init(seed: UInt64, purpose: RandomPurpose, index: Int = 0, step: Int = 0) {
    counter = SIMD4(0, UInt32(index), UInt32(step), purpose.rawValue)
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    spare = 0
    hasSpare = false
  }

  /// 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    if hasSpare {
      hasSpare = false
      return spare
    }
    let words = Philox.block(counter: counter, key: key)
    counter.x = counter.x &+ 1
    spare = UInt64(words.w) << 32 | UInt64(words.z)
    hasSpare = true
    return UInt64(words.y) << 32 | UInt64(words.x)
  }

  /// A uniform number in (0, 1), (n + 1/2) 2^-52 with 52 random bits.
  @inlinable
  public mutating func uniform() -> Double {
    Double(bitPattern: next() >> 12 | 0x3ff0_0000_0000_0000) - (1 - 0x1p-53)
  }
}
