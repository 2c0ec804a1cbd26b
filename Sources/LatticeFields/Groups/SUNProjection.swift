import LaneMath

extension SU {
  /// Orthonormalises the rows of a matrix, from the first to the last, and turns the last by a phase
  /// so that the determinant is 1.
  ///
  /// Applied to a complex Gaussian matrix it gives Haar's measure.
  ///
  /// - Parameter passes: 2 for any matrix, the second removing the rounding of the first; 1 is enough
  ///   for a matrix that is nearly unitary.
  @inlinable
  public init(orthonormalizing M: ComplexMatrix<N>, passes: Int = 2) {
    var M = M
    for i in 0..<N {
      for pass in 0..<(i == 0 ? 1 : passes) {
        for k in 0..<i {
          var re = Lanes.zero, im = Lanes.zero
          for j in 0..<N {
            let a = M[k, j], b = M[i, j]
            re = multiplyAdd(a.re, b.re, multiplyAdd(a.im, b.im, re))
            im = multiplyAdd(a.re, b.im, negativeMultiplyAdd(a.im, b.re, im))
          }
          for j in 0..<N {
            let a = M[k, j]
            var b = M[i, j]
            b.re = negativeMultiplyAdd(re, a.re, multiplyAdd(im, a.im, b.re))
            b.im = negativeMultiplyAdd(re, a.im, negativeMultiplyAdd(im, a.re, b.im))
            M[i, j] = b
          }
        }
        if pass + 1 < passes && i > 0 { Self.normalize(row: i, of: &M) }
      }
      Self.normalize(row: i, of: &M)
    }
    let phase = Self.determinant(of: M).conjugate
    let size = 1 / sqrt(phase.squaredMagnitude)
    let unit = ComplexLanes(phase.re * size, phase.im * size)
    for j in 0..<N { M[N - 1, j] = M[N - 1, j] * unit }
    self.init(unchecked: M)
  }

  @inlinable @inline(__always)
  static func normalize(row i: Int, of M: inout ComplexMatrix<N>) {
    var norm = Lanes.zero
    for j in 0..<N {
      norm = multiplyAdd(M[i, j].re, M[i, j].re, multiplyAdd(M[i, j].im, M[i, j].im, norm))
    }
    let inverse = 1 / sqrt(norm)
    for j in 0..<N { M[i, j] = ComplexLanes(inverse * M[i, j].re, inverse * M[i, j].im) }
  }

  /// The determinant, by elimination with the largest pivot of each lane.
  @inlinable
  public static func determinant(of matrix: ComplexMatrix<N>) -> ComplexLanes {
    var M = matrix
    var result = ComplexLanes(Lanes(repeating: 1), .zero)
    for k in 0..<N {
      for i in (k + 1)..<Swift.max(k + 1, N) {
        let larger = M[i, k].squaredMagnitude .> M[k, k].squaredMagnitude
        for j in k..<N {
          let a = M[k, j], b = M[i, j]
          M[k, j] = ComplexLanes(select(larger, b.re, a.re), select(larger, b.im, a.im))
          // The sign keeps the determinant.
          M[i, j] = ComplexLanes(select(larger, -a.re, b.re), select(larger, -a.im, b.im))
        }
      }
      let pivot = M[k, k]
      result = result * pivot
      let size = pivot.squaredMagnitude
      let inverse = select(size .> 0, 1 / size, .zero)
      for i in (k + 1)..<Swift.max(k + 1, N) {
        let ratio = M[i, k] * pivot.conjugate
        let factor = ComplexLanes(-inverse * ratio.re, -inverse * ratio.im)
        for j in (k + 1)..<N { M[i, j] = M[i, j] + factor * M[k, j] }
      }
    }
    return result
  }
}
