import GaugeFlow

/// Wall time of two threads over that of one, on two packets of chains: 1/1.9 at most.
///
/// Only a machine with two idle cores can show it.
func measureThreads() throws -> [Gate] {
  try [
    threads(SU3.self, [8, 8, 8, 8], beta: 6), threads(SU3.self, [16, 16], beta: 6),
    threads(U1.self, [64, 64], beta: 7),
  ]
}

private func threads<G: HeatbathGroup>(_ group: G.Type, _ extents: [Int], beta: Double) throws
  -> Gate
{
  let lattice = try Lattice(extents)
  let action = try WilsonAction<G>(beta: beta)
  let kernels = KernelSequence(try Heatbath(action: action, on: lattice))
    .followed(by: try Overrelaxation(action: action, on: lattice), repetitions: 4)
  func runner(_ threads: Int) throws -> ChainRunner<LinkField<G>> {
    try ChainRunner(
      kernels, lattice: lattice, chains: 2 * laneCount, start: .cold, seed: 1, threads: threads)
  }
  var one = try runner(1), two = try runner(2)
  func seconds(_ runner: inout ChainRunner<LinkField<G>>) throws -> Double {
    // A tenth of a second or so in each call.
    let count = max(1, 400_000 / (5 * lattice.linkCount))
    let start = Instant.now
    try runner.advance(by: count)
    return Instant.now.wall - start.wall
  }
  var least = (Double.infinity, Double.infinity)
  for _ in 0..<7 {
    least.0 = min(least.0, try seconds(&one))
    least.1 = min(least.1, try seconds(&two))
  }
  return Gate(
    name: "two threads over one, wall, \(G.name) \(lattice)", ratio: least.1 / least.0,
    limit: 1 / 1.9)
}
