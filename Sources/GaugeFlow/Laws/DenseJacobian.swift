import LaneMath
import LatticeFields
import LatticeFlows

/// The Jacobian of a map of U(1) fields in link angles, by sixth-order central differences.
///
///     J_ij = ∂θ'_i/∂θ_j = [45 (f_1 - f_-1) - 9 (f_2 - f_-2) + (f_3 - f_-3)]/(60 h),  f_k = f(θ + k h e_j)
///
/// A link that comes out as it went in, bit by bit, at every point that is looked at, has the row of
/// the unit matrix; the determinant is then that of the rows and columns of the other links.
///
/// Complexity: `6 n` evaluations and O(n³) for each lane, `n` the number of links that move.
struct DenseJacobian {
  /// The links that move.
  private let links: [Int]
  /// `J` of each lane on these links, row after row.
  private var values: [[Double]]

  /// The Jacobian at `U`.
  init(of map: some Bijection<U1>, at U: LinkField<U1>, step h: Double) {
    var image = U
    _ = map.apply(to: &image)
    var moved = image.links.indices.filter { image.links[$0].angle != U.links[$0].angle }
    while true {
      if let values = Self.values(of: map, at: U, step: h, links: moved) {
        self.links = moved
        self.values = values
        return
      }
      // A link that seemed to stand still moves after all: nothing is left out.
      moved = Array(U.links.indices)
    }
  }

  private static func values(
    of map: some Bijection<U1>, at U: LinkField<U1>, step h: Double, links: [Int]
  ) -> [[Double]]? {
    let n = links.count
    let still = Set(U.links.indices).subtracting(links).sorted()
    var values = Array(repeating: Array(repeating: 0.0, count: n * n), count: laneCount)
    for (column, link) in links.enumerated() {
      var sum = Array(repeating: Lanes.zero, count: n)
      for (k, weight) in [(1.0, 45.0), (2, -9), (3, 1)] {
        var plus = U, minus = U
        plus.links[link].angle += k * h
        minus.links[link].angle -= k * h
        _ = map.apply(to: &plus)
        _ = map.apply(to: &minus)
        for other in still
        where plus.links[other].angle != U.links[other].angle
          || minus.links[other].angle != U.links[other].angle
        { return nil }
        for (row, output) in links.enumerated() {
          let difference = wrapAngle(plus.links[output].angle - minus.links[output].angle)
          sum[row] = sum[row] + weight * difference
        }
      }
      for row in 0..<n {
        let derivative = sum[row] / (60 * h)
        for lane in 0..<laneCount { values[lane][row * n + column] = derivative[lane] }
      }
    }
    return values
  }

  /// `log|det J|` in every lane.
  var logAbsoluteDeterminant: Lanes {
    var result = Lanes.zero
    for lane in 0..<laneCount {
      var matrix = values[lane]
      result[lane] = GaugeFlow.logAbsoluteDeterminant(&matrix, order: links.count)
    }
    return result
  }
}
