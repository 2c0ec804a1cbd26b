import LaneMath
import LatticeFields
import Testing

/// A generator of test values.
func testGenerator(_ seed: UInt64) -> LaneGenerator {
  LaneGenerator(seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
}

extension ComplexMatrix {
  /// The largest magnitude of real and imaginary parts.
  var largestEntry: Double {
    var result = 0.0
    for i in 0..<N {
      for j in 0..<N {
        for part in [self[i, j].re.largestMagnitude, self[i, j].im.largestMagnitude] {
          result = result.isNaN || part.isNaN ? .nan : Swift.max(result, part)
        }
      }
    }
    return result
  }
  static var one: ComplexMatrix {
    ComplexMatrix(diagonal: ComplexLanes(Lanes(repeating: 1), .zero))
  }
}

/// The laws of eigensystems of SU(N).
private struct EigensystemLaws<let N: Int> {
  /// Rounding of some ten sweeps of rotations.
  let tolerance = 2e-15 * Double(N)

  /// `V diag(e^{iθ}) V†` with phases that sum to zero and, but for the last, lie within `gap`.
  @inline(never)
  func element(gap: Double, using generator: inout LaneGenerator) -> SU<N> {
    let V = SU<N>.draw(&generator)
    var diagonal = ComplexMatrix<N>()
    var sum = Lanes.zero
    let centre = 2 * generator.uniform() - 1
    for j in 0..<N {
      let phase = j == N - 1 ? -sum : centre + gap * (generator.uniform() - 0.5)
      sum += phase
      let (sine, cosine) = sincos(phase)
      diagonal[j, j] = ComplexLanes(cosine, sine)
    }
    return SU(unchecked: (V.matrix * diagonal).timesAdjoint(of: V.matrix)).reunitarized
  }

  @inline(never)
  func check(_ U: SU<N>, _ what: String) {
    let system = U.eigensystem
    var values = InlineArray<N, ComplexLanes>(repeating: ComplexLanes(.zero, .zero))
    var sum = Lanes.zero
    for j in 0..<N {
      let phase = system.phases[j]
      let (sine, cosine) = sincos(phase)
      values[j] = ComplexLanes(cosine, sine)
      sum += phase
      #expect(phase.largestMagnitude <= .pi)
      if j > 0 { #expect(all(phase .>= system.phases[j - 1])) }
    }
    let rest = system.matrix(diagonal: values) - U.matrix
    #expect(rest.largestEntry < tolerance, "SU\(N) \(what): backward error")
    let unit = system.vectors.adjoint * system.vectors - .one
    #expect(unit.largestEntry < tolerance, "SU\(N) \(what): unitarity of the vectors")
    #expect(wrapAngle(sum).largestMagnitude < 4 * tolerance)
  }

  func checkAll() {
    var generator = testGenerator(11)
    for _ in 0..<100 { check(.draw(&generator), "Haar") }
    for gap in [1, 1e-2, 1e-4, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-14, 0] {
      for _ in 0..<30 { check(element(gap: gap, using: &generator), "gap \(gap)") }
    }
    for power in 0..<N {
      let (sine, cosine) = sincos(Lanes(repeating: 2 * .pi * Double(power) / Double(N)))
      let centre = SU<N>(unchecked: ComplexMatrix(diagonal: ComplexLanes(cosine, sine)))
      check(centre, "centre")
      #expect(centre.eigensystem.vectors.largestEntry == 1)
    }
    algebra(&generator)
    lanes(&generator)
  }

  func algebra(_ generator: inout LaneGenerator) {
    for scale in [1e-9, 1, 30] {
      let X = Lanes(repeating: scale) * SUNAlgebra<N>.draw(&generator)
      let system = X.eigensystem
      var values = InlineArray<N, ComplexLanes>(repeating: ComplexLanes(.zero, .zero))
      for j in 0..<N { values[j] = ComplexLanes(.zero, system.phases[j]) }
      let rest = system.matrix(diagonal: values) - X.matrix
      #expect(rest.largestEntry < tolerance * scale * Double(N))
    }
  }

  /// What one lane answers, to the bit, whatever the others hold.
  func lanes(_ generator: inout LaneGenerator) {
    let U = element(gap: 1e-7, using: &generator)
    let other = SU<N>.draw(&generator)
    let M = U.matrix + Lanes(repeating: 0.3) * other.matrix
    let file = Buffer<Double>(count: SU<N>.scalarsPerLink, repeating: 0)
    for lane in 0..<laneCount {
      var alone = SU<N>.identity, mixed = other
      U.store(lane: lane, to: file.pointer)
      alone.load(lane: lane, from: file.pointer)
      mixed.load(lane: lane, from: file.pointer)
      let a = alone.eigensystem, b = mixed.eigensystem, c = U.eigensystem
      let p = SU<N>.projection(of: M), q = SU<N>.projection(of: isolated(M, lane))
      for i in 0..<N {
        #expect(a.phases[i][lane].bitPattern == b.phases[i][lane].bitPattern)
        #expect(a.phases[i][lane].bitPattern == c.phases[i][lane].bitPattern)
        for j in 0..<N {
          #expect(a.vectors[i, j].re[lane].bitPattern == b.vectors[i, j].re[lane].bitPattern)
          #expect(a.vectors[i, j].im[lane].bitPattern == c.vectors[i, j].im[lane].bitPattern)
          #expect(p.matrix[i, j].re[lane].bitPattern == q.matrix[i, j].re[lane].bitPattern)
        }
      }
    }
  }

  /// The matrix in one lane, the unit matrix in the others.
  private func isolated(_ M: ComplexMatrix<N>, _ lane: Int) -> ComplexMatrix<N> {
    var result = ComplexMatrix<N>.one
    for i in 0..<N {
      for j in 0..<N {
        result[i, j].re[lane] = M[i, j].re[lane]
        result[i, j].im[lane] = M[i, j].im[lane]
      }
    }
    return result
  }
}

@Suite struct EigensystemTests {
  @Test(
    "Eigensystems are exact to rounding for Haar, near-degenerate, degenerate, central elements")
  func matrices() {
    EigensystemLaws<2>().checkAll()
    EigensystemLaws<3>().checkAll()
    EigensystemLaws<4>().checkAll()
    EigensystemLaws<5>().checkAll()
    EigensystemLaws<6>().checkAll()
  }

  @Test("The closed form of SU(2) is an eigensystem at every element, the centre included")
  func quaternions() {
    var generator = testGenerator(12)
    var elements = (0..<50).map { _ in SU2.haar(using: &generator) }
    for size in [1e-3, 1e-8, 1e-12, 1e-200, 0] {
      let X = Lanes(repeating: size) * SU2Algebra.gaussian(using: &generator)
      let near = SU2.exp(X)
      elements.append(near)
      elements.append(SU2(unchecked: Lanes(repeating: -1) * near.quaternion))
    }
    for U in elements {
      let system = U.eigensystem
      var values = InlineArray<2, ComplexLanes>(repeating: ComplexLanes(.zero, .zero))
      for j in 0..<2 {
        let (sine, cosine) = sincos(system.phases[j])
        values[j] = ComplexLanes(cosine, sine)
      }
      let rest = system.matrix(diagonal: values) - U.complexMatrix
      #expect(rest.largestEntry < 2e-15)
      #expect((system.vectors.adjoint * system.vectors - .one).largestEntry < 2e-15)
      #expect(all(system.phases[1] .>= 0))
    }
  }
}

extension SU2 {
  /// The matrix, by way of the file order.
  var complexMatrix: ComplexMatrix<2> { matrixElement.matrix }

  /// The same element as a matrix of SU(2).
  var matrixElement: SU<2> {
    var result = SU<2>.identity
    let file = Buffer<Double>(count: SU2.scalarsPerLink, repeating: 0)
    for lane in 0..<laneCount {
      store(lane: lane, to: file.pointer)
      result.load(lane: lane, from: file.pointer)
    }
    return result
  }
}
