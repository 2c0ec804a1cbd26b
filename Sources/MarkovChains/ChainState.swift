import LaneMath
import LatticeActions
import LatticeFields

/// Eight independent Markov chains, one in each lane: their fields and what kernels remember of them.
/// One chain where the lanes of the field are parts of one configuration.
///
/// A value type that owns the working memory of the kernels, allocated at their first step and used
/// again ever after.
public struct ChainState<Field: LatticeField>: Sendable {
  /// The fields, gauge fields or others. A kernel that changes them calls ``fieldsChanged(action:)``.
  public var U: Field
  /// `S(U)` where it is known: to the bit what the action answers for `U`.
  public var cachedAction: Lanes?
  /// `log q(U)` under the proposal of an independence Metropolis kernel, where it is known.
  public var cachedLogDensity: Lanes?
  /// Momenta of molecular dynamics; working memory.
  public var momenta: Field.Momenta?
  /// The fields before a global proposal, or the proposed ones; working memory.
  public var other: Field?

  /// Chains that start from the given fields.
  @inlinable
  public init(_ U: Field) {
    self.U = U
    cachedAction = nil
    cachedLogDensity = nil
    momenta = nil
    other = nil
  }

  /// `S(U)`, computed where it is not known.
  @inlinable
  public mutating func action(of S: some Action<Field>) -> Lanes {
    if let known = cachedAction { return known }
    let value = S.value(of: U)
    cachedAction = value
    return value
  }

  /// Forgets what was known of the old fields.
  ///
  /// - Parameter action: `S(U)` of the new fields, where it is known.
  @inlinable
  public mutating func fieldsChanged(action: Lanes? = nil) {
    cachedAction = action
    cachedLogDensity = nil
  }

  /// Copies the fields to `other`.
  @inlinable
  public mutating func save() {
    guard other != nil else {
      var copy = U
      // Memory of its own, so that later copies are made in place.
      copy.withMutableLanes { _ in }
      other = copy
      return
    }
    other!.copy(from: U)
  }

  /// Takes the fields of `other` in the lanes of the mask. `other` is undefined afterwards.
  @inlinable
  public mutating func takeOther(where mask: LaneMask) {
    guard any(mask) else { return }
    guard !all(mask) else {
      swap(&U, &other!)
      return
    }
    U.replace(where: mask, by: other!)
  }
}

/// `a` in the lanes of the mask, `b` elsewhere.
@inlinable @inline(__always)
func selectLink<Group: GaugeGroup>(_ mask: LaneMask, _ a: Group, _ b: Group) -> Group {
  var result = b
  withUnsafeMutablePointer(to: &result) { result in
    withUnsafePointer(to: a) { a in
      let from = UnsafeRawPointer(a).assumingMemoryBound(to: Lanes.self)
      let to = UnsafeMutableRawPointer(result).assumingMemoryBound(to: Lanes.self)
      for index in 0..<(MemoryLayout<Group>.stride / MemoryLayout<Lanes>.stride) {
        to[index] = select(mask, from[index], to[index])
      }
    }
  }
  return result
}
