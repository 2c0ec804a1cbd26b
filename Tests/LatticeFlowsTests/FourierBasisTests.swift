import Glibc
import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The divergences of velocities of plaquette angles, against differences over the links.
struct FourierBasisTests {
  /// Links from the Haar measure, or near 1 where `spread` is small.
  private func links(_ lattice: Lattice, seed: UInt64, spread: Double = 1) -> LinkField<U1> {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    var U = LinkField<U1>(hotStart: lattice, using: &generator)
    for l in U.links.indices { U.links[l].angle *= spread }
    return U
  }

  private func largest(_ x: Lanes) -> Double { abs(x).max() }

  private func point(beta: Double, tilt: Double) -> PathPoint {
    var point = PathPoint(time: 0.4, beta: beta, betaRate: 1.7)
    point.tilt = tilt
    point.tiltRate = tilt == 0 ? 0 : -0.3
    return point
  }

  /// Every element: the divergence is that of differences over all links, and the column is it less
  /// the difference of the action along the velocity.
  @Test(arguments: [
    ("4x4", 6.0, 0.0, 1.0), ("6x3", .infinity, 0.7, 1), ("5x7", 1.5, 0.4, 0.5), ("1x5", 6, 0.2, 1),
  ])
  func divergences(extents: String, saturation: Double, tilt: Double, spread: Double) throws {
    let lattice = try Lattice(parsing: extents)
    // All kinds of factors; the long lists on one lattice each.
    let mixed = [
      "sin1", "sin10", "cos3", "G*cos2", "G*sin1", "c1*sin4", "c3*cos2", "s2*cos5", "G*G*sin6",
      "G*c1*cos6", "c1*c1*sin2", "G*G*c2*sin3", "s1*s2*c1*cos4", "c2*c2*c2*sin1",
    ]
    let elements =
      extents == "4x4"
      ? FourierBasis.standardElements
      : extents == "6x3" ? FourierBasis.linearPathElements : mixed
    let basis = try FourierBasis(lattice: lattice, elements: elements, saturation: saturation)
    checkVelocityLaws(
      basis, links(lattice, seed: 3, spread: spread), point(beta: 1.3, tilt: tilt),
      state: basis.makeState(), workspace: basis.makeWorkspace())
  }

  /// The action of the path is that of the links, with the sawtooth's sum taken term by term.
  @Test func actionAndRate() throws {
    let lattice = try Lattice([5, 4])
    let basis = try FourierBasis(lattice: lattice)
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    let U = links(lattice, seed: 8)
    basis.load(U, into: state)
    let point = point(beta: 2.2, tilt: 0.6)
    let values = basis.values(of: state, at: point, using: workspace)
    var G = Lanes.zero, X = Lanes.zero
    for x in 0..<lattice.volume {
      let F = U.plaquette(at: x, mu: 0, nu: 1).angle
      X += cos(F)
      for j in 1...6 {
        let q = Double.pi * Double(j) / 7
        let amplitude = (j % 2 == 1 ? 2.0 : -2) / Double(j) * Glibc.sin(q) / q
        G += amplitude * sin(Double(j) * F)
      }
    }
    let tilt = G * G / (2 * Double(lattice.volume))
    #expect(largest(values.plaquetteSum - X) < 1e-12)
    #expect(largest(values.action - (0.6 * tilt - 2.2 * X)) < 1e-11)
    #expect(largest(values.rate - (-0.3 * tilt - 1.7 * X)) < 1e-11)
    var columns = [Lanes](repeating: .zero, count: basis.count)
    let same = basis.columns(of: state, at: point, using: workspace, into: &columns)
    #expect(largest(same.action - values.action) < 1e-11)
    #expect(largest(same.rate - values.rate) < 1e-11)
  }

