import LaneMath

extension SU {
  /// Eigenvectors and eigenphases, `U = V diag(e^{iθ}) V†`, `θ` ascending in `[-π, π]`.
  ///
  /// By a joint Jacobi iteration on `U` itself; exact to rounding at degenerate eigenvalues too.
  ///
  /// Accuracy: `|U - V e^{iθ} V†|` and `|V†V - 1|` below 1e-15 N.
  @inlinable @inline(never)
  public var eigensystem: Eigensystem<N> {
    var diagonal = matrix
    var vectors = ComplexMatrix<N>(diagonal: ComplexLanes(Lanes(repeating: 1), .zero))
    JointJacobi.diagonalize(&diagonal, vectors: &vectors)
    var result = Eigensystem<N>(vectors: vectors, phases: InlineArray(repeating: .zero))
    for j in 0..<N { result.phases[j] = atan2(diagonal[j, j].im, diagonal[j, j].re) }
    result.sort()
    return result
  }
}

extension SUNAlgebra {
  /// Eigenvectors and eigenphases of `Σ_a X_a T_a = V diag(iθ) V†`, `θ` ascending with sum 0.
  @inlinable @inline(never)
  public var eigensystem: Eigensystem<N> {
    var diagonal = matrix
    var vectors = ComplexMatrix<N>(diagonal: ComplexLanes(Lanes(repeating: 1), .zero))
    JointJacobi.diagonalize(&diagonal, vectors: &vectors)
    var result = Eigensystem<N>(vectors: vectors, phases: InlineArray(repeating: .zero))
    for j in 0..<N { result.phases[j] = diagonal[j, j].im }
    result.sort()
    return result
  }

  /// The coordinates of a matrix of the algebra; of any matrix, those of its traceless anti-Hermitian
  /// part.
  @inlinable @inline(__always)
  public init(coordinatesOf M: ComplexMatrix<N>) {
    self = Lanes(repeating: 2) * SUNAlgebra(projecting: M)
  }
}

extension Eigensystem {
  /// The differential of the exponential map at the matrix `X` of this eigensystem; see
  /// ``SpectralGroup/expDifferential(_:_:)``. One eigensystem serves any number of directions.
  ///
  ///     Z = V [Φ ∘ (V† Y V)] V†,   Φ_jk = e^{i h} sin(h)/h,   h = (θ_j - θ_k)/2
  @inlinable @inline(never)
  public func expDifferential(_ Y: SUNAlgebra<N>) -> SUNAlgebra<N> {
    divided(Y) { h in
      let (sine, cosine) = sincos(h)
      let ratio = select(h .== 0, Lanes(repeating: 1), sine / h)
      return ComplexLanes(ratio * cosine, ratio * sine)
    }
  }

  /// The inverse of the differential, `Φ_jk = e^{-i h} h/sin(h)`.
  @inlinable @inline(never)
  public func expDifferentialInverse(_ Z: SUNAlgebra<N>) -> SUNAlgebra<N> {
    divided(Z) { h in
      let (sine, cosine) = sincos(h)
      let ratio = select(h .== 0, Lanes(repeating: 1), h / sine)
      return ComplexLanes(ratio * cosine, -(ratio * sine))
    }
  }

  /// Multiplies the entries of an anti-Hermitian matrix in the basis of eigenvectors by a function of
  /// half the difference of phases that becomes its conjugate where that changes sign.
  @inlinable @inline(__always)
  func divided(_ Y: SUNAlgebra<N>, _ factor: (Lanes) -> ComplexLanes) -> SUNAlgebra<N> {
    var W = vectors.adjoint * (Y.matrix * vectors)
    for j in 1..<N {
      for i in 0..<j {
        let value = factor(0.5 * (phases[i] - phases[j])) * W[i, j]
        W[i, j] = value
        W[j, i] = ComplexLanes(-value.re, value.im)
      }
    }
    return SUNAlgebra(coordinatesOf: (vectors * W).timesAdjoint(of: vectors))
  }
}

