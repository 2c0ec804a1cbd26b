/// The distribution of one U(1) plaquette where nothing constrains it: the von Mises law.
///
///     p(theta) = exp(beta cos theta) / (2 pi I_0(beta)),   theta in (-pi, pi]
///
/// It is what every plaquette follows on an infinite lattice.
public struct OnePlaquetteLawU1: Sendable {
  /// The coupling.
  public let beta: Double
  /// log I_0(beta), the logarithm of the Haar-normalised integral.
  public let logNormalization: Double
  /// <cos theta> = I_1/I_0, the plaquette of the infinite lattice.
  public let averagePlaquette: Double

  /// - Parameter beta: the coupling, 0 ... 1e4.
  /// - Throws: `ExactResultError.beta` where it is out of range.
  public init(beta: Double) throws(ExactResultError) {
    try checkTorus(volume: 1, beta: beta, largestBeta: 1e4)
    self.init(uncheckedBeta: beta)
  }

  init(uncheckedBeta beta: Double) {
    self.beta = beta
    let bessel = BesselSequence(argument: beta)
    logNormalization = bessel.logScale + bessel[0].logarithm
    averagePlaquette = (bessel[1] / bessel[0]).high
  }

  /// The density with respect to d theta.
  public func density(at angle: Double) -> Double {
    Scalar.exp(logDensity(at: angle))
  }

  /// The logarithm of the density with respect to d theta.
  public func logDensity(at angle: Double) -> Double {
    let sine = Scalar.sin(angle / 2)
    return (beta - logNormalization) - 2 * beta * sine * sine - Scalar.log(2 * Double.pi)
  }

  /// The topological susceptibility of the infinite lattice.
  ///
  ///     chi = <theta^2> / (2 pi)^2
  public var topologicalSusceptibility: Double {
    TiltedPlaquette(beta: beta, tilt: 0, resolution: 0).variance / (4 * Double.pi * Double.pi)
  }
}
