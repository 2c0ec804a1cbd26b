/// SU(N) lattice gauge theory on a two-dimensional torus, exactly.
///
///     Z = sum_lambda c_lambda(beta)^V
///     exp[(beta/N) Re tr U] = sum_lambda d_lambda c_lambda chi_lambda(U)
///
/// ```swift
/// let theory = try ExactSU(colors: 3, volume: 256, beta: 6)
/// theory.averagePlaquette  // 0.42253173964998...
/// ```
///
/// Accuracy: 1e-12 relative or better. Complexity: proportional to the number of representations
/// that contribute, one to some tens once V >> beta; tori of a few plaquettes at large beta and N
/// take the longest.
public struct ExactSU: ExactTheory2D {
  /// The number of colours N.
  public let colors: Int
  /// The number of plaquettes V.
  public let volume: Int
  /// The coupling.
  public let beta: Double
  /// The character expansion of the one-plaquette weight.
  public let characters: CharacterExpansion

  /// Solves the theory.
  ///
  /// - Parameters:
  ///   - colors: the number of colours, 2 ... 8.
  ///   - volume: the number of plaquettes of the torus.
  ///   - beta: the coupling, at least 0 and at most `largestBeta(colors:)`.
  /// - Throws: `ExactResultError` where an argument is out of range, or the torus is so small (two
  ///   or three plaquettes at large beta and N) that the sum over representations is too long.
  public init(colors: Int, volume: Int, beta: Double) throws(ExactResultError) {
    guard (2...8).contains(colors) else { throw .colors(expected: "2 ... 8", found: colors) }
    try checkTorus(
      volume: volume, beta: beta, largestBeta: ExactSU.largestBeta(colors: colors))
    self.colors = colors
    self.volume = volume
    self.beta = beta
    characters = try SpecialUnitaryCharacters.expansion(colors: colors, volume: volume, beta: beta)
  }

  /// The largest coupling solved: the determinants lose (2 beta/N)^(N(N-1)/2) / prod_{j<N} j! of
  /// their digits, of which there are 32; 2e4, 1000, 200, 150, 110, 60, 45 for N = 2 ... 8.
  public static func largestBeta(colors: Int) -> Double {
    let bounds: [Double] = [20_000, 1_000, 200, 150, 110, 60, 45]
    precondition((2...8).contains(colors), "colors: expected 2 ... 8, found \(colors)")
    return bounds[colors - 2]
  }
}
