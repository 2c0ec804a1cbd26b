import LaneMath
import Testing

@Suite("Packets on threads")
struct ParallelTests {
  @Test("every packet is visited once, for any number of threads", arguments: [-1, 0, 1, 2, 3, 16])
  func visits(threads: Int) {
    for count in [0, 1, 2, 5, 1000] {
      let visits = Buffer<Int>(count: count, repeating: 0)
      forEachPacket(count: count, threads: threads) { visits.pointer[$0] += 1 }
      #expect(visits.elements.allSatisfy { $0 == 1 }, "\(count) packets")
    }
  }

  @Test("results have the same bits for any number of threads")
  func sameBits() {
    func simulate(threads: Int) -> [UInt64] {
      let packets = 37
      let sums = Buffer<Lanes>(count: packets, repeating: .zero)
      forEachPacket(count: packets, threads: threads) { packet in
        var generator = LaneGenerator(
          seed: 1, purpose: .verification, firstConfiguration: 8 * packet, step: 0)
        for _ in 0..<200 {
          let angle = generator.vonMises(concentration: Lanes(repeating: Double(packet)))
          sums.pointer[packet] += exp(sin(angle)) + generator.normal()
        }
      }
      return sums.elements.flatMap { sum in (0..<8).map { sum[$0].bitPattern } }
    }
    let expected = simulate(threads: 1)
    for threads in [2, 3, 8] { #expect(simulate(threads: threads) == expected) }
  }

  @Test("buffers are aligned and hold what they are given")
  func buffers() {
    for count in [0, 1, 7, 1000] {
      let buffer = Buffer<Lanes>(count: count, repeating: Lanes(repeating: 2))
      #expect(UInt(bitPattern: buffer.pointer) % 64 == 0 && buffer.count == count)
      #expect(buffer.elements.allSatisfy { $0 == Lanes(repeating: 2) })
      buffer.fill(.zero)
      #expect(buffer.elements.allSatisfy { $0 == .zero })
    }
  }
}
