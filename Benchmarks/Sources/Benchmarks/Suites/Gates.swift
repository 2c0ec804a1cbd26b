import GaugeFlow

/// A ratio of two times with the largest value it may have.
struct Gate: Codable {
  var name: String
  var ratio: Double
  var limit: Double
}

/// The ratio of the shortest processor times, measured in turn, so that a noisy moment meets both.
private func ratio(_ a: () -> Void, _ b: () -> Void) -> Double {
  var least = (Double.infinity, Double.infinity)
  for _ in 0..<5 {
    least.0 = min(least.0, Timing.measure(repetitions: 5, seconds: 0.02, a).processor[0])
    least.1 = min(least.1, Timing.measure(repetitions: 5, seconds: 0.02, b).processor[0])
  }
  return least.0 / least.1
}

/// Generic code against the same computation written for U(1) by hand.
func measureGates() throws -> [Gate] {
  let lattice = try Lattice([64, 64])
  var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
  let U = LinkField<U1>(hotStart: lattice, using: &generator)
  let action: any GaugeAction<U1> = try WilsonAction<U1>(beta: 2)
  var gradient = AlgebraField<U1>(zero: lattice)
  let generic = { keep(action.value(of: U)[0]) }
  let concrete = { keep(concreteAction(U)[0]) }
  let sum = { keep(genericPlaquettes(U)[0]) }
  let genericForce = {
    action.accumulateGradient(of: U, into: &gradient)
    keep(gradient.elements[0].value[0])
  }
  let concreteForce = {
    addConcreteForce(U, to: &gradient)
    keep(gradient.elements[0].value[0])
  }
  return [
    Gate(name: "Wilson action through any action", ratio: ratio(generic, concrete), limit: 1.2),
    Gate(name: "plaquette sum of a generic group", ratio: ratio(sum, concrete), limit: 1.2),
    Gate(
      name: "force through any action", ratio: ratio(genericForce, concreteForce), limit: 1.2),
  ]
}

@inline(never) private func genericPlaquettes<Group: GaugeGroup>(_ U: LinkField<Group>) -> Lanes {
  U.plaquetteSum
}

/// `Σ cos P` in two dimensions by hand.
@inline(never) private func concreteAction(_ U: LinkField<U1>) -> Lanes {
  let volume = U.lattice.volume
  return U.links.withUnsafeBufferPointer { links in
    U.lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      let U = links.baseAddress!, right = forward.baseAddress!, up = right + volume
      var sum = Lanes.zero
      for x in 0..<volume {
        sum += cos(
          (U[x].angle - U[up[x]].angle) + (U[volume + right[x]].angle - U[volume + x].angle))
      }
      return -2 * sum
    }
  }
}

/// The gradient of the same by hand.
@inline(never) private func addConcreteForce(
  _ U: LinkField<U1>, to gradient: inout AlgebraField<U1>
) {
  let volume = U.lattice.volume
  let beta = Lanes(repeating: 2)
  U.links.withUnsafeBufferPointer { links in
    U.lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      gradient.elements.withUnsafeMutableBufferPointer { out in
        let U = links.baseAddress!, right = forward.baseAddress!, up = right + volume
        let out = out.baseAddress!
        for x in 0..<volume {
          let force =
            beta
            * sin(
              (U[x].angle - U[up[x]].angle) + (U[volume + right[x]].angle - U[volume + x].angle))
          out[x].value += force
          out[volume + right[x]].value += force
          out[up[x]].value -= force
          out[volume + x].value -= force
        }
      }
    }
  }
}
