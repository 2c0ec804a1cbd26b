import LaneMath

/// Weighted linear least squares for a few unknowns and many observations, eight at a time.
///
///     minimise  Σ_n w_n (b_n - Σ_i c_i A_in)² + ridge Σ_i (s_i c_i)²,     Σ w_n = 1
///
/// Columns and target are centred by their weighted means, and columns are scaled by their norms `s_i`,
/// so that the ridge is relative. The normal equations are summed with compensation and solved by
/// Cholesky's decomposition.
public struct LeastSquares: Sendable {
  /// The solution, in the scale of the columns as they were given.
  public let coefficients: [Double]
  /// The weighted variance that is left of the target.
  public let residual: Double
  /// The weighted variance of the target.
  public let variance: Double

  /// Solves for the coefficients.
  ///
  /// Complexity: O(n count²/2) multiplications for n packets of observations.
  ///
  /// - Parameters:
  ///   - columns: `count` numbers for each packet, packet after packet.
  ///   - target: one number for each packet.
  ///   - weights: the weights, not necessarily normalised; a lane of weight 0 is not looked at.
  ///   - ridge: relative to the unit norm of the scaled columns, positive.
  public init(
    columns: UnsafeBufferPointer<Lanes>, count: Int, target: [Lanes], weights: [Lanes],
    ridge: Double
  ) {
    precondition(
      columns.count == count * target.count && weights.count == target.count,
      "\(columns.count) columns and \(weights.count) weights for \(count) unknowns and "
        + "\(target.count) packets")
    let gram = GramMatrix(columns: columns, count: count, target: target, weights: weights)
    let scales = (0..<count).map { max(gram[$0, $0], 0).squareRoot() }
    let largest = scales.reduce(0, max)
    // A column that does not vary says nothing: its coefficient is 0.
    let inverse = scales.map { $0 > 1e-12 * largest ? 1 / $0 : 0 }
    var matrix = (0..<count).map { i in
      (0...i).map { j in gram[i, j] * inverse[i] * inverse[j] + (i == j ? ridge : 0) }
    }
    for i in 0..<count where inverse[i] == 0 { matrix[i][i] = 1 }
    let right = (0..<count).map { gram[count, $0] * inverse[$0] }
    let solution = solveByCholesky(&matrix, right)
    coefficients = zip(solution, inverse).map(*)
    variance = gram[count, count]
    // b·b - 2 c·A·b + c·A·A·c, with the matrix without its ridge.
    var explained = 0.0
    for i in 0..<count {
      var row = CompensatedSum(2 * gram[count, i])
      for j in 0..<count { row.add(-coefficients[j] * gram[max(i, j), min(i, j)]) }
      explained += coefficients[i] * row.value
    }
    residual = max(0, variance - explained)
  }
}

/// The weighted covariances of columns and a target, the target last.
struct GramMatrix {
  private var rows: [[Double]]

  /// The covariance of `i` and `j`, `j <= i`.
  subscript(i: Int, j: Int) -> Double { rows[i][j] }

  init(
    columns: UnsafeBufferPointer<Lanes>, count: Int, target: [Lanes], weights: [Lanes]
  ) {
    var total = LaneCompensatedSum()
    for weight in weights { total.add(weight) }
    let norm = 1 / total.total.value
    func value(_ packet: Int, _ i: Int) -> Lanes {
      i < count ? columns[packet * count + i] : target[packet]
    }
    // Two passes: means, then covariances of what is centred.
    let means = (0...count).map { i in
      var sum = LaneCompensatedSum()
      for packet in target.indices { sum.add(weights[packet] * value(packet, i)) }
      return sum.total.value * norm
    }
    var sums = [LaneCompensatedSum](
      repeating: LaneCompensatedSum(), count: (count + 1) * (count + 2) / 2)
    var centred = [Lanes](repeating: .zero, count: count + 1)
    for packet in target.indices {
      let isUsed = weights[packet] .> 0
      for i in 0...count {
        centred[i] = select(isUsed, value(packet, i) - means[i], .zero)
      }
      var index = 0
      for i in 0...count {
        let weighted = weights[packet] * centred[i]
        for j in 0...i {
          sums[index].add(weighted * centred[j])
          index += 1
        }
      }
    }
    rows = (0...count).map { i in
      (0...i).map { j in sums[i * (i + 1) / 2 + j].total.value * norm }
    }
  }
}

/// Solves `M x = b` for a symmetric positive matrix, of which the lower triangle is given and replaced by
/// its Cholesky factor.
///
/// A pivot that rounding has made negative is replaced by a small positive number, which leaves its
/// unknown near 0.
func solveByCholesky(_ M: inout [[Double]], _ b: [Double]) -> [Double] {
  let n = b.count
  for i in 0..<n {
    for j in 0...i {
      var sum = M[i][j]
      for k in 0..<j { sum -= M[i][k] * M[j][k] }
      if i == j {
        M[i][i] = max(sum, 1e-14).squareRoot()
      } else {
        M[i][j] = sum / M[j][j]
      }
    }
  }
  var x = b
  for i in 0..<n {
    for k in 0..<i { x[i] -= M[i][k] * x[k] }
    x[i] /= M[i][i]
  }
  for i in (0..<n).reversed() {
    for k in (i + 1)..<max(i + 1, n) { x[i] -= M[k][i] * x[k] }
    x[i] /= M[i][i]
  }
  return x
}
