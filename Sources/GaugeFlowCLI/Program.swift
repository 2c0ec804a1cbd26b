import ArgumentParser
import Foundation
import GaugeFlow

/// The entry point: parses, runs, and turns every error into one line and an exit status.
@main
enum Program {
  /// The version of the program, as it enters provenance.
  static let version = programVersion

  /// The command line as it enters provenance, the program without its directory.
  static var commandLine: String {
    (["gaugeflow"] + CommandLine.arguments.dropFirst()).joined(separator: " ")
  }

  static func main() {
    // A file that may not grow is an error of the write, as a full disk is, and no death by signal.
    signal(SIGXFSZ, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try GaugeFlowCommand.parseAsRoot(arguments)
      try command.run()
    } catch {
      exit(report(error, arguments: arguments))
    }
  }

  /// Prints an error where it belongs and gives the exit status.
  private static func report(_ error: any Error, arguments: [String]) -> Int32 {
    if let status = error as? ExitCode { return status.rawValue }
    let failure: CommandError
    if let known = CommandError(translating: error) {
      failure = known
    } else if GaugeFlowCommand.exitCode(for: error).isSuccess {
      // Help and version are asked for with an error.
      try? StandardOutput.print(GaugeFlowCommand.fullMessage(for: error))
      return ExitStatus.done.rawValue
    } else {
      failure = usage(error, arguments)
    }
    if arguments.contains("--json") {
      try? StandardOutput.print(failure.json)
    } else {
      StandardError.write("gaugeflow: error: \(failure.message)\n")
    }
    return failure.status.rawValue
  }

  /// An error of the argument parser, in one line.
  private static func usage(_ error: any Error, _ arguments: [String]) -> CommandError {
    let names = GaugeFlowCommand.configuration.subcommands.map { $0._commandName }
    if let first = arguments.first, !first.hasPrefix("-"), !names.contains(first), first != "help" {
      return .usage("expected a command (\(names.joined(separator: ", "))), given '\(first)'")
    }
    let command = arguments.first.flatMap { names.contains($0) ? " \($0)" : nil } ?? ""
    var message = GaugeFlowCommand.message(for: error)
    if message.isEmpty { message = "\(error)" }
    return CommandError(.usage, "\(message) (see 'gaugeflow\(command) --help')")
  }
}
