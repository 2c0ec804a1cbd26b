import LaneMath
import LatticeFields

extension SU: ResidualGroup {
  /// ½.
  public static var lipschitzPerCoefficient: Double { 0.5 }

  /// `U S`.
  @inline(__always)
  public static func product(of U: SU, times S: ComplexMatrix<N>) -> ComplexMatrix<N> {
    U.matrix * S
  }

  /// The sum of the squared magnitudes of the entries of the difference.
  @inline(__always)
  public static func squaredDistance(_ a: SU, _ b: SU) -> Lanes {
    var sum = Lanes.zero
    withUnsafePointer(to: a.matrix) { a in
      withUnsafePointer(to: b.matrix) { b in
        let a = UnsafeRawPointer(a).assumingMemoryBound(to: Lanes.self)
        let b = UnsafeRawPointer(b).assumingMemoryBound(to: Lanes.self)
        for i in 0..<(2 &* N &* N) {
          let difference = a[i] - b[i]
          sum = multiplyAdd(difference, difference, sum)
        }
      }
    }
    return sum
  }

  /// Two matrices of the dimension of the algebra, and some of N x N.
  public static var residualScratchCount: Int { ResidualFrame<N>.count }

  /// By the eigensystem of `Z` and a factorisation of `τ + Σ`.
  ///
  /// Accuracy: `exp(Z)` is unitary to 1e-15 N.
  @inline(__always)
  public static func residualStep(
    _ omega: ComplexMatrix<N>, scratch: UnsafeMutablePointer<Lanes>
  ) -> (factor: SU, logDet: Lanes) {
    let frame = ResidualFrame<N>(scratch)
    let logDet = frame.prepare(omega)
    var values = InlineArray<N, ComplexLanes>(repeating: ComplexLanes(.zero, .zero))
    for j in 0..<N {
      let (sine, cosine) = sincos(frame.phases[j])
      values[j] = ComplexLanes(cosine, sine)
    }
    var scaled = frame.vectors.pointee
    for i in 0..<N {
      for j in 0..<N { scaled[i, j] = scaled[i, j] * values[j] }
    }
    return (SU(unchecked: scaled.timesAdjoint(of: frame.vectors.pointee)), logDet)
  }

  /// By the eigensystem of `Z` and the inverse of `τ + Σ`.
  @inline(__always)
  public static func residualPullback(
    _ omega: ComplexMatrix<N>, cotangent g: SUNAlgebra<N>, logDet b: Lanes,
    scratch: UnsafeMutablePointer<Lanes>
  ) -> (link: SUNAlgebra<N>, omega: ComplexMatrix<N>) {
    let frame = ResidualFrame<N>(scratch)
    _ = frame.prepare(omega)
    frame.invert()
    frame.writeGradient()
    var link = frame.turnedIn(g)
    // dexp_{-Z} multiplies by D² (τ - iδ/2), and Ad_exp(-Z) by D² (τ - iδ/2)².
    var y = link
    frame.scalePairs(of: &y, sign: -1, weightedBySine: true)
    link = y
    frame.scalePairs(of: &link, sign: -1, weightedBySine: false)
    var H = b * frame.gradient.pointee
    H.add(y, scaledBy: Lanes(repeating: -1))
    return (SUNAlgebra(coordinatesOf: frame.turnedOut(link)), frame.turnedOut(H))
  }

  /// By the eigensystem of `Z` and the inverse of `τ + Σ`: `y = (τ + Σ)^{-1} (s - d log det J/dU)` and
  /// `a = e^{ad_Z/2} D^{-1} y`, which multiplies by `τ + iδ/2`.
  @inline(__always)
  public static func residualScore(
    _ omega: ComplexMatrix<N>, score s: SUNAlgebra<N>, scratch: UnsafeMutablePointer<Lanes>
  ) -> (score: SUNAlgebra<N>, omega: ComplexMatrix<N>) {
    let frame = ResidualFrame<N>(scratch)
    _ = frame.prepare(omega)
    frame.invert()
    frame.writeGradient()
    var H = frame.gradient.pointee
    let slope = SUNAlgebra<N>(projecting: frame.rotated.pointee * H)
    let y = frame.solved(SUNAlgebra(coordinatesOf: frame.turnedIn(s)) + slope).matrix
    var a = y
    frame.scalePairs(of: &a, sign: 1, weightedBySine: false)
    H.add(y, scaledBy: Lanes(repeating: -1))
    return (SUNAlgebra(coordinatesOf: frame.turnedOut(a)), frame.turnedOut(H))
  }

  /// By the eigensystem and the factorisation in `scratch`.
  @inline(__always)
  public static func residualCorrection(
    _ omega: ComplexMatrix<N>, defect X: SUNAlgebra<N>, scratch: UnsafeMutablePointer<Lanes>
  ) -> SUNAlgebra<N> {
    let frame = ResidualFrame<N>(scratch)
    var turned = frame.turnedIn(X)
    frame.scalePairs(of: &turned, sign: 1, weightedBySine: false)
    let solution = frame.solved(SUNAlgebra(coordinatesOf: turned)).matrix
    return SUNAlgebra(coordinatesOf: frame.turnedOut(solution))
  }
}
