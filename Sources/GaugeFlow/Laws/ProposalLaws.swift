import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows

/// The laws of a proposal: that it knows its own density, that this density is normalised, and that
/// a sample depends on its number alone.
///
///     Z = E_q[w],   w = exp(-S(U))/q(U)
///
/// A constant that is missing in `log q` (a Haar volume, say) shifts `log Z` by its whole size, and a
/// factor that depends on the field moves it or breaks the agreement of the two densities. Where the
/// weights have collapsed, that is what the laws say, and nothing about `log Z`.
///
/// Complexity: `count` samples with their weights, 8 inversions.
///
/// - Parameters:
///   - action: an action whose weights under the proposal have a finite variance.
///   - exactLogZ: its `log Z` with respect to the Haar measure, or nil where it is not known: then
///     the normalisation is not checked.
///   - count: the number of samples for `log Z`.
public func proposalLaws<Group: GaugeGroup>(
  of proposal: some Proposal<LinkField<Group>>, action: some GaugeAction<Group>,
  exactLogZ: Double?, seed: UInt64 = 1, count: Int = 4096, threads: Int = 1
) -> [Law] {
  var U = LinkField<Group>(coldStart: proposal.lattice), shifted = U
  let logDensity = proposal.sample(into: &U, seed: seed, firstConfiguration: 0)
  let shiftedLogDensity = proposal.sample(into: &shifted, seed: seed, firstConfiguration: 1)
  let own = (try? proposal.logDensity(of: U)) ?? Lanes(repeating: .nan)
  var numbering = 0.0
  for lane in 1..<laneCount {
    numbering = worse(numbering, abs(shiftedLogDensity[lane - 1] - logDensity[lane]))
    for (a, b) in zip(U.links, shifted.links) {
      numbering = worse(numbering, difference(a, lane: lane, b, lane: lane - 1))
    }
  }
  var laws = [
    Law(
      "log q of a sample is log q of its field", residual: abs(own - logDensity).largest,
      tolerance: 1e-4,
      reason: "rounding of parameters in single precision, a sum over links"),
    Law(
      "a sample depends on its number alone", residual: numbering, tolerance: 0,
      reason: "counter-based random numbers and no operation across lanes: equal bits"),
  ]
  guard let exactLogZ else { return laws }
  let logWeights = proposal.logWeights(
    count: count, action: action, seed: seed, threads: threads)
  let largest = logWeights.reduce(-Double.infinity, worse)
  var sum = 0.0, squares = 0.0
  for logWeight in logWeights {
    let w = LaneMath.exp(Lanes(repeating: logWeight - largest))[0]
    sum += w
    squares += w * w
  }
  let n = Double(count), mean = sum / n
  // E[w²]/E[w]² - 1 = 1/ESS - 1; the error of log Z is that of the mean, relative.
  let spread = Swift.max(squares / (n * mean * mean) - 1, 0)
  let error = (spread / n).squareRoot()
  let logZ = largest + LaneMath.log(Lanes(repeating: mean))[0]
  let effectiveCount = n / (1 + spread)
  laws.append(
    Law(
      "weights suffice for log Z: 100 over the effective number of samples",
      residual: 100 / effectiveCount, tolerance: 1,
      reason: "a mean of fewer is not normally distributed"))
  // Of weights that have collapsed neither the mean nor its error means anything.
  guard !(effectiveCount < 100) else { return laws }
  laws.append(
    Law(
      "log Z of the weights agrees with the exact value, in standard errors",
      // Equal weights leave rounding only.
      residual: abs(logZ - exactLogZ) / (error + 1e-7), tolerance: statisticalTolerance,
      reason: statisticalReason + ", for weights of finite variance"))
  return laws
}
