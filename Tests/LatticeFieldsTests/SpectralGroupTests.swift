import LaneMath
import LatticeFields
import Testing

extension LieAlgebra {
  /// The largest length over lanes.
  var largestLength: Double { LaneMath.sqrt(Self.product(self, self)).largestMagnitude }
}

// Operations that are compiled once for each group, not wherever they are used.
extension LieAlgebra {
  @inline(never) static func sum(_ X: Self, _ Y: Self) -> Self { X + Y }
  @inline(never) static func scaled(_ factor: Lanes, _ X: Self) -> Self { factor * X }
  @inline(never) static func product(_ X: Self, _ Y: Self) -> Lanes { X.dot(Y) }
  static func scaled(_ factor: Double, _ X: Self) -> Self { scaled(Lanes(repeating: factor), X) }
  static func distance(_ X: Self, _ Y: Self) -> Double { sum(X, scaled(-1, Y)).largestLength }
  @inline(never) static func draw(_ generator: inout LaneGenerator) -> Self {
    gaussian(using: &generator)
  }
  /// A random element of length 1.
  static func direction(_ generator: inout LaneGenerator) -> Self {
    let Y = draw(&generator)
    return scaled(1 / LaneMath.sqrt(product(Y, Y)), Y)
  }
  /// The derivative at 0 of a curve, with an error of `h⁴/30` fifth derivatives.
  static func slope(_ curve: (Double) -> Self) -> Self {
    let h = 1e-3
    let near = sum(curve(h), scaled(-1, curve(-h))),
      far = sum(curve(2 * h), scaled(-1, curve(-2 * h)))
    return scaled(1 / (12 * h), sum(scaled(8, near), scaled(-1, far)))
  }
}

extension SpectralGroup {
  @inline(never) static func draw(_ generator: inout LaneGenerator) -> Self {
    haar(using: &generator)
  }
  @inline(never) static func product(_ a: Self, _ b: Self) -> Self { a * b }
  @inline(never) static func inverse(_ a: Self) -> Self { a.adjoint }
  @inline(never) static func exponential(_ X: Algebra) -> Self { exp(X) }
  @inline(never) static func turned(_ U: Self, _ X: Algebra) -> Algebra { U.adjointAction(on: X) }
  @inline(never) static func commutator(_ X: Algebra, _ Y: Algebra) -> Algebra { bracket(X, Y) }
  @inline(never) static func add(_ a: Self, weight: Lanes, into M: inout Matrix) {
    var single = zeroMatrix
    add(a, to: &single)
    add(single, scaledBy: weight, to: &M)
  }
  /// Zero where two elements are equal, linear in a small difference.
  @inline(never) static func distance(_ a: Self, _ b: Self) -> Double {
    let ratio = a * b.adjoint
    let trace = ratio.realTrace - Double(colors)
    return Swift.max(trace.largestMagnitude, 2 * ratio.algebraProjection.largestLength)
  }
}

/// The laws of logarithm, differential of the exponential, adjoint action and projection.
private struct SpectralLaws<G: SpectralGroup> {
  typealias X = G.Algebra
  /// Rounding of some hundred operations on matrices of order-one entries.
  let rounding = 2e-14 * Double(G.colors)
  /// Elements of this length are exponentials of no shorter one.
  let radius = G.isAbelian ? Double.pi : 2 * Double.pi

  func logarithm() {
    var generator = testGenerator(21)
    for _ in 0..<60 {
      let U = G.draw(&generator)
      #expect(G.distance(G.exponential(U.logarithm), U) < rounding)
      // The shortest of all logarithms.
      let long = X.scaled(3, X.draw(&generator))
      let short = G.exponential(long).logarithm
      #expect(short.largestLength <= long.largestLength + 1e-9)
      #expect(G.distance(G.exponential(short), G.exponential(long)) < 4 * rounding)
      // Inside the radius it is the inverse; its condition grows towards the rim.
      let inside = X.scaled(0.98 * radius * generator.uniform(), X.direction(&generator))
      #expect(X.distance(G.exponential(inside).logarithm, inside) < 100 * rounding)
    }
    for size in [1e-3, 1e-8, 1e-15, 1e-100, 0] {
      let small = X.scaled(size, X.direction(&generator))
      #expect(X.distance(G.exponential(small).logarithm, small) < rounding)
    }
  }

