import Foundation
import GaugeFlow

/// How the program ends, by the conventions of `sysexits.h` where they have a word.
struct ExitStatus: RawRepresentable, Equatable, Sendable {
  let rawValue: Int32

  /// Everything asked for was done.
  static let done = ExitStatus(rawValue: 0)
  /// A check did not hold, or weights collapsed.
  static let failed = ExitStatus(rawValue: 1)
  /// A wrong option or value.
  static let usage = ExitStatus(rawValue: 64)
  /// A file does not hold what it should.
  static let badData = ExitStatus(rawValue: 65)
  /// A file is not there.
  static let missingInput = ExitStatus(rawValue: 66)
  /// The output is there already.
  static let refusesToOverwrite = ExitStatus(rawValue: 73)
  /// Reading or writing failed.
  static let inputOutput = ExitStatus(rawValue: 74)
  /// Stopped by a signal, as a shell reports it: 130 for Ctrl-C, 143 for SIGTERM.
  static func signal(_ number: Int32) -> ExitStatus { ExitStatus(rawValue: 128 + number) }
}

/// An error that ends the program: one line for the user, and an exit status.
struct CommandError: Error, CustomStringConvertible {
  let status: ExitStatus
  /// What was expected, what was given, where; without a line break.
  let message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      .joined(separator: " ")
  }

  /// A wrong option or value.
  static func usage(_ message: String) -> CommandError { CommandError(.usage, message) }
  /// The work itself failed.
  static func failed(_ message: String) -> CommandError { CommandError(.failed, message) }

  var description: String { message }

  /// The form of the error with `--json`.
  var json: JSON { ["error": ["message": .text(message), "code": .integer(Int(status.rawValue))]] }
}

extension JSON {
  /// The object of a result that a failure, if there is one, stands beside.
  func adding(_ failure: CommandError?) -> JSON {
    guard case .object(let entries)? = failure?.json else { return self }
    return entries.reduce(self) { $0.adding($1.key, $1.value) }
  }
}

extension CommandError {
  /// The error of a library call as the program reports it; `nil` for errors of other origin.
  init?(translating error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case let error as EnsembleIOError:
      self.init(ExitStatus(rawValue: error.exitStatus), error.description)
    case let error as StatisticsError: self.init(error.exitStatus, error.description)
    case let error as MeasurementError: self.init(.badData, error.description)
    case let error as ObservableError: self.init(.usage, error.description)
    case let error as ChainError: self.init(error.exitStatus, error.description)
    case let error as UnknownGroupError: self.init(.usage, error.description)
    case let error as UnknownVelocityBasisError: self.init(.usage, error.description)
    case let error as any VelocityBasisFailure: self.init(.usage, error.description)
    case let error as ModelError: self.init(.usage, error.description)
    case let error as TransferError: self.init(.usage, error.description)
    case let error as ChainAlgorithmError: self.init(.usage, error.description)
    case let error as LatticeError: self.init(.usage, error.description)
    case let error as ActionError: self.init(.usage, error.description)
    case let error as ExactResultError: self.init(.usage, error.description)
    case let error as any CustomStringConvertible & Error
    where !Self.belongsToParser(error):
      self.init(.failed, error.description)
    default: return nil
    }
  }

  /// Whether an error was made by the argument parser, which knows best how to tell it.
  private static func belongsToParser(_ error: any Error) -> Bool {
    String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
  }
}

extension StatisticsError {
  /// Whether the data are to blame, the user, or the run.
  var exitStatus: ExitStatus {
    switch self {
    case .tooShort, .notFinite, .constantSeries, .shapeMismatch: .badData
    case .invalidParameter: .usage
    case .functionNotFinite, .allWeightsZero, .weightsTooHeavy: .failed
    }
  }
}

extension ChainError {
  /// Whether the user asked for something impossible, a checkpoint is wrong, or the run failed.
  var exitStatus: ExitStatus {
    switch self {
    case .parameter, .extent, .oddExtent, .dimension, .group, .proposalLattice, .sublattices,
      .variables, .reach:
      .usage
    case .checkpoint: .badData
    case .inversion, .notFinite: .failed
    }
  }
}
