/// The one-plaquette law of U(1) tilted by an exponential, on (-pi, pi].
///
///     p_s(theta) = exp[beta (cos theta - 1) + s theta] / M(s)
///
/// The sum of V plaquette angles at the far value x is a typical value of the sum of V angles
/// drawn from p_s with the tilt s that has mean x/V; so no tail is ever obtained by cancellation.
struct TiltedPlaquette: Sendable {
  let tilt: Double
  /// Nodes and normalised weights: sum w f(theta) is the mean of f.
  let angles: [Double]
  let weights: [Double]
  /// K(s) = log M(s) - log M(0).
  let cumulantGenerator: Double
  let mean: Double
  let variance: Double
  /// The density at the two ends of the interval, summed: |<exp(i t theta)>| falls as `edge` / t.
  let edge: Double

  /// - Parameter resolution: the largest frequency t of exp(i t theta) to be integrated.
  init(beta: Double, tilt: Double, resolution: Double) {
    self.tilt = tilt
    let rule = GaussLegendre.panel
    // A panel of 16 nodes integrates a Gaussian over 2.5 standard deviations, or 7 radians of
    // phase, to the last digit.
    let perUnit = max((beta + 1).squareRoot() / 2, resolution / 7, abs(tilt) / 7)
    let panels = Int((2 * Double.pi * perUnit).rounded(.up))
    let half = Double.pi / Double(panels)
    var angles: [Double] = []
    var exponents: [Double] = []
    var measures: [Double] = []
    for panel in 0..<panels {
      let center = -Double.pi + half * Double(2 * panel + 1)
      for (node, weight) in zip(rule.nodes, rule.weights) {
        let angle = center + half * node
        let sine = Scalar.sin(angle / 2)
        angles.append(angle)
        exponents.append(-2 * beta * sine * sine)
        measures.append(half * weight)
      }
    }
    let largest = zip(exponents, angles).map { $0 + tilt * $1 }.max()!
    var (untilted, tilted, excess) = (0.0, 0.0, 0.0)
    var weights: [Double] = []
    for (i, angle) in angles.enumerated() {
      let plain = measures[i] * Scalar.exp(exponents[i])
      let half = Scalar.sinh(min(tilt * angle / 2, 300))
      untilted += plain
      excess += plain * 2 * half * half
      weights.append(measures[i] * Scalar.exp(exponents[i] + tilt * angle - largest))
      tilted += weights[i]
    }
    // M(s)/M(0) - 1 = <2 sinh^2(s theta/2)> keeps the small K(s) of a small tilt accurate.
    let ratio = excess / untilted
    cumulantGenerator =
      ratio < 1 ? Scalar.logOnePlus(ratio) : largest + Scalar.log(tilted) - Scalar.log(untilted)
    edge =
      (Scalar.exp(-2 * beta + tilt * Double.pi - largest)
        + Scalar.exp(-2 * beta - tilt * Double.pi - largest)) / tilted
    for i in weights.indices { weights[i] /= tilted }
    // Nodes that carry nothing are dropped.
    let kept = weights.indices.filter { weights[$0] > 1e-40 }
    self.angles = kept.map { angles[$0] }
    self.weights = kept.map { weights[$0] }
    var mean = 0.0
    if tilt != 0 { for (w, angle) in zip(self.weights, self.angles) { mean += w * angle } }
    var variance = 0.0
    for (w, angle) in zip(self.weights, self.angles) {
      variance += w * (angle - mean) * (angle - mean)
    }
    (self.mean, self.variance) = (mean, variance)
  }

  /// The tilt s that gives about the mean asked for, 0 <= mean < pi, by safeguarded Newton steps.
  static func tilt(beta: Double, mean target: Double, guess: Double) -> Double {
    if target == 0 { return 0 }
    var (low, high) = (0.0, Double.infinity)
    var tilt = guess
    for _ in 0..<80 {
      let law = TiltedPlaquette(beta: beta, tilt: tilt, resolution: 0)
      let error = law.mean - target
      // The mean need only be near: every tilt gives the same density.
      if abs(error) < 1e-3 * law.variance.squareRoot() { break }
      if error > 0 { high = tilt } else { low = tilt }
      var next = tilt - error / law.variance
      if !(next > low && next < high) { next = high.isFinite ? (low + high) / 2 : 2 * low + 1 }
      tilt = next
    }
    return tilt
  }

  /// log <exp[i t (theta - mean)]>, with relative accuracy at small t.
  func centeredLogCharacteristic(at t: Double) -> (real: Double, imaginary: Double) {
    var (real, imaginary) = (0.0, 0.0)
    for (w, angle) in zip(weights, angles) {
      let phase = t * (angle - mean)
      let half = Scalar.sin(phase / 2)
      real -= w * 2 * half * half
      // The mean of the phase vanishes: sin(x) - x keeps the third moment accurate.
      imaginary +=
        w
        * (abs(phase) < 0.1
          ? TiltedPlaquette.sineMinusIdentity(phase)
          : Scalar.sin(phase) - phase)
    }
    // log|1 + z|^2 / 2 and its argument.
    let modulus = real * (2 + real) + imaginary * imaginary
    return (Scalar.logOnePlus(modulus) / 2, Scalar.atan2(imaginary, 1 + real))
  }

  private static func sineMinusIdentity(_ x: Double) -> Double {
    let y = x * x
    return -x * y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110))))
  }
}
