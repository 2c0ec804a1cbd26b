import LaneMath

extension SU {
  /// `exp X` of a 3 x 3 matrix as a polynomial in `X`.
  ///
  ///     X³ = -c X + i d,   c = -tr X²/2 = Σ_a X_a²/4,   i d = det X
  ///     exp X = q_0 + q_1 X + q_2 X²
  ///
  /// The coefficients follow from Horner's scheme for the Taylor series, each product with `X` being
  /// reduced by the first line: no eigenvalue is computed, so nothing is lost where two coincide.
  /// Arguments with `c > 1` are halved until they are not, and the result squared; each lane has its
  /// own number of halvings.
  ///
  /// Accuracy: 18 terms leave 2e-16.
  @inlinable @inline(__always)
  static func exponentialByCharacteristicEquation(_ X: SUNAlgebra<N>) -> SU {
    var c = 0.25 * X.dot(X)
    var scale = Lanes(repeating: 1)
    var halvings = Lanes.zero
    var most = 0
    while any(c .> 1) {
      let large = c .> 1
      c = select(large, 0.25 * c, c)
      scale = select(large, 0.5 * scale, scale)
      halvings = select(large, halvings + 1, halvings)
      most &+= 1
      // Lanes that are not finite have no exponential.
      if most == 600 { break }
    }
    let M = (most == 0 ? X : scale * X).matrix
    let square = squareOfAntiHermitian(M)
    // det X = tr X³/3 for a traceless matrix.
    var trace = Lanes.zero
    for i in 0..<N {
      for k in 0..<N {
        trace = multiplyAdd(M[i, k].re, square[k, i].im, trace)
        trace = multiplyAdd(M[i, k].im, square[k, i].re, trace)
      }
    }
    let d = (1.0 / 3) * trace
    // Three complex coefficients; multiplied by X they become (i d q2, q0 - c q2, q1).
    var r0 = Lanes(repeating: 1), i0 = Lanes.zero
    var r1 = Lanes.zero, i1 = Lanes.zero
    var r2 = Lanes.zero, i2 = Lanes.zero
    var k = 18
    while k > 0 {
      let inverse = Lanes(repeating: 1 / Double(k))
      let di = d * inverse
      let ci = c * inverse
      let nr0 = negativeMultiplyAdd(di, i2, Lanes(repeating: 1))
      let ni0 = di * r2
      let nr1 = negativeMultiplyAdd(ci, r2, inverse * r0)
      let ni1 = negativeMultiplyAdd(ci, i2, inverse * i0)
      r2 = inverse * r1
      i2 = inverse * i1
      r0 = nr0
      i0 = ni0
      r1 = nr1
      i1 = ni1
      k &-= 1
    }
    var E = ComplexMatrix<N>()
    for i in 0..<N {
      for j in 0..<N {
        let x = M[i, j], y = square[i, j]
        var re = r1 * x.re
        re = negativeMultiplyAdd(i1, x.im, re)
        re = multiplyAdd(r2, y.re, re)
        re = negativeMultiplyAdd(i2, y.im, re)
        var im = r1 * x.im
        im = multiplyAdd(i1, x.re, im)
        im = multiplyAdd(r2, y.im, im)
        im = multiplyAdd(i2, y.re, im)
        E[i, j] = i == j ? ComplexLanes(re + r0, im + i0) : ComplexLanes(re, im)
      }
    }
    return SU(unchecked: squared(E, halvings: halvings, most: most))
  }

  /// `exp X` by 16 terms of Taylor's series of a halved argument, and squaring.
  ///
  /// Accuracy: the terms left out are below 1e-17 where `tr X†X <= 0.6`, which the halvings see to.
  @inlinable
  static func exponentialBySquaring(_ X: SUNAlgebra<N>) -> SU {
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

  /// `M²` of an anti-Hermitian matrix: it is Hermitian, so half of it is computed.
  @inlinable @inline(__always)
  static func squareOfAntiHermitian(_ M: ComplexMatrix<N>) -> ComplexMatrix<N> {
    var result = ComplexMatrix<N>()
    for i in 0..<N {
      for j in i..<N {
        var re = Lanes.zero, im = Lanes.zero
        for k in 0..<N {
          re = multiplyAdd(M[i, k].re, M[k, j].re, re)
          re = negativeMultiplyAdd(M[i, k].im, M[k, j].im, re)
          if i != j {
            im = multiplyAdd(M[i, k].re, M[k, j].im, im)
            im = multiplyAdd(M[i, k].im, M[k, j].re, im)
          }
        }
        result[i, j] = ComplexLanes(re, im)
        if i != j { result[j, i] = ComplexLanes(re, -im) }
      }
    }
    return result
  }
}
