import LaneMath

/// The eigenvectors of an element of SU(N), by joint Jacobi rotations; see ``Eigensystem``.
///
/// Accuracy: `|U - V e^{iθ} V†|`, `|V†V - 1|` and the phases to 1e-15 N, at degenerate eigenvalues too.
@frozen
public struct SUNFrame<let N: Int>: SpectralFrame {
  /// `V`, unitary; its columns are the eigenvectors.
  public var vectors: ComplexMatrix<N>

  /// Decomposes `U`, and writes its phases.
  ///
  /// Phases in `[-π, π]` have the sum `2πk`: `2π` is taken from the `k` largest, or given to the `|k|`
  /// smallest, and what is left of the sum, rounding, is taken from all.
  @inlinable @inline(never)
  public init(of U: SU<N>, phases: UnsafeMutablePointer<Lanes>) {
    var diagonal = U.matrix
    vectors = ComplexMatrix<N>(diagonal: ComplexLanes(Lanes(repeating: 1), .zero))
    JointJacobi.diagonalize(&diagonal, vectors: &vectors)
    let turn = Lanes(repeating: 2 * Double.pi)
    var sum = Lanes.zero
    for j in 0..<N {
      phases[j] = atan2(diagonal[j, j].im, diagonal[j, j].re)
      sum += phases[j]
    }
    let turns = roundToNearest(sum * (0.5 / Double.pi))
    if any(turns .!= 0) {
      // By how many phases each is exceeded; of equal ones the later counts as the larger.
      var shifts = InlineArray<N, Lanes>(repeating: .zero)
      let one = Lanes(repeating: 1)
      for j in 0..<N {
        var larger = Lanes.zero
        for k in 0..<N where k != j {
          let exceeds = k > j ? phases[k] .>= phases[j] : phases[k] .> phases[j]
          larger += select(exceeds, one, .zero)
        }
        let down = larger .< turns, up = (Double(N) - larger) .<= -turns
        shifts[j] = select(down, -turn, select(up, turn, .zero))
      }
      for j in 0..<N { phases[j] += shifts[j] }
      sum -= turns * turn
    }
    sum *= 1 / Double(N)
    for j in 0..<N { phases[j] -= sum }
    sort(phases)
  }

  /// Sorts phases into ascending order and the vectors with them, each lane for itself.
  @inlinable @inline(__always)
  mutating func sort(_ phases: UnsafeMutablePointer<Lanes>) {
    withUnsafeMutablePointer(to: &vectors) { vectors in
      let v = UnsafeMutableRawPointer(vectors).assumingMemoryBound(to: Lanes.self)
      for last in 0..<(N &- 1) {
        for j in 0..<(N &- 1 &- last) {
          let a = phases[j], b = phases[j &+ 1]
          let swapped = a .> b
          phases[j] = select(swapped, b, a)
          phases[j &+ 1] = select(swapped, a, b)
          for i in 0..<N {
            let P = 2 &* (N &* i &+ j)
            let re = v[P], im = v[P &+ 1], nextRe = v[P &+ 2], nextIm = v[P &+ 3]
            v[P] = select(swapped, nextRe, re)
            v[P &+ 1] = select(swapped, nextIm, im)
            v[P &+ 2] = select(swapped, re, nextRe)
            v[P &+ 3] = select(swapped, im, nextIm)
          }
        }
      }
    }
  }

  /// One product.
  @inlinable @inline(never)
  public func element(phases: UnsafePointer<Lanes>) -> SU<N> {
    var scaled = vectors
    withUnsafeMutablePointer(to: &scaled) { scaled in
      let m = UnsafeMutableRawPointer(scaled).assumingMemoryBound(to: Lanes.self)
      for j in 0..<N {
        let (sine, cosine) = sincos(phases[j])
        for i in 0..<N {
          let P = 2 &* (N &* i &+ j)
          let re = m[P], im = m[P &+ 1]
          m[P] = negativeMultiplyAdd(im, sine, re * cosine)
          m[P &+ 1] = multiplyAdd(re, sine, im * cosine)
        }
      }
    }
    return SU(unchecked: scaled.timesAdjoint(of: vectors))
  }

  /// Two products.
  @inlinable @inline(never)
  public func storeCoordinates(
    of X: SUNAlgebra<N>, to coordinates: UnsafeMutablePointer<Lanes>
  ) {
    let inFrame = vectors.adjoint * (X.matrix * vectors)
    withUnsafePointer(to: inFrame) { inFrame in
      let m = UnsafeRawPointer(inFrame).assumingMemoryBound(to: Lanes.self)
      var place = N
      for j in 0..<N {
        coordinates[j] = m[2 &* (N &+ 1) &* j &+ 1]
        for k in (j &+ 1)..<Swift.max(j &+ 1, N) {
          coordinates[place] = m[2 &* (N &* j &+ k)]
          coordinates[place &+ 1] = m[2 &* (N &* j &+ k) &+ 1]
          place &+= 2
        }
      }
    }
  }

  /// Two products.
  @inlinable @inline(never)
  public func algebra(coordinates: UnsafePointer<Lanes>) -> SUNAlgebra<N> {
    var inFrame = ComplexMatrix<N>()
    withUnsafeMutablePointer(to: &inFrame) { inFrame in
      let m = UnsafeMutableRawPointer(inFrame).assumingMemoryBound(to: Lanes.self)
      var place = N
      for j in 0..<N {
        m[2 &* (N &+ 1) &* j &+ 1] = coordinates[j]
        for k in (j &+ 1)..<Swift.max(j &+ 1, N) {
          let re = coordinates[place], im = coordinates[place &+ 1]
          m[2 &* (N &* j &+ k)] = re
          m[2 &* (N &* j &+ k) &+ 1] = im
          m[2 &* (N &* k &+ j)] = -re
          m[2 &* (N &* k &+ j) &+ 1] = im
          place &+= 2
        }
      }
    }
    return SUNAlgebra(coordinatesOf: (vectors * inFrame).timesAdjoint(of: vectors))
  }
}

extension SU: EigenframeGroup {
  /// The matrix of eigenvectors.
  public typealias Frame = SUNFrame<N>
}
