import EnsembleIO
import LaneMath
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains
import Synchronization

/// A model of any kind, read from a model directory.
public enum TrainedModel: Sendable {
  /// A coupling flow.
  case coupling(CouplingModel)
  /// A continuous flow, with or without Markov steps.
  case regression(RegressionModel)
  /// Annealing with detuned heatbath sweeps.
  case annealing(AnnealingModel)

  /// Reads the model of a directory.
  ///
  /// - Throws: `.missingInput` where there is none, `.badData` where it is damaged or of an unknown
  ///   kind.
  public init(reading directory: String) throws(EnsembleIOError) {
    let path =
      AtomicFile.isDirectory(directory) ? "\(directory)/\(CouplingModel.fileName)" : directory
    let file = try SafetensorsFile(path, requireChecksum: true)
    switch try file.text("flow") {
    case "escorted" where file.tensors["detuning"] != nil:
      self = .annealing(try AnnealingModel(reading: directory))
    case "regression", "escorted": self = .regression(try RegressionModel(reading: directory))
    default: self = .coupling(try CouplingModel(reading: directory))
    }
  }

  /// The name of the group.
  public var group: String {
    switch self {
    case .coupling(let model): model.group
    case .regression(let model): model.group
    case .annealing(let model): model.group
    }
  }

  /// The coupling it was trained for.
  public var beta: Double {
    switch self {
    case .coupling(let model): model.beta
    case .regression(let model): model.beta
    case .annealing(let model): model.beta
    }
  }

  /// The SHA-256 of the parameters.
  public func checksum() throws(EnsembleIOError) -> String {
    switch self {
    case .coupling(let model): try model.checksum()
    case .regression(let model): try model.checksum()
    case .annealing(let model): try model.checksum()
    }
  }

  /// The lattice it was trained on.
  public func lattice() throws -> Lattice {
    switch self {
    case .coupling(let model): try Lattice(model.lattice)
    case .regression(let model): try Lattice(model.lattice)
    case .annealing(let model): try Lattice(model.lattice)
    }
  }

  /// The number of target samples that a forward effective sample size is measured on by default:
  /// fewer where fields are large.
  public func forwardCount(on lattice: Lattice) -> Int {
    let colors = EnsembleDescription.colors(of: group) ?? 1
    return defaultSampleCount(
      coordinates: lattice.linkCount * (colors == 1 ? 1 : colors * colors - 1))
  }

  /// What draws weighted configurations with the model.
  ///
  /// - Parameters:
  ///   - lattice: where to sample; nil for the lattice it was trained on.
  ///   - beta: the coupling of the target; nil for the one it was trained for. A continuous flow stops
  ///     there, a coupling flow for a range of couplings is conditioned on it.
  /// - Throws: `TransferError` or the error of a basis where the lattice does not fit, `ModelError`
  ///   where the coupling is not on the path or in the range.
  public func source(on lattice: Lattice? = nil, beta: Double? = nil) throws -> any WeightedSource {
    switch self {
    case .coupling(let model):
      return try Catalog.withCouplingGroup(
        named: model.group, CouplingSourceTask(model: model, lattice: lattice, beta: beta))
    case .regression(let model):
      return try Catalog.withVelocityBasis(
        group: model.group, family: model.basis, on: Lattice(model.lattice),
        SourceTask(model: model, lattice: lattice, beta: beta))
    case .annealing(let model):
      guard beta == nil || beta == model.beta else {
        throw ModelError.fixedTarget(expected: model.beta, found: beta ?? 0)
      }
      var moved = model
      if let lattice { moved.lattice = lattice.extents }
      return try Catalog.withGroup(named: model.group, AnnealingSourceTask(model: moved))
    }
  }
}

/// 8,192 samples, down to 512 where a field has many coordinates.
func defaultSampleCount(coordinates: Int) -> Int {
  max(512, min(8192, (1 << 23) / max(1, coordinates) / laneCount * laneCount))
}

/// What a model cannot be used for.
public enum ModelError: Error, Sendable, CustomStringConvertible {
  /// A coupling that is not on the path of a continuous flow.
  case coupling(expected: ClosedRange<Double>, found: Double)
  /// A coupling outside the range that a model was trained for.
  case conditioned(expected: ClosedRange<Double>, found: Double)
  /// Another coupling than the one that a schedule ends at.
  case fixedTarget(expected: Double, found: Double)
  /// A model that does not pass through couplings with known densities.
  case noCurve
  /// A flow whose derivatives cannot be pulled back.
  case noPullback(found: String)
  /// A model of another group.
  case group(expected: String, found: String)

