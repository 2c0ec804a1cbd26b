import LaneMath
import LatticeFields

/// Kernels one after the other, each any number of times: one update of a mixed algorithm, such as a
/// heatbath and four overrelaxation sweeps, or a trajectory and a winding update.
///
/// Every kernel leaves the distribution invariant, so the sequence does; it is ergodic where one of
/// them is.
public struct KernelSequence<Field: LatticeField>: MarkovKernel {
  /// The kernels with their numbers of repetitions.
  public private(set) var entries: [(kernel: AnyMarkovKernel<Field>, repetitions: Int)] = []

  /// The empty sequence.
  public init() {}

  /// A sequence of one kernel.
  @inlinable
  public init(_ kernel: some MarkovKernel<Field>) {
    self = KernelSequence().followed(by: kernel)
  }

  /// The sequence with one more kernel.
  ///
  /// - Precondition: there is one repetition or more.
  @inlinable
  public func followed(by kernel: some MarkovKernel<Field>, repetitions: Int = 1)
    -> KernelSequence
  { appending(AnyMarkovKernel(kernel), repetitions) }

  @usableFromInline
  func appending(_ kernel: AnyMarkovKernel<Field>, _ repetitions: Int) -> KernelSequence {
    precondition(repetitions > 0, "\(kernel.name): \(repetitions) repetitions, expected 1 or more")
    var result = self
    result.entries.append((kernel, repetitions))
    return result
  }

  /// The names of the kernels, joined by `+`.
  public var name: String {
    entries.map { $0.repetitions == 1 ? $0.kernel.name : "\($0.repetitions) \($0.kernel.name)" }
      .joined(separator: "+")
  }

  /// The link updates of all kernels.
  public func linkUpdates(on lattice: Lattice) -> Int {
    entries.reduce(0) { $0 + $1.repetitions * $1.kernel.linkUpdates(on: lattice) }
  }

  /// One step of every kernel in order, the repetitions included.
  ///
  /// The acceptance is the mean over the kernels; `deltaH` that of the last one that has it.
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    throws(ChainError) -> UpdateInfo
  {
    var total = UpdateInfo(acceptance: .zero)
    var count = 0.0
    for (kernel, repetitions) in entries {
      for _ in 0..<repetitions {
        let info = try kernel.step(&state, using: &streams)
        total.acceptance += info.acceptance
        if let deltaH = info.deltaH { total.deltaH = deltaH }
        count += 1
      }
    }
    total.acceptance /= Swift.max(1, count)
    return total
  }

  /// The sequence with every kernel tuned with an acceptance of its own.
  ///
  /// - Precondition: one acceptance for each entry.
  public func tuned(acceptances: [Double], target: Double? = nil) -> KernelSequence {
    precondition(
      acceptances.count == entries.count,
      "\(acceptances.count) acceptances for \(entries.count) kernels")
    var result = KernelSequence()
    for (entry, acceptance) in zip(entries, acceptances) {
      let kernel = entry.kernel.tuned(acceptance: acceptance, target: target)
      result.entries.append((kernel, entry.repetitions))
    }
    return result
  }

  /// Every kernel tuned with the same acceptance; see `tuned(acceptances:target:)`.
  public func tuned(acceptance: Double, target: Double?) -> KernelSequence {
    tuned(acceptances: entries.map { _ in acceptance }, target: target)
  }
}
