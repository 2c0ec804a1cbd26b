// exp and log of a Double in the window condition: the lane functions compute eight configurations.
import Glibc

/// What the fluctuations of several chains are measured from.
public enum FluctuationOrigin: Sendable {
  /// Each chain's own mean. Blind to chains that disagree, and short by about
  /// `(2 window + 1) chains / count` of the variance: for few, long chains. (What pyerrors does.)
  case chainMeans
  /// The mean over all chains (Wolff's prescription). Chains that disagree raise the error.
  case overallMean
}

/// The mean of a history with its error, autocorrelations included, by the Gamma method.
///
///     error² = 2 tau_int Gamma(0) / N
///     tau_int = 1/2 + Σ_{t=1..W} rho(t),    rho(t) = Gamma(t) / Gamma(0)
///
/// The window W is where `exp(-W / tau) - tau / sqrt(W N)` first turns negative, `tau` being
/// `S / log((2 tau_int + 1) / (2 tau_int - 1))` (U. Wolff, hep-lat/0306017, with its bias
/// correction and its error of tau_int). With `tauExp > 0` the sum ends where rho is zero within
/// one sigma, and the tail `tauExp |rho(W + 1)|` is added (Schaefer, Sommer, Virotta, 1009.5228).
/// With `sParameter` 0 the entries are taken as independent.
///
/// Shape: `[chain][time]`; chains (replicas of one simulation) may differ in length.
/// Accuracy: agrees with pyerrors 2.17.0 to `1e-10` relative.
/// Complexity: 32 products per entry for W < 32, `O(n log W)` beyond; with `tauExp`, `O(n W)`.
///
/// - Parameters:
///   - chains: the histories.
///   - sParameter: Wolff's S, the ratio of the exponential to the integrated autocorrelation time
///     that is assumed for the window; 0 for independent entries.
///   - tauExp: the exponential autocorrelation time of the tail; 0 for no tail.
///   - origin: what fluctuations are measured from where there are several chains.
/// - Throws: `StatisticsError` for chains of fewer than 5 entries, for numbers that are not finite,
///   for series that never move, and for parameters out of range.
public func gammaMethod(
  _ chains: [[Double]], sParameter: Double = 2, tauExp: Double = 0,
  origin: FluctuationOrigin = .chainMeans
) throws(StatisticsError) -> Estimate {
  let histories = try Histories([chains])
  return try gammaMethod(
    histories, value: histories.means[0], gradient: [1], sParameter: sParameter, tauExp: tauExp,
    origin: origin)
}

/// A function of several means with its error, by the Gamma method.
///
///     F = f(⟨A_1⟩, ⟨A_2⟩, ..),    δF(i) = Σ_a (∂f / ∂A_a) (A_a(i) - ⟨A_a⟩)
///
/// Errors propagate linearly, with all correlations between the observables and in time
/// (hep-lat/0306017, section 2.3). With log weights every mean is `⟨w A⟩ / ⟨w⟩`, and the
/// covariance of numerator and denominator is part of the error.
///
/// Shape: `[observable][chain][time]`, weights `[chain][time]`.
/// Complexity: as `gammaMethod(_:sParameter:tauExp:origin:)`.
///
/// - Parameters:
///   - observables: the histories, all measured on the same configurations.
///   - logWeights: log of the weight of each configuration up to a constant; nil for unit weights.
///   - sParameter: Wolff's S; 0 for independent entries.
///   - tauExp: the exponential autocorrelation time of the tail; 0 for no tail.
///   - origin: what fluctuations are measured from where there are several chains.
///   - largestTailIndex: refuse an error bar where the tail index of the weights is above this.
///   - function: f, a function of the means.
///   - gradient: its gradient; nil to take it numerically (relative accuracy near `1e-12`).
/// - Throws: `StatisticsError`, also where weights are too heavy or `f` is not finite.
public func gammaMethod(
  observables: [[[Double]]], logWeights: [[Double]]? = nil, sParameter: Double = 2,
  tauExp: Double = 0, origin: FluctuationOrigin = .chainMeans,
  largestTailIndex: Double = LogWeights.largestTailIndex, function: ([Double]) -> Double,
  gradient: (([Double]) -> [Double])? = nil
) throws(StatisticsError) -> Estimate {
  let histories = try Histories(observables, logWeights: logWeights)
  if let logWeights {
    try requireLightTail(logWeights.flatMap { $0 }, limit: largestTailIndex)
  }
  let value = function(histories.means)
  guard value.isFinite else { throw .functionNotFinite(value: value) }
  let slope: [Double]
  if let gradient {
    slope = gradient(histories.means)
    guard slope.count == histories.means.count else {
      throw .shapeMismatch(
        what: "gradient", expected: histories.means.count, found: slope.count)
    }
    for component in slope where !component.isFinite { throw .functionNotFinite(value: component) }
  } else {
    slope = try histories.numericalGradient(of: function)
  }
  return try gammaMethod(
    histories, value: value, gradient: slope, sParameter: sParameter, tauExp: tauExp,
    origin: origin)
}

