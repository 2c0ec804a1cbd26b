import LaneMath
import Testing

@Suite("Philox4x32-10")
struct PhiloxTests {
  @Test("gives the known answers published with Random123")
  func knownAnswers() {
    // The lines "philox4x32 10" of kat_vectors in the Random123 distribution.
    let ones = UInt32.max
    let answers: [(SIMD4<UInt32>, SIMD2<UInt32>, SIMD4<UInt32>)] = [
      (
        SIMD4(0, 0, 0, 0), SIMD2(0, 0),
        SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
      ),
      (
        SIMD4(ones, ones, ones, ones), SIMD2(ones, ones),
        SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        SIMD2(0xa409_3822, 0x299f_31d0),
        SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ]
    for (counter, key, words) in answers {
      #expect(Philox.block(counter: counter, key: key) == words)
    }
  }

  @Test("on lanes is the scalar generator of every configuration")
  func lanesAreScalars() {
    let seed: UInt64 = 0x1234_5678_9abc_def0
    let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
    for (first, step) in [(0, 0), (4_294_967_288, 4_294_967_295), (1000, 17)] {
      var packet = LaneGenerator(
        seed: seed, purpose: .momenta, firstConfiguration: first, step: step)
      for draw in 0..<50 {
        let (u, v) = packet.uniformPair()
        for lane in 0..<8 {
          let words = Philox.block(
            counter: SIMD4(
              UInt32(draw), UInt32(first + lane), UInt32(step), RandomPurpose.momenta.rawValue),
            key: key)
          let a = UInt64(words.y) << 32 | UInt64(words.x)
          let b = UInt64(words.w) << 32 | UInt64(words.z)
          #expect(u[lane] == (Double(a >> 12) + 0.5) * 0x1p-52)
          #expect(v[lane] == (Double(b >> 12) + 0.5) * 0x1p-52)
        }
      }
    }
  }

  @Test("scalar streams are the words of the lane of their index")
  func scalarStream() {
    var packet = LaneGenerator(seed: 5, purpose: .bootstrap, firstConfiguration: 40, step: 3)
    var scalar = ScalarGenerator(seed: 5, purpose: .bootstrap, index: 42, step: 3)
    for _ in 0..<100 { #expect(packet.uniform()[2] == scalar.uniform()) }
    var first = ScalarGenerator(seed: 5, purpose: .shuffling)
    var second = first
    #expect((0..<100).shuffled(using: &first) == (0..<100).shuffled(using: &second))
  }
}
