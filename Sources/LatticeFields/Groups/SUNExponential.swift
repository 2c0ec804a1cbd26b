import LaneMath

extension SU {
  /// `exp X` by 16 terms of Taylor's series of a halved argument, and squaring.
  ///
  /// Accuracy: the terms left out are below 1e-17 where `tr X†X <= 0.6`, which the halvings see to.
  @inlinable
  public static func exponentialBySquaring(_ X: SUNAlgebra<N>) -> SU {
    var size = 0.5 * X.dot(X)
    var scale = Lanes(repeating: 1)
    var halvings = Lanes.zero
    var most = 0
    while any(size .> 0.6) {
      let large = size .> 0.6
      size = select(large, 0.25 * size, size)
      scale = select(large, 0.5 * scale, scale)
      halvings = select(large, halvings + 1, halvings)
      most &+= 1
      if most == 600 { break }
    }
    let X1 = (scale * X).matrix
    let X2 = X1 * X1, X3 = X2 * X1
    let X4 = X2 * X2
    // Σ_{k <= 16} X^k/k! by fours: (((1/16! X⁴ + p3) X⁴ + p2) X⁴ + p1) X⁴ + p0.
    var factorial = InlineArray<17, Double>(repeating: 1)
    for k in 1..<17 { factorial[k] = factorial[k - 1] * Double(k) }
    func block(_ k: Int) -> ComplexMatrix<N> {
      var p = ComplexMatrix<N>(
        diagonal: ComplexLanes(Lanes(repeating: 1 / factorial[k]), .zero))
      p.add(X1, scaledBy: Lanes(repeating: 1 / factorial[k + 1]))
      p.add(X2, scaledBy: Lanes(repeating: 1 / factorial[k + 2]))
      p.add(X3, scaledBy: Lanes(repeating: 1 / factorial[k + 3]))
      return p
    }
    var E = block(12)
    E.add(X4, scaledBy: Lanes(repeating: 1 / factorial[16]))
    E = E * X4 + block(8)
    E = E * X4 + block(4)
    E = E * X4 + block(0)
    return SU(unchecked: squared(E, halvings: halvings, most: most))
  }

  /// Squares a matrix so many times, in each lane its own number.
  @inlinable
  static func squared(_ E: ComplexMatrix<N>, halvings: Lanes, most: Int) -> ComplexMatrix<N> {
    guard most > 0 else { return E }
    var E = E
    for step in 0..<most {
      let square = E * E
      let mask = halvings .> Double(step)
      for i in 0..<N {
        for j in 0..<N {
          E[i, j].re = select(mask, square[i, j].re, E[i, j].re)
          E[i, j].im = select(mask, square[i, j].im, E[i, j].im)
        }
      }
    }
    return E
  }
}