  /// One line: what was expected, what was found.
  public var description: String {
    switch self {
    case .coupling(let expected, let found):
      "beta: expected a coupling on the path of the flow, above \(expected.lowerBound) and at most "
        + "\(expected.upperBound), found \(found)"
    case .conditioned(let expected, let found):
      "beta: expected a coupling of the range that the model was trained for, "
        + "\(expected.lowerBound) to \(expected.upperBound), found \(found)"
    case .fixedTarget(let expected, let found):
      "beta: expected \(expected), where the schedule ends, found \(found)"
    case .noCurve:
      "model: expected a regression flow without Markov steps, found another kind"
    case .noPullback(let found):
      "model: expected a coupling flow, whose derivatives can be pulled back, found \(found)"
    case .group(let expected, let found):
      "model: expected one of group \(expected), found one of \(found)"
    }
  }
}

private struct CouplingSourceTask: CouplingGroupTask {
  let model: CouplingModel
  let lattice: Lattice?
  let beta: Double?

  func run<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) throws -> any WeightedSource {
    let target = beta ?? model.beta
    if let range = model.betaRange, !range.contains(target) {
      throw ModelError.conditioned(expected: range, found: target)
    }
    var flow = try model.flow(as: group).conditioned(onBeta: target)
    if let lattice { flow = try flow.moved(to: lattice) }
    return try ProposalSource(CouplingTransport(flow), of: group, beta: target)
  }
}

private struct AnnealingSourceTask: GroupTask {
  let model: AnnealingModel

  func run<Group: DetunedHeatbathGroup>(_ group: Group.Type) throws -> any WeightedSource {
    try AnnealingSource<Group>(model)
  }
}

private struct SourceTask: VelocityBasisTask {
  let model: RegressionModel
  let lattice: Lattice?
  let beta: Double?

  func run<Basis: NamedVelocityBasis>(_ basis: Basis.Type) throws -> any WeightedSource
  where Basis.Group: DetunedHeatbathGroup {
    try model.source(as: basis, on: lattice, beta: beta)
  }
}

extension RegressionModel {
  /// The flow of the model.
  func flow<Basis: NamedVelocityBasis>(as basis: Basis.Type, on lattice: Lattice? = nil) throws
    -> RegressionFlow<Basis>
  {
    let lattice = try lattice ?? Lattice(self.lattice)
    return RegressionFlow(
      basis: try Basis(lattice: lattice, elements: elements), path: path, integrator: integrator,
      intervals: intervals(volume: lattice.volume))
  }

  /// What draws weighted configurations with the model, compiled for its basis.
  func source<Basis: NamedVelocityBasis>(
    as basis: Basis.Type, on lattice: Lattice? = nil, beta: Double? = nil
  ) throws -> any WeightedSource where Basis.Group: DetunedHeatbathGroup {
    let flow = try flow(as: basis, on: lattice)
    let beta = beta ?? path.end
    let time = path.time(ofBeta: beta)
    guard time > 0, time <= 1 else {
      throw ModelError.coupling(
        expected: min(path.start, path.end)...max(path.start, path.end), found: beta)
    }
    if let escort {
      return try EscortedSource(flow, algorithm: ChainAlgorithm(settings: escort), to: beta)
    }
    return try ProposalSource(
      RegressionTransport(flow, to: beta), of: Basis.Group.self, beta: beta)
  }
}

extension WeightedSource {
  /// `log w` of fresh samples, in the order of their numbers.
  public func logWeights(count: Int, seed: UInt64, threads: Int) throws -> [Double] {
    let size = lattice.linkCount * Self.scalars(of: groupName)
    let units = (count + unit - 1) / unit
    let results = Buffer<Double>(count: units * unit, repeating: 0)
    let failure = Mutex<(any Error)?>(nil)
    forEachPacket(count: units, threads: threads) { number in
      let values = Buffer<Double>(count: unit * size, repeating: 0)
      do {
        let logWeights = try draw(unit: number, seed: seed, into: values.elements)
        for (i, logWeight) in logWeights.enumerated() {
          results.pointer[number * unit + i] = logWeight
        }
      } catch { failure.withLock { $0 = error } }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return Array(results.elements.prefix(count))
  }

  /// The doubles of a link in file order.
  private static func scalars(of group: String) -> Int {
    let colors = EnsembleDescription.colors(of: group) ?? 1
    return colors == 1 ? 1 : 2 * colors * colors
  }
}
