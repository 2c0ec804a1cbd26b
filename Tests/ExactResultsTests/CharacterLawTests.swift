import Testing

@testable import ExactResults

private func theories(volume: Int, beta: Double) throws -> [any ExactTheory2D] {
  var result: [any ExactTheory2D] = [try ExactU1(volume: volume, beta: beta)]
  for colors in 2...6 {
    result.append(try ExactSU(colors: colors, volume: volume, beta: beta))
  }
  return result
}

@Suite("Laws of the character sums")
struct CharacterLawTests {
  /// Fourth-order difference of log Z: h^4 truncation against round-off / h.
  private let differenceTolerance = 1e-8
  /// Sums of positive terms.
  private let sumTolerance = 1e-12

  @Test("The plaquette is the derivative of log Z", arguments: [4, 9, 60], [0.7, 3, 12])
  func derivative(volume: Int, beta: Double) throws {
    let h = 0.01
    let sides = try [-2, -1, 1, 2].map { try theories(volume: volume, beta: beta + $0 * h) }
    for (index, theory) in try theories(volume: volume, beta: beta).enumerated() {
      let z = sides.map { $0[index].logPartitionFunction }
      let slope = (z[0] - 8 * z[1] + 8 * z[2] - z[3]) / (12 * h) / Double(volume)
      #expect(
        relativeDifference(theory.averagePlaquette, slope) < differenceTolerance,
        "N \(theory.colors): expected \(slope), found \(theory.averagePlaquette)")
    }
  }

  @Test("The character expansion at the unit element is exp(beta)", arguments: 2...6)
  func completeness(colors: Int) throws {
    // All representations of up to a few boxes beside few columns suffice at this beta.
    let beta = 1.5
    var characters = SpecialUnitaryCharacters(colors: colors, beta: beta)
    var sum = 0.0
    var diagram = [Int](repeating: 0, count: colors)
    func visit(_ row: Int) {
      if row == colors - 1 {
        sum +=
          SpecialUnitaryCharacters.dimension(diagram) * characters.coefficient(diagram).high
        return
      }
      // Five columns at most: what is left out is below (beta/2)^(12) / 12!.
      let limit = colors <= 3 ? 20 : (colors == 4 ? 14 : 10)
      for boxes in 0...(row == 0 ? limit : diagram[row - 1]) {
        diagram[row] = boxes
        visit(row + 1)
      }
      diagram[row] = 0
    }
    visit(0)
    #expect(
      relativeDifference(sum * Scalar.exp(characters.logScale), Scalar.exp(beta)) < 1e-9)
  }

  @Test("SU(2) coefficients are the Bessel functions of odd order", arguments: [0.3, 4, 30, 100])
  func su2(beta: Double) throws {
    var characters = SpecialUnitaryCharacters(colors: 2, beta: beta)
    // int chi_j exp((beta/2) tr U) = 2 (2j+1) I_{2j+1}(beta) / beta, at the argument beta.
    let bessel = BesselSequence(argument: beta)
    for twiceSpin in 0...8 {
      let n = Double(twiceSpin + 1)
      let expected = Scalar.log(2 * n * bessel[twiceSpin + 1].high / beta) + bessel.logScale
      let found = characters.coefficient([twiceSpin, 0]).logarithm + characters.logScale
      #expect(abs(found - expected) < sumTolerance * max(1, abs(expected)))
    }
  }

  @Test("A loop of area 0 is 1; at beta 0 the loop around everything is 1/N^2")
  func extremeLoops() throws {
    for theory in try theories(volume: 12, beta: 2) {
      #expect(abs(try theory.wilsonLoop(area: 0) - 1) < sumTolerance)
    }
    for theory in try theories(volume: 12, beta: 0) {
      let N = Double(theory.colors)
      #expect(theory.logPartitionFunction == 0)
      #expect(theory.averagePlaquette == 0)
      #expect(abs(theory.learningFreeEffectiveSampleSize - 1) < sumTolerance)
      #expect(abs(try theory.wilsonLoop(area: 12) - 1 / (N * N)) < sumTolerance)
    }
  }

  @Test("Every quantity is finite and in range from one plaquette to a million")
  func range() throws {
    for volume in [1, 2, 4, 30, 5_000, 1_000_000] {
      for beta in [1e-30, 1e-3, 1, 10, 100] {
        for colors in [1, 2, 3, 6] {
          if colors == 6 && beta == 100 && volume < 30 { continue }
          let theory: any ExactTheory2D =
            colors == 1
            ? try ExactU1(volume: volume, beta: beta)
            : try ExactSU(colors: colors, volume: volume, beta: beta)
          #expect(theory.logPartitionFunction.isFinite)
          #expect((0...1.000000000001).contains(theory.averagePlaquette))
          let ess = theory.learningFreeEffectiveSampleSize
          #expect(ess > 0 && ess < 1.000000000001)
          let acceptance = theory.directSamplingAcceptance
          #expect(acceptance > 0 && acceptance < 1.000000000001)
          #expect((0...1.000000000001).contains(try theory.wilsonLoop(area: volume / 2)))
        }
      }
    }
  }

  @Test("A wrong argument is refused with what was expected and what was found")
  func refusals() throws {
    #expect(throws: ExactResultError.volume(expected: "1 ... 2^40 plaquettes", found: 0)) {
      try ExactU1(volume: 0, beta: 1)
    }
    #expect(throws: ExactResultError.self) { try ExactU1(volume: 4, beta: .nan) }
    #expect(throws: ExactResultError.self) { try ExactU1(volume: 4, beta: -1) }
    #expect(throws: ExactResultError.self) { try ExactU1(volume: 4, beta: .infinity) }
    #expect(throws: ExactResultError.self) { try ExactSU(colors: 3, volume: -2, beta: 1) }
    #expect(throws: ExactResultError.self) { try ExactSU(colors: 3, volume: 4, beta: .nan) }
    #expect(throws: ExactResultError.colors(expected: "2 ... 8", found: 1)) {
      try ExactSU(colors: 1, volume: 4, beta: 1)
    }
    let theory = try ExactU1(volume: 4, beta: 1)
    #expect(throws: ExactResultError.area(expected: "0 ... 4 plaquettes", found: 5)) {
      try theory.wilsonLoop(area: 5)
    }
  }
}
