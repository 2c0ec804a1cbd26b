import LaneMath

extension SIMD8 where Scalar == Double {
  /// The largest magnitude over lanes; not a number if a lane is not.
  var largestMagnitude: Double {
    (0..<8).reduce(0) { self[$1].isNaN || $0.isNaN ? .nan : Swift.max($0, Swift.abs(self[$1])) }
  }
  /// The lanes in another order.
  func permuted(_ order: [Int]) -> Self {
    var result = self
    for lane in 0..<8 { result[lane] = self[order[lane]] }
    return result
  }
}

/// Rounding of some thousand operations on numbers of order 1.
let rounding = 1e-12
/// Odd, unequal, and degenerate extents in every number of dimensions.
let someExtents: [[Int]] = [
  [1], [2], [7], [4, 4], [3, 5], [1, 4], [2, 2], [8, 3], [3, 2, 4], [1, 1, 3], [2, 3, 1, 4],
  [3, 2, 2, 3],
]
/// An order of lanes without fixed points.
let laneOrder = [3, 0, 6, 1, 7, 2, 5, 4].map { ($0 + 1) % 8 }
