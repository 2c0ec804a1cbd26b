import GaugeFlow

/// Fields of the target on a 64x64 lattice, from the exact sampler.
private func field(_ lattice: Lattice) throws -> LinkField<U1> {
  var U = LinkField<U1>(coldStart: lattice)
  try DirectSamplerU1(lattice: lattice, beta: 7).sample(into: &U, seed: 1, firstConfiguration: 0)
  return U
}

private func measurement(_ name: String, _ names: [String]?) -> Benchmark {
  Benchmark(
    name: name, unit: .time("us per config", scale: 1e6), items: Double(laneCount)
  ) {
    let lattice = try Lattice([64, 64])
    let catalog = ObservableCatalog<U1>()
    let observables =
      try names.map { try catalog.observables(named: $0, on: lattice) }
      ?? catalog.applicable(to: lattice, onlyDefaults: true)
    let U = try field(lattice)
    return { for observable in observables { keep(observable.measure(U)[0][0]) } }
  }
}

private let fourier = Benchmark(
  name: "real Fourier transform 64x64", unit: .time("us per config", scale: 1e6),
  items: Double(laneCount),
  work: .double(operations: 8 * 2.5 * 4096 * 12)
) {
  let lattice = try Lattice([64, 64])
  let transform = FourierTransform(lattice)
  let values = Buffer<Lanes>(count: lattice.volume, repeating: .init(repeating: 1))
  let modes = Buffer<ModeLanes>(count: transform.modeCount, repeating: .zero)
  return {
    transform.forward(values, into: modes)
    keep(modes.pointer[0].interleaved[0])
  }
}

let observables = [
  measurement("plaquette 64x64", ["plaquette"]),
  measurement("topological charge 64x64", ["topological-charge"]),
  measurement("all default observables 64x64", nil),
  measurement(
    "charge structure factor 64x64", ["topological-charge-structure-factor"]),
  fourier,
]
