import CLanes

/// The counter-based generator Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3", SC11 (2011): a bijection of 128-bit counters for every 64-bit key.
public enum Philox {
  @inlinable @inline(__always) static var multiplier0: UInt32 { 0xd251_1f53 }
  @inlinable @inline(__always) static var multiplier1: UInt32 { 0xcd9e_8d57 }
  @inlinable @inline(__always) static var weyl0: UInt32 { 0x9e37_79b9 }
  @inlinable @inline(__always) static var weyl1: UInt32 { 0xbb67_ae85 }

  /// The four words that belong to a counter and a key.
  @inlinable
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let p = multiplier0.multipliedFullWidth(by: c.x)
      let q = multiplier1.multipliedFullWidth(by: c.z)
      c = SIMD4(q.high ^ c.y ^ k.x, q.low, p.high ^ c.w ^ k.y, p.low)
      k = SIMD2(k.x &+ weyl0, k.y &+ weyl1)
    }
    return c
  }

  /// Four words in each of eight lanes. Words are held in the low halves of 64 bits, where one
  /// instruction multiplies them; the high halves of a counter are ignored.
  @usableFromInline
  typealias Words = (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)

  /// The blocks of eight counters under one key. The high halves of the answer are undefined in the
  /// first and third words and the high product in the others.
  @inlinable @inline(__always)
  static func block(lanes counter: Words, key: SIMD2<UInt32>) -> Words {
    var c = counter
    var k = (key.x, key.y)
    // Written out: a loop would carry the words through memory.
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    round(&c, &k)
    return c
  }

  @inlinable @inline(__always)
  static func round(_ c: inout Words, _ k: inout (UInt32, UInt32)) {
    let p = cl_mul32(c.0, multiplier0)
    let q = cl_mul32(c.2, multiplier1)
    c = (
      (q &>> 32) ^ c.1 ^ SIMD8(repeating: UInt64(k.0)), q,
      (p &>> 32) ^ c.3 ^ SIMD8(repeating: UInt64(k.1)), p
    )
    k = (k.0 &+ weyl0, k.1 &+ weyl1)
  }
}
