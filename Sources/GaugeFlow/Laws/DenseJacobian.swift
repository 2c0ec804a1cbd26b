import LaneMath
import LatticeFields
import LatticeFlows

/// The Jacobian of a map of gauge fields in the coordinates of left derivatives, by sixth-order central
/// differences.
///
///     J_ij = [45 d_1 - 9 d_2 + d_3]_i/(60 h),   d_k = log(f(exp(k h T_j) U) f(exp(-k h T_j) U)†)
///
/// `d_k` is odd in `k`, in groups that do not commute too. A link that comes out as it went in, bit by
/// bit, at every point that is looked at, has the rows of the unit matrix; the determinant is then that
/// of the rows and columns of the other links.
///
/// Complexity: `6 n` evaluations and O(n³) for each lane, `n` the number of coordinates of the links
/// that move.
struct DenseJacobian {
  /// The number of coordinates of the links that move.
  private let order: Int
  /// `J` of each lane on these coordinates, row after row.
  private var values: [[Double]]

  /// The Jacobian at `U`.
  init<Map: Bijection>(of map: Map, at U: LinkField<Map.Group>, step h: Double)
  where Map.Group: SpectralGroup {
    var image = U
    _ = map.apply(to: &image)
    var moved = image.links.indices.filter { difference(image.links[$0], U.links[$0]) != 0 }
    while true {
      if let values = Self.values(of: map, at: U, step: h, links: moved) {
        order = moved.count * Map.Group.Algebra.dimension
        self.values = values
        return
      }
      // A link that seemed to stand still moves after all: nothing is left out.
      moved = Array(U.links.indices)
    }
  }

  private static func values<Map: Bijection>(
    of map: Map, at U: LinkField<Map.Group>, step h: Double, links: [Int]
  ) -> [[Double]]? where Map.Group: SpectralGroup {
    typealias Group = Map.Group
    let dimension = Group.Algebra.dimension, n = links.count * dimension
    let still = Set(U.links.indices).subtracting(links).sorted()
    var values = Array(repeating: Array(repeating: 0.0, count: n * n), count: laneCount)
    var sum = Array(repeating: Lanes.zero, count: n)
    for (number, link) in links.enumerated() {
      for coordinate in 0..<dimension {
        for row in 0..<n { sum[row] = .zero }
        for (k, weight) in [(1.0, 45.0), (2, -9), (3, 1)] {
          var X = Group.Algebra.zero
          X[coordinate] = Lanes(repeating: k * h)
          let step = Group.exp(X)
          var plus = U, minus = U
          plus.links[link] = step * U.links[link]
          minus.links[link] = step.adjoint * U.links[link]
          _ = map.apply(to: &plus)
          _ = map.apply(to: &minus)
          for other in still
          where difference(plus.links[other], U.links[other]) != 0
            || difference(minus.links[other], U.links[other]) != 0
          { return nil }
          for (index, output) in links.enumerated() {
            let change = (plus.links[output] * minus.links[output].adjoint).logarithm
            for row in 0..<dimension { sum[index * dimension + row] += weight * change[row] }
          }
        }
        let column = number * dimension + coordinate
        for row in 0..<n {
          let derivative = sum[row] / (60 * h)
          for lane in 0..<laneCount { values[lane][row * n + column] = derivative[lane] }
        }
      }
    }
    return values
  }

  /// `log|det J|` in every lane.
  var logAbsoluteDeterminant: Lanes {
    var result = Lanes.zero
    for lane in 0..<laneCount {
      var matrix = values[lane]
      result[lane] = GaugeFlow.logAbsoluteDeterminant(&matrix, order: order)
    }
    return result
  }
}
