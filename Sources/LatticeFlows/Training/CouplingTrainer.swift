import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import Synchronization

/// Trains a coupling flow by stochastic gradient descent on Kullback-Leibler divergences.
///
///     reverse:  KL(q|p) = E_q[log q + S] + log Z      samples of the flow
///     forward:  KL(p|q) = E_p[-log q] + const         samples of the target
///
/// Reverse gradients use the path estimator (arXiv:2207.08219, 2403.15881) or the plain one. The
/// path estimator carries the score `∂ log q` forward through the layers beside the sample, so that
/// no inverse is needed; the same recursion yields the forward gradient.
///
/// Every random number is fixed by the seed, the step and the sample, and sums are taken in an order
/// that does not depend on the number of threads: the same seed gives the same bits, and a trainer
/// made again from `state` goes on as if it had not been interrupted. Steps allocate nothing after
/// the first.
public final class CouplingTrainer<Group: CouplingGroup> {
  /// Fills a packet with samples of the target, given the number of the first and the step.
  public typealias TargetSampler = @Sendable (inout LinkField<Group>, Int, Int) -> Void

  /// The flow as it is now.
  public private(set) var flow: CouplingFlow<Group>
  /// How it is trained.
  public let options: TrainingOptions
  private let makeAction: (Double) -> any GaugeAction<Group>
  private let targetSampler: TargetSampler?
  private let seed: UInt64
  private let threads: Int
  private var optimizer: AdamOptimizer
  private var step = 0

  private let packed: Buffer<Float>
  private let gradientOffsets: [Int]
  private let groupGradients: [Buffer<Float>]
  private let groups: [PacketGroup]
  private let logWeights: Buffer<Lanes>
  /// The gradient of the last batch, clipped once a step was taken with it.
  private(set) var gradient: [Double]
  private let idle = Mutex<[Room]>([])

  /// Packets whose gradients are summed one after the other.
  private struct PacketGroup {
    var packets: [Int]
    var isForward: Bool
  }

  /// What one thread needs.
  private final class Room: @unchecked Sendable {
    let workspace: CouplingWorkspace
    var U: LinkField<Group>
    var field: AlgebraField<Group>
    init(_ flow: CouplingFlow<Group>) {
      workspace = CouplingWorkspace(flow: flow, keepsTape: true)
      U = LinkField(coldStart: flow.lattice)
      field = AlgebraField(zero: flow.lattice)
    }
  }

  /// A trainer of `flow` towards `exp(-S)`.
  ///
  /// - Parameters:
  ///   - action: the action when the coupling is a given fraction of its target, for annealing.
  ///   - targetSampler: samples of the target for forward training, exact or from a Markov chain.
  public init(
    flow: CouplingFlow<Group>, options: TrainingOptions, seed: UInt64, threads: Int,
    action: @escaping (Double) -> any GaugeAction<Group>, targetSampler: TargetSampler? = nil
  ) {
    self.flow = flow
    self.options = options
    self.seed = seed
    self.threads = threads
    makeAction = action
    self.targetSampler = targetSampler
    optimizer = AdamOptimizer(parameterCount: flow.parameterCount)
    gradient = Array(repeating: 0, count: flow.parameterCount)
    packed = flow.makePackedParameters()
    var offsets = [0]
    for layer in flow.layers { offsets.append(offsets.last! + layer.conditioner.gradientCount) }
    gradientOffsets = offsets
    let packets = max(1, options.batch / laneCount)
    let forward = targetSampler == nil ? 0 : Int(Double(packets) * options.forwardFraction + 0.5)
    var groups: [PacketGroup] = []
    for (range, isForward) in [
      (0..<(packets - forward), false), ((packets - forward)..<packets, true),
    ] {
      let count = min(16, range.count)
      for group in 0..<count {
        groups.append(
          PacketGroup(
            packets: range.filter { ($0 - range.lowerBound) % count == group },
            isForward: isForward))
      }
    }
    self.groups = groups
    groupGradients = groups.map { _ in Buffer(count: max(1, offsets.last!), repeating: 0) }
    logWeights = Buffer(count: packets, repeating: .zero)
  }

