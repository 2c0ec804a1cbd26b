import ArgumentParser
import GaugeFlow

/// `gaugeflow exact`: finite-volume results of two-dimensional theories.
struct ExactCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exact",
    abstract: "Prints exact finite-volume results of a two-dimensional theory.",
    discussion: """
      Example:
        gaugeflow exact --group U1 --lattice 8x8 --beta 2
      """)

  @OptionGroup var theory: TheoryOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let exact = try ExactTheory(theory.group, theory.lattice, beta: theory.beta)
    try StandardOutput.print(output.json ? exact.json.description : exact.table(theory))
  }
}

/// The exact results of a theory in two dimensions, for any group that has them.
struct ExactTheory {
  let lattice: Lattice
  let theory: any ExactTheory2D
  /// The same theory where the group is U(1), which has sectors.
  let abelian: ExactU1?

  /// - Throws: `CommandError` for lattices that are not two-dimensional, `ExactResultError`.
  init(_ group: GroupName, _ lattice: Lattice, beta: Double) throws {
    guard lattice.dimension == 2 else {
      throw CommandError.usage(
        "--lattice: exact results exist for 2 dimensions, given \(lattice)")
    }
    self.lattice = lattice
    if group.colors == 1 {
      let solved = try ExactU1(volume: lattice.volume, beta: beta)
      theory = solved
      abelian = solved
    } else {
      theory = try ExactSU(colors: group.colors, volume: lattice.volume, beta: beta)
      abelian = nil
    }
  }

  /// The areas of loops that are printed: 1, 2, 4, 6, 9, 12, 16, ... as rectangles have them.
  var areas: [Int] {
    let sides = 1...8
    let all = Set(sides.flatMap { r in sides.map { $0 * r } })
    return all.filter { $0 <= lattice.volume }.sorted()
  }

  /// The charges whose probability is worth printing.
  private var charges: [Int] {
    guard let abelian else { return [] }
    let largest = (0...abelian.sectors.largestCharge).last {
      abelian.sectors.probability(of: $0) > 1e-12
    }
    return Array(-(largest ?? 0)...(largest ?? 0))
  }

  var json: JSON {
    get throws {
      var loops: [(key: String, value: JSON)] = []
      for area in areas {
        loops.append(("\(area)", .number(try theory.wilsonLoop(area: area))))
      }
      var result: JSON = [
        "plaquette": .number(theory.averagePlaquette),
        "log_z": .number(theory.logPartitionFunction),
        "loops_by_area": .object(loops),
      ]
      if let abelian {
        result = result.adding("charge_squared", .number(abelian.topologicalChargeSquared))
          .adding("topological_susceptibility", .number(abelian.topologicalSusceptibility))
          .adding(
            "sector_probability",
            .object(
              charges.map { ("\($0)", JSON.number(abelian.sectors.probability(of: $0))) }))
      }
      return result.adding(
        "learning_free_ess", .number(theory.learningFreeEffectiveSampleSize))
    }
  }

  func table(_ options: TheoryOptions) throws -> String {
    var table = Table(["", ""])
    table.add("plaquette", "\(theory.averagePlaquette)")
    table.add("log Z", "\(theory.logPartitionFunction)")
    for area in areas where area <= 16 {
      table.add("Wilson loop, area \(area)", "\(try theory.wilsonLoop(area: area))")
    }
    if let abelian {
      table.add("<Q^2>", "\(abelian.topologicalChargeSquared)")
      table.add("<Q^2>/V", "\(abelian.topologicalSusceptibility)")
      for charge in charges where charge >= 0 && abelian.sectors.probability(of: charge) > 1e-6 {
        table.add("P(Q = \(charge))", "\(abelian.sectors.probability(of: charge))")
      }
    }
    table.add("learning-free ESS", "\(theory.learningFreeEffectiveSampleSize)")
    return "\(options.group) on \(lattice), beta \(theory.beta), exact\n\(table)"
  }
}
