import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The divergences of velocities made of loops, against differences over the links.
struct LoopBasisTests {
  private func links(_ lattice: Lattice, seed: UInt64) -> LinkField<U1> {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    return LinkField<U1>(hotStart: lattice, using: &generator)
  }

  private func largest(_ x: Lanes) -> Double { abs(x).max() }

  /// Every element, on lattices of every dimension, extents of 1 and 2 and unequal ones included.
  @Test(arguments: ["4x4", "6x3", "1x4", "2x2", "3x3x2", "4x3x2", "3x2x2x2", "1x2x3x2"])
  func divergences(extents: String) throws {
    let lattice = try Lattice(parsing: extents)
    var elements = LoopBasis.standardElements(dimension: lattice.dimension)
    elements += ["plaquette*sin8*k^-4", "rectangle*sin5*k^4", "plaquette*sin2*k^4"]
    elements += ["twistedRectangle*sin4*k^2", "rectangle*sin1*k^4"]
    if lattice.dimension > 2 {
      elements += ["chair*sin6*k^-4", "twistedChair*sin4*k^2"]
    }
    let basis = try LoopBasis(lattice: lattice, elements: elements)
    var point = PathPoint(time: 0.4, beta: 1.3, betaRate: 1.7)
    if lattice.dimension == 2 {
      point.tilt = 0.5
      point.tiltRate = -0.2
    }
    checkVelocityLaws(
      basis, links(lattice, seed: 3), point, state: basis.makeState(),
      workspace: basis.makeWorkspace())
  }

  /// The number of loops: plaquettes, rectangles and chairs of each link, and their angles are those of
  /// closed paths of four and six links.
  @Test(arguments: [2, 3, 4]) func families(dimension: Int) throws {
    let D = dimension
    #expect(LoopFamily.all(.plaquette, dimension: D).count == D * (D - 1) / 2)
    #expect(LoopFamily.all(.rectangle, dimension: D).count == D * (D - 1))
    #expect(LoopFamily.all(.chair, dimension: D).count == 2 * D * (D - 1) * (D - 2))
    #expect(LoopFamily.all(.twistedRectangle, dimension: D).count == D * (D - 1))
    #expect(LoopFamily.all(.twistedChair, dimension: D).count == 2 * D * (D - 1) * (D - 2))
    let lattice = try Lattice([5, 4, 3, 6].suffix(D).map { $0 })
    for loop in LoopClass.allCases {
      for family in LoopFamily.all(loop, dimension: D) {
        var net: [Int: Double] = [:], sites: [Int: Double] = [:]
        for (link, sign) in family.links(on: lattice) { net[link, default: 0] += sign }
        let used = net.filter { $0.value != 0 }
        let isTwisted = loop == .twistedRectangle || loop == .twistedChair
        #expect(used.count == (loop == .plaquette ? 4 : isTwisted ? 7 : 6))
        #expect(used.values.count { Swift.abs($0) == 2 } == (isTwisted ? 1 : 0))
        for (link, sign) in used {
          let x = link % lattice.volume, mu = link / lattice.volume
          sites[x, default: 0] -= sign
          sites[lattice.forward(x, mu), default: 0] += sign
        }
        #expect(sites.values.allSatisfy { $0 == 0 })
      }
    }
  }

