import CFFTW
import LaneMath
import LatticeFields
import Synchronization

/// How much work goes into choosing an FFTW plan.
public enum FourierPlanning: Int, Hashable, Sendable {
  /// The plan follows from the shape alone: the same bits in every run. The default.
  case estimate
  /// Candidates are timed: sometimes faster, but which one wins, and so the last bits of a result,
  /// may change between runs.
  case measure
}

/// The shape, direction and kind of a transform: the key of the plan cache.
struct FourierPlanKey: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case realToComplex
    case complexToReal
    case complexForward
    case complexBackward
  }
  var extents: [Int]
  var kind: Kind
  var planning: FourierPlanning
}

/// An FFTW plan for the 8 interleaved configurations of a lane field.
///
/// The advanced interface describes the layout: 8 transforms (`howmany`), the elements of one of
/// them 8 apart (`stride`), the first elements 1 apart (`dist`). A plan is never destroyed and never
/// changed; executing it on other arrays with the same alignment needs no lock.
final class FourierPlan: @unchecked Sendable {
  private let plan: fftw_plan
  private let kind: FourierPlanKey.Kind

  /// All plans of this process, behind the one planner lock: FFTW plans on one thread at a time.
  private static let cache = Mutex<[FourierPlanKey: FourierPlan]>([:])

  /// The plan for a key, made on its first use.
  static func plan(for key: FourierPlanKey) -> FourierPlan {
    cache.withLock { plans in
      if let known = plans[key] { return known }
      let made = FourierPlan(key)
      plans[key] = made
      return made
    }
  }

  private init(_ key: FourierPlanKey) {
    kind = key.kind
    let volume = key.extents.reduce(1, *)
    // Planning may write to the arrays, so it gets its own, aligned as every `Buffer` is.
    let scratchCount = key.planning == .measure ? 2 * volume : 2
    let first = Buffer<Lanes>(count: scratchCount, repeating: .zero)
    let second = Buffer<Lanes>(count: scratchCount, repeating: .zero)
    let extents = key.extents.map { Int32($0) }
    let rank = Int32(extents.count), lanes = Int32(laneCount)
    let flags: UInt32 = key.planning == .measure ? measureFlag : estimateFlag
    let real = realPointer(first.pointer), complex = complexPointer(second.pointer)
    let made: fftw_plan?
    switch key.kind {
    case .realToComplex:
      made = fftw_plan_many_dft_r2c(
        rank, extents, lanes, real, nil, lanes, 1, complex, nil, lanes, 1, flags)
    case .complexToReal:
      made = fftw_plan_many_dft_c2r(
        rank, extents, lanes, complex, nil, lanes, 1, real, nil, lanes, 1, flags)
    case .complexForward, .complexBackward:
      made = fftw_plan_many_dft(
        rank, extents, lanes, complexPointer(first.pointer), nil, lanes, 1, complex, nil, lanes, 1,
        key.kind == .complexForward ? FFTW_FORWARD : FFTW_BACKWARD, flags)
    }
    guard let made else { preconditionFailure("FFTW has no plan for extents \(key.extents)") }
    plan = made
  }

  /// Executes a transform between a real field and its modes, without a lock.
  func execute(real: UnsafeMutablePointer<Lanes>, modes: UnsafeMutablePointer<ModeLanes>) {
    switch kind {
    case .realToComplex:
      fftw_execute_dft_r2c(plan, realPointer(real), complexPointer(modes))
    case .complexToReal:
      fftw_execute_dft_c2r(plan, complexPointer(modes), realPointer(real))
    case .complexForward, .complexBackward:
      preconditionFailure("a complex plan was given a real field")
    }
  }

  /// Executes a complex transform from one array to another, without a lock.
  func execute(
    _ source: UnsafeMutablePointer<ModeLanes>, into target: UnsafeMutablePointer<ModeLanes>
  ) {
    precondition(
      kind == .complexForward || kind == .complexBackward, "a real plan was given a complex field")
    fftw_execute_dft(plan, complexPointer(source), complexPointer(target))
  }
}

/// `FFTW_ESTIMATE`, which the importer leaves out because it is a shift: `1 << 6`.
private let estimateFlag: UInt32 = 1 << 6
/// `FFTW_MEASURE`.
private let measureFlag: UInt32 = 0

private func realPointer(_ pointer: UnsafeMutablePointer<Lanes>) -> UnsafeMutablePointer<Double> {
  UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
}

private func complexPointer<T>(_ pointer: UnsafeMutablePointer<T>)
  -> UnsafeMutablePointer<fftw_complex>
{ UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: fftw_complex.self) }
