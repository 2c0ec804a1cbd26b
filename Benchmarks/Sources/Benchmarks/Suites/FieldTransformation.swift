import GaugeFlow

private let extent = 16
private let beta = 7.0

/// Times a kick with the drift after it of 8 configurations: a force step of hybrid Monte Carlo.
private func forceStep<Theory: GaugeAction<U1>>(
  _ name: String, _ make: @escaping @Sendable (Lattice) throws -> Theory
) -> Benchmark {
  Benchmark(
    name: "HMC force step, U(1) 16x16, \(name)", unit: .time("us for a configuration", scale: 1e6),
    items: Double(laneCount), work: nil
  ) {
    let lattice = try Lattice([extent, extent])
    let action = try make(lattice)
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    var V = LinkField<U1>(hotStart: lattice, using: &generator)
    var momenta = AlgebraField<U1>(zero: lattice)
    return {
      action.evolve(&V, momenta: &momenta, kick: 1e-6, drift: 1e-6)
      keep(V.links[0].angle[0])
    }
  }
}

/// The Wilson action in the variables of a flow that was not trained, which costs what any does.
func transformedAction(_ architecture: CouplingArchitecture, _ lattice: Lattice) throws
  -> TransformedAction<WilsonAction<U1>>
{
  let flow = try CouplingFlow<U1>(lattice: lattice, architecture: architecture, seed: 1)
  return TransformedAction(
    try WilsonAction(beta: beta), through: CouplingTransport(flow), on: lattice)
}

let fieldTransformation = [
  forceStep("links") { _ in try WilsonAction<U1>(beta: beta) },
  forceStep("variables of blocks") { try transformedAction(.blocks, $0) },
  forceStep("variables of 16 plaquette couplings") { try transformedAction(.plaquettes(), $0) },
]