  /// `d/dε exp(X + ε Y) = dexp_X(Y) exp X`, and what follows from the series.
  func differential() {
    var generator = testGenerator(22)
    // h⁴/30 times fifth derivatives of a map whose arguments have length 5.
    let differences = 3e-10
    for size in [0, 1e-150, 1e-9, 1e-4, 1, 5] {
      for _ in 0..<8 {
        let A = X.scaled(size, X.direction(&generator))
        let Y = X.direction(&generator), Z = X.direction(&generator)
        let exponential = G.exponential(A)
        let inverse = G.inverse(exponential)
        let slope = X.slope {
          G.product(G.exponential(X.sum(A, X.scaled($0, Y))), inverse).logarithm
        }
        let image = G.expDifferential(A, Y)
        #expect(X.distance(slope, image) < differences, "\(G.name), |X| = \(size)")
        // The transpose, and dexp_X = Ad_exp(X) dexp_{-X}.
        let pairing = X.product(Z, image) - X.product(G.expDifferentialTranspose(A, Z), Y)
        #expect(pairing.largestMagnitude < rounding)
        let turned = G.turned(exponential, G.expDifferentialTranspose(A, Y))
        #expect(X.distance(turned, image) < rounding)
        let back = G.expDifferentialInverse(A, image)
        #expect(X.distance(back, Y) < 100 * rounding, "\(G.name), |X| = \(size)")
        // Along X nothing turns.
        #expect(X.distance(G.expDifferential(A, A), A) < rounding * (1 + size))
        if size <= 1e-4 {
          let first = G.commutator(A, Y)
          let second = X.scaled(1.0 / 6, G.commutator(A, first))
          let series = X.sum(Y, X.sum(X.scaled(0.5, first), second))
          #expect(X.distance(image, series) < rounding + size * size * size)
        }
      }
    }
  }

  func adjointAction() {
    var generator = testGenerator(23)
    let rounding = 10 * rounding
    for _ in 0..<30 {
      let U = G.draw(&generator), V = G.draw(&generator)
      let A = X.draw(&generator), B = X.draw(&generator)
      let image = G.turned(U, A)
      let conjugate = G.product(G.product(U, G.exponential(A)), G.inverse(U))
      #expect(G.distance(G.exponential(image), conjugate) < rounding)
      let angle = X.product(image, G.turned(U, B)) - X.product(A, B)
      #expect(angle.largestMagnitude < rounding)
      #expect(X.distance(G.turned(G.product(U, V), A), G.turned(U, G.turned(V, A))) < rounding)
      // Ad_exp(εA) B = B + ε [A, B] + ..; fifth derivatives of order |A|⁵ |B|.
      let slope = X.slope { G.turned(G.exponential(X.scaled($0, A)), B) }
      #expect(X.distance(slope, G.commutator(A, B)) < 1e-6)
      #expect(X.sum(G.commutator(A, B), G.commutator(B, A)).largestLength < rounding)
    }
  }

  func projection() {
    var generator = testGenerator(24)
    for _ in 0..<30 {
      let a = G.draw(&generator), b = G.draw(&generator)
      let g = G.draw(&generator), h = G.draw(&generator)
      let weight = 0.95 * generator.uniform(), one = Lanes(repeating: 1)
      var M = G.zeroMatrix, moved = G.zeroMatrix
      G.add(a, weight: one, into: &M)
      #expect(G.distance(G.projection(of: M), a) < rounding)
      G.add(b, weight: weight, into: &M)
      G.add(G.product(G.product(g, a), h), weight: one, into: &moved)
      G.add(G.product(G.product(g, b), h), weight: weight, into: &moved)
      let P = G.projection(of: M)
      #expect(P.unitarityDefect.largestMagnitude < rounding)
      // Singular values of a + w b are 1 - w and more.
      let expected = G.product(G.product(g, P), h)
      #expect(G.distance(G.projection(of: moved), expected) < 100 * rounding)
    }
  }

  func eigenphases() {
    var generator = testGenerator(25)
    let phases = Buffer<Lanes>(count: G.colors, repeating: .zero)
    let other = Buffer<Lanes>(count: G.colors, repeating: .zero)
    for _ in 0..<30 {
      let U = G.draw(&generator), g = G.draw(&generator)
      U.storeEigenphases(to: phases.pointer)
      G.product(G.product(g, U), G.inverse(g)).storeEigenphases(to: other.pointer)
      var real = Lanes.zero, imaginary = Lanes.zero
      for j in 0..<G.colors {
        real += cos(phases[j])
        imaginary += sin(phases[j])
        #expect(wrapAngle(phases[j] - other[j]).largestMagnitude < 10 * rounding)
      }
      #expect((real - U.realTrace).largestMagnitude < rounding)
      #expect((imaginary - U.imaginaryTrace).largestMagnitude < rounding)
    }
  }

  func checkAll() {
    logarithm()
    differential()
    adjointAction()
    projection()
    eigenphases()
  }
}

@Suite struct SpectralGroupTests {
  @Test("Logarithm, differential, adjoint action, projection and eigenphases of every group")
  func laws() {
    SpectralLaws<U1>().checkAll()
    SpectralLaws<SU2>().checkAll()
    SpectralLaws<SU<2>>().checkAll()
    SpectralLaws<SU3>().checkAll()
    SpectralLaws<SU4>().checkAll()
    SpectralLaws<SU5>().checkAll()
    SpectralLaws<SU6>().checkAll()
  }

