import Glibc

/// The coefficient of the charge in the tilted path of two-dimensional U(1).
///
///     κ_t = [1/σ²(β) - 1/σ²(β_t)] s(t/0.45),    s(x) = x² (3 - 2x) up to 1, then 1
///
/// with `σ²(b) = <F²>` of a plaquette angle at coupling `b` on its own: the charge of uncoupled
/// plaquettes has the variance `V σ²/4π²`, and the tilt replaces that of `β_t` by that of `β`.
struct TopologicalTilt {
  /// The flow time at which the tilt is all there.
  static let rise = 0.45
  let target: Double

  /// `κ_t` and its derivative.
  func value(at time: Double, beta: Double, betaRate: Double) -> (Double, Double) {
    let (here, slope) = Self.variance(beta)
    let full = 1 / Self.variance(target).value - 1 / here
    let fullRate = slope / (here * here) * betaRate
    let x = min(1, max(0, time / Self.rise))
    let switching = x * x * (3 - 2 * x)
    let switchingRate = x < 1 ? 6 * x * (1 - x) / Self.rise : 0
    return (switching * full, switchingRate * full + switching * fullRate)
  }

  /// `<F²>` of the density `exp(β cos F)` on the circle, and its derivative with respect to `β`,
  /// `<F² cos F> - <F²> <cos F>`.
  ///
  /// Accuracy: 1e-12, by Simpson's rule on the part of the circle where the density does not vanish.
  static func variance(_ beta: Double) -> (value: Double, slope: Double) {
    let end = Swift.min(.pi, 12 / Swift.max(1e-300, beta).squareRoot())
    let pieces = 2000
    let width = end / Double(2 * pieces)
    var total = 0.0, square = 0.0, cosine = 0.0, product = 0.0
    for i in 0...(2 * pieces) {
      let angle = Double(i) * width, c = cos(angle)
      let simpson = i == 0 || i == 2 * pieces ? 1.0 : i % 2 == 1 ? 4 : 2
      let weight = simpson * exp(beta * (c - 1))
      total += weight
      square += weight * angle * angle
      cosine += weight * c
      product += weight * angle * angle * c
    }
    return (square / total, product / total - square * cosine / (total * total))
  }
}
