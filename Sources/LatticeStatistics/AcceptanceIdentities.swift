// erfc and exp of a Double, once per trajectory: the lane functions compute eight configurations.
import Glibc

/// What must hold of the energy violations `ΔH` of a reversible, volume-preserving proposal with
/// Metropolis' decision in equilibrium: tests of hybrid Monte Carlo that need no exact result.
///
///     <exp(-ΔH)> = 1                                      (M. Creutz, Phys. Rev. D 38, 1228)
///     <min(1, exp(-ΔH))> = 2 P(ΔH < 0)                    (both sides are the acceptance)
///     <P_acc> = erfc(√<ΔH> / 2)                           (S. Gupta et al., Phys. Lett. B 242, 437)
///
/// The first two follow from `P(ΔH) exp(-ΔH) = P(-ΔH)` and hold at any step size and volume. The
/// first has a large variance where <ΔH> is large: it is carried by rare trajectories. The second is
/// bounded, so its error can be trusted wherever it is given. The third is for a normally
/// distributed ΔH, on lattices much larger than the correlation length; then `<ΔH>` is half the
/// variance of ΔH too. A deviation of the first two is an error in the algorithm, or chains that are
/// not in equilibrium; of the third, a ΔH that is not normal.
public struct AcceptanceIdentities: Sendable, Equatable {
  /// `<exp(-ΔH)>`: 1.
  public let expMinusDeltaH: Estimate
  /// `<min(1, exp(-ΔH))> - 2 P(ΔH < 0)`: 0.
  public let balance: Estimate
  /// `<min(1, exp(-ΔH))>`, the acceptance without the noise of the decisions.
  public let acceptance: Estimate
  /// `<ΔH>`, never negative in equilibrium.
  public let deltaH: Estimate
  /// `erfc(√<ΔH> / 2)`.
  public let gaussianAcceptance: Double
  /// The difference of `acceptance` and `gaussianAcceptance` with its error; nil where `<ΔH>` is not
  /// known to be positive by 3 of its errors.
  public let gaussianDifference: Estimate?

  /// Tests histories of `ΔH`, of accepted and rejected trajectories alike.
  ///
  /// Shape: `[chain][time]`. Errors by the Gamma method.
  ///
  /// - Throws: `StatisticsError` as the Gamma method does: for short chains, numbers that are not
  ///   finite, and a `ΔH` that never moves.
  public init(deltaH chains: [[Double]], sParameter: Double = 2) throws(StatisticsError) {
    // Everything is a function of the means of four series.
    let probability = chains.map { $0.map { min(1, exp(-$0)) } }
    let negative = chains.map { $0.map { $0 < 0 ? 1.0 : $0 == 0 ? 0.5 : 0 } }
    let deltaH = try gammaMethod(chains, sParameter: sParameter)
    self.deltaH = deltaH
    expMinusDeltaH = try gammaMethod(chains.map { $0.map { exp(-$0) } }, sParameter: sParameter)
    acceptance = try Self.movingOrConstant(probability, sParameter)
    balance = try Self.movingOrConstant(
      zip(probability, negative).map { zip($0, $1).map { $0 - 2 * $1 } }, sParameter)
    let predicted = LatticeStatistics.gaussianAcceptance(meanDeltaH: deltaH.value)
    gaussianAcceptance = predicted
    guard deltaH.value > 3 * deltaH.error else {
      gaussianDifference = nil
      return
    }
    gaussianDifference = try gammaMethod(
      observables: [probability, chains], sParameter: sParameter,
      function: { $0[0] - LatticeStatistics.gaussianAcceptance(meanDeltaH: $0[1]) },
      gradient: { [1, -gaussianAcceptanceSlope(meanDeltaH: $0[1])] })
  }

  /// A ΔH that is negative throughout has a constant acceptance of 1.
  private static func movingOrConstant(
    _ chains: [[Double]], _ sParameter: Double
  ) throws(StatisticsError) -> Estimate {
    do {
      return try gammaMethod(chains, sParameter: sParameter)
    } catch .constantSeries(let value, let count) {
      return Estimate(value: value, error: 0, count: count)
    } catch {
      throw error
    }
  }
}

/// The acceptance of a normally distributed `ΔH`: `erfc(√<ΔH> / 2)`; 1 where `<ΔH>` is not positive.
public func gaussianAcceptance(meanDeltaH: Double) -> Double {
  meanDeltaH > 0 ? erfc(0.5 * meanDeltaH.squareRoot()) : meanDeltaH.isNaN ? .nan : 1
}

/// The derivative of ``gaussianAcceptance(meanDeltaH:)``: `-exp(-<ΔH>/4) / √(4 π <ΔH>)`.
public func gaussianAcceptanceSlope(meanDeltaH: Double) -> Double {
  meanDeltaH > 0 ? -exp(-0.25 * meanDeltaH) / (4 * Double.pi * meanDeltaH).squareRoot() : 0
}