  /// The plaquettes of the stored links are the angles of the state; nothing else of the links moves,
  /// and what was loaded and not moved comes back.
  @Test(arguments: ["4x4", "6x3", "5x7", "8x1", "2x2"])
  func storedLinks(extents: String) throws {
    let lattice = try Lattice(parsing: extents)
    let basis = try FourierBasis(lattice: lattice)
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    let U = links(lattice, seed: 5)
    basis.load(U, into: state)
    var V = U
    basis.store(state, into: &V)
    for l in U.links.indices {
      #expect(largest(wrapAngle(V.links[l].angle - U.links[l].angle)) < 1e-13)
    }
    var generator = LaneGenerator(seed: 2, purpose: .training, firstConfiguration: 0, step: 0)
    let c = (0..<basis.count).map { _ in 0.2 * generator.normal()[0] }
    let point = point(beta: 1.1, tilt: 0.2)
    for stage in 0..<7 {
      _ = basis.computeVelocity(of: state, at: point, coefficients: c, using: workspace)
      basis.move(state, memory: stage == 0 ? 0 : -0.6, step: 0.1, weight: 0.8, using: workspace)
    }
    basis.store(state, into: &V)
    var total = Lanes.zero, moved = Lanes.zero
    for x in 0..<lattice.volume {
      let F = state.angles[x], P = V.plaquette(at: x, mu: 0, nu: 1).angle
      #expect(largest(wrapAngle(F - P)) < 1e-12, "\(x)")
      total += F
      moved = max(moved, abs(F - U.plaquette(at: x, mu: 0, nu: 1).angle))
      // The displacement of links is a curl: divergence-free at every site.
      var divergence = Lanes.zero
      for mu in 0..<2 {
        divergence +=
          V[x, mu].angle - U[x, mu].angle
          - (V[lattice.backward(x, mu), mu].angle - U[lattice.backward(x, mu), mu].angle)
      }
      #expect(largest(wrapAngle(divergence)) < 1e-12)
    }
    #expect(largest(total) < 1e-12)
    if lattice.volume > 4 { #expect(moved.min() > 0.05) }
    for link in V.links { #expect(abs(link.angle).max() <= .pi) }
  }

  /// Gauge transformations before and after a trajectory agree, and leave columns as they are;
  /// permuted lanes give permuted answers, to the bit.
  @Test func symmetries() throws {
    let lattice = try Lattice([4, 6])
    let basis = try FourierBasis(lattice: lattice)
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    var generator = LaneGenerator(
      seed: 4, purpose: .gaugeTransformation, firstConfiguration: 0, step: 0)
    let g = (0..<lattice.volume).map { _ in U1.haar(using: &generator) }
    let c = (0..<basis.count).map { _ in 0.1 * generator.normal()[0] }
    let U = links(lattice, seed: 6), point = point(beta: 1.5, tilt: 0.3)
    func flow(_ U: LinkField<U1>) -> (LinkField<U1>, Lanes, [Lanes]) {
      var V = U
      var columns = [Lanes](repeating: .zero, count: basis.count)
      basis.load(U, into: state)
      _ = basis.columns(of: state, at: point, using: workspace, into: &columns)
      let divergence = basis.computeVelocity(
        of: state, at: point, coefficients: c, using: workspace)
      basis.move(state, memory: 0, step: 0.3, weight: 1, using: workspace)
      basis.store(state, into: &V)
      return (V, divergence, columns)
    }
    var transformed = U
    transformed.transform(by: g)
    let (V, d, columns) = flow(U), (W, e, others) = flow(transformed)
    var expected = V
    expected.transform(by: g)
    for l in W.links.indices {
      #expect(largest(wrapAngle(W.links[l].angle - expected.links[l].angle)) < 1e-11)
    }
    #expect(largest(d - e) < 1e-9)
    for (a, b) in zip(columns, others) { #expect(largest(a - b) < 1e-8) }

    let order = SIMD8<Int>(3, 1, 0, 7, 6, 2, 5, 4)
    func permuted(_ x: Lanes) -> Lanes { Lanes((0..<8).map { x[order[$0]] }) }
    var shuffled = U
    for l in U.links.indices { shuffled.links[l].angle = permuted(U.links[l].angle) }
    let (X, f, mixed) = flow(shuffled)
    #expect(f == permuted(d))
    for l in X.links.indices { #expect(X.links[l].angle == permuted(V.links[l].angle)) }
    for (a, b) in zip(mixed, columns) { #expect(a == permuted(b)) }
  }

  /// A copy goes on where the original is, accumulated velocity included.
  @Test func copies() throws {
    let lattice = try Lattice([4, 4])
    let basis = try FourierBasis(lattice: lattice)
    let state = basis.makeState(), copy = basis.makeState(), workspace = basis.makeWorkspace()
    let U = links(lattice, seed: 6), point = point(beta: 1.5, tilt: 0.3)
    let c = [Double](repeating: 0.05, count: basis.count)
    func move(_ state: FourierState) {
      _ = basis.computeVelocity(of: state, at: point, coefficients: c, using: workspace)
      basis.move(state, memory: -0.5, step: 0.3, weight: 1, using: workspace)
    }
    basis.load(U, into: state)
    move(state)
    basis.copy(state, to: copy)
    move(state)
    move(copy)
    var V = U, W = U
    basis.store(state, into: &V)
    basis.store(copy, into: &W)
    for l in V.links.indices { #expect(V.links[l].angle == W.links[l].angle) }
  }

  /// Names: read in any order of modes, refused where they mean nothing or the same twice.
  @Test func names() throws {
    let lattice = try Lattice([4, 4])
    #expect(FourierBasis.standardElements.count == 44)
    #expect(FourierBasis.linearPathElements.count == 50)
    for list in [FourierBasis.standardElements, FourierBasis.linearPathElements] {
      #expect(try FourierBasis(lattice: lattice, elements: list).elementNames == list)
    }
    #expect(
      try FourierBasis(lattice: lattice, elements: ["c1*G*cos2"]).elementNames == ["G*c1*cos2"])
    for wrong in [
      "", "sin", "sin0", "sin17", "sin+1", "sin01", "tan1", "G", "G*", "*sin1", "G**sin1",
      "c9*sin1",
      "c*sin1", "G1*sin1", "sin1*G", "G*G*G*G*sin1", "sin1 ", "Sin1",
    ] {
      #expect(
        throws: U1BasisError.unknownElement(wrong, grammar: FourierElement.grammar), "\(wrong)"
      ) { _ = try FourierBasis(lattice: lattice, elements: [wrong]) }
    }
    #expect(throws: U1BasisError.repeatedElement("G*c1*cos2")) {
      _ = try FourierBasis(lattice: lattice, elements: ["G*c1*cos2", "c1*G*cos2"])
    }
    #expect(throws: U1BasisError.noElements) {
      _ = try FourierBasis(lattice: lattice, elements: [])
    }
    #expect(throws: U1BasisError.saturation(0)) {
      _ = try FourierBasis(lattice: lattice, saturation: 0)
    }
    let four = try Lattice([4, 4, 4])
    #expect(
      throws: U1BasisError.dimension(
        basis: "Fourier basis", expected: "2", extents: [4, 4, 4])
    ) { _ = try FourierBasis(lattice: four) }
  }

