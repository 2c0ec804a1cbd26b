import GaugeFlow

/// Times one stage of the integration of a continuous flow: the velocity, its divergence and the move of
/// the links.
///
/// - Parameters:
///   - unitsPerPacket: what is counted, in a packet of 8.
///   - flopsPerUnit: multiplications and additions of one of them, where they were counted.
private func stage<Basis: NamedVelocityBasis>(
  _ name: String, _ basis: Basis.Type, extent: Int, beta: Double, unit: Benchmark.Unit,
  unitsPerPacket: Double, flopsPerUnit: Double? = nil, reference: Double, target: Double
) -> Benchmark {
  Benchmark(
    name: name, unit: unit, items: unitsPerPacket,
    work: flopsPerUnit.map { .double(operations: $0 * unitsPerPacket) }, reference: reference,
    target: target
  ) {
    let lattice = try Lattice([extent, extent])
    let basis = try Basis(
      lattice: lattice, elements: Basis.defaultElements(on: lattice, beta: beta))
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    var generator = LaneGenerator(
      seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
    basis.load(LinkField<Basis.Group>(hotStart: lattice, using: &generator), into: state)
    let point = AnnealingPath(Basis.defaultPath(beta: beta), to: beta).point(at: 0.5)
    let coefficients = Buffer<Double>(count: basis.count, repeating: 0.01)
    return {
      let divergence = basis.computeVelocity(
        of: state, at: point, coefficients: coefficients.pointer, using: workspace)
      basis.move(state, memory: 0, step: 1e-6, weight: 1, using: workspace)
      keep(divergence[0])
    }
  }
}

/// The references are C kernels on one AVX-512 core (U(1)) and on two (SU(N), doubled here).
let regressionFlows = [
  stage(
    "flow stage, U(1) 16x16, 44 elements", FourierBasis.self, extent: 16, beta: 7,
    unit: .time("ns per site", scale: 1e9), unitsPerPacket: 256 * 8, flopsPerUnit: 156,
    reference: 19, target: 5),
  stage(
    "flow stage, U(1) 64x64, 44 elements", FourierBasis.self, extent: 64, beta: 7,
    unit: .time("ns per site", scale: 1e9), unitsPerPacket: 4096 * 8, flopsPerUnit: 156,
    reference: 19, target: 5),
  stage(
    "flow stage, SU(2) 16x16, 45 elements", WalkBasis<SU2>.self, extent: 16, beta: 2.7,
    unit: .time("ms per sample", scale: 1e3), unitsPerPacket: 8, reference: 0.167, target: 0.083),
  stage(
    "flow stage, SU(3) 16x16, 40 elements", WalkBasis<SU3>.self, extent: 16, beta: 6,
    unit: .time("ms per sample", scale: 1e3), unitsPerPacket: 8, reference: 1.29, target: 0.65),
]
