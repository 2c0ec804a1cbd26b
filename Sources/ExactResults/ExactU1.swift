/// U(1) lattice gauge theory on a two-dimensional torus, exactly.
///
///     Z = sum_k I_k(beta)^V,   weight exp(beta sum_P cos P),   Q = (1/2 pi) sum_P arg P
///
/// ```swift
/// let theory = try ExactU1(volume: 64, beta: 2)
/// theory.averagePlaquette          // 0.69777465807...
/// theory.sectors.probability(of: 1)
/// ```
///
/// Accuracy: 1e-13 relative; sector probabilities keep their relative accuracy down to the
/// smallest double. Complexity: below a millisecond for the character sums, some milliseconds for
/// the sectors, which are computed once, at initialisation.
public struct ExactU1: ExactTheory2D {
  /// One: U(1) has no colours to trace over.
  public var colors: Int { 1 }
  /// The number of plaquettes V.
  public let volume: Int
  /// The coupling.
  public let beta: Double
  /// The character expansion of the one-plaquette weight, c_k = I_k(beta).
  public let characters: CharacterExpansion
  /// The distribution of the topological charge on this torus.
  public let sectors: TopologicalSectors
  /// The distribution of one plaquette angle where nothing constrains it.
  public let onePlaquetteLaw: OnePlaquetteLawU1

  /// Solves the theory.
  ///
  /// - Parameters:
  ///   - volume: the number of plaquettes of the torus.
  ///   - beta: the coupling, 0 ... 1e4. (The theory at -beta is the one at beta with every
  ///     plaquette angle shifted by pi; it is refused rather than answered in that disguise.)
  /// - Throws: `ExactResultError` where an argument is out of range.
  public init(volume: Int, beta: Double) throws(ExactResultError) {
    try checkTorus(volume: volume, beta: beta, largestBeta: 1e4)
    self.volume = volume
    self.beta = beta
    characters = ExactU1.expansion(volume: volume, beta: beta)
    onePlaquetteLaw = OnePlaquetteLawU1(uncheckedBeta: beta)
    sectors = TopologicalSectors(volume: volume, beta: beta)
  }

  /// <Q^2>.
  public var topologicalChargeSquared: Double { sectors.chargeSquared }

  /// <Q^2>/V.
  public var topologicalSusceptibility: Double { sectors.chargeSquared / Double(volume) }

  /// The density of one plaquette angle on this torus, with respect to d theta on (-pi, pi].
  ///
  ///     p_V(theta) = exp(beta cos theta) sum_k (I_k/I_0)^(V-1) cos(k theta) / (2 pi I_0 sum ..)
  public func plaquetteDensity(at angle: Double) -> Double {
    var sum = 1.0
    for (index, logRatio) in characters.logRatios.enumerated().dropFirst() {
      // Representations are stored 0, 1, -1, 2, -2, ...
      let charge = Double((index + 1) / 2)
      sum +=
        Scalar.exp(CharacterExpansion.power(volume - 1, logRatio)) * Scalar.cos(charge * angle)
    }
    return max(sum, 0) * onePlaquetteLaw.density(at: angle)
      * Scalar.exp(-characters.logSum(volume: volume))
  }

  private static func expansion(volume: Int, beta: Double) -> CharacterExpansion {
    let single = BesselSequence(argument: beta)
    let double = BesselSequence(argument: 2 * beta)
    func ratio(_ sequence: BesselSequence, _ k: Int) -> Double {
      (sequence[k] / sequence[0]).logarithm
    }
    var expansion = CharacterExpansion(
      logTrivial: single.logScale + single[0].logarithm,
      logTrivialDoubled: double.logScale + double[0].logarithm,
      logRatios: [0], logRatiosDoubled: [0], fusions: [])
    let fundamental = ratio(single, 1)
    var charge = 0
    var contributes = true
    while contributes {
      charge += 1
      let (one, two) = (ratio(single, charge), ratio(double, charge))
      expansion.logRatios += [one, one]
      expansion.logRatiosDoubled += [two, two]
      contributes = CharacterExpansion.contributes(
        logRatio: one, logRatioDoubled: two, logFundamental: fundamental, volume: volume)
    }
    // The charge k sits at index 2k - 1, and -k at 2k.
    func index(_ k: Int) -> Int { k > 0 ? 2 * k - 1 : -2 * k }
    for k in (-charge)..<charge {
      expansion.fusions.append(.init(inner: index(k), outer: index(k + 1), logWeight: 0))
    }
    return expansion
  }
}