/// The Gamma method on the fluctuations projected on a gradient.
func gammaMethod(
  _ histories: Histories, value: Double, gradient: [Double], sParameter: Double, tauExp: Double,
  origin: FluctuationOrigin
) throws(StatisticsError) -> Estimate {
  guard sParameter >= 0, sParameter.isFinite else {
    throw .invalidParameter(name: "S", expected: "a number >= 0", found: sParameter)
  }
  guard tauExp >= 0, tauExp.isFinite else {
    throw .invalidParameter(name: "tau_exp", expected: "a number >= 0", found: tauExp)
  }
  let shortest = tauExp > 0 ? 8 : 5
  for length in histories.lengths where length < 5 {
    throw .tooShort(what: "entries of a chain", expected: shortest, found: length)
  }
  let longest = histories.lengths.max() ?? 0
  if longest < shortest {
    throw .tooShort(what: "entries of the longest chain", expected: shortest, found: longest)
  }
  let chains = centred(histories.projected(on: gradient), origin)
  let rounding = histories.roundingScale(of: gradient)
  guard chains.contains(where: { $0.contains { abs($0) > rounding } }) else {
    throw .constantSeries(value: value, count: histories.count)
  }
  var sums = WindowedSums(chains)
  if tauExp > 0 { return sums.estimateWithTail(value, tauExp: tauExp) }
  return sParameter == 0
    ? sums.estimateIndependent(value) : sums.estimate(value, sParameter: sParameter)
}

private func centred(_ chains: [[Double]], _ origin: FluctuationOrigin) -> [[Double]] {
  let overall =
    compensatedSum(chains) / Double(chains.reduce(0) { $0 + $1.count })
  return chains.map { chain in
    let mean =
      switch origin {
      case .chainMeans: compensatedSum(chain) / Double(chain.count)
      case .overallMean: overall
      }
    return chain.map { $0 - mean }
  }
}

/// The running sums of the normalised autocorrelation function, and the rules that end them.
private struct WindowedSums {
  var autocovariance: Autocovariance
  let count: Double
  let variance: Double

  init(_ chains: [[Double]]) {
    autocovariance = Autocovariance(chains)
    autocovariance.extend(to: 1)
    variance = autocovariance.values[0]
    count = Double(chains.reduce(0) { $0 + $1.count })
  }

  private mutating func rho(_ lag: Int) -> Double {
    if lag >= autocovariance.values.count { autocovariance.extend(to: lag + 1) }
    return autocovariance.values[lag] / variance
  }

  /// hep-lat/0306017, equation (42).
  private func errorOfTau(_ tau: Double, _ window: Int) -> Double {
    2 * tau * (abs(Double(window) + 0.5 - tau) / count).squareRoot()
  }

  /// The bias correction of hep-lat/0306017, equation (49).
  private func unbiased(_ tau: Double, _ window: Int) -> Double {
    tau * (1 + Double(2 * window + 1) / count) / (1 + 1 / count)
  }

  private func estimate(
    _ value: Double, tau: Double, tauError: Double, window: Int
  ) -> Estimate {
    let error = (2 * tau * variance * (1 + 1 / count) / count).squareRoot()
    return Estimate(
      value: value, error: error,
      errorOfError: error * ((Double(window) + 0.5) / count).squareRoot(), tauInt: tau,
      tauIntError: tauError, window: window, count: Int(count))
  }

  func estimateIndependent(_ value: Double) -> Estimate {
    let error = (variance / (count - 1)).squareRoot()
    return Estimate(
      value: value, error: error, errorOfError: error * (0.5 / count).squareRoot(), tauInt: 0.5,
      tauIntError: 0, window: 0, count: Int(count))
  }

  mutating func estimate(_ value: Double, sParameter: Double) -> Estimate {
    let limit = autocovariance.lagLimit
    var sum = 0.5
    var window = 0
    var tau = 0.5
    repeat {
      window += 1
      sum += rho(window)
      tau = max(sum, 0.5 + Double.ulpOfOne)
      let decay = sParameter / log((2 * tau + 1) / (2 * tau - 1))
      let w = Double(window)
      if exp(-w / decay) - decay / (w * count).squareRoot() < 0 { break }
    } while window < limit - 1
    return estimate(
      value, tau: unbiased(tau, window), tauError: errorOfTau(tau, window), window: window)
  }

  mutating func estimateWithTail(_ value: Double, tauExp: Double) -> Estimate {
    let limit = autocovariance.lagLimit
    autocovariance.extend(to: limit)
    let rho = autocovariance.values.map { $0 / variance }
    var sum = 0.5
    var window = 0
    repeat {
      window += 1
      sum += rho[window]
    } while rho[window] >= errorOfRho(rho, window) && window < limit / 2 - 2
    let tau = max(sum, 0.5 + Double.ulpOfOne)
    let tail = tauExp * abs(rho[window + 1])
    let spread = errorOfTau(tau, window)
    let tailSpread = tauExp * errorOfRho(rho, window + 1)
    return estimate(
      value, tau: unbiased(tau, window) + tail,
      tauError: (spread * spread + tailSpread * tailSpread).squareRoot(), window: window)
  }

  /// The error of rho at a lag, hep-lat/0409106, equation (E.11), summed over all lags known.
  private func errorOfRho(_ rho: [Double], _ lag: Int) -> Double {
    var sum = 0.0
    for k in 1..<max(2, rho.count - lag) where k + lag < rho.count {
      let term = rho[k + lag] + rho[abs(k - lag)] - 2 * rho[lag] * rho[k]
      sum += term * term
    }
    return (sum / count).squareRoot()
  }
}
