import LaneMath
import LatticeFields
import Testing

/// The laws of a frame of eigenvectors.
private struct FrameLaws<G: EigenframeGroup> {
  let name: String
  /// Rounding of some ten sweeps of rotations, and of products.
  let rounding = 1e-14 * Double(G.colors)

  @inline(never)
  func check(_ U: G, _ what: String, _ generator: inout LaneGenerator) {
    let N = G.colors
    let phases = Buffer<Lanes>(count: N, repeating: .zero)
    let frame = G.Frame(of: U, phases: phases.pointer)
    var sum = phases[0]
    for j in 1..<N {
      sum += phases[j]
      #expect(all(phases[j] .>= phases[j - 1]), "\(name) \(what): order")
    }
    #expect(sum.largestMagnitude < rounding, "\(name) \(what): sum of phases")
    let width = phases[N - 1] - phases[0]
    #expect(width.max() <= 2 * .pi + rounding, "\(name) \(what): width of the cell")
    let distance = G.distance(frame.element(phases: phases.pointer), U)
    #expect(distance < rounding, "\(name) \(what): reconstruction \(distance)")
    // e^{i phases} are the eigenvalues: the same trace, and that of the square.
    var traces = (Lanes.zero, Lanes.zero)
    for j in 0..<N {
      traces.0 += LaneMath.cos(phases[j])
      traces.1 += LaneMath.sin(2 * phases[j])
    }
    #expect((traces.0 - U.realTrace).largestMagnitude < rounding)
    #expect((traces.1 - G.product(U, U).imaginaryTrace).largestMagnitude < 4 * rounding)
    coordinates(frame, what, &generator)
    stabilizer(frame, U, what, &generator)
  }

  /// The coordinates of algebra elements: there and back, and their product.
  func coordinates(_ frame: G.Frame, _ what: String, _ generator: inout LaneGenerator) {
    let N = G.colors
    let x = Buffer<Lanes>(count: N * N, repeating: .zero)
    let y = Buffer<Lanes>(count: N * N, repeating: .zero)
    let X = G.Algebra.draw(&generator), Y = G.Algebra.draw(&generator)
    frame.storeCoordinates(of: X, to: x.pointer)
    frame.storeCoordinates(of: Y, to: y.pointer)
    var trace = Lanes.zero, product = Lanes.zero
    for j in 0..<N {
      trace += x[j]
      product += 2 * x[j] * y[j]
    }
    for place in N..<(N * N) { product += 4 * x[place] * y[place] }
    let size = 1 + X.largestLength * Y.largestLength
    #expect(trace.largestMagnitude < rounding * size, "\(name) \(what): trace")
    let defect = product - G.Algebra.product(X, Y)
    #expect(defect.largestMagnitude < rounding * size, "\(name) \(what): product")
    let back = frame.algebra(coordinates: x.pointer)
    #expect(G.Algebra.distance(back, X) < rounding * size, "\(name) \(what): round trip")
    // A trace does not count.
    for j in 0..<N { x[j] += 3 }
    let traced = frame.algebra(coordinates: x.pointer)
    #expect(G.Algebra.distance(traced, X) < rounding * (size + 3), "\(name) \(what): trace part")
  }