  /// What must be kept to go on later; setting it goes back there.
  public var state: TrainingState {
    get { TrainingState(parameters: flow.parameters, optimizer: optimizer, step: step) }
    set {
      precondition(
        newValue.parameters.count == flow.parameterCount,
        "\(newValue.parameters.count) parameters for a flow of \(flow.parameterCount)")
      flow.parameters = newValue.parameters
      optimizer = newValue.optimizer
      step = newValue.step
    }
  }

  /// Takes one step.
  ///
  /// - Parameter progress: the fraction of the training that is over, for the schedules.
  public func takeStep(progress: Double) -> TrainingStep {
    takeStep(progress: progress, action: makeAction(options.couplingFraction(at: progress)))
  }

  /// Takes one step at a coupling of the range of a flow that serves many, without annealing.
  ///
  /// - Parameter action: the target at that coupling.
  public func takeStep(
    progress: Double, beta: Double, action: any GaugeAction<Group>
  ) -> TrainingStep {
    flow.beta = beta
    return takeStep(progress: progress, action: action)
  }

  private func takeStep(progress: Double, action: any GaugeAction<Group>) -> TrainingStep {
    var report = evaluateBatch(action: action)
    report.gradientNorm = optimizer.step(
      &flow.parameters, gradient: &gradient, learningRate: options.rate(at: progress),
      largestNorm: options.largestNorm)
    step += 1
    report.step = step
    return report
  }

  /// Computes loss and `gradient` of the batch of the next step, and takes no step.
  func evaluateBatch(progress: Double) -> TrainingStep {
    evaluateBatch(action: makeAction(options.couplingFraction(at: progress)))
  }

  private func evaluateBatch(action: any GaugeAction<Group>) -> TrainingStep {
    flow.pack(into: packed)
    let flow = flow, step = step
    forEachPacket(count: groups.count, threads: threads) { index in
      let room = idle.withLock { $0.popLast() } ?? Room(flow)
      let target = groupGradients[index].pointer
      target.update(repeating: 0, count: gradientOffsets.last!)
      for packet in groups[index].packets {
        logWeights.pointer[packet] =
          groups[index].isForward
          ? forwardPacket(packet, flow, action, step, room, target)
          : reversePacket(packet, flow, action, step, room, target)
      }
      idle.withLock { $0.append(room) }
    }
    for i in gradient.indices { gradient[i] = 0 }
    let forwardCount = groups.filter { $0.isForward }.reduce(0) { $0 + $1.packets.count }
    let packets = groups.reduce(0) { $0 + $1.packets.count }
    gradient.withUnsafeMutableBufferPointer { gradient in
      guard let base = gradient.baseAddress else { return }
      for values in groupGradients {
        // Both divergences are means over their own samples, mixed by the share of each.
        let factor = 1 / Double(packets * laneCount)
        for (index, layer) in flow.layers.enumerated() {
          layer.conditioner.unpack(
            values.pointer + gradientOffsets[index], coupling: flow.coupling, factor: factor,
            addingTo: base + flow.blocks[flow.layerBlocks[index]].range.lowerBound)
        }
      }
    }
    return report(reverse: packets - forwardCount, packets: packets)
  }

  private func report(reverse: Int, packets: Int) -> TrainingStep {
    let range = reverse > 0 ? 0..<reverse : 0..<packets
    var largest = -Double.infinity, sum = 0.0
    for packet in range {
      largest = max(largest, logWeights.pointer[packet].max())
      sum += logWeights.pointer[packet].sum()
    }
    let count = Double(range.count * laneCount)
    var first = 0.0, second = 0.0, inverse = 0.0
    for packet in range {
      let w = exp(logWeights.pointer[packet] - largest)
      first += w.sum()
      second += (w * w).sum()
      inverse += (1 / w).sum()
    }
    if reverse == 0 {
      return TrainingStep(
        step: step, loss: sum / count, effectiveSampleSize: count * count / (first * inverse),
        gradientNorm: 0)
    }
    return TrainingStep(
      step: step, loss: -sum / count, effectiveSampleSize: first * first / (count * second),
      gradientNorm: 0)
  }

