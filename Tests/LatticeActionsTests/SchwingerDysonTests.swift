import LaneMath
import LatticeActions
import LatticeFields
import Testing

/// The identities as laws of one configuration: what does not need a sample of the distribution.
struct SchwingerDysonLaws<Group: GaugeGroup> {
  /// `Σ_a d²/dε² Re tr(exp(ε T_a) U) = -C Re tr U`, by a second-order difference: an error of `h²/12`
  /// times a fourth derivative, and rounding divided by `h²`.
  func casimir() throws {
    let U = try LinkField<Group>.random([5])
    let h = 1e-3, tolerance = 1e-5
    for link in U.links {
      var laplacian = Lanes.zero
      for a in 0..<Group.Algebra.dimension {
        var X = Group.Algebra.zero
        X[a] = Lanes(repeating: h)
        laplacian +=
          (Group.exp(X) * link).realTrace + (Group.exp(Lanes(repeating: -1) * X) * link).realTrace
          - 2 * link.realTrace
      }
      let expected = -Group.casimir * link.realTrace
      #expect((laplacian / (h * h) - expected).largestMagnitude < tolerance)
    }
  }

  /// The residuals against their definition: plaquettes from products, derivatives by differences.
  func definition(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    let action = try WilsonAction<Group>(beta: 1.7)
    let identities = try SchwingerDyson(action: action, on: U.lattice)
    let residuals = identities.residuals(of: U)
    var force = AlgebraField<Group>(zero: U.lattice)
    action.accumulateGradient(of: U, into: &force)
    let h = 1e-4
    for (index, pair) in identities.pairs.enumerated() {
      func W(_ U: LinkField<Group>) -> Lanes {
        var sum = Lanes.zero
        for x in 0..<U.lattice.volume {
          sum += U.plaquette(at: x, mu: pair.mu, nu: pair.nu).realTrace
        }
        return sum / Double(Group.colors)
      }
      var product = Lanes.zero
      for x in 0..<U.lattice.volume {
        for a in 0..<Group.Algebra.dimension {
          var X = Group.Algebra.zero
          X[a] = Lanes(repeating: h)
          var up = U, down = U
          up[x, pair.mu] = Group.exp(X) * U[x, pair.mu]
          down[x, pair.mu] = Group.exp(Lanes(repeating: -1) * X) * U[x, pair.mu]
          product += force[x, pair.mu][a] * (W(up) - W(down)) / (2 * h)
        }
      }
      let volume = Double(U.lattice.volume)
      let expected = W(U) / volume + product / (2 * Group.casimir * volume)
      #expect((residuals[index + 1] - expected).largestMagnitude < 1e-6, "\(pair)")
    }
    let mean = residuals.dropFirst().reduce(Lanes.zero, +) / Double(identities.pairs.count)
    #expect((residuals[0] - mean).largestMagnitude < rounding)
  }

  func symmetries(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    let identities = try SchwingerDyson(action: WilsonAction<Group>(beta: 2.3), on: U.lattice)
    let residuals = identities.residuals(of: U)
    let others =
      [U.gaugeTransformed()] + extents.indices.map { U.translated(by: $0) }
    for other in others {
      for (a, b) in zip(residuals, identities.residuals(of: other)) {
        #expect((a - b).largestMagnitude < 1e-10)
      }
    }
    for (a, b) in zip(residuals, identities.residuals(of: U.permuted(laneOrder))) {
      #expect(a.permuted(laneOrder) == b)
    }
  }
}

@Suite("Schwinger-Dyson identities: laws of one configuration")
struct SchwingerDysonLawTests {
  @Test("the Laplacian of a trace is minus the Casimir number times the trace")
  func casimir() throws {
    try SchwingerDysonLaws<U1>().casimir()
    try SchwingerDysonLaws<QuaternionGroup>().casimir()
    try SchwingerDysonLaws<SU2>().casimir()
    try SchwingerDysonLaws<SU3>().casimir()
    try SchwingerDysonLaws<SU<4>>().casimir()
    #expect(U1.casimir == 1 && SU2.casimir == 0.75 && abs(SU3.casimir - 4.0 / 3) < 1e-15)
  }

  @Test(
    "the residuals are what differences of plaquettes give",
    arguments: [[3, 2], [2, 2], [1, 3], [2, 3, 2], [2, 1, 2, 3]])
  func definition(_ extents: [Int]) throws {
    try SchwingerDysonLaws<U1>().definition(extents)
    try SchwingerDysonLaws<QuaternionGroup>().definition(extents)
    try SchwingerDysonLaws<SU2>().definition(extents)
    if extents.count < 4 { try SchwingerDysonLaws<SU3>().definition(extents) }
  }

  @Test(
    "they are gauge and translation invariant, lane by lane", arguments: [[4, 3], [2, 3, 1, 2]])
  func symmetries(_ extents: [Int]) throws {
    try SchwingerDysonLaws<U1>().symmetries(extents)
    try SchwingerDysonLaws<SU2>().symmetries(extents)
    try SchwingerDysonLaws<SU3>().symmetries(extents)
  }

  @Test(
    "there is one for every ordered pair of directions whose plaquettes do not close on themselves")
  func pairs() throws {
    let action = try WilsonAction<U1>(beta: 1)
    func components(_ extents: [Int]) throws -> [String] {
      try SchwingerDyson(action: action, on: Lattice(extents)).components
    }
    #expect(try components([4, 4]) == ["mean", "01", "10"])
    #expect(try components([1, 4]) == ["mean", "01"])
    #expect(try components([2, 1, 3]) == ["mean", "02", "10", "12", "20"])
    for extents in [[5], [1, 1]] {
      let lattice = try Lattice(extents)
      #expect(throws: SchwingerDysonError(lattice: lattice)) {
        try SchwingerDyson(action: action, on: lattice)
      }
    }
  }
}
