import Glibc
import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// Determinants of discrete layers against dense Jacobians of all links, and inverses.
struct FourierLayerTests {
  private func links(_ lattice: Lattice, seed: UInt64) -> LinkField<U1> {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    return LinkField<U1>(hotStart: lattice, using: &generator)
  }

  private func largest(_ x: Lanes) -> Double { abs(x).max() }

  private func point(tilt: Double = 0.4) -> PathPoint {
    var point = PathPoint(time: 0.4, beta: 1.3, betaRate: 1.7)
    point.tilt = tilt
    return point
  }

  /// `log|det|` of a map of links, from differences of eighth order along every link.
  ///
  /// Their error is 1e-12 for harmonics up to 6 with this spacing.
  private func denseLogDet(
    _ U: LinkField<U1>, _ map: (inout LinkField<U1>) throws -> Void
  ) rethrows -> Lanes {
    let spacing = 0.01, size = U.links.count
    let stencil: [(Double, Double)] = [
      (1, 4.0 / 5), (2, -1.0 / 5), (3, 4.0 / 105), (4, -1.0 / 280),
    ]
    var columns: [[Lanes]] = []
    for l in 0..<size {
      var column = [Lanes](repeating: .zero, count: size)
      for (shift, weight) in stencil {
        var V = U, W = U
        V.links[l].angle += shift * spacing
        W.links[l].angle -= shift * spacing
        try map(&V)
        try map(&W)
        for k in 0..<size {
          column[k] += weight / spacing * wrapAngle(V.links[k].angle - W.links[k].angle)
        }
      }
      columns.append(column)
    }
    var answer = Lanes.zero
    for lane in 0..<laneCount {
      var matrix = columns.map { $0.map { $0[lane] } }
      for k in 0..<size {
        let pivot = (k..<size).max {
          Swift.abs(matrix[$0][k]) < Swift.abs(matrix[$1][k])
        }!
        matrix.swapAt(pivot, k)
        answer[lane] += Glibc.log(Swift.abs(matrix[k][k]))
        for i in (k + 1)..<Swift.max(k + 1, size) {
          let factor = matrix[i][k] / matrix[k][k]
          for j in k..<size { matrix[i][j] -= factor * matrix[k][j] }
        }
      }
    }
    return answer
  }

  /// Random coefficients with a smallest slope of the given value where modes are zero.
  private func layer(
    _ basis: FourierBasis, smallestSlope: Double, modeStrength: Double
  ) throws -> FourierLayer {
    var generator = LaneGenerator(seed: 5, purpose: .training, firstConfiguration: 0, step: 0)
    var c = basis.elementNames.map { name -> Double in
      let number = generator.normal()[0]
      return name.contains("*") ? modeStrength * number : number
    }
    let unit = try FourierLayer(basis: basis, step: 1e-3, coefficients: c, point: point())
    let steepness = (1 - unit.smallestSlope) / 1e-3
    for (i, name) in basis.elementNames.enumerated() where !name.contains("*") {
      c[i] *= (1 - smallestSlope) / (0.1 * steepness)
    }
    return try FourierLayer(basis: basis, step: 0.1, coefficients: c, point: point())
  }

  private static let mixed = [
    "sin1", "sin2", "sin3", "cos2", "G*cos1", "G*cos3", "c1*sin2", "G*G*sin1", "G*c1*cos2",
    "c1*c1*sin1", "s2*cos1",
  ]

