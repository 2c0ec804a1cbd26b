import Foundation
import Synchronization

/// A line on the terminal that tells how far a task is: a bar, the rate and the time left.
///
///     sampling  [#########.....................]  31%  6240/20000  4.1e3/s  0:03 left
///
/// Silent where standard error is no terminal. Any thread may report; at most ten lines a second
/// are drawn.
final class Progress: Sendable {
  private struct State {
    var done: Double
    var note = ""
    var lastDrawn = ContinuousClock.Instant?.none
    var isVisible = false
  }

  private let label: String
  private let total: Double
  private let showsCount: Bool
  private let initial: Double
  private let started = ContinuousClock.now
  private let state: Mutex<State>
  private let isEnabled: Bool

  /// Begins to count a number of things.
  ///
  /// - Parameters:
  ///   - label: what is being done, in a word.
  ///   - total: the number of things to do.
  ///   - done: how many of them an earlier run did.
  convenience init(_ label: String, total: Int, done: Int = 0) {
    self.init(label, total: Double(total), done: Double(done), showsCount: true)
  }

  /// Begins to wait for a number of seconds, as a time budget does.
  convenience init(_ label: String, seconds: Double) {
    self.init(label, total: seconds, done: 0, showsCount: false)
  }

  private init(_ label: String, total: Double, done: Double, showsCount: Bool) {
    self.label = label
    self.total = max(total, 1e-9)
    self.showsCount = showsCount
    initial = done
    state = Mutex(State(done: done))
    isEnabled = StandardError.isTerminal
  }

  /// The seconds since the task began.
  var elapsed: Double { (ContinuousClock.now - started) / .seconds(1) }

  /// Reports that more things are done.
  func advance(by count: Int = 1) {
    guard isEnabled else { return }
    state.withLock { state in
      state.done += Double(count)
      draw(&state)
    }
  }

  /// Reports how many things (or seconds) are done in all, and a word on how it goes.
  func update(to done: Double, note: @autoclosure () -> String = "") {
    guard isEnabled else { return }
    state.withLock { state in
      state.done = done
      state.note = note()
      draw(&state)
    }
  }

  /// Removes the line.
  func finish() {
    guard isEnabled else { return }
    state.withLock { state in
      if state.isVisible { StandardError.write("\r\u{1B}[K") }
      state.isVisible = false
    }
  }

  private func draw(_ state: inout State) {
    let now = ContinuousClock.now
    if let last = state.lastDrawn, now - last < .milliseconds(100) { return }
    state.lastDrawn = now
    state.isVisible = true
    let line = Self.line(
      label: label, done: state.done, total: total, initial: initial,
      seconds: (now - started) / .seconds(1), showsCount: showsCount, note: state.note)
    StandardError.write("\r\u{1B}[K" + line.prefix(StandardError.columns - 1))
  }

  static func line(
    label: String, done: Double, total: Double, initial: Double, seconds: Double, showsCount: Bool,
    note: String
  ) -> String {
    let width = 30
    let fraction = min(1, max(0, done / total))
    let filled = Int(fraction * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    var line = "\(label)  [\(bar)] \(String(format: "%3d", Int(fraction * 100)))%"
    let rate = seconds > 0 ? (done - initial) / seconds : 0
    if showsCount {
      line += "  \(Int(done))/\(Int(total))"
      if rate > 0 { line += "  \(String(format: rate < 1000 ? "%.3g" : "%.1e", rate))/s" }
    }
    if rate > 0 { line += "  \(duration((total - done) / rate)) left" }
    return note.isEmpty ? line : line + "  \(note)"
  }

  /// A time as a person writes it: `0:07`, `12:34`, `3:05:09`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e9).rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, rest)
      : String(format: "%d:%02d", minutes, rest)
  }
}
