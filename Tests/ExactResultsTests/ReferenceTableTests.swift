import Testing

@testable import ExactResults

/// The agreement asked for; the reference file carries 16 digits.
private let tableTolerance = 1e-10
/// Probabilities of the file are sums of Fourier terms of order one: absolute round-off.
private let tableRoundOff = 3e-16

func relativeDifference(_ a: Double, _ b: Double) -> Double {
  a == b ? 0 : abs(a - b) / max(abs(a), abs(b))
}

@Suite("Exact results agree with the reference table")
struct ReferenceTableTests {
  private func theory(_ row: ReferenceRow) throws -> any ExactTheory2D {
    row.colors == 1
      ? try ExactU1(volume: row.volume, beta: row.beta)
      : try ExactSU(colors: row.colors, volume: row.volume, beta: row.beta)
  }

  @Test("log Z, plaquette, loops of every area and learning-free ESS", arguments: referenceRows)
  func characterSums(row: ReferenceRow) throws {
    let theory = try theory(row)
    #expect(relativeDifference(theory.logPartitionFunction, row.logZ) < tableTolerance)
    #expect(relativeDifference(theory.averagePlaquette, row.plaquette) < tableTolerance)
    #expect(
      relativeDifference(theory.learningFreeEffectiveSampleSize, row.learningFreeESS)
        < tableTolerance)
    for loop in row.loops {
      let value = try theory.wilsonLoop(area: loop.area)
      #expect(relativeDifference(value, loop.value) < tableTolerance, "area \(loop.area)")
    }
  }

  @Test("topological charge, susceptibility and sectors of U(1)", arguments: referenceU1)
  func topology(row: ReferenceRow) throws {
    let theory = try ExactU1(volume: row.volume, beta: row.beta)
    let expected = try #require(row.chargeSquared)
    #expect(relativeDifference(theory.topologicalChargeSquared, expected) < tableTolerance)
    let susceptibility = try #require(row.susceptibility)
    #expect(relativeDifference(theory.topologicalSusceptibility, susceptibility) < tableTolerance)
    for (charge, expected) in row.sectors.enumerated() {
      let found = theory.sectors.probability(of: charge)
      #expect(
        abs(found - expected) < tableTolerance * abs(expected) + tableRoundOff,
        "P(\(charge)): expected \(expected), found \(found)")
      #expect(found == theory.sectors.probability(of: -charge))
    }
  }
}
