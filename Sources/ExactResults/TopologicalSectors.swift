/// The distribution of the topological charge of U(1) on a torus of V plaquettes.
///
///     P(Q) = f_V(2 pi Q) / sum_Q' f_V(2 pi Q')
///
/// where f_V is the density of the sum of V independent plaquette angles in (-pi, pi]: on the torus
/// the sum must be a multiple of 2 pi. Every f_V is found from plaquettes tilted towards the charge
/// asked for (`TiltedPlaquette`), so probabilities are positive and have relative accuracy in the
/// tails: by Fourier integral from twelve plaquettes on, by convolution below.
///
/// Accuracy: 1e-12 relative where P(Q) > 1e-100 and |Q| <= V/4.
public struct TopologicalSectors: Sendable {
  /// log P(Q) for Q = 0 ... `largestCharge`.
  public let logProbabilities: [Double]
  /// <Q^2>.
  public let chargeSquared: Double
  /// log sum_Q f_V(2 pi Q); by Poisson summation also log of sum_k (I_k/I_0)^V / (2 pi).
  let logTotal: Double

  init(volume: Int, beta: Double) {
    let limit = (volume - 1) / 2
    var logs: [Double]
    if limit == 0 {
      logs = [0]
    } else if volume < 12 {
      logs = FluxConvolution.logDensities(volume: volume, beta: beta, largestCharge: limit)
    } else {
      logs = FluxFourier.logDensities(volume: volume, beta: beta, largestCharge: limit)
    }
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
