import LaneMath
import LatticeFields
import Testing

private let abelian = LinkFieldLaws<U1>()
private let quaternion = LinkFieldLaws<QuaternionGroup>()

@Suite struct LinkFieldTests {
  @Test(
    "A plaquette is the product around its corner, its inverse the other orientation, and turns with the gauge",
    arguments: planarExtents)
  func plaquettes(extents: [Int]) throws {
    try abelian.plaquettes(extents)
    try quaternion.plaquettes(extents)
  }

  @Test("Re tr[U A] is the sum of the 2(D-1) plaquettes of a link", arguments: someExtents)
  func staples(extents: [Int]) throws {
    try abelian.staples(extents)
    try quaternion.staples(extents)
  }

  @Test(
    "Wilson loops by flux, by lines and one by one agree and are gauge invariant",
    arguments: planarExtents)
  func wilsonLoops(extents: [Int]) throws {
    try abelian.wilsonLoops(extents)
    try quaternion.wilsonLoops(extents)
  }

  @Test(
    "The trace of a Polyakov loop does not depend on its starting site nor on the gauge",
    arguments: someExtents)
  func polyakovLoops(extents: [Int]) throws {
    try abelian.polyakovLoops(extents)
    try quaternion.polyakovLoops(extents)
  }

  @Test("On a cold start every loop is 1", arguments: someExtents)
  func coldStart(extents: [Int]) throws {
    try abelian.coldStart(extents)
    try quaternion.coldStart(extents)
  }

  @Test("Permuting the lanes permutes the results, bit by bit", arguments: someExtents)
  func lanes(extents: [Int]) throws {
    try abelian.lanes(extents)
    try quaternion.lanes(extents)
  }

  @Test(
    "A configuration stored and loaded is the same, in the order of the file",
    arguments: someExtents)
  func storage(extents: [Int]) throws {
    try abelian.storage(extents)
    try quaternion.storage(extents)
  }

  @Test("Translations keep the plaquette, and a whole turn is the identity", arguments: someExtents)
  func translations(extents: [Int]) throws {
    try abelian.translations(extents)
    try quaternion.translations(extents)
  }

  @Test("Reunitarizing a field on the group changes nothing")
  func reunitarization() throws {
    try abelian.reunitarization()
    try quaternion.reunitarization()
  }

  @Test("exp(X) exp(-X) = 1, and the projection is the derivative of the trace")
  func algebra() throws {
    try abelian.algebra()
    try quaternion.algebra()
  }

  @Test("The dot product of algebra fields is the sum over links and generators")
  func algebraFields() throws {
    let lattice = try Lattice([3, 4])
    var generator = LaneGenerator(seed: 8, purpose: .momenta, firstConfiguration: 0, step: 0)
    var X = AlgebraField<QuaternionGroup>(zero: lattice)
    #expect(X.dot(X) == .zero)
    X.sampleGaussian(using: &generator)
    var sum = Lanes.zero
    for mu in 0..<2 {
      for x in 0..<12 { sum += (0..<3).reduce(.zero) { $0 + X[x, mu][$1] * X[x, mu][$1] } }
    }
    #expect((X.dot(X) - sum).largestMagnitude < rounding)
    X.reset()
    #expect(X.dot(X) == .zero)
  }
}

@Suite struct AbelianFieldTests {
  @Test("A link multiplied on one slice multiplies the Polyakov loop and leaves the plaquettes")
  func center() throws {
    let U = try LinkField<U1>.random([5, 4, 3])
    let angle = 0.7
    for mu in 0..<3 {
      var V = U
      for x in 0..<U.lattice.volume where U.lattice.coordinates(of: x)[mu] == 0 {
        V[x, mu].angle += angle
      }
      #expect((V.averagePlaquette - U.averagePlaquette).largestMagnitude < rounding)
      let phase = U1(angle: Lanes(repeating: angle))
      let expected =
        U.averagePolyakovLoop(mu: mu) * ComplexLanes(phase.realTrace, phase.imaginaryTrace)
      #expect((V.averagePolyakovLoop(mu: mu).re - expected.re).largestMagnitude < rounding)
      #expect((V.averagePolyakovLoop(mu: mu).im - expected.im).largestMagnitude < rounding)
    }
  }

  @Test(
    "The loop around a whole 2D torus is 1, and a loop equals its complement",
    arguments: [[4, 6], [3, 5], [2, 7]])
  func torus(extents: [Int]) throws {
    let U = try LinkField<U1>.random(extents)
    let (R, T) = (extents[0], extents[1])
    let loops = U.averageWilsonLoops(mu: 0, nu: 1, upTo: R, by: T)
    #expect((loops[R * T - 1] - 1).largestMagnitude < rounding)
    // Across the full height: the rest of the torus is a loop of the other orientation.
    for r in 1..<R {
      let loop = loops[(r - 1) * T + T - 1], complement = loops[(R - r - 1) * T + T - 1]
      #expect((loop - complement).largestMagnitude < rounding)
    }
  }

  @Test(
    "The topological charge is an integer on every field", arguments: [[8, 8], [5, 7], [1, 6]])
  func integers(extents: [Int]) throws {
    for seed in 0..<20 {
      let U = try LinkField<U1>.random(extents, seed: UInt64(seed))
      let charge = U.topologicalCharge
      #expect((charge - roundToNearest(charge)).largestMagnitude < 1e-10)
      #expect((charge - U.gaugeTransformed().topologicalCharge).largestMagnitude < 1e-10)
      #expect((charge - U.translated(by: 1).topologicalCharge).largestMagnitude < 1e-10)
    }
  }

  @Test("A field of constant flux 2πQ/V has charge Q", arguments: [-3, -1, 0, 1, 2, 5])
  func instantons(charge: Int) throws {
    let lattice = try Lattice([6, 4])
    var U = LinkField<U1>(coldStart: lattice)
    let flux = 2 * Double.pi * Double(charge) / Double(lattice.volume)
    for x in 0..<lattice.volume {
      let at = lattice.coordinates(of: x)
      U[x, 1].angle = Lanes(repeating: flux * Double(at[0]))
      if at[0] == 5 { U[x, 0].angle = Lanes(repeating: -flux * 6 * Double(at[1])) }
    }
    #expect((U.topologicalCharge - Double(charge)).largestMagnitude < 1e-10)
    let plaquette = LaneMath.cos(Lanes(repeating: flux))
    #expect((U.averagePlaquette - plaquette).largestMagnitude < rounding)
    let density = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
    U.topologicalChargeDensity(into: density.pointer)
    for x in 0..<lattice.volume {
      #expect((density[x] - Double(charge) / Double(lattice.volume)).largestMagnitude < rounding)
    }
  }
}
