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

/// Sums of some hundred numbers of order 1, in another order.
let rounding = 1e-12

/// Extents in 1 to 4 dimensions: even and odd, unequal, an extent of 1 among them.
let someExtents: [[Int]] = [
  [5], [4, 6], [3, 5], [1, 4], [2, 2], [3, 4, 2], [5, 1, 3], [2, 3, 2, 4], [3, 2, 2, 3],
]

/// A permutation of lanes without fixed point.
let laneOrder = [3, 0, 6, 1, 7, 2, 5, 4].map { ($0 + 1) % 8 }
