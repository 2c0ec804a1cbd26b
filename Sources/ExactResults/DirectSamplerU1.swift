import LaneMath
import LatticeFields

/// Independent exact samples of two-dimensional U(1) on a periodic L0 x L1 torus.
///
///     weight exp(beta sum_P cos P)
///
/// V-1 plaquettes are drawn from the von Mises law; the last is minus their sum and is accepted
/// with probability exp[beta (cos P_V - 1)], otherwise all are drawn again. The rate
/// `ExactU1.directSamplingAcceptance` does not fall with the volume. Links with these plaquettes
/// are then laid out along a tree, with uniform phases for the two loops around the torus, and
/// turned by a uniform gauge transformation at every site: all links follow the exact law, none is
/// fixed.
///
/// ```swift
/// let sampler = try DirectSamplerU1(lattice: Lattice([8, 8]), beta: 2)
/// var U = LinkField<U1>(coldStart: sampler.lattice)
/// sampler.sample(into: &U, seed: 1, firstConfiguration: 0)
/// ```
///
/// A configuration depends on the seed and its number alone, not on its lane or its neighbours.
/// Complexity: (V-1) / acceptance von Mises variates per configuration, times about 2.5 where eight
/// lanes wait for the slowest; allocates two arrays of V packets.
public struct DirectSamplerU1: Sendable {
  /// The torus.
  public let lattice: Lattice
  /// The coupling.
  public let beta: Double

  /// - Parameters:
  ///   - lattice: a two-dimensional lattice.
  ///   - beta: the coupling, 0 ... 1e4.
  /// - Throws: `ExactResultError` where the lattice is not two-dimensional or beta out of range.
  public init(lattice: Lattice, beta: Double) throws(ExactResultError) {
    guard lattice.dimension == 2 else {
      throw .dimensions(expected: "2", found: lattice.dimension)
    }
    try checkTorus(volume: lattice.volume, beta: beta, largestBeta: 1e4)
    self.lattice = lattice
    self.beta = beta
  }

  /// Fills the eight lanes with the configurations `firstConfiguration` ... + 7 of a seed.
  ///
  /// - Precondition: the field lives on the sampler's lattice.
  public func sample(into U: inout LinkField<U1>, seed: UInt64, firstConfiguration: Int) {
    precondition(
      U.lattice == lattice, "field on \(U.lattice.extents), sampler on \(lattice.extents)")
    let plaquettes = samplePlaquettes(seed: seed, firstConfiguration: firstConfiguration)
    var generator = LaneGenerator(
      seed: seed, purpose: .gaugeTransformation, firstConfiguration: firstConfiguration, step: 0)
    let (rows, columns) = (lattice.extents[0], lattice.extents[1])
    // The tree: links along axis 1 are the identity but for the last of each row, which carries
    // the flux of the rows before it; links along axis 0 collect the flux of their row.
    var aroundLastColumn = randomPhase(&generator)
    let aroundFirstAxis = randomPhase(&generator)
    for row in 0..<rows {
      var flux = Lanes.zero
      let start = row == 0 ? aroundFirstAxis : .zero
      for column in 0..<columns {
        let site = row * columns + column
        U[site, 0] = U1(angle: start - flux)
        U[site, 1] = U1(angle: column == columns - 1 ? aroundLastColumn : .zero)
        flux += plaquettes[site]
      }
      aroundLastColumn += flux
    }
    let gauge = (0..<lattice.volume).map { _ in randomPhase(&generator) }
    for mu in 0..<2 {
      for site in 0..<lattice.volume {
        let turned = U[site, mu].angle + gauge[site] - gauge[lattice.forward(site, mu)]
        U[site, mu] = U1(angle: wrapAngle(turned))
      }
    }
  }

  /// Plaquette angles whose sum is a multiple of 2 pi, in the order of their sites.
  private func samplePlaquettes(seed: UInt64, firstConfiguration: Int) -> [Lanes] {
    let volume = lattice.volume
    let concentration = Lanes(repeating: beta)
    var accepted = LaneMask(repeating: false)
    var kept = [Lanes](repeating: .zero, count: volume)
    var trial = kept
    var attempt = 0
    // Every attempt has streams of its own, so a lane never sees how often another was rejected.
    while !all(accepted) {
      var generator = LaneGenerator(
        seed: seed, purpose: .exactSampling, firstConfiguration: firstConfiguration, step: attempt)
      var sum = Lanes.zero
      for site in 0..<(volume - 1) {
        trial[site] = generator.vonMises(concentration: concentration)
        sum += trial[site]
      }
      trial[volume - 1] = wrapAngle(-sum)
      let bound = LaneMath.exp(beta * (LaneMath.cos(sum) - 1))
      let new = (generator.uniform() .< bound) .& .!accepted
      if any(new) {
        for site in 0..<volume { kept[site] = select(new, trial[site], kept[site]) }
        accepted = accepted .| new
      }
      attempt += 1
    }
    return kept
  }

  private func randomPhase(_ generator: inout LaneGenerator) -> Lanes {
    (2 * generator.uniform() - 1) * Double.pi
  }
}
