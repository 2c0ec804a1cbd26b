import LaneMath
import LatticeActions
import LatticeFields
import Testing

/// The laws of the rectangle-improved family for a group.
private struct RectangleLaws<G: GaugeGroup> {
  let action: RectangleAction<G>

  init(_ improvement: RectangleImprovement, beta: Double) throws {
    action = try RectangleAction(improvement, beta: beta)
  }

  /// The value against the sum over loops, one by one.
  func definition(_ extents: [Int]) throws {
    let U = try LinkField<G>.random(extents)
    var plaquettes = Lanes.zero, rectangles = Lanes.zero
    for x in 0..<U.lattice.volume {
      for mu in extents.indices {
        for nu in extents.indices where nu != mu {
          if mu < nu { plaquettes += U.plaquette(at: x, mu: mu, nu: nu).realTrace }
          rectangles += U.wilsonLoop(at: x, mu: mu, r: 2, nu: nu, t: 1).realTrace
        }
      }
    }
    let c1 = action.rectangleCoefficient
    let sum = (1 - 8 * c1) * plaquettes + c1 * rectangles
    let expected = (-action.beta / Double(G.colors)) * sum
    #expect((action.value(of: U) - expected).largestMagnitude < 1e-10)
  }

  /// `κ Re tr[(U' - U) A]` against the change of the action with one link.
  func staples(_ extents: [Int]) throws {
    var U = try LinkField<G>.random(extents)
    var generator = LaneGenerator(
      seed: 3, purpose: .verification, firstConfiguration: 0, step: 9)
    let before = action.value(of: U)
    for mu in extents.indices {
      for x in [0, U.lattice.volume / 2, U.lattice.volume - 1] {
        let A = U.withLinkView { action.staple(at: x, mu: mu, in: $0) }
        let old = U[x, mu]
        let new = G.haar(using: &generator)
        let change = G.realTrace(of: new, times: A) - G.realTrace(of: old, times: A)
        U[x, mu] = new
        let expected = before - action.stapleCoupling * change
        #expect((action.value(of: U) - expected).largestMagnitude < 1e-9)
        U[x, mu] = old
      }
    }
  }

  /// The gradient as the projection of link times staples.
  func gradientFromStaples(_ extents: [Int]) throws {
    var U = try LinkField<G>.random(extents)
    var gradient = AlgebraField<G>(zero: U.lattice)
    action.accumulateGradient(of: U, into: &gradient)
    for mu in extents.indices {
      for x in 0..<U.lattice.volume {
        let A = U.withLinkView { action.staple(at: x, mu: mu, in: $0) }
        let force = G.algebraProjection(of: U[x, mu], times: A)
        let rest = gradient[x, mu] - Lanes(repeating: action.stapleCoupling) * force
        #expect(rest.dot(rest).largestMagnitude < 1e-20)
      }
    }
  }

  /// The lattice seen with its first two axes exchanged, and seen in a mirror.
  func pointGroup(_ extents: [Int]) throws {
    let U = try LinkField<G>.random(extents)
    let lattice = U.lattice, value = action.value(of: U)
    var order = Array(extents.indices)
    order.swapAt(0, extents.count - 1)
    var swapped = LinkField<G>(coldStart: try Lattice(order.map { extents[$0] }))
    for mu in extents.indices {
      for x in 0..<lattice.volume {
        let coordinates = lattice.coordinates(of: x)
        let y = swapped.lattice.site(at: order.map { coordinates[$0] })
        swapped[y, order.firstIndex(of: mu)!] = U[x, mu]
      }
    }
    #expect((action.value(of: swapped) - value).largestMagnitude < 1e-10)
    for direction in extents.indices {
      var mirrored = U
      for mu in extents.indices {
        for x in 0..<lattice.volume {
          var coordinates = lattice.coordinates(of: x)
          coordinates[direction] = -coordinates[direction] - (mu == direction ? 1 : 0)
          let y = lattice.site(at: coordinates)
          mirrored[y, mu] = mu == direction ? U[x, mu].adjoint : U[x, mu]
        }
      }
      #expect((action.value(of: mirrored) - value).largestMagnitude < 1e-10)
    }
  }

  func all() throws {
    let laws = ActionLaws(action: action)
    for extents in [[3, 5], [1, 4], [2, 2], [3, 2, 4], [1, 1, 3], [2, 3, 1, 4]] {
      try definition(extents)
      try laws.symmetries(extents)
      try laws.gradient(extents)
      try laws.orbit(extents)
    }
    for extents in [[3, 4], [4, 3, 3], [3, 3, 3, 3]] { try staples(extents) }
    for extents in [[4, 3], [3, 3, 3]] { try gradientFromStaples(extents) }
    for extents in [[4, 3], [2, 3, 4]] { try pointGroup(extents) }
  }
}

