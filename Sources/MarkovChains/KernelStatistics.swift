import LaneMath

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

  /// Nothing yet.
  @inlinable
  public init() {
    updates = 0
    acceptance = .zero
    proposals = 0
    expMinusDeltaH = .zero
    squaredExpMinusDeltaH = .zero
    deltaH = .zero
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
  }

  /// The sums of one lane, for a checkpoint.
  func values(lane: Int) -> [Double] {
    [
      acceptance[lane], expMinusDeltaH[lane], squaredExpMinusDeltaH[lane], deltaH[lane],
    ]
  }

  /// Takes the sums of one lane from a checkpoint.
  mutating func setValues(_ values: ArraySlice<Double>, lane: Int) {
    let first = values.startIndex
    acceptance[lane] = values[first]
    expMinusDeltaH[lane] = values[first + 1]
    squaredExpMinusDeltaH[lane] = values[first + 2]
    deltaH[lane] = values[first + 3]
  }

  /// The number of sums of a lane.
  static var valueCount: Int { 4 }
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

  /// Averages over the chains, in their order.
  init(name: String, packets: [(LaneStatistics, lanes: Int)]) {
    self.name = name
    var updates = 0, proposals = 0
    var acceptance = 0.0, ratio = 0.0, square = 0.0, violation = 0.0
    for (statistics, lanes) in packets {
      updates += statistics.updates * lanes
      proposals += statistics.proposals * lanes
      for lane in 0..<lanes {
        acceptance += statistics.acceptance[lane]
        ratio += statistics.expMinusDeltaH[lane]
        square += statistics.squaredExpMinusDeltaH[lane]
        violation += statistics.deltaH[lane]
      }
    }
    self.updates = updates
    acceptanceRate = updates > 0 ? acceptance / Double(updates) : 0
    guard proposals > 0 else {
      deltaH = nil
      expMinusDeltaH = nil
      expMinusDeltaHError = nil
      return
    }
    let n = Double(proposals)
    deltaH = violation / n
    expMinusDeltaH = ratio / n
    let variance = Swift.max(0, square / n - (ratio / n) * (ratio / n))
    expMinusDeltaHError = proposals > 1 ? (variance / (n - 1)).squareRoot() : nil
  }
}
