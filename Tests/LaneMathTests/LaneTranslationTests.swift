import LaneMath
import Testing

@Suite("Translations among lanes")
struct LaneTranslationTests {
  /// The block of a lane, the last direction fastest.
  private func block(_ lane: Int, _ blocks: [Int]) -> [Int] {
    var rest = lane
    var result = blocks
    for mu in blocks.indices.reversed() {
      result[mu] = rest % blocks[mu]
      rest /= blocks[mu]
    }
    return result
  }

  private func lane(_ block: [Int], _ blocks: [Int]) -> Int {
    zip(block, blocks).reduce(0) { $0 * $1.1 + ($1.0 + 4 * $1.1) % $1.1 }
  }

  @Test(
    "a lane takes the number of the block that lies the shift away, in any division into eight",
    arguments: [
      [8], [4, 2], [2, 4], [2, 2, 2], [1, 2, 4, 1], [2, 1, 2, 2], [1, 8], [4, 1, 2],
    ])
  func definition(blocks: [Int]) {
    let x = Lanes(0, 1, 2, 3, 4, 5, 6, 7)
    for number in 0..<laneCount {
      // Positive and negative steps alike.
      for sign in [1, -1] {
        let shift = block(number, blocks).map { sign * $0 }
        let translation = LaneTranslation(blocks: blocks, by: shift)
        let back = LaneTranslation(blocks: blocks, by: shift.map { -$0 })
        let y = translation(x)
        for l in 0..<laneCount {
          let target = zip(block(l, blocks), shift).map { $0 + $1 }
          #expect(y[l] == Double(lane(target, blocks)), "\(blocks) by \(shift)")
        }
        #expect(back(y) == x)
      }
    }
  }

  @Test("copies and sums of many numbers are translated one by one")
  func memory() {
    let translation = LaneTranslation(blocks: [4, 2], by: [1, 1])
    let from = (0..<5).map { Lanes(0, 1, 2, 3, 4, 5, 6, 7) * Double($0) }
    var copies = [Lanes](repeating: Lanes(repeating: 9), count: 6), sums = copies
    translation.copy(from, to: &copies, count: 5)
    translation.add(from, to: &sums, count: 5)
    for index in 0..<5 {
      #expect(copies[index] == translation(from[index]))
      #expect(sums[index] == 9 + translation(from[index]))
    }
    #expect(copies[5] == Lanes(repeating: 9) && sums[5] == copies[5])
  }
}
