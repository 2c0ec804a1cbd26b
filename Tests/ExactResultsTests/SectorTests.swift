import Foundation
import Testing

@testable import ExactResults

private let conformanceRoot = ProcessInfo.processInfo.environment["GAUGEFLOW_CONFORMANCE"]

@Suite("Topological sectors of two-dimensional U(1)")
struct SectorTests {
  /// The two sides of Poisson's summation formula, computed independently.
  private let poissonTolerance = 1e-12

  @Test(
    "The sectors sum to the character sum",
    arguments: [1, 2, 3, 4, 5, 8, 11, 12, 16, 25, 33, 64, 1000, 1_000_000],
    [0, 1e-5, 0.3, 1, 5, 20, 100])
  func poisson(volume: Int, beta: Double) throws {
    let theory = try ExactU1(volume: volume, beta: beta)
    let sum = theory.sectors.logTotal + Scalar.log(2 * Double.pi)
    #expect(abs(sum - theory.characters.logSum(volume: volume)) < poissonTolerance)
    let total = (-theory.sectors.largestCharge...theory.sectors.largestCharge)
      .reduce(0.0) { $0 + theory.sectors.probability(of: $1) }
    #expect(abs(total - 1) < poissonTolerance)
  }

  @Test("Probabilities fall with the charge and are never negative", arguments: [3, 16, 400])
  func monotone(volume: Int) throws {
    for beta in [0, 1, 4, 9.0] {
      let logs = try ExactU1(volume: volume, beta: beta).sectors.logProbabilities
      for (small, large) in zip(logs, logs.dropFirst()) { #expect(large < small) }
    }
  }

  @Test("The plaquette law of the torus integrates to one and has the exact plaquette as mean")
  func plaquetteLaw() throws {
    for (volume, beta) in [(2, 1.0), (6, 3), (64, 7)] {
      let theory = try ExactU1(volume: volume, beta: beta)
      let count = 400
      var (norm, mean) = (0.0, 0.0)
      for i in 0..<count {
        let angle = 2 * Double.pi * Double(i) / Double(count)
        let density = theory.plaquetteDensity(at: angle) * 2 * Double.pi / Double(count)
        norm += density
        mean += density * Scalar.cos(angle)
      }
      #expect(abs(norm - 1) < poissonTolerance)
      #expect(relativeDifference(mean, theory.averagePlaquette) < poissonTolerance)
    }
  }

  @Test("The susceptibility of a large torus is that of the infinite lattice")
  func infiniteVolume() throws {
    for beta in [0.5, 2, 7, 30] {
      let law = try OnePlaquetteLawU1(beta: beta)
      let theory = try ExactU1(volume: 1_000_000, beta: beta)
      #expect(
        relativeDifference(theory.topologicalSusceptibility, law.topologicalSusceptibility)
          < poissonTolerance)
      #expect(relativeDifference(theory.averagePlaquette, law.averagePlaquette) < poissonTolerance)
    }
  }

  @Test(
    "The infinite-volume susceptibility agrees with the table of nftqcd",
    .enabled(
      if: conformanceRoot != nil,
      "set GAUGEFLOW_CONFORMANCE to the directory of files from other codes"))
  func conformance() throws {
    let path = try #require(conformanceRoot) + "/nftqcd/exact_topo_sus_infv.output"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var lines = 0
    for line in text.split(separator: "\n") {
      let columns = line.split(separator: " ").compactMap { Double($0) }
      guard columns.count == 2 else { continue }
      lines += 1
      let found = try OnePlaquetteLawU1(beta: columns[0]).topologicalSusceptibility
      #expect(
        relativeDifference(found, columns[1]) < 1e-11,
        "beta \(columns[0]): expected \(columns[1]), found \(found)")
    }
    #expect(lines > 100)
  }
}
