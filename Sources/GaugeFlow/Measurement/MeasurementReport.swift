import LatticeFields
import LatticeObservables
import LatticeStatistics

/// Observables with error bars, beside the exact values where those are known.
///
/// Along Markov chains the Gamma method finds the autocorrelation; independent samples are taken as
/// such; weights enter with the covariance of numerator and denominator. Where several chains were
/// run fluctuations are measured from the mean of all, so that chains that disagree raise the error.
/// Weights with too heavy a tail get values but no error bars.
public struct MeasurementReport: Sendable {
  /// A measured number.
  public struct Quantity: Sendable {
    /// The name, unique within its observable.
    public let name: String
    /// The mean, or the function of means.
    public let value: Double
    /// The value with its error; nil where none can be given.
    public let estimate: Estimate?
    /// Why there is no error.
    public let refusal: StatisticsError?
    /// The exact value in the same finite volume, where it is known.
    public let exact: Double?
    /// The distance from the exact value in units of the error.
    public var deviation: Double? {
      guard let exact, let estimate, estimate.error > 0 else { return nil }
      return estimate.deviation(from: exact)
    }
  }

  /// The numbers of one observable.
  public struct Section: Sendable {
    /// The word a user types.
    public let observable: String
    /// The components, then the derived quantities.
    public let quantities: [Quantity]
    /// The quantity of a name.
    public subscript(name: String) -> Quantity? { quantities.first { $0.name == name } }
  }

  /// The number of configurations.
  public let count: Int
  /// The number of Markov chains; nil for independent samples.
  public let chainCount: Int?
  /// The effective sample size as a fraction of `count`; nil without weights.
  public let effectiveSampleSize: Double?
  /// The tail index of the weights; nil without weights, or with too few.
  public let tailIndex: Double?
  /// Why the weights carry no error bars, where they do not.
  public let weightsRefusal: StatisticsError?
  /// What the chains say about themselves.
  public let diagnostics: ChainDiagnostics
  /// The observables.
  public let sections: [Section]

  /// The section of an observable.
  public subscript(observable: String) -> Section? {
    sections.first { $0.observable == observable }
  }

  /// Analyses histories.
  ///
  /// - Parameters:
  ///   - histories: what was measured.
  ///   - exact: exact values to set beside; nil for none.
  ///   - sParameter: Wolff's S along the chains.
  ///   - tauExp: the exponential autocorrelation time of the tail; 0 for no tail.
  /// - Throws: `StatisticsError` for data that are not numbers or weights that are all zero.
  public init(
    _ histories: MeasurementHistories, exact: ExactReference? = nil, sParameter: Double = 2,
    tauExp: Double = 0
  ) throws(StatisticsError) {
    count = histories.count
    diagnostics = ChainDiagnostics(histories)
    let logWeights = histories.logWeights.map { histories.parted($0) }
    var refusal: StatisticsError?
    if let all = histories.logWeights {
      let weights = try LogWeights(all)
      effectiveSampleSize = weights.effectiveSampleSize
      do throws(StatisticsError) {
        let index = try weights.tailIndex()
        tailIndex = index
        if index > LogWeights.largestTailIndex {
          refusal = .weightsTooHeavy(tailIndex: index, limit: LogWeights.largestTailIndex)
        }
      } catch {
        tailIndex = nil
        refusal = error
      }
    } else {
      effectiveSampleSize = nil
      tailIndex = nil
    }
    weightsRefusal = refusal
    let chainCount = histories.chains.map { Set($0).count }
    self.chainCount = chainCount
    let analysis = Analysis(
      logWeights: logWeights, sParameter: chainCount == nil ? 0 : sParameter,
      tauExp: chainCount == nil ? 0 : tauExp,
      origin: (chainCount ?? 1) > 1 ? .overallMean : .chainMeans, refusal: refusal)
    var sections: [Section] = []
    for history in histories.observables {
      sections.append(try analysis.section(history, histories, exact))
    }
    self.sections = sections
  }

  /// How series are analysed, the same for all of them.
  private struct Analysis {
    let logWeights: [[Double]]?
    let sParameter: Double
    let tauExp: Double
    let origin: FluctuationOrigin
    let refusal: StatisticsError?

    func section(
      _ history: ObservableHistory, _ histories: MeasurementHistories, _ exact: ExactReference?
    ) throws(StatisticsError) -> Section {
      let series = history.values.map { histories.parted($0) }
      var means: [Double] = []
      var quantities: [Quantity] = []
      for (component, chains) in zip(history.components, series) {
        let mean = try weightedMean(chains)
        means.append(mean)
        quantities.append(
          quantity(
            component, value: mean, [chains], { $0[0] }, { _ in [1] },
            exact?.mean(of: component, in: history.name)
              ?? ActionObservables.exactMean(in: history.name)))
      }
      for derived in history.derived {
        let value = derived.value(derived.indices.map { means[$0] })
        quantities.append(
          quantity(
            derived.name, value: value, derived.indices.map { series[$0] }, derived.value,
            derived.gradient, exact?.value(of: derived, in: history)))
      }
      return Section(observable: history.name, quantities: quantities)
    }

    /// The mean alone, which exists where an error does not.
    private func weightedMean(_ chains: [[Double]]) throws(StatisticsError) -> Double {
      var sum = 0.0
      var total = 0.0
      let largest = logWeights?.joined().max() ?? 0
      for (chain, values) in chains.enumerated() {
        for (index, value) in values.enumerated() {
          guard value.isFinite else {
            throw .notFinite(what: "series", chain: chain, index: index, value: value)
          }
          let weight = logWeights.map { exponential($0[chain][index] - largest) } ?? 1
          sum += weight * value
          total += weight
        }
      }
      return sum / total
    }

    private func quantity(
      _ name: String, value: Double, _ series: [[[Double]]], _ function: ([Double]) -> Double,
      _ gradient: @escaping ([Double]) -> [Double], _ exact: Double?
    ) -> Quantity {
      if let refusal {
        return Quantity(name: name, value: value, estimate: nil, refusal: refusal, exact: exact)
      }
      do throws(StatisticsError) {
        let estimate = try gammaMethod(
          observables: series, logWeights: logWeights, sParameter: sParameter, tauExp: tauExp,
          origin: origin, largestTailIndex: .infinity, function: function, gradient: gradient)
        return Quantity(
          name: name, value: estimate.value, estimate: estimate, refusal: nil, exact: exact)
      } catch {
        return Quantity(name: name, value: value, estimate: nil, refusal: error, exact: exact)
      }
    }
  }
}
