import Testing

@testable import ExactResults

/// Values computed with 75 digits (mpmath): sectors from the Fourier integral of the V-fold product
/// of one-plaquette characteristic functions, characters from determinants of Bessel functions.
@Suite("Exact results agree with a computation of 75 digits")
struct HighPrecisionTests {
  /// Ten digits better than the reference table, and relative also in the tails.
  private let tolerance = 1e-12

  @Test(
    "P(Q) keeps its relative accuracy in the tails",
    arguments: [
      (16, 1.0, 0, 0.494228342758545171), (16, 1, 1, 0.22961258652992527),
      (16, 1, 4, 1.73367372500176066e-6), (16, 1, 5, 9.14692967681589886e-10),
      (16, 1, 7, 1.6412099831601847e-20), (16, 5, 1, 0.00459481854801086123),
      (16, 5, 3, 5.43262441873901264e-18), (16, 5, 4, 4.68575333539137258e-28),
      (16, 5, 5, 2.83721876922697506e-39), (16, 5, 6, 1.14233077811312157e-51),
      (16, 7, 1, 0.000385169112245041025),
      (16, 7, 2, 1.67681140287857982e-13), (16, 7, 3, 4.11104700263538185e-26),
      (16, 7, 4, 2.70899643933199527e-40), (64, 7, 0, 0.784588541822605339),
      (64, 7, 3, 1.56065388031287776e-8), (64, 7, 5, 8.41851287625403728e-22),
      (64, 7, 8, 2.11364012745676435e-51), (64, 2, 1, 0.239218521587326903),
      (64, 2, 6, 2.48601833578665898e-7), (64, 2, 8, 6.50330277335616455e-12),
      (20, 0.5, 0, 0.364022892354160827), (20, 0.5, 8, 9.98461464476880566e-16),
    ] as [(Int, Double, Int, Double)])
  func sectors(volume: Int, beta: Double, charge: Int, expected: Double) throws {
    let found = try ExactU1(volume: volume, beta: beta).sectors.probability(of: charge)
    #expect(
      relativeDifference(found, expected) < tolerance, "expected \(expected), found \(found)")
  }

  @Test(
    "SU(N) keeps twelve digits where determinants cancel twenty",
    arguments: [
      (4, 30, 13.848681946821383973, 0.75300088727574042411, 0.000016813458943265628907),
      (6, 100, 55.675575367873960795, 0.82556706013639152712, 1.0155509126820573192e-14),
      (3, 50, 37.031401382561325429, 0.92043793111321043253, 0.000036921867780064475029),
      (8, 45, 7.9847126894131226637, 0.36124885849275243054, 1.4411617247639417665e-7),
    ] as [(Int, Double, Double, Double, Double)])
  func characters(
    colors: Int, beta: Double, logTrivial: Double, plaquette: Double, ess: Double
  ) throws {
    let theory = try ExactSU(colors: colors, volume: 1_000_000, beta: beta)
    #expect(relativeDifference(theory.logPartitionFunction, 1e6 * logTrivial) < tolerance)
    #expect(relativeDifference(theory.averagePlaquette, plaquette) < tolerance)
    #expect(relativeDifference(theory.learningFreeEffectiveSampleSize, ess) < tolerance)
  }

  @Test("At beta 0 the sectors follow the Irwin-Hall law")
  func irwinHall() throws {
    // f_4(2 pi Q): the density of the sum of four uniform variates at 2 - Q is 4/6, 1/6, 0.
    let four = try ExactU1(volume: 4, beta: 0).sectors
    #expect(relativeDifference(four.probability(of: 0), 2.0 / 3) < tolerance)
    #expect(relativeDifference(four.probability(of: 1), 1.0 / 6) < tolerance)
    #expect(four.probability(of: 2) == 0)
    // Eulerian numbers A(7, k) / 7! for eight plaquettes.
    let eight = try ExactU1(volume: 8, beta: 0).sectors
    for (charge, eulerian) in [2416.0, 1191, 120, 1].enumerated() {
      #expect(relativeDifference(eight.probability(of: charge), eulerian / 5040) < tolerance)
    }
  }
}
