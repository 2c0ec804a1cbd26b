import GaugeFlow

/// The gradient of an action of SU(3) on 4^4: nanoseconds for each link.
private func gradient<A: GaugeAction<SU3>>(_ name: String, products: Double, _ action: A)
  -> Benchmark
{
  let links = 4.0 * 256 * Double(laneCount)
  return Benchmark(
    name: "gradient, \(name), SU3 4^4", unit: .time("ns per link", scale: 1e9), items: links,
    work: .double(operations: products * 198 * links)
  ) {
    let lattice = try Lattice([4, 4, 4, 4])
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    let U = LinkField<SU3>(hotStart: lattice, using: &generator)
    var gradient = AlgebraField<SU3>(zero: lattice)
    return {
      action.accumulateGradient(of: U, into: &gradient)
      keep(gradient.elements[0][0][0])
    }
  }
}

/// The staples of every link, as a sweep of local updates needs them.
private func staples<A: LinkLinearAction<SU3>>(_ name: String, products: Double, _ action: A)
  -> Benchmark
{
  let links = 4.0 * 256 * Double(laneCount)
  return Benchmark(
    name: "staples, \(name), SU3 4^4", unit: .time("ns per link", scale: 1e9), items: links,
    work: .double(operations: products * 198 * links)
  ) {
    let lattice = try Lattice([4, 4, 4, 4])
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    var U = LinkField<SU3>(hotStart: lattice, using: &generator)
    return {
      let sum = U.withLinkView { view in
        var sum = SU3.zeroMatrix
        for mu in 0..<4 {
          for x in 0..<256 {
            SU3.add(action.staple(at: x, mu: mu, in: view), scaledBy: .init(repeating: 1), to: &sum)
          }
        }
        return sum
      }
      keep(sum[0, 0].re[0])
    }
  }
}

private func wilson() -> WilsonAction<SU3> { try! WilsonAction(beta: 6) }
private func iwasaki() -> RectangleAction<SU3> { try! RectangleAction(.iwasaki, beta: 2.6) }

// The numbers of matrix products, of which those of a gradient are for one link.
let actions = [
  gradient("Wilson", products: 1.5 * 5.5, wilson()),
  gradient("Iwasaki", products: 1.5 * (5.5 + 2 * 11), iwasaki()),
  staples("Wilson", products: 12, wilson()),
  staples("Iwasaki", products: 66, iwasaki()),
]
