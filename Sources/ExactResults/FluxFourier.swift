/// The density of the sum of many plaquette angles, by Fourier integrals of tilted laws.
///
///     f_V(x) = exp[V K(s) - s x] (1/2 pi) int dt exp[V psi_s(t) - i t (x - V m_s)]
///
/// with K, m_s and psi_s the cumulant generator, mean and centred log characteristic function of
/// the tilted plaquette. The identity holds for every s; a tilt serves the sums within a standard
/// deviation of its mean, where the integral does not cancel. The trapezoidal rule is exact up to
/// the aliases f_V(x + 2 pi m/h), which lie outside the support or 40 deviations away.
struct FluxFourier {
  let volume: Double
  let law: TiltedPlaquette
  private let step: Double
  private var amplitudes: [(modulus: Double, phase: Double)] = []

  /// Where |<exp(i t theta)>|^V is below 1e-22: the ends of the interval decide at small V and
  /// beta, the bulk of the law elsewhere.
  static func bandwidth(volume: Int, law: TiltedPlaquette) -> (ends: Double, bulk: Double) {
    let ends = law.edge * Scalar.exp(Scalar.log(1e22) / Double(volume))
    return (1.3 * ends, 1.3 * (110 / (Double(volume) * law.variance)).squareRoot())
  }

  /// - Parameters:
  ///   - law: the tilted plaquette, with the bandwidth as its resolution.
  ///   - band: the bandwidth.
  init(volume: Int, law: TiltedPlaquette, band: Double) {
    self.volume = Double(volume)
    self.law = law
    let deviation = (self.volume * law.variance).squareRoot()
    step = 2 * Double.pi / min(2 * Double.pi * self.volume, 40 * deviation)
    var quiet = 0
    for j in 1...max(1, Int(band / step)) {
      let psi = law.centeredLogCharacteristic(at: Double(j) * step)
      let modulus = Scalar.exp(self.volume * psi.real)
      amplitudes.append((modulus, self.volume * psi.imaginary))
      quiet = modulus < 1e-22 ? quiet + 1 : 0
      if quiet == 12 { break }
    }
  }

  /// log f_V(x); minus infinity where round-off hides it.
  func logDensity(at x: Double) -> Double {
    let offset = x - volume * law.mean
    var (sum, bound) = (0.0, 0.0)
    for (j, amplitude) in amplitudes.enumerated().reversed() {
      sum += amplitude.modulus * Scalar.cos(amplitude.phase - Double(j + 1) * step * offset)
      bound += amplitude.modulus
    }
    guard 1 + 2 * sum > hiddenByRoundOff * (1 + 2 * bound) else { return -.infinity }
    let density = step / (2 * Double.pi) * (1 + 2 * sum)
    return volume * law.cumulantGenerator - law.tilt * x + Scalar.log(density)
  }
}