  /// On plaquettes alone `(k̂²)^{-1}` gives the velocity of plaquette angles of the Fourier basis.
  @Test func agreesWithPlaquetteAngles() throws {
    let lattice = try Lattice([5, 4])
    let loops = try LoopBasis(
      lattice: lattice, elements: (1...4).map { "plaquette*sin\($0)*k^-2" })
    let fourier = try FourierBasis(lattice: lattice, elements: (1...4).map { "sin\($0)" })
    let U = links(lattice, seed: 9), c = [0.4, -0.2, 0.3, 0.1]
    let point = PathPoint(time: 0.5, beta: 1.2, betaRate: 2)
    let (Z, d) = linkVelocity(loops, U, point, c, loops.makeState(), loops.makeWorkspace())
    let (Y, e) = linkVelocity(
      fourier, U, point, c, fourier.makeState(), fourier.makeWorkspace())
    #expect(largest(d - e) < 1e-11)
    for (z, y) in zip(Z, Y) { #expect(largest(z - y) < 1e-10) }
  }

  /// Gauge transformations before and after a step agree.
  @Test func gaugeCovariance() throws {
    let lattice = try Lattice([3, 4, 2])
    let basis = try LoopBasis(lattice: lattice)
    var generator = LaneGenerator(
      seed: 4, purpose: .gaugeTransformation, firstConfiguration: 0, step: 0)
    let g = (0..<lattice.volume).map { _ in U1.haar(using: &generator) }
    let c = (0..<basis.count).map { _ in 0.1 * generator.normal()[0] }
    let U = links(lattice, seed: 6)
    let point = PathPoint(time: 0.5, beta: 1.2, betaRate: 2)
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    var V = U
    V.transform(by: g)
    let (Z, d) = linkVelocity(basis, U, point, c, state, workspace)
    let (Y, e) = linkVelocity(basis, V, point, c, state, workspace)
    #expect(largest(d - e) < 1e-10)
    for (z, y) in zip(Z, Y) { #expect(largest(z - y) < 1e-9) }
  }

  /// Links that are not moved come back; copies go on where the original is.
  @Test func states() throws {
    let lattice = try Lattice([3, 2, 4])
    let basis = try LoopBasis(lattice: lattice)
    let state = basis.makeState(), copy = basis.makeState(), workspace = basis.makeWorkspace()
    let U = links(lattice, seed: 2)
    let point = PathPoint(time: 0.5, beta: 1.2, betaRate: 2)
    let c = [Double](repeating: 0.05, count: basis.count)
    basis.load(U, into: state)
    var V = U, W = U
    basis.store(state, into: &V)
    for l in U.links.indices { #expect(V.links[l].angle == U.links[l].angle) }
    func move(_ state: LoopState) {
      _ = basis.computeVelocity(of: state, at: point, coefficients: c, using: workspace)
      basis.move(state, memory: -0.5, step: 0.3, weight: 1, using: workspace)
    }
    move(state)
    basis.copy(state, to: copy)
    move(state)
    move(copy)
    basis.store(state, into: &V)
    basis.store(copy, into: &W)
    for l in V.links.indices {
      #expect(V.links[l].angle == W.links[l].angle)
      #expect(largest(V.links[l].angle) <= .pi)
    }
  }

  /// Names, and what is refused.
  @Test func names() throws {
    let cube = try Lattice([2, 2, 2]), square = try Lattice([2, 2]), line = try Lattice([4])
    let standard = LoopBasis.standardElements(dimension: 3)
    #expect(try LoopBasis(lattice: cube).elementNames == standard)
    for wrong in [
      "", "plaquette", "sin1", "plaquette*cos1", "plaquette*sin0", "plaquette*sin9", "cube*sin1",
      "plaquette*sin1*k^0", "plaquette*sin1*k^-3", "plaquette*sin1*", "chair*sin01",
    ] {
      #expect(
        throws: U1BasisError.unknownElement(wrong, grammar: LoopElement.grammar), "\(wrong)"
      ) { _ = try LoopBasis(lattice: cube, elements: [wrong]) }
    }
    #expect(throws: U1BasisError.repeatedElement("chair*sin1")) {
      _ = try LoopBasis(lattice: cube, elements: ["chair*sin1", "chair*sin1"])
    }
    #expect(throws: U1BasisError.noElements) { _ = try LoopBasis(lattice: cube, elements: []) }
    #expect(
      throws: U1BasisError.dimension(basis: "chair*sin1", expected: "3 or 4", extents: [2, 2])
    ) { _ = try LoopBasis(lattice: square, elements: ["chair*sin1"]) }
    #expect(
      throws: U1BasisError.dimension(basis: "loop basis", expected: "2 to 4", extents: [4])
    ) { _ = try LoopBasis(lattice: line) }
  }
}
