import LaneMath
import LatticeFields
import Testing

/// The laws of link fields, for any group.
struct LinkFieldLaws<Group: GaugeGroup> {
  /// The largest entry-wise distance of two elements.
  func distance(_ a: Group, _ b: Group) -> Double {
    // Re tr(a b†) = N only where a = b; the projection vanishes there too and is linear in it.
    let ratio = a * b.adjoint
    var largest = (ratio.realTrace - Double(Group.colors)).largestMagnitude
    let projection = ratio.algebraProjection
    for coordinate in 0..<Group.Algebra.dimension {
      largest = Swift.max(largest, projection[coordinate].largestMagnitude)
    }
    return largest
  }

  func plaquettes(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    let lattice = U.lattice
    var generator = LaneGenerator(
      seed: 5, purpose: .gaugeTransformation, firstConfiguration: 0, step: 0)
    let g = (0..<lattice.volume).map { _ in Group.haar(using: &generator) }
    var V = U
    V.transform(by: g)
    var sum = Lanes.zero
    for x in 0..<lattice.volume {
      for mu in extents.indices {
        for nu in extents.indices where nu != mu {
          let P = U.plaquette(at: x, mu: mu, nu: nu)
          let explicit =
            U[x, mu] * U[lattice.forward(x, mu), nu] * U[lattice.forward(x, nu), mu].adjoint
            * U[x, nu].adjoint
          #expect(distance(P, explicit) < rounding)
          #expect(distance(P.adjoint, U.plaquette(at: x, mu: nu, nu: mu)) < rounding)
          #expect(
            distance(V.plaquette(at: x, mu: mu, nu: nu), g[x] * P * g[x].adjoint) < rounding)
          if mu < nu { sum += P.realTrace / Double(Group.colors) }
        }
      }
    }
    #expect((U.plaquetteSum - sum).largestMagnitude < rounding)
    #expect(
      (U.averagePlaquette - sum / Double(lattice.plaquetteCount)).largestMagnitude < rounding)
    #expect((V.averagePlaquette - U.averagePlaquette).largestMagnitude < rounding)
  }

  func staples(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    for x in 0..<U.lattice.volume {
      for mu in extents.indices {
        var sum = Lanes.zero
        for nu in extents.indices where nu != mu {
          sum += U.plaquette(at: x, mu: mu, nu: nu).realTrace
          sum += U.plaquette(at: U.lattice.backward(x, nu), mu: mu, nu: nu).realTrace
        }
        let product = Group.realTrace(of: U[x, mu], times: U.staple(at: x, mu: mu))
        #expect((product - sum).largestMagnitude < rounding)
      }
    }
  }

  /// Sizes beyond the extents too: loops then wind around the torus.
  func wilsonLoops(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents), V = U.gaugeTransformed()
    let lattice = U.lattice
    let R = 5, T = 4
    for mu in extents.indices {
      for nu in extents.indices where nu != mu {
        let loops = U.averageWilsonLoops(mu: mu, nu: nu, upTo: R, by: T)
        let transformed = V.averageWilsonLoops(mu: mu, nu: nu, upTo: R, by: T)
        #expect(loops.count == R * T)
        for r in 1...R {
          for t in 1...T {
            var sum = Lanes.zero
            for x in 0..<lattice.volume {
              sum += U.wilsonLoop(at: x, mu: mu, r: r, nu: nu, t: t).realTrace
            }
            let direct = sum / Double(lattice.volume * Group.colors)
            let loop = loops[(r - 1) * T + t - 1]
            #expect((loop - direct).largestMagnitude < rounding)
            #expect((loop - transformed[(r - 1) * T + t - 1]).largestMagnitude < rounding)
          }
        }
        #expect(
          distance(
            U.wilsonLoop(at: 0, mu: mu, r: 1, nu: nu, t: 1), U.plaquette(at: 0, mu: mu, nu: nu))
            < rounding)
      }
    }
  }

  func polyakovLoops(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents), V = U.gaugeTransformed()
    for mu in extents.indices {
      var sum = ComplexLanes(.zero, .zero)
      for x in 0..<U.lattice.volume {
        let loop = U.polyakovLoop(at: x, mu: mu)
        let next = U.polyakovLoop(at: U.lattice.forward(x, mu), mu: mu)
        #expect((loop.realTrace - next.realTrace).largestMagnitude < rounding)
        #expect((loop.imaginaryTrace - next.imaginaryTrace).largestMagnitude < rounding)
        sum = sum + ComplexLanes(loop.realTrace, loop.imaginaryTrace)
      }
      let average = U.averagePolyakovLoop(mu: mu), transformed = V.averagePolyakovLoop(mu: mu)
      let count = Double(U.lattice.volume * Group.colors)
      #expect((average.re - sum.re / count).largestMagnitude < rounding)
      #expect((average.im - sum.im / count).largestMagnitude < rounding)
      #expect((average.re - transformed.re).largestMagnitude < rounding)
      #expect((average.im - transformed.im).largestMagnitude < rounding)
    }
  }

  func coldStart(_ extents: [Int]) throws {
    let U = LinkField<Group>(coldStart: try Lattice(extents))
    #expect(U.averagePlaquette == (extents.count > 1 ? .one : .zero))
    #expect(U.unitarityDefect == .zero)
    for mu in extents.indices {
      let P = U.averagePolyakovLoop(mu: mu)
      #expect((P.re - 1).largestMagnitude < rounding && P.im == .zero)
      for nu in extents.indices where nu != mu {
        for loop in U.averageWilsonLoops(mu: mu, nu: nu, upTo: 3, by: 3) {
          #expect((loop - 1).largestMagnitude < rounding)
        }
      }
    }
  }

  func lanes(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    let V = U.permuted(laneOrder)
    #expect(V.averagePlaquette == U.averagePlaquette.permuted(laneOrder))
    for mu in extents.indices {
      #expect(
        V.averagePolyakovLoop(mu: mu).re == U.averagePolyakovLoop(mu: mu).re.permuted(laneOrder))
      for nu in extents.indices where nu != mu {
        #expect(
          V.averageWilsonLoops(mu: mu, nu: nu, upTo: 2, by: 3)
            == U.averageWilsonLoops(mu: mu, nu: nu, upTo: 2, by: 3).map { $0.permuted(laneOrder) })
      }
    }
  }

  func storage(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    var V = LinkField<Group>(coldStart: U.lattice)
    let size = Group.scalarsPerLink
    var values = [Double](repeating: .nan, count: U.links.count * size)
    for lane in 0..<8 {
      values.withUnsafeMutableBufferPointer { U.store(lane: lane, into: $0) }
      values.withUnsafeBufferPointer { V.load(lane: lane, from: $0) }
      // The axes of the file: [mu, x_0, .., x_{D-1}].
      var one = [Double](repeating: 0, count: size)
      let link = U.links.count - 1
      U[U.lattice.volume - 1, extents.count - 1].store(lane: lane, to: &one)
      #expect(Array(values[(link * size)...]) == one)
    }
    for link in U.links.indices { #expect(distance(U.links[link], V.links[link]) < rounding) }
    #expect(V.averagePlaquette == U.averagePlaquette)
  }

  func translations(_ extents: [Int]) throws {
    let U = try LinkField<Group>.random(extents)
    for mu in extents.indices {
      var V = U.translated(by: mu)
      #expect((V.averagePlaquette - U.averagePlaquette).largestMagnitude < rounding)
      #expect(distance(V[0, mu], U[U.lattice.forward(0, mu), mu]) < rounding)
      for _ in 1..<Swift.max(1, extents[mu]) { V = V.translated(by: mu) }
      for link in U.links.indices { #expect(distance(U.links[link], V.links[link]) < rounding) }
    }
  }

  func reunitarization() throws {
    let U = try LinkField<Group>.random([4, 3])
    #expect(U.unitarityDefect.largestMagnitude < rounding)
    var V = U
    V.reunitarize()
    for link in U.links.indices { #expect(distance(U.links[link], V.links[link]) < rounding) }
  }

  /// Each holds `exp(X) exp(-X) = 1` and `d/dε Re tr(exp(ε T_a) U M) = -algebraProjection_a`.
  func algebra() throws {
    var generator = LaneGenerator(seed: 3, purpose: .verification, firstConfiguration: 0, step: 0)
    let U = Group.haar(using: &generator)
    var M = Group.zeroMatrix
    for _ in 0..<3 { Group.add(Group.haar(using: &generator), to: &M) }
    let X = Group.Algebra.gaussian(using: &generator)
    #expect(distance(Group.exp(X) * Group.exp(.zero - X), .identity) < rounding)
    for coordinate in 0..<Group.Algebra.dimension {
      // The fourth-order difference errs by h⁴/30 times a fifth derivative, and by rounding / h.
      let h = 1e-3, tolerance = 1e-11
      func trace(_ step: Double) -> Lanes {
        var direction = Group.Algebra.zero
        direction[coordinate] = Lanes(repeating: step * h)
        return Group.realTrace(of: Group.exp(direction) * U, times: M)
      }
      let slope = (8 * (trace(1) - trace(-1)) - (trace(2) - trace(-2))) / (12 * h)
      let projection = Group.algebraProjection(of: U, times: M)[coordinate]
      #expect((slope + projection).largestMagnitude < tolerance)
    }
  }
}