@Suite struct RectangleActionTests {
  @Test(
    "Definition, symmetries, gradient, staples and mirror images for every group",
    arguments: RectangleImprovement.allCases)
  func laws(improvement: RectangleImprovement) throws {
    try RectangleLaws<U1>(improvement, beta: 0.7).all()
    try RectangleLaws<QuaternionGroup>(improvement, beta: 0.7).all()
    try RectangleLaws<SU2>(improvement, beta: 0.7).all()
    try RectangleLaws<SU3>(improvement, beta: 0.7).all()
    try RectangleLaws<SU4>(improvement, beta: 0.7).all()
  }

  @Test("Without rectangles it is the Wilson action, and on one axis it is zero")
  func wilson() throws {
    let U = try LinkField<SU3>.random([3, 2, 3])
    let ours = try RectangleAction<SU3>(beta: 5.5, rectangleCoefficient: 0)
    let wilson = try WilsonAction<SU3>(beta: 5.5)
    #expect((ours.value(of: U) - wilson.value(of: U)).largestMagnitude < 1e-10)
    let line = try LinkField<SU3>.random([4])
    #expect(try RectangleAction<SU3>(.iwasaki, beta: 1).value(of: line) == .zero)
  }

  @Test("A constant field strength costs as much as with the Wilson action, up to its fourth power")
  func continuumLimit() throws {
    // One unit of flux: the same small flux f through every plaquette of the plane.
    let extent = 16
    let lattice = try Lattice([extent, extent])
    var U = LinkField<U1>(coldStart: lattice)
    let f = 2 * Double.pi / Double(extent * extent)
    for x in 0..<lattice.volume {
      let site = lattice.coordinates(of: x)
      U[x, 1].angle = Lanes(repeating: f * Double(site[0]))
      if site[0] == extent - 1 {
        U[x, 0].angle = Lanes(repeating: -f * Double(extent) * Double(site[1]))
      }
    }
    let beta = 1.3
    for improvement in RectangleImprovement.allCases {
      let action = try RectangleAction<U1>(improvement, beta: beta)
      let cold = action.value(of: LinkField(coldStart: lattice))
      let cost = action.value(of: U) - cold
      let classical = beta * Double(lattice.volume) * f * f / 2
      // The next term is (c0 + 32 c1) f²/12 of the first.
      let bound = abs(1 + 24 * action.rectangleCoefficient) * f * f / 10
      #expect(((cost - classical) / classical).largestMagnitude < bound)
    }
  }

  @Test("The tree-level action of a plane wave is k² with an error of k⁶ for Symanzik's choice")
  func dispersion() throws {
    let amplitude = 3e-4
    for extent in [6, 12] {
      let lattice = try Lattice([extent, 3])
      let k = 2 * Double.pi / Double(extent)
      var U = LinkField<U1>(coldStart: lattice)
      for x in 0..<lattice.volume {
        U[x, 1].angle = Lanes(repeating: amplitude * sin(Lanes(repeating: k * Double(x / 3)))[0])
      }
      let lattice2 = 4 * sin(Lanes(repeating: k / 2))[0] * sin(Lanes(repeating: k / 2))[0]
      for improvement in RectangleImprovement.allCases {
        let action = try RectangleAction<U1>(improvement, beta: 2)
        let cost = action.value(of: U)[0] - action.value(of: LinkField(coldStart: lattice))[0]
        let c1 = action.rectangleCoefficient
        let quadratic = amplitude * amplitude / 2 * Double(lattice.volume)
        // The square of the wave's size.
        #expect(abs(cost / quadratic - lattice2 * (1 - c1 * lattice2)) < 1e-5)
        if improvement == .symanzik {
          #expect(abs(cost / quadratic - k * k) < k * k * k * k * k * k / 80)
        }
      }
    }
  }

  @Test("A coupling that is not finite is refused in one line")
  func couplings() {
    func text(_ body: () throws -> RectangleAction<U1>) -> String? {
      do { _ = try body() } catch { return "\(error)" }
      return nil
    }
    #expect(
      text { try RectangleAction(.dbw2, beta: .nan) }
        == "beta: expected a finite number, given nan")
    #expect(
      text { try RectangleAction(beta: 1, rectangleCoefficient: .infinity) }
        == "rectangle coefficient: expected a finite number, given inf")
  }
}