  /// `Ad_U` in the frame multiplies `z_jk` by `e^{i(θ_j - θ_k)}` and keeps the diagonal: this fixes the
  /// orientation of the off-diagonal coordinates, and which eigenvector belongs to which phase.
  func stabilizer(
    _ frame: G.Frame, _ U: G, _ what: String, _ generator: inout LaneGenerator
  ) {
    let N = G.colors
    let phases = Buffer<Lanes>(count: N, repeating: .zero)
    let x = Buffer<Lanes>(count: N * N, repeating: .zero)
    let y = Buffer<Lanes>(count: N * N, repeating: .zero)
    _ = G.Frame(of: U, phases: phases.pointer)
    let X = G.Algebra.draw(&generator)
    frame.storeCoordinates(of: X, to: x.pointer)
    frame.storeCoordinates(of: G.turned(U, X), to: y.pointer)
    let tolerance = 4 * rounding * (1 + X.largestLength)
    for j in 0..<N { #expect((x[j] - y[j]).largestMagnitude < tolerance, "\(name) \(what)") }
    var place = N
    for j in 0..<N {
      for k in j + 1..<Swift.max(j + 1, N) {
        let (s, c) = LaneMath.sincos(phases[j] - phases[k])
        let re = c * x[place] - s * x[place + 1], im = s * x[place] + c * x[place + 1]
        #expect((re - y[place]).largestMagnitude < tolerance, "\(name) \(what): \(j)\(k)")
        #expect((im - y[place + 1]).largestMagnitude < tolerance, "\(name) \(what): \(j)\(k)")
        place += 2
      }
    }
  }

  /// An element with the given phases, conjugated.
  func element(_ values: [Lanes], _ generator: inout LaneGenerator) -> G {
    let unused = Buffer<Lanes>(count: G.colors, repeating: .zero)
    let phases = Buffer<Lanes>(count: G.colors, repeating: .zero)
    for j in values.indices { phases[j] = values[j] }
    let frame = G.Frame(of: G.draw(&generator), phases: unused.pointer)
    return frame.element(phases: phases.pointer)
  }

  func checkAll() {
    let N = G.colors
    var generator = testGenerator(51)
    for _ in 0..<60 { check(G.draw(&generator), "Haar", &generator) }
    for gap in [1e-2, 1e-6, 1e-8, 1e-12, 1e-15, 0] {
      for centre in 0..<N {
        // Near a central element e^{2πi centre/N}, and with the last phase far away.
        for isSpread in [false, true] {
          var values: [Lanes] = []
          var sum = Lanes.zero
          let middle =
            isSpread ? 2 * generator.uniform() - 1 : Lanes(repeating: 2 * .pi / Double(N))
          for _ in 0..<N - 1 {
            values.append(Double(centre) * middle + gap * generator.normal())
            sum += values.last!
          }
          values.append(-sum)
          check(element(values, &generator), "gap \(gap)", &generator)
        }
      }
    }
    for power in 0..<N {
      let step = 2 * Double.pi * Double(power) / Double(N)
      var values = Array(repeating: Lanes(repeating: step), count: N)
      values[N - 1] -= 2 * Double.pi * Double(power)
      check(element(values, &generator), "centre", &generator)
    }
    check(.identity, "identity", &generator)
    conjugation(&generator)
  }

  /// Conjugate elements have the same phases.
  func conjugation(_ generator: inout LaneGenerator) {
    let N = G.colors
    let phases = Buffer<Lanes>(count: N, repeating: .zero)
    let others = Buffer<Lanes>(count: N, repeating: .zero)
    for _ in 0..<10 {
      let U = G.draw(&generator), g = G.draw(&generator)
      _ = G.Frame(of: U, phases: phases.pointer)
      _ = G.Frame(of: G.product(G.product(g, U), g.adjoint), phases: others.pointer)
      for j in 0..<N {
        #expect((phases[j] - others[j]).largestMagnitude < rounding, "\(name): conjugation")
      }
    }
  }
}

@Suite struct SpectralFrameTests {
  @Test("Frames of SU(2), of matrices of two to five colours: cell, reconstruction, coordinates")
  func frames() {
    FrameLaws<SU2>(name: "SU2").checkAll()
    FrameLaws<SU<2>>(name: "SU<2>").checkAll()
    FrameLaws<SU<3>>(name: "SU<3>").checkAll()
    FrameLaws<SU<4>>(name: "SU<4>").checkAll()
    FrameLaws<SU<5>>(name: "SU<5>").checkAll()
  }

  @Test("The axis of SU(2): right-handed and orthonormal, where the element is tiny or central too")
  func axes() {
    var generator = testGenerator(52)
    let phases = Buffer<Lanes>(count: 2, repeating: .zero)
    for size in [1, 1e-8, 1e-100, 1e-160, 1e-200, 0] {
      let U = SU2.exp(Lanes(repeating: size) * SU2Algebra.gaussian(using: &generator))
      for V in [U, SU2(unchecked: Lanes(repeating: -1) * U.quaternion)] {
        let frame = SU2Frame(of: V, phases: phases.pointer)
        let axes = [frame.first, frame.second, frame.axis]
        for i in 0..<3 {
          for j in 0..<3 {
            let defect = axes[i].dot(axes[j]) - (i == j ? 1 : 0)
            #expect(defect.largestMagnitude < 4e-16 * 4, "size \(size)")
          }
        }
        #expect(SU2Algebra.distance(frame.first.cross(frame.second), frame.axis) < 2e-15)
      }
    }
  }
}