  @Test("The logarithm of the centre is of the shortest length, and its exponential is the element")
  func centre() {
    let minusOne = SU2(
      unchecked: Quaternion(Lanes(repeating: -1), .zero, .zero, .zero))
    #expect((minusOne.logarithm.largestLength - 2 * .pi).magnitude < 1e-14)
    #expect((SU2.exp(minusOne.logarithm).realTrace + 2).largestMagnitude < 1e-14)
    // e^{2πi k/3}: eigenphases (k, k, k - 3) 2π/3, length² = 2 Σθ².
    for power in [1, 2] {
      let (sine, cosine) = sincos(Lanes(repeating: 2 * .pi * Double(power) / 3))
      let element = SU3(unchecked: ComplexMatrix(diagonal: ComplexLanes(cosine, sine)))
      let X = element.logarithm
      let squaredLength = 48 * Double.pi * Double.pi / 9
      #expect((X.dot(X) - squaredLength).largestMagnitude < 1e-12)
      #expect((SU3.exp(X).matrix - element.matrix).largestEntry < 1e-13)
    }
  }

  @Test("The projection of a matrix of any condition is special unitary")
  func illConditioned() {
    var generator = testGenerator(26)
    for exponent in [0, 3, 6, 9, 12] {
      let a = SU4.haar(using: &generator), b = SU4.haar(using: &generator)
      var diagonal = ComplexMatrix<4>()
      let values = LaneMath.exp(Lanes(repeating: -2.3 * Double(exponent) / 3))[0]
      for j in 0..<4 {
        var size = 1.0
        for _ in 0..<j { size *= values }
        diagonal[j, j] = ComplexLanes(Lanes(repeating: size), .zero)
      }
      let M = (a.matrix * diagonal).timesAdjoint(of: b.matrix)
      let P = SU4.projection(of: M)
      #expect(P.unitarityDefect.largestMagnitude < 1e-14)
      let determinant = SU4.determinant(of: P.matrix)
      #expect((determinant.re - 1).largestMagnitude < 1e-13)
      // Its polar factor is a b†; the smallest singular value resolves it.
      let expected = a * b.adjoint
      #expect((P.matrix - expected.matrix).largestEntry < 1e-14 / (values * values * values))
    }
  }

  @Test("Quaternions and 2 x 2 matrices are the same group")
  func quaternionsAgainstMatrices() {
    var generator = testGenerator(27)
    func coordinates(_ X: SU2Algebra) -> SUNAlgebra<2> {
      var result = SUNAlgebra<2>.zero
      for a in 0..<3 { result[a] = X[a] }
      return result
    }
    func same(_ X: SU2Algebra, _ Y: SUNAlgebra<2>) -> Bool {
      (coordinates(X) - Y).largestLength < 1e-13
    }
    func same(_ U: SU2, _ V: SU<2>) -> Bool { (U.complexMatrix - V.matrix).largestEntry < 1e-13 }
    for _ in 0..<40 {
      let a = SU2.haar(using: &generator), b = SU2.haar(using: &generator)
      let A = a.matrixElement, B = b.matrixElement
      let X = SU2Algebra.gaussian(using: &generator), Y = SU2Algebra.gaussian(using: &generator)
      let x = coordinates(X), y = coordinates(Y)
      #expect(same(a * b, A * B))
      #expect(same(a.adjoint, A.adjoint))
      #expect((a.realTrace - A.realTrace).largestMagnitude < 1e-14)
      #expect(same(.exp(X), .exp(x)))
      #expect(same(a.algebraProjection, A.algebraProjection))
      #expect(same(a.logarithm, A.logarithm))
      #expect(same(a.adjointAction(on: X), A.adjointAction(on: x)))
      #expect(same(SU2.bracket(X, Y), SU<2>.bracket(x, y)))
      #expect(same(SU2.expDifferential(X, Y), SU<2>.expDifferential(x, y)))
      #expect(same(SU2.expDifferentialInverse(X, Y), SU<2>.expDifferentialInverse(x, y)))
      var M = SU2.zeroMatrix, N = SU<2>.zeroMatrix
      for _ in 0..<3 {
        let c = SU2.haar(using: &generator)
        SU2.add(c, to: &M)
        SU<2>.add(c.matrixElement, to: &N)
      }
      #expect(same(SU2.projection(of: M), SU<2>.projection(of: N)))
      #expect(
        (SU2.realTrace(of: a, times: M) - SU<2>.realTrace(of: A, times: N))
          .largestMagnitude < 1e-13)
      #expect(
        same(SU2.algebraProjection(of: a, times: M), SU<2>.algebraProjection(of: A, times: N)))
      let s = a.eigensystem.phases, t = A.eigensystem.phases
      #expect((s[0] - t[0]).largestMagnitude < 1e-14 && (s[1] - t[1]).largestMagnitude < 1e-14)
    }
  }
}