  /// The one-plaquette averages against sums over the circle.
  @Test(arguments: [0, 0.3, 2, 7, 60, -2, 3000]) func moments(beta: Double) {
    let moments = OnePlaquetteMoments(beta: beta)
    let points = 20000
    var total = 0.0, square = 0.0
    var cosines = [Double](repeating: 0, count: 9)
    for i in 0..<points {
      let F = (Double(i) + 0.5) / Double(points) * .pi
      let weight = Glibc.exp(beta * (Glibc.cos(F) - 1))
      total += weight
      square += weight * F * F
      for k in 0...8 { cosines[k] += weight * Glibc.cos(Double(k) * F) }
    }
    for k in 0...8 { #expect(Swift.abs(moments.cosine[k] - cosines[k] / total) < 1e-13) }
    #expect(Swift.abs(moments.angleSquared - square / total) < 2e-8)
  }

  /// The sums of harmonics of any number against the library's own sine and cosine.
  @Test func powerSums() {
    for count in [1, 2, 15, 16, 17, 37] {
      for largest in [1, 2, 3, 6, 10, 11, 14, 16, 22] {
        var generator = LaneGenerator(
          seed: 4, purpose: .verification, firstConfiguration: 0, step: count)
        let angles = (0..<count).map { _ in 12 * (2 * generator.uniform() - 1) }
        var c = [Lanes](repeating: .zero, count: count), s = c
        var C = [Lanes](repeating: .zero, count: AngleSums.room(largest)), S = C
        AngleSums.compute(
          angles, count: count, largest: largest, cosines: &c, sines: &s, cosineSums: &C,
          sineSums: &S)
        for k in 0...largest {
          var cosine = Lanes.zero, sine = Lanes.zero
          for F in angles {
            cosine += cos(Double(k) * F)
            sine += sin(Double(k) * F)
          }
          #expect(self.largest(C[k] - cosine) < 3e-13, "\(count) \(largest) \(k)")
          #expect(self.largest(S[k] - sine) < 3e-13, "\(count) \(largest) \(k)")
        }
        for x in 0..<count {
          #expect(self.largest(c[x] - cos(angles[x])) < 4.5e-16)
          #expect(self.largest(s[x] - sin(angles[x])) < 4.5e-16)
        }
      }
    }
  }
}
