import LaneMath
import LatticeFields

/// Chooses the elements of a velocity basis that explain most, one after the other.
///
/// At several couplings on the way, samples of `exp(-S_t)` give the covariances of the columns and of
/// `∂_t S_t`. The next element is the one that reduces the residual of the continuity equation most,
/// relative to what is left of it, summed over the couplings; covariances with the chosen ones are
/// then eliminated.
///
/// Complexity: one evaluation of all columns for each packet of samples, and O(n²) for each element that
/// is chosen.
public struct ElementSelection: Sendable {
  /// The names of the chosen elements, best first.
  public private(set) var names: [String] = []
  /// What is left of the variance of `∂_t S_t` after each choice: the mean over the couplings of
  /// residual over variance.
  public private(set) var residuals: [Double] = []

  /// Chooses at most `count` elements.
  ///
  /// - Parameters:
  ///   - basis: all the elements there are to choose from.
  ///   - samples: for each flow time packets of samples of `exp(-S_t)`.
  ///   - path: the actions.
  public init<Basis: VelocityBasis>(
    from basis: Basis, count: Int, path: AnnealingPath,
    samples: [(time: Double, fields: [LinkField<Basis.Group>])], threads: Int
  ) {
    var matrices = samples.map { time, fields in
      Self.covariances(basis, path.point(at: time), fields, threads: threads)
    }
    let n = basis.count
    let variances = matrices.map { $0[n][n] }
    // Of a column, what may be left before it counts as a combination of the chosen ones.
    let floors = matrices.map { matrix in (0..<n).map { 1e-9 * matrix[$0][$0] } }
    var isChosen = [Bool](repeating: false, count: n)
    for _ in 0..<min(count, n) {
      var best: (index: Int, gain: Double)?
      for i in 0..<n where !isChosen[i] {
        var gain = 0.0
        for (t, matrix) in matrices.enumerated() where matrix[i][i] > floors[t][i] {
          gain += matrix[n][i] * matrix[n][i] / (matrix[i][i] * matrix[n][n])
        }
        if gain > best?.gain ?? 0 { best = (i, gain) }
      }
      guard let best else { break }
      isChosen[best.index] = true
      for t in matrices.indices where matrices[t][best.index][best.index] > floors[t][best.index] {
        Self.eliminate(best.index, from: &matrices[t])
      }
      names.append(basis.elementNames[best.index])
      let left = zip(matrices, variances).map { $0[n][n] / $1 }
      residuals.append(left.reduce(0, +) / Double(left.count))
    }
  }

  /// Removes from all covariances what one column explains.
  private static func eliminate(_ pivot: Int, from matrix: inout [[Double]]) {
    let column = matrix.map { $0[pivot] }
    let inverse = 1 / column[pivot]
    for i in matrix.indices {
      let factor = column[i] * inverse
      for j in matrix.indices { matrix[i][j] -= factor * column[j] }
    }
    // What rounding leaves of a variance is not negative.
    for i in matrix.indices { matrix[i][i] = max(0, matrix[i][i]) }
  }

  private static func covariances<Basis: VelocityBasis>(
    _ basis: Basis, _ point: PathPoint, _ fields: [LinkField<Basis.Group>], threads: Int
  ) -> [[Double]] {
    let columns = Buffer<Lanes>(count: fields.count * basis.count, repeating: .zero)
    let rates = Buffer<Lanes>(count: fields.count, repeating: .zero)
    let workspaces = ObjectPool { FlowWorkspace(basis) }
    forEachPacket(count: fields.count, threads: threads) { packet in
      workspaces.withObject { workspace in
        basis.load(fields[packet], into: workspace.state)
        rates.pointer[packet] =
          basis.columns(
            of: workspace.state, at: point, using: workspace.scratch,
            into: columns.pointer + packet * basis.count
          ).rate
      }
    }
    let gram = GramMatrix(
      columns: UnsafeBufferPointer(columns.elements), count: basis.count,
      target: Array(rates.elements),
      weights: fields.map { _ in Lanes(repeating: 1) })
    return (0...basis.count).map { i in
      (0...basis.count).map { j in gram[max(i, j), min(i, j)] }
    }
  }
}
