import LaneMath

/// `log|det A|` of a dense matrix, by elimination with partial pivoting.
///
/// Complexity: O(n³); rows that need no elimination cost nothing.
///
/// - Parameters:
///   - matrix: `n × n` numbers, row after row; destroyed.
/// - Returns: minus infinity where the matrix is singular.
func logAbsoluteDeterminant(_ matrix: inout [Double], order n: Int) -> Double {
  precondition(matrix.count == n * n, "\(matrix.count) numbers for a matrix of order \(n)")
  var sum = 0.0
  matrix.withUnsafeMutableBufferPointer { a in
    for k in 0..<n {
      var pivot = k
      for row in k..<n where abs(a[row * n + k]) > abs(a[pivot * n + k]) { pivot = row }
      if pivot != k {
        for column in k..<n { a.swapAt(pivot * n + column, k * n + column) }
      }
      let diagonal = a[k * n + k]
      sum += LaneMath.log(Lanes(repeating: abs(diagonal)))[0]
      if diagonal == 0 { return }
      for row in (k + 1)..<Swift.max(k + 1, n) where a[row * n + k] != 0 {
        let factor = a[row * n + k] / diagonal
        for column in (k + 1)..<Swift.max(k + 1, n) {
          a[row * n + column] -= factor * a[k * n + column]
        }
      }
    }
  }
  return sum
}

private func abs(_ x: Double) -> Double { Swift.abs(x) }
