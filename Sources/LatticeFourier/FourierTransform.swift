import LaneMath
import LatticeFields

/// A complex number in each of 8 configurations, real and imaginary parts interleaved
/// `re_0 im_0 re_1 im_1 ..`, as FFTW reads and writes them.
@frozen public struct ModeLanes: BitwiseCopyable, Sendable {
  /// The interleaved parts.
  public var interleaved: SIMD16<Double>

  /// The number with the given interleaved parts.
  @inlinable @inline(__always) public init(interleaved: SIMD16<Double>) {
    self.interleaved = interleaved
  }
  /// The same number as a `ComplexLanes`.
  @inlinable @inline(__always) public init(_ value: ComplexLanes) {
    var parts = SIMD16<Double>()
    parts.evenHalf = value.re
    parts.oddHalf = value.im
    interleaved = parts
  }
  /// Zero.
  @inlinable public static var zero: ModeLanes { ModeLanes(interleaved: .zero) }
  /// The real and imaginary parts.
  @inlinable @inline(__always) public var value: ComplexLanes {
    ComplexLanes(interleaved.evenHalf, interleaved.oddHalf)
  }
}

/// The discrete Fourier transform of lane fields on a lattice of 1 to 4 dimensions, any extents.
///
///     f̃(k) = Σ_x f(x) exp(-2π i Σ_mu k_mu x_mu / L_mu)
///     f(x) = 1/V Σ_k f̃(k) exp(+2π i Σ_mu k_mu x_mu / L_mu)
///
/// The forward transform carries no factor, the inverse carries `1/V`: one after the other is the
/// identity, and `Σ_x f(x)² = 1/V Σ_k |f̃(k)|²`.
///
/// Shape: a real field has `V` values in site order. Its modes are those with
/// `0 <= k_{D-1} <= L_{D-1}/2`, the others being complex conjugates, `f̃(-k) = f̃(k)*`: an array of
/// extents `[L_0, .., L_{D-2}, L_{D-1}/2 + 1]`, last coordinate fastest. A complex field has `V`
/// values on both sides.
///
/// Plans come from one cache and are made under one lock; executing them takes no lock, so one
/// transform serves all threads at once. No result depends on what the other lanes hold.
///
/// Accuracy: relative error of order `log₂ V` ulp in the root-mean-square sense.
/// Complexity: O(V log V).
public struct FourierTransform: Sendable {
  /// The lattice of the fields.
  public let lattice: Lattice
  /// The number of stored modes of a real field.
  public let modeCount: Int
  private let realForward: FourierPlan
  private let realBackward: FourierPlan
  private let complexForward: FourierPlan
  private let complexBackward: FourierPlan

  /// The transform on a lattice.
  ///
  /// - Parameters:
  ///   - lattice: the lattice of the fields.
  ///   - planning: whether plans are chosen by rule or by timing.
  public init(_ lattice: Lattice, planning: FourierPlanning = .estimate) {
    self.lattice = lattice
    let last = lattice.extents[lattice.dimension - 1]
    modeCount = lattice.volume / last * (last / 2 + 1)
    func plan(_ kind: FourierPlanKey.Kind) -> FourierPlan {
      FourierPlan.plan(
        for: FourierPlanKey(extents: lattice.extents, kind: kind, planning: planning))
    }
    realForward = plan(.realToComplex)
    realBackward = plan(.complexToReal)
    complexForward = plan(.complexForward)
    complexBackward = plan(.complexBackward)
  }

  /// The modes of a real field, which is left as it is. Allocates nothing.
  ///
  /// - Precondition: `field` has `V` values and `modes` has `modeCount`.
  public func forward(_ field: Buffer<Lanes>, into modes: Buffer<ModeLanes>) {
    check(field.count, modes.count, modeCount)
    realForward.execute(real: field.pointer, modes: modes.pointer)
  }

  /// The real field with the given modes, which are destroyed. Allocates nothing.
  ///
  /// Only the part of the modes that a real field can have enters.
  ///
  /// - Precondition: `field` has `V` values and `modes` has `modeCount`.
  public func inverse(_ modes: Buffer<ModeLanes>, into field: Buffer<Lanes>) {
    check(field.count, modes.count, modeCount)
    realBackward.execute(real: field.pointer, modes: modes.pointer)
    let scale = 1 / Double(lattice.volume)
    for x in 0..<field.count { field.pointer[x] *= scale }
  }

  /// The `V` modes of a complex field. Allocates nothing.
  ///
  /// - Precondition: the buffers are different ones and have `V` values each.
  public func forward(_ field: Buffer<ModeLanes>, into modes: Buffer<ModeLanes>) {
    check(field.count, modes.count, lattice.volume)
    precondition(field !== modes, "a complex transform needs two buffers")
    complexForward.execute(field.pointer, into: modes.pointer)
  }

  /// The complex field with the given `V` modes. Allocates nothing.
  ///
  /// - Precondition: the buffers are different ones and have `V` values each.
  public func inverse(_ modes: Buffer<ModeLanes>, into field: Buffer<ModeLanes>) {
    check(field.count, modes.count, lattice.volume)
    precondition(field !== modes, "a complex transform needs two buffers")
    complexBackward.execute(modes.pointer, into: field.pointer)
    let scale = 1 / Double(lattice.volume)
    for x in 0..<field.count { field.pointer[x].interleaved *= scale }
  }

  /// The index of the mode `k` of a real field, and whether its complex conjugate is stored there.
  public func mode(at k: [Int]) -> (index: Int, isConjugate: Bool) {
    precondition(
      k.count == lattice.dimension, "a mode of \(k.count) dimensions on a lattice \(lattice)")
    var wrapped = zip(k, lattice.extents).map { k, extent in ((k % extent) + extent) % extent }
    let last = lattice.dimension - 1
    let isConjugate = wrapped[last] > lattice.extents[last] / 2
    if isConjugate {
      wrapped = zip(wrapped, lattice.extents).map { k, extent in (extent - k) % extent }
    }
    var index = 0
    for mu in 0..<last { index = index * lattice.extents[mu] + wrapped[mu] }
    return (index * (lattice.extents[last] / 2 + 1) + wrapped[last], isConjugate)
  }

  private func check(_ field: Int, _ modes: Int, _ expected: Int) {
    precondition(
      field == lattice.volume && modes == expected,
      "transform of \(field) values to \(modes) modes; lattice \(lattice) has "
        + "\(lattice.volume) and \(expected)")
  }
}
