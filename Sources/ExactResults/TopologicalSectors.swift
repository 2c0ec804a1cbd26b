/// The distribution of the topological charge of U(1) on a torus of V plaquettes.
///
///     P(Q) = f_V(2 pi Q) / sum_Q' f_V(2 pi Q')
///
/// where f_V is the density of the sum of V independent plaquette angles in (-pi, pi]: on the torus
/// the sum must be a multiple of 2 pi. Every f_V is found from plaquettes tilted towards the charge
/// asked for (`TiltedPlaquette`), so probabilities are positive and have relative accuracy in the
/// tails: by Fourier integral, or by convolution where few plaquettes make that integral long.
///
/// Accuracy: 1e-12 relative for |Q| <= V/7, or for any Q where beta <= 10. Beyond, at large beta,
/// where the likeliest way to the charge is not to share it evenly, fewer digits are left; a value
/// (far below 1e-30) that round-off would hide is given as zero.
public struct TopologicalSectors: Sendable {
  /// log P(Q) for Q = 0 ... `largestCharge`.
  public let logProbabilities: [Double]
  /// <Q^2>.
  public let chargeSquared: Double
  /// log sum_Q f_V(2 pi Q); by Poisson summation also log of sum_k (I_k/I_0)^V / (2 pi).
  let logTotal: Double

  init(volume: Int, beta: Double) {
    var logs = TopologicalSectors.logDensities(volume: volume, beta: beta)
    // From the small to the large, both signs of Q.
    let top = logs[0]
    var sum = 0.0
    var square = 0.0
    for charge in logs.indices.reversed() {
      let weight = (charge == 0 ? 1 : 2) * Scalar.exp(logs[charge] - top)
      sum += weight
      square += weight * Double(charge) * Double(charge)
    }
    let norm = top + Scalar.log(sum)
    for charge in logs.indices { logs[charge] -= norm }
    logProbabilities = logs
    logTotal = norm
    chargeSquared = square / sum
  }

  /// log f_V(2 pi Q) for Q = 0, 1, ... while it is representable.
  private static func logDensities(volume: Int, beta: Double) -> [Double] {
    // At Q = V/2 every plaquette would have to be pi: a set of measure zero.
    let limit = (volume - 1) / 2
    if volume == 1 { return [OnePlaquetteLawU1(uncheckedBeta: beta).logDensity(at: 0)] }
    let circle = 2 * Double.pi
    var logs: [Double] = []
    var tilt = 0.0
    while logs.count <= limit {
      // A block of charges within two standard deviations shares a tilt towards its middle.
      let first = logs.count
      let spread =
        (Double(volume) * TiltedPlaquette(beta: beta, tilt: tilt, resolution: 0).variance)
        .squareRoot()
      let count = max(1, Int((first == 0 ? 1 : 2) * spread / circle))
      let last = min(first + count - 1, limit)
      let middle = first == 0 ? 0 : circle * Double(first + last) / 2
      tilt = TiltedPlaquette.tilt(beta: beta, mean: middle / Double(volume), guess: tilt)
      let coarse = TiltedPlaquette(beta: beta, tilt: tilt, resolution: 0)
      let band = FluxFourier.bandwidth(volume: volume, law: coarse)
      let longest = max(band.ends, band.bulk)
      let fourier =
        volume <= 32 && band.ends > max(25, 2 * band.bulk)
        ? nil
        : FluxFourier(
          volume: volume, law: TiltedPlaquette(beta: beta, tilt: tilt, resolution: longest),
          band: longest)
      for charge in first...last {
        let value =
          fourier?.logDensity(at: circle * Double(charge))
          ?? FluxConvolution.logDensity(volume: volume, beta: beta, law: coarse, charge: charge)
        guard value > (logs.first ?? value) + negligibleSector || logs.isEmpty else { return logs }
        logs.append(value)
      }
    }
    return logs
  }

  /// The largest charge whose probability is above the smallest double.
  public var largestCharge: Int { logProbabilities.count - 1 }

  /// P(Q); zero beyond `largestCharge`.
  public func probability(of charge: Int) -> Double { Scalar.exp(logProbability(of: charge)) }

  /// log P(Q); minus infinity beyond `largestCharge`.
  public func logProbability(of charge: Int) -> Double {
    let magnitude = charge.magnitude
    return magnitude < UInt(logProbabilities.count)
      ? logProbabilities[Int(magnitude)] : -.infinity
  }
}

/// The logarithm of a density, relative to that of Q = 0, below which a sector is left out.
let negligibleSector = -745.0

/// A sum or convolution below this part of its terms is not believed.
let hiddenByRoundOff = 1e-9
