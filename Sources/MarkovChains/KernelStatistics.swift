import LaneMath
import LatticeStatistics

/// What a kernel did over many updates, summed in every chain.
///
/// The sums are in the order of each chain's updates, so they too are the same bits for any number of
/// threads.
@frozen
public struct LaneStatistics: Sendable {
  /// The number of updates of a chain.
  public var updates: Int
  /// `Σ acceptance`.
  public var acceptance: Lanes
  /// The number of updates that had a `ΔH`.
  public var proposals: Int
  /// `Σ exp(-ΔH)`.
  public var expMinusDeltaH: Lanes
  /// `Σ exp(-2 ΔH)`.
  public var squaredExpMinusDeltaH: Lanes
  /// `Σ ΔH`.
  public var deltaH: Lanes
  /// `Σ ΔH²`.
  public var squaredDeltaH: Lanes
  /// `Σ (min(1, exp(-ΔH)) - 2 [ΔH < 0])`; 1 counts half where `ΔH` is 0.
  public var balance: Lanes
  /// The sum of the squares of what `balance` sums.
  public var squaredBalance: Lanes

  /// Nothing yet.
  @inlinable
  public init() {
    updates = 0
    acceptance = .zero
    proposals = 0
    expMinusDeltaH = .zero
    squaredExpMinusDeltaH = .zero
    deltaH = .zero
    squaredDeltaH = .zero
    balance = .zero
    squaredBalance = .zero
  }

  /// Adds one update.
  @inlinable
  public mutating func add(_ info: UpdateInfo) {
    updates += 1
    acceptance += info.acceptance
    guard let deltaH = info.deltaH else { return }
    proposals += 1
    let ratio = exp(-deltaH)
    expMinusDeltaH += ratio
    squaredExpMinusDeltaH += ratio * ratio
    self.deltaH += deltaH
    squaredDeltaH += deltaH * deltaH
    let negative = select(
      deltaH .< .zero, Lanes(repeating: 2), select(deltaH .== .zero, Lanes(repeating: 1), .zero))
    let imbalance = min(Lanes(repeating: 1), ratio) - negative
    balance += imbalance
    squaredBalance += imbalance * imbalance
  }

  /// The sums of one lane, for a checkpoint.
  func values(lane: Int) -> [Double] {
    [
      acceptance[lane], expMinusDeltaH[lane], squaredExpMinusDeltaH[lane], deltaH[lane],
      squaredDeltaH[lane], balance[lane], squaredBalance[lane],
    ]
  }

  /// Takes the sums of one lane from a checkpoint.
  mutating func setValues(_ values: ArraySlice<Double>, lane: Int) {
    let first = values.startIndex
    acceptance[lane] = values[first]
    expMinusDeltaH[lane] = values[first + 1]
    squaredExpMinusDeltaH[lane] = values[first + 2]
    deltaH[lane] = values[first + 3]
    squaredDeltaH[lane] = values[first + 4]
    balance[lane] = values[first + 5]
    squaredBalance[lane] = values[first + 6]
  }

  /// The number of sums of a lane.
  static var valueCount: Int { 7 }
}

/// What a kernel did, averaged over updates and chains.
public struct KernelStatistics: Sendable, Equatable {
  /// The name of the kernel.
  public let name: String
  /// The number of updates, over all chains.
  public let updates: Int
  /// The mean acceptance.
  public let acceptanceRate: Double
  /// `<ΔH>` of a kernel with global proposals.
  public let deltaH: Double?
  /// `<exp(-ΔH)>` of a kernel with global proposals: 1 in equilibrium.
  public let expMinusDeltaH: Double?
  /// The standard error of `expMinusDeltaH`, successive updates taken as independent.
  public let expMinusDeltaHError: Double?
  /// What must hold of `ΔH` in equilibrium; nil for a kernel without global proposals, and for fewer
  /// than 2 of them.
  public let identities: ProposalIdentities?

  /// Averages over the chains, in their order.
  init(name: String, packets: [(LaneStatistics, lanes: Int)]) {
    self.name = name
    var updates = 0, proposals = 0
    var acceptance = 0.0, ratio = 0.0, square = 0.0, violation = 0.0
    var squaredViolation = 0.0, balance = 0.0, squaredBalance = 0.0
    for (statistics, lanes) in packets {
      updates += statistics.updates * lanes
      proposals += statistics.proposals * lanes
      for lane in 0..<lanes {
        acceptance += statistics.acceptance[lane]
        ratio += statistics.expMinusDeltaH[lane]
        square += statistics.squaredExpMinusDeltaH[lane]
        violation += statistics.deltaH[lane]
        squaredViolation += statistics.squaredDeltaH[lane]
        balance += statistics.balance[lane]
        squaredBalance += statistics.squaredBalance[lane]
      }
    }
    self.updates = updates
    acceptanceRate = updates > 0 ? acceptance / Double(updates) : 0
    guard proposals > 0 else {
      deltaH = nil
      expMinusDeltaH = nil
      expMinusDeltaHError = nil
      identities = nil
      return
    }
    let n = Double(proposals)
    deltaH = violation / n
    expMinusDeltaH = ratio / n
    func mean(_ sum: Double, _ squares: Double) -> Estimate {
      let variance = Swift.max(0, squares / n - (sum / n) * (sum / n))
      return Estimate(
        value: sum / n, error: (variance / (n - 1)).squareRoot(), tauInt: 0.5, tauIntError: 0,
        window: 0, count: proposals)
    }
    expMinusDeltaHError = proposals > 1 ? mean(ratio, square).error : nil
    identities =
      proposals > 1
      ? ProposalIdentities(
        expMinusDeltaH: mean(ratio, square), balance: mean(balance, squaredBalance),
        deltaH: mean(violation, squaredViolation), acceptanceRate: acceptanceRate) : nil
  }
}

/// What must hold of a global proposal with Metropolis' decision, from sums over its updates;
/// successive updates are taken as independent. With whole histories of `ΔH` see
/// `AcceptanceIdentities`, which explains them.
public struct ProposalIdentities: Sendable, Equatable {
  /// `<exp(-ΔH)>`: 1 (Creutz's equality).
  public let expMinusDeltaH: Estimate
  /// `<min(1, exp(-ΔH))> - 2 P(ΔH < 0)`: 0.
  public let balance: Estimate
  /// `<ΔH>`.
  public let deltaH: Estimate
  /// The acceptance `erfc(√<ΔH>/2)` of a normally distributed `ΔH`.
  public let gaussianAcceptance: Double
  /// The acceptance rate less `gaussianAcceptance`, in units of an error that leaves out their
  /// correlation, which would make it smaller; nil where `<ΔH>` is not positive by 3 of its errors.
  public let gaussianDeviation: Double?

  init(expMinusDeltaH: Estimate, balance: Estimate, deltaH: Estimate, acceptanceRate: Double) {
    self.expMinusDeltaH = expMinusDeltaH
    self.balance = balance
    self.deltaH = deltaH
    gaussianAcceptance = LatticeStatistics.gaussianAcceptance(meanDeltaH: deltaH.value)
    guard deltaH.value > 3 * deltaH.error else {
      gaussianDeviation = nil
      return
    }
    let slope = gaussianAcceptanceSlope(meanDeltaH: deltaH.value) * deltaH.error
    let decision = acceptanceRate * (1 - acceptanceRate) / Double(deltaH.count - 1)
    gaussianDeviation =
      (acceptanceRate - gaussianAcceptance) / (decision + slope * slope).squareRoot()
  }
}
