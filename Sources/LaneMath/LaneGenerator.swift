/// Eight streams of random numbers, one for each configuration of a packet.
///
/// The stream of a lane is a function of (seed, purpose, configuration, step) alone: it does not
/// depend on which packet, lane, thread or process draws it, nor on what the other lanes draw.
/// Every block is Philox4x32-10 of the counter (draw, configuration, step, purpose) under the key
/// `seed`; a lane has 2^32 blocks of two numbers.
@frozen
public struct LaneGenerator: Sendable {
  /// The number of blocks that every lane has used.
  @usableFromInline var draws: SIMD8<UInt64>
  @usableFromInline var configurations: SIMD8<UInt64>
  @usableFromInline let step: UInt32
  @usableFromInline let purpose: UInt32
  @usableFromInline let key: SIMD2<UInt32>
  /// The second uniform of the last block that ``uniform(where:)`` used, where it is still unused.
  @usableFromInline var spareUniform: Lanes
  @usableFromInline var hasSpareUniform: LaneMask
  @usableFromInline var spareNormal: Lanes
  @usableFromInline var hasSpareNormal: Bool

  /// The streams of the configurations `firstConfiguration ..< firstConfiguration + 8`.
  ///
  /// - Precondition: configurations and step are in `0 ..< 2^32`.
  @inlinable
  public init(seed: UInt64, purpose: RandomPurpose, firstConfiguration: Int, step: Int) {
    let first = UInt32(firstConfiguration)
    self.init(
      seed: seed, purpose: purpose,
      configurations: SIMD8(0, 1, 2, 3, 4, 5, 6, 7) &+ SIMD8(repeating: first), step: step)
  }

  /// The streams of any eight configurations.
  ///
  /// - Precondition: `step` is in `0 ..< 2^32`.
  @inlinable
  public init(seed: UInt64, purpose: RandomPurpose, configurations: SIMD8<UInt32>, step: Int) {
    draws = .zero
    self.configurations = SIMD8<UInt64>(truncatingIfNeeded: configurations)
    self.step = UInt32(step)
    self.purpose = purpose.rawValue
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    spareUniform = .zero
    hasSpareUniform = LaneMask(repeating: false)
    spareNormal = .zero
    hasSpareNormal = false
  }

  /// 128 random bits in every lane, as two words of 64; no draw is counted.
  @inlinable @inline(__always)
  func block() -> (SIMD8<UInt64>, SIMD8<UInt64>) {
    let (w0, w1, w2, w3) = Philox.block(
      lanes: (
        draws, configurations, SIMD8(repeating: UInt64(step)), SIMD8(repeating: UInt64(purpose))
      ), key: key)
    return ((w1 &<< 32) | (w0 & 0xffff_ffff), (w3 &<< 32) | (w2 & 0xffff_ffff))
  }

  /// (n + 1/2) 2^-52 for the upper 52 bits n.
  @inlinable @inline(__always)
  static func openUnit(_ bits: SIMD8<UInt64>) -> Lanes {
    Lanes(bits: (bits &>> 12) | 0x3ff0_0000_0000_0000) - (1 - 0x1p-53)
  }

  /// Two independent uniform numbers, each (n + 1/2) 2^-52 with 52 random bits, so in (0, 1).
  @inlinable @inline(__always)
  public mutating func uniformPair() -> (Lanes, Lanes) {
    let (a, b) = block()
    draws = draws &+ 1
    return (Self.openUnit(a), Self.openUnit(b))
  }

  /// Two independent uniform numbers in (0, 1); only the lanes of the mask advance, and only their
  /// numbers may be used.
  @inlinable @inline(__always)
  public mutating func uniformPair(where mask: LaneMask) -> (Lanes, Lanes) {
    let (a, b) = block()
    draws = draws &- unsafeBitCast(mask, to: SIMD8<UInt64>.self)
    return (Self.openUnit(a), Self.openUnit(b))
  }

  /// A uniform number in (0, 1), (n + 1/2) 2^-52 with 52 random bits.
  @inlinable @inline(__always)
  public mutating func uniform() -> Lanes { uniform(where: LaneMask(repeating: true)) }

  /// A uniform number in (0, 1); only the lanes of the mask advance, and only their numbers may be
  /// used.
  @inlinable @inline(__always)
  public mutating func uniform(where mask: LaneMask) -> Lanes {
    var result = spareUniform
    let fresh = mask .& .!hasSpareUniform
    if any(fresh) {
      let (a, b) = uniformPair(where: fresh)
      result = select(fresh, a, result)
      spareUniform = select(fresh, b, spareUniform)
    }
    hasSpareUniform = select(mask, fresh, hasSpareUniform)
    return result
  }

  /// Two independent normal numbers of mean 0 and variance 1.
  ///
  /// Box and Muller's transformation: the polar angle and the radius sqrt(-2 log u), at most 8.57.
  @inlinable @inline(__always)
  public mutating func normalPair() -> (Lanes, Lanes) {
    let (u, v) = uniformPair()
    let radius = sqrt(-2 * logOfUniform(u))
    let (s, c) = sincos(turns: v)
    return (radius * c, radius * s)
  }

  /// A normal number of mean 0 and variance 1; see ``normalPair()``.
  @inlinable @inline(__always)
  public mutating func normal() -> Lanes {
    if hasSpareNormal {
      hasSpareNormal = false
      return spareNormal
    }
    let (a, b) = normalPair()
    spareNormal = b
    hasSpareNormal = true
    return a
  }
}

/// `mask ? a : b` for masks.
@inlinable @inline(__always)
func select(_ mask: LaneMask, _ a: LaneMask, _ b: LaneMask) -> LaneMask {
  (mask .& a) .| (.!mask .& b)
}

/// The logarithm of normal positive numbers.
@inlinable @inline(__always)
func logOfUniform(_ u: Lanes) -> Lanes {
  let (k, m) = splitExponent(u)
  return logarithm(exponent: k, fraction: m - 1, correction: .zero)
}