extension SU: SpectralGroup {
  /// `V diag(i θ) V†` with multiples of 2π taken from the largest phases, or given to the smallest,
  /// so that the sum is 0: of all choices the shortest.
  @inlinable @inline(never)
  public var logarithm: SUNAlgebra<N> {
    let system = eigensystem
    var sum = Lanes.zero
    for j in 0..<N { sum += system.phases[j] }
    let turns = roundToNearest(sum * (0.5 / Double.pi))
    var values = InlineArray<N, ComplexLanes>(repeating: ComplexLanes(.zero, .zero))
    for j in 0..<N {
      let isLarge = turns .>= Double(N - j), isSmall = turns .<= -Double(j + 1)
      let shift = select(
        isLarge, Lanes(repeating: -2 * Double.pi),
        select(isSmall, Lanes(repeating: 2 * Double.pi), .zero))
      values[j] = ComplexLanes(.zero, system.phases[j] + shift)
    }
    return SUNAlgebra(coordinatesOf: system.matrix(diagonal: values))
  }

  /// One product: `Y X = (X Y)†`.
  @inlinable
  public static func bracket(_ X: SUNAlgebra<N>, _ Y: SUNAlgebra<N>) -> SUNAlgebra<N> {
    Lanes(repeating: 4) * SUNAlgebra(projecting: X.matrix * Y.matrix)
  }

  /// By the eigensystem of `X`.
  @inlinable
  public static func expDifferential(_ X: SUNAlgebra<N>, _ Y: SUNAlgebra<N>) -> SUNAlgebra<N> {
    X.eigensystem.expDifferential(Y)
  }

  /// By the eigensystem of `X`.
  @inlinable
  public static func expDifferentialInverse(_ X: SUNAlgebra<N>, _ Z: SUNAlgebra<N>)
    -> SUNAlgebra<N>
  { X.eigensystem.expDifferentialInverse(Z) }

  /// Two products.
  @inlinable
  public func adjointAction(on X: SUNAlgebra<N>) -> SUNAlgebra<N> {
    SUNAlgebra(coordinatesOf: (matrix * X.matrix).timesAdjoint(of: matrix))
  }

  /// The eigenphases.
  @inlinable
  public func storeEigenphases(to pointer: UnsafeMutablePointer<Lanes>) {
    let system = eigensystem
    for j in 0..<N { pointer[j] = system.phases[j] }
  }

  /// By one-sided Jacobi rotations, which make the columns of `M` orthogonal: `M V = W Σ`, and the
  /// unitary factor is `W V†`.
  ///
  /// Accuracy: the result is unitary to 1e-15 N whatever the condition of `M`, because each column of
  /// `M V` is divided by its own length.
  @inlinable @inline(never)
  public static func projection(of M: ComplexMatrix<N>) -> SU {
    var A = M
    var V = ComplexMatrix<N>(diagonal: ComplexLanes(Lanes(repeating: 1), .zero))
    OneSidedJacobi.orthogonalizeColumns(&A, vectors: &V)
    for j in 0..<N {
      var square = Lanes.zero
      for i in 0..<N { square += A[i, j].squaredMagnitude }
      let inverse = 1 / sqrt(square)
      for i in 0..<N { A[i, j] = ComplexLanes(inverse * A[i, j].re, inverse * A[i, j].im) }
    }
    let unitary = A.timesAdjoint(of: V)
    let determinant = Self.determinant(of: unitary)
    let (sine, cosine) = sincos(atan2(determinant.im, determinant.re) * (-1 / Double(N)))
    var result = unitary
    let phase = ComplexLanes(cosine, sine)
    for i in 0..<N {
      for j in 0..<N { result[i, j] = unitary[i, j] * phase }
    }
    return SU(unchecked: result)
  }
}