  /// The exact log-det is that of the dense Jacobian, forwards and backwards.
  @Test(arguments: [
    ("4x4", mixed, 0.5, 0.15), ("3x4", mixed, 0.2, 0.2), ("1x5", mixed, 0.4, 0.2),
    ("4x4", ["sin1", "sin2", "cos3"], 1e-2, 0), ("3x3", ["G*cos1", "s1*cos2"], 1, 0.5),
  ])
  func jacobians(
    extents: String, elements: [String], smallestSlope: Double, modeStrength: Double
  ) throws {
    let lattice = try Lattice(parsing: extents)
    let basis = try FourierBasis(lattice: lattice, elements: elements)
    let layer = try layer(basis, smallestSlope: smallestSlope, modeStrength: modeStrength)
    let U = links(lattice, seed: 12)
    var V = U
    let logDet = layer.apply(to: &V)
    #expect(largest(logDet) < .infinity)
    #expect(largest(logDet) > 0.01)
    // Nearly folded maps have large higher derivatives in the inverse.
    let tolerance = 1e-10 * Double(lattice.linkCount)
    let dense = denseLogDet(U) { _ = layer.apply(to: &$0) }
    #expect(largest(logDet - dense) < tolerance, "\(logDet) \(dense)")
    var W = V
    let back = try layer.applyInverse(to: &W)
    #expect(largest(back + logDet) < 1e-10 / smallestSlope)
    for l in U.links.indices {
      #expect(
        largest(wrapAngle(W.links[l].angle - U.links[l].angle)) < 1e-11 / smallestSlope)
    }
    if smallestSlope >= 0.5 {
      let inverse = try denseLogDet(V) { _ = try layer.applyInverse(to: &$0) }
      #expect(largest(back - inverse) < 1e-5, "\(back) \(inverse)")
    }
  }

  /// Just short of folding every configuration comes back; from folding on a layer is refused.
  @Test(arguments: [0.1, 1e-3, 1e-5]) func nearlyFolded(slope: Double) throws {
    let lattice = try Lattice([5, 4])
    let basis = try FourierBasis(lattice: lattice, elements: ["sin1", "sin2", "sin5"])
    let layer = try layer(basis, smallestSlope: slope, modeStrength: 0)
    #expect(Swift.abs(layer.smallestSlope - slope) < 1e-4 * slope + 1e-9)
    let U = links(lattice, seed: 2)
    var V = U
    let logDet = layer.apply(to: &V)
    #expect(largest(logDet) < .infinity)
    var W = V
    let back = try layer.applyInverse(to: &W)
    #expect(largest(back + logDet) < 1e-9 / slope)
    for l in U.links.indices {
      #expect(largest(wrapAngle(W.links[l].angle - U.links[l].angle)) < 1e-11 / slope)
    }
    #expect(throws: U1BasisError.self) {
      _ = try FourierLayer(
        basis: basis, step: layer.step * 1.0001 / (1 - slope), coefficients: layer.coefficients,
        point: point())
    }
  }

  /// Where modes fold the map the log-det is -∞ and inverses are refused; where the bound holds
  /// nothing folds.
  @Test func folding() throws {
    let lattice = try Lattice([4, 4])
    let basis = try FourierBasis(lattice: lattice, elements: ["sin1", "G*cos1"])
    let U = links(lattice, seed: 2)
    var folded = 0
    for strength in [0.01, 3.0] {
      let layer = try FourierLayer(
        basis: basis, step: 1, coefficients: [0.1, strength], point: point())
      var V = U
      let logDet = layer.apply(to: &V)
      if layer.stretchBound < 1 {
        #expect(largest(logDet) < .infinity)
        var W = V
        let back = try layer.applyInverse(to: &W)
        #expect(largest(back + logDet) < 1e-11)
      } else {
        folded += (0..<laneCount).count { logDet[$0] == -.infinity }
      }
    }
    #expect(folded > 0)
    // A layer that does not fold at a configuration, but on the way to it.
    let mixed = try FourierBasis(lattice: Lattice([3, 4]), elements: Self.mixed)
    let strong = try self.layer(mixed, smallestSlope: 0.2, modeStrength: 0.3)
    var W = links(mixed.lattice, seed: 12)
    #expect(largest(strong.apply(to: &W)) < .infinity)
    #expect(throws: InversionFailure.self) { _ = try strong.applyInverse(to: &W) }
  }

  /// A chain is its layers after each other, and its inverse brings every configuration back; lanes do
  /// not see each other.
  @Test func chains() throws {
    let lattice = try Lattice([4, 6])
    let basis = try FourierBasis(lattice: lattice)
    var generator = LaneGenerator(seed: 5, purpose: .training, firstConfiguration: 0, step: 0)
    let steps = (0..<5).map { i in
      (
        step: 0.1,
        coefficients: basis.elementNames.map { name in
          generator.normal()[0] * (name.contains("*") ? 0.03 : 0.2 / Double(1 + name.count))
        }, point: point(tilt: 0.1 * Double(i))
      )
    }
    let chain = try FourierLayerChain(basis: basis, steps: steps)
    let U = links(lattice, seed: 2)
    var V = U, W = U
    let logDet = chain.apply(to: &V)
    var sum = Lanes.zero
    for layer in chain.layers { sum += layer.apply(to: &W) }
    #expect(largest(sum - logDet) < 1e-10)
    for l in U.links.indices {
      #expect(largest(wrapAngle(W.links[l].angle - V.links[l].angle)) < 1e-11)
    }
    var X = V
    let back = try chain.applyInverse(to: &X)
    #expect(largest(back + logDet) < 1e-9)
    for l in U.links.indices {
      #expect(largest(wrapAngle(X.links[l].angle - U.links[l].angle)) < 1e-10)
    }
    let order = SIMD8<Int>(3, 1, 0, 7, 6, 2, 5, 4)
    func permuted(_ x: Lanes) -> Lanes { Lanes((0..<8).map { x[order[$0]] }) }
    var shuffled = V
    for l in V.links.indices { shuffled.links[l].angle = permuted(V.links[l].angle) }
    #expect(try chain.applyInverse(to: &shuffled) == permuted(back))
    // Lane 0 alone, repeated in all lanes.
    var alone = V
    for l in V.links.indices { alone.links[l].angle = Lanes(repeating: V.links[l].angle[0]) }
    #expect(try chain.applyInverse(to: &alone) == Lanes(repeating: back[0]))
    for l in X.links.indices { #expect(alone.links[l].angle[3] == X.links[l].angle[0]) }
  }
}
