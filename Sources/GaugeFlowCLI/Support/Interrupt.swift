import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as a request that long loops poll.
///
/// The first signal asks: the program finishes its step, writes what it has and says how to go on.
/// A second one ends the program at once; files are written so that even this leaves them readable.
enum Interrupt {
  private static let signalNumber = Atomic<Int32>(0)

  /// Begins to listen. Called by commands that can stop early, before their long loop.
  static func listen() {
    _ = signalNumber.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interrupt.signalNumber.exchange(number, ordering: .relaxed) != 0 {
          signal(number, SIG_DFL)
          raise(number)
        }
      }
    }
  }

  /// Whether the user has asked to stop.
  static var isRequested: Bool { signalNumber.load(ordering: .relaxed) != 0 }

  /// The error that ends an interrupted command after it has saved what it had.
  ///
  /// - Parameter saved: what is safe, such as `1200 of 20000 configurations are in runs/a`.
  static func error(saved: String) -> CommandError {
    let number = signalNumber.load(ordering: .relaxed)
    return CommandError(
      .signal(number == 0 ? SIGINT : number),
      "stopped: \(saved); the same command with --resume goes on")
  }
}
