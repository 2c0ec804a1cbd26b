/// The density of the sum of many plaquette angles, by Fourier integrals of tilted laws.
///
///     f_V(x) = exp[V K(s) - s x] (1/2 pi) int dt exp[V psi_s(t) - i t (x - V m_s)]
///
/// with K, m_s and psi_s the cumulant generator, mean and centred log characteristic function of
/// the tilted plaquette. The identity holds for every s; a tilt serves the charges within one
/// standard deviation of its mean, where the integral does not cancel. The trapezoidal rule is
/// exact up to the aliases f_V(x + 2 pi m/h), which lie outside the support or 40 deviations away.
enum FluxFourier {
  static func logDensities(volume: Int, beta: Double, largestCharge: Int) -> [Double] {
    let V = Double(volume)
    let circle = 2 * Double.pi
    // Where |<exp(i t theta)>|^V is below 1e-22: the ends of the interval dominate at large t,
    // the bulk at small t.
    func bandwidth(tilt: Double, variance: Double) -> Double {
      let ends = (1 / Double.pi + abs(tilt)) * Scalar.exp(Scalar.log(1e22) / V)
      return 1.2 * max(min(ends, 1e3), (110 / (V * variance)).squareRoot())
    }
    var logs: [Double] = []
    var guess = 0.0
    while logs.count <= largestCharge {
      let first = logs.count
      // Block of charges: as many as fit into two standard deviations.
      let spread = (V * TiltedPlaquette(beta: beta, tilt: guess, resolution: 0).variance)
        .squareRoot()
      let count = first == 0 ? max(1, Int(spread / circle)) : max(1, Int(2 * spread / circle))
      let last = min(first + count - 1, largestCharge)
      let center = first == 0 ? 0 : circle * Double(first + last) / 2
      let law = TiltedPlaquette(beta: beta, mean: center / V, guess: guess) { tilt in
        bandwidth(
          tilt: tilt,
          variance: TiltedPlaquette(beta: beta, tilt: tilt, resolution: 0).variance)
      }
      guess = law.tilt
      let deviation = (V * law.variance).squareRoot()
      let step = circle / min(circle * V, 40 * deviation)
      let band = bandwidth(tilt: law.tilt, variance: law.variance)
      var amplitudes: [(modulus: Double, phase: Double)] = []
      var quiet = 0
      for j in 1...max(1, Int(band / step)) {
        let psi = law.centeredLogCharacteristic(at: Double(j) * step)
        let modulus = Scalar.exp(V * psi.real)
        amplitudes.append((modulus, V * psi.imaginary))
        quiet = modulus < 1e-22 ? quiet + 1 : 0
        if quiet == 12 { break }
      }
      for charge in first...last {
        let x = circle * Double(charge)
        let offset = x - V * law.mean
        var sum = 0.0
        for (j, amplitude) in amplitudes.enumerated().reversed() {
          sum += amplitude.modulus * Scalar.cos(amplitude.phase - Double(j + 1) * step * offset)
        }
        let density = step / circle * (1 + 2 * sum)
        guard density > 0 else { return logs }
        let value = V * law.cumulantGenerator - law.tilt * x + Scalar.log(density)
        if charge > 0 && value - logs[0] < negligibleSector { return logs }
        logs.append(value)
      }
    }
    return logs
  }
}