  /// One packet of samples of the flow; adds the gradient of `Σ_lanes log q + S`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  private func reversePacket(
    _ packet: Int, _ flow: CouplingFlow<Group>, _ action: any GaugeAction<Group>, _ step: Int,
    _ room: Room,
    _ gradient: UnsafeMutablePointer<Float>
  ) -> Lanes {
    var generator = LaneGenerator(
      seed: seed, purpose: .training, firstConfiguration: packet * laneCount, step: step)
    room.U.sampleHaar(using: &generator)
    room.field.reset()
    let isPath = options.estimator == .path
    let workspace = room.workspace
    var logDet = Lanes.zero
    room.U.links.withUnsafeMutableBufferPointer { links in
      room.field.elements.withUnsafeMutableBufferPointer { field in
        for (index, layer) in flow.layers.enumerated() {
          let weights = packed.pointer + flow.packedOffsets[index]
          logDet += layer.apply(
            to: links.baseAddress!, packed: weights, tape: workspace.tape(index),
            scratch: workspace.scratch)
          if isPath {
            layer.pushScore(
              field.baseAddress!, at: links.baseAddress!, packed: weights,
              tape: workspace.tape(index),
              scratch: workspace.scratch, gradient: nil)
          }
        }
      }
    }
    let logWeight = logDet - action.value(of: room.U)
    action.accumulateGradient(of: room.U, into: &room.field)
    let weightOfLogDet = Lanes(repeating: isPath ? 0 : -1)
    room.U.links.withUnsafeMutableBufferPointer { links in
      room.field.elements.withUnsafeMutableBufferPointer { field in
        for index in flow.layers.indices.reversed() {
          flow.layers[index].pullback(
            field.baseAddress!, logDet: weightOfLogDet, restoring: links.baseAddress!,
            packed: packed.pointer + flow.packedOffsets[index], tape: workspace.tape(index),
            scratch: workspace.scratch, gradient: gradient + gradientOffsets[index])
        }
      }
    }
    return logWeight
  }

  /// One packet of samples of the target; adds the gradient of `-Σ_lanes log q`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  private func forwardPacket(
    _ packet: Int, _ flow: CouplingFlow<Group>, _ action: any GaugeAction<Group>, _ step: Int,
    _ room: Room,
    _ gradient: UnsafeMutablePointer<Float>
  ) -> Lanes {
    targetSampler!(&room.U, packet * laneCount, step)
    room.field.reset()
    let value = action.value(of: room.U)
    let workspace = room.workspace
    var logDet = Lanes.zero
    room.U.links.withUnsafeMutableBufferPointer { links in
      room.field.elements.withUnsafeMutableBufferPointer { field in
        do throws(InversionFailure) {
          _ = try flow.applyInverse(
            to: links.baseAddress!, packed: packed.pointer, workspace: workspace)
        } catch {
          // A sample at which the flow cannot be inverted adds nothing to the gradient, and shows as
          // a loss that is not a number.
          logDet = Lanes(repeating: .nan)
          return
        }
        for (index, layer) in flow.layers.enumerated() {
          let weights = packed.pointer + flow.packedOffsets[index]
          logDet += layer.apply(
            to: links.baseAddress!, packed: weights, tape: workspace.tape(index),
            scratch: workspace.scratch)
          layer.pushScore(
            field.baseAddress!, at: links.baseAddress!, packed: weights,
            tape: workspace.tape(index),
            scratch: workspace.scratch, gradient: gradient + gradientOffsets[index])
        }
      }
    }
    return logDet - value
  }
}
