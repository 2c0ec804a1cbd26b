import ExactResults
import LaneMath
import LatticeFields
import LatticeFlows
import MarkovChains

/// The couplings at which the steps of a training are taken.
///
/// Those of a range follow a van der Corput sequence, shifted by a number that the seed fixes: any run
/// of steps covers the range evenly, and a step's coupling depends on the seed and its number alone.
struct CouplingSchedule: Sendable {
  private let range: ClosedRange<Double>
  private let shift: Double
  /// The couplings that there are samples of the target for; without any, all of the range are used.
  let nodes: [Double]
  /// The number of nodes of a range.
  static let nodeCount = 9

  /// The schedule of a training for a range of couplings or, where there is none, for one.
  ///
  /// - Parameter hasNodes: whether steps are taken at a few couplings only.
  init(_ range: ClosedRange<Double>?, beta: Double, seed: UInt64, hasNodes: Bool) {
    let ends = range ?? beta...beta
    self.range = ends
    // The stream of index 0 draws the parameters.
    var generator = ScalarGenerator(seed: seed, purpose: .initialization, index: 1)
    shift = generator.uniform()
    nodes = !hasNodes ? [] : range == nil ? [beta] : Self.evenly(ends, Self.nodeCount)
  }

  private static func evenly(_ range: ClosedRange<Double>, _ count: Int) -> [Double] {
    (0..<count).map { index in
      let weight = Double(index) / Double(count - 1)
      return (1 - weight) * range.lowerBound + weight * range.upperBound
    }
  }

  /// The middle of the range.
  var middle: Double { 0.5 * (range.lowerBound + range.upperBound) }

  /// The couplings at which the flow is judged, the middle one in the middle.
  var judged: [Double] {
    range.lowerBound == range.upperBound ? [range.lowerBound] : Self.evenly(range, 5)
  }

  /// The coupling of a step.
  func beta(ofStep step: Int) -> Double {
    var fraction = shift, digit = 0.5, rest = step
    while rest > 0 {
      if rest & 1 == 1 { fraction += digit }
      digit *= 0.5
      rest >>= 1
    }
    fraction -= fraction.rounded(.down)
    let beta = (1 - fraction) * range.lowerBound + fraction * range.upperBound
    return node(nearest: beta).map { nodes[$0] } ?? beta
  }

  /// The number of the node nearest to a coupling.
  func node(nearest beta: Double) -> Int? {
    nodes.indices.min { abs(nodes[$0] - beta) < abs(nodes[$1] - beta) }
  }
}

/// Samples of the target for forward training: exact ones for U(1) in two dimensions; for every other
/// theory a pool of some thousand from heatbath chains, drawn before the training.
struct TargetPools<Group: HeatbathGroup & CouplingGroup>: Sendable {
  /// By node of the schedule.
  private let exact: [DirectSamplerU1]
  private let pools: [[LinkField<Group>]]
  private let schedule: CouplingSchedule
  private let seed: UInt64

  /// Draws the pools.
  init(_ plan: TrainingPlan, _ schedule: CouplingSchedule) throws {
    self.schedule = schedule
    seed = plan.seed
    if Group.self == U1.self, plan.lattice.dimension == 2 {
      exact = try schedule.nodes.map { try DirectSamplerU1(lattice: plan.lattice, beta: $0) }
      pools = []
      return
    }
    exact = []
    // Whole packets of sixteen samples of each chain.
    let coordinates = plan.lattice.linkCount * Group.Algebra.dimension
    let count = min(4096 / schedule.nodes.count, defaultSampleCount(coordinates: coordinates))
    pools = try schedule.nodes.map { beta in
      try TargetSamples<Group>(
        lattice: plan.lattice, beta: beta, count: max(128, count / 128 * 128),
        seed: plan.seed ^ 0x706f_6f6c, threads: plan.threads
      ).fields()
    }
  }

  /// What fills the packets of a step: a function of the seed, the step and the packet.
  func sampler() -> CouplingTrainer<Group>.TargetSampler {
    { U, first, step in
      let node = schedule.node(nearest: schedule.beta(ofStep: step)) ?? 0
      if pools.isEmpty {
        // Every step sees its own samples. The group is U(1).
        withUnsafeMutablePointer(to: &U) { pointer in
          UnsafeMutableRawPointer(pointer).withMemoryRebound(to: LinkField<U1>.self, capacity: 1) {
            exact[node].sample(
              into: &$0.pointee, seed: seed &+ UInt64(step + 1) &* 0x9E37_79B9_7F4A_7C15,
              firstConfiguration: first)
          }
        }
      } else {
        var generator = ScalarGenerator(
          seed: seed, purpose: .training, index: first, step: step)
        let packet = pools[node][Int(generator.next() % UInt64(pools[node].count))]
        // Copied: an assignment would allocate when the links are changed.
        U.links.withUnsafeMutableBufferPointer { links in
          packet.links.withUnsafeBufferPointer {
            links.baseAddress!.update(from: $0.baseAddress!, count: $0.count)
          }
        }
      }
    }
  }
}
