import Foundation

/// Everything that one run found, for `--json`.
private struct Report: Codable {
  var machine: Machine
  var results: [Result] = []
  var gates: [Gate] = []
  var allocations: [Allocations] = []
  var courses: [TrainingCourse.Outcome] = []
}

@main
private enum Program {
  private static let help = """
    usage: benchmarks [--json] [--list] [NAME..]

    Runs the benchmarks whose name contains one of the words given; all without a word.
    'peak', 'gate', 'threads' and 'allocations' name what belongs to no list. 'ess' trains flows
    for minutes and runs only when asked for, words after it choose some of them.
    """

  static func main() {
    do { try run() } catch {
      FileHandle.standardError.write(Data("benchmarks: \(error)\n".utf8))
      exit(1)
    }
  }

  static func run() throws {
    var words = Array(CommandLine.arguments.dropFirst())
    let json = words.contains("--json")
    if words.contains("--help") || words.contains("-h") { return print(help) }
    let lists = words.contains("--list")
    words.removeAll { $0.hasPrefix("--") }
    let all =
      elementaryFunctions + groups + actions + flows + regressionFlows + markovChains
      + fieldTransformation + fourDimensions
      + sublattices + scalarFields + observables
    if lists {
      for name in ["peak", "gate", "threads", "allocations", "ess"] + all.map(\.name) {
        print(name)
      }
      return
    }
    func isWanted(_ name: String) -> Bool {
      words.isEmpty || words.contains { name.lowercased().contains($0.lowercased()) }
    }
    var report = Report(machine: .current)
    if !json { printHeader(report.machine) }
    // First, while the process holds little else.
    if isWanted("allocations") {
      report.allocations = try measureAllocations()
      if !json { printAllocations(report.allocations) }
    }
    func add(_ result: Result) {
      report.results.append(result)
      if !json { printResult(result) }
    }
    let wanted = all.filter { isWanted($0.name) }
    if !wanted.isEmpty || isWanted("peak") {
      if !json { printColumns() }
      let (peaks, results) = Peaks.measure()
      results.forEach(add)
      for benchmark in wanted { add(try benchmark.run(peaks: peaks)) }
    }
    if isWanted("gate") {
      report.gates = try measureGates()
      if !json { printGates(report.gates) }
    }
    if isWanted("threads") {
      let gates = try measureThreads()
      report.gates += gates
      if !json { printGates(gates) }
    }
    if words.contains("ess") {
      if !json { print() }
      let chosen = words.filter { $0 != "ess" }
      for course in TrainingCourse.all
      where chosen.isEmpty || chosen.contains(where: { course.name.contains($0) }) {
        let outcome = try course.run()
        report.courses.append(outcome)
        if !json { printOutcome(outcome) }
      }
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
  }
}
