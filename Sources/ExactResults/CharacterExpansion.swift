/// The character expansion of the one-plaquette weight, as far as a given volume needs it.
///
///     exp[(beta/N) Re tr U] = sum_lambda d_lambda c_lambda(beta) chi_lambda(U)
///
/// Integrating the links of a torus of V plaquettes leaves Z = sum_lambda c_lambda^V (the
/// dimension to the power of the Euler number, zero). A contractible loop cuts the torus into a
/// disc of area A, sum_lambda d_lambda c_lambda^A chi_lambda(W), and a torus with a hole,
/// sum_mu c_mu^(V-A) chi_mu(W)* / d_mu; gluing them with chi_f(W)/N gives
///
///     Z <tr W>/N = sum_{lambda, mu} N_{lambda f}^mu (d_lambda / (N d_mu)) c_lambda^A c_mu^(V-A)
///
/// where the fusion numbers with the fundamental representation f are 0 or 1. All c are positive
/// at beta >= 0, so no sum cancels. (Migdal 1975; Rusakov 1990.)
public struct CharacterExpansion: Sendable {
  /// A pair (lambda, mu) with mu in lambda x f, and log of d_lambda / (N d_mu).
  struct Fusion: Sendable {
    var inner: Int
    var outer: Int
    var logWeight: Double
  }

  /// log c_0 at beta and at 2 beta, 0 the trivial representation.
  var logTrivial: Double
  var logTrivialDoubled: Double
  /// log(c_lambda / c_0) at beta; index 0 is the trivial representation.
  var logRatios: [Double]
  /// The same at 2 beta; minus infinity where it is not needed.
  var logRatiosDoubled: [Double]
  var fusions: [Fusion]

  /// Terms below exp(-cutoff) of the leading one are dropped.
  static let cutoff = 38.0

  /// Whether a representation contributes at this volume: to Z and its loops, or to the second
  /// moment of the weights. The second term of the bound covers loops that divide the torus in
  /// equal halves, whose value is itself as small as c_f^(V/2).
  static func contributes(
    logRatio: Double, logRatioDoubled: @autoclosure () -> Double, logFundamental: Double,
    volume: Int
  ) -> Bool {
    let bound = -cutoff + power(volume, logFundamental) / 2
    if power(volume, logRatio) > bound { return true }
    if power(volume - 1, logRatio) < -cutoff { return false }
    return power(volume - 1, logRatio) + logRatioDoubled() > -cutoff
  }

  /// n log x, with x^0 = 1 for x = 0.
  static func power(_ n: Int, _ logarithm: Double) -> Double {
    n == 0 ? 0 : Double(n) * logarithm
  }

  /// log sum_lambda (c_lambda / c_0)^V.
  func logSum(volume: Int) -> Double {
    var rest = 0.0
    for logRatio in logRatios.dropFirst() {
      rest += Scalar.exp(CharacterExpansion.power(volume, logRatio))
    }
    return Scalar.logOnePlus(rest)
  }

  /// log sum_lambda (c_lambda / c_0)^(V-1) (c_lambda / c_0)(2 beta).
  func logSumOfSquaredWeights(volume: Int) -> Double {
    var rest = 0.0
    for (single, double) in zip(logRatios, logRatiosDoubled).dropFirst() {
      rest += Scalar.exp(CharacterExpansion.power(volume - 1, single) + double)
    }
    return Scalar.logOnePlus(rest)
  }

  /// <Re tr W>/N of a contractible loop of the given area.
  func loop(area: Int, volume: Int) -> Double {
    // The largest term is factored out, so that a value below the smallest double is zero and
    // everything above keeps its relative accuracy.
    var terms: [Double] = []
    terms.reserveCapacity(fusions.count)
    for fusion in fusions {
      terms.append(
        fusion.logWeight + CharacterExpansion.power(area, logRatios[fusion.inner])
          + CharacterExpansion.power(volume - area, logRatios[fusion.outer]))
    }
    guard let largest = terms.max(), largest > -.infinity else { return 0 }
    var sum = 0.0
    for term in terms { sum += Scalar.exp(term - largest) }
    return Scalar.exp(largest - logSum(volume: volume)) * sum
  }
}
