import ArgumentParser
import Foundation
import GaugeFlow

/// How the result is printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object.")
  var json = false
}

/// The seed of all random numbers.
struct SeedOptions: ParsableArguments {
  @Option(help: "Seed of the random numbers; the same seed gives the same bits.")
  var seed: UInt64 = 1
}

/// The number of threads.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: "Threads; results do not depend on their number. (default: one for each core)",
    transform: ThreadOptions.parse)
  var threads: Int?

  /// The number of threads to use.
  var count: Int { threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount) }

  private static func parse(_ text: String) throws -> Int {
    guard let count = Int(text), (1...4096).contains(count) else {
      throw CommandError.usage("expected 1 ... 4096")
    }
    return count
  }
}

/// What happens where the output is there already.
struct OverwriteOptions: ParsableArguments {
  @Flag(help: "Replace what is there already.")
  var force = false

  @Flag(help: "Go on where an earlier run of the same command stopped.")
  var resume = false

  mutating func validate() throws {
    if force && resume {
      throw CommandError.usage("expected one of --force and --resume, given both")
    }
  }
}

/// The theory: group, lattice and coupling of Wilson's action.
struct TheoryOptions: ParsableArguments {
  @Option(
    help: "Gauge group: U1, SU2, SU3, ...",
    transform: GroupName.init(option:))
  var group: GroupName

  @Option(help: "Extents of the periodic lattice, such as 16x16.", transform: Lattice.init(option:))
  var lattice: Lattice

  @Option(
    parsing: .unconditional, help: "Coupling: weight exp(-S), S = -(beta/N) sum Re tr P.",
    transform: parseCoupling)
  var beta: Double
}

/// A gauge group by its name.
struct GroupName: Equatable, Sendable, CustomStringConvertible {
  /// The number of colours; 1 for U(1).
  let colors: Int

  /// Reads `U1`, `SU3`, also with brackets and in small letters.
  init(option text: String) throws {
    let name = text.uppercased().filter { $0 != "(" && $0 != ")" }
    guard let colors = EnsembleDescription.colors(of: name), colors <= 8 else {
      throw CommandError.usage("expected U1 or one of SU2 ... SU8")
    }
    self.colors = colors
  }

  var description: String { colors == 1 ? "U1" : "SU\(colors)" }

  /// Refuses a group that a command does not know.
  func require(_ known: [String], for command: String) throws {
    if !known.contains(description) {
      throw CommandError.usage(
        "--group: \(command) knows \(known.joined(separator: ", ")), given \(self)")
    }
  }
}

/// A coupling as a user types it.
func parseCoupling(_ text: String) throws -> Double {
  guard let value = Double(text), value.isFinite else {
    throw CommandError.usage("expected a finite number")
  }
  return value
}

/// A positive number of things as a user types it; `2e4` is twenty thousand.
func parseCount(_ text: String) throws -> Int {
  let value = Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
  guard let value, (1...(1 << 40)).contains(value) else {
    throw CommandError.usage("expected a whole number from 1 to 2^40")
  }
  return value
}

/// A number of things that may be none.
func parseCountOrZero(_ text: String) throws -> Int { text == "0" ? 0 : try parseCount(text) }

extension Lattice {
  /// A lattice as a user types it.
  init(option text: String) throws { try self.init(parsing: text) }
}
