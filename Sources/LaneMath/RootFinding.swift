/// Why a root was not found.
public enum RootFindingFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The function has the same sign at both ends of the interval.
  case notBracketed(lower: Double, upper: Double, valueAtLower: Double, valueAtUpper: Double)
  /// The function is not a number at a point of the interval.
  case notANumber(at: Double)
  /// The interval is not shorter than the tolerance after the given number of evaluations.
  case notConverged(evaluations: Int, lower: Double, upper: Double)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .notBracketed(let lower, let upper, let valueAtLower, let valueAtUpper):
      return "no sign change between \(lower) (value \(valueAtLower)) and \(upper) "
        + "(value \(valueAtUpper))"
    case .notANumber(let point): return "the function is not a number at \(point)"
    case .notConverged(let evaluations, let lower, let upper):
      return "no convergence after \(evaluations) evaluations: the root is between \(lower) and "
        + "\(upper)"
    }
  }
}

/// A root of `function` between `lower` and `upper`, where it changes sign.
///
/// Newton's steps inside a bracket that always holds a sign change; bisection where a step leaves
/// the bracket or is not half as long as the one before. When a step becomes shorter than half the
/// tolerance, the next point is put beyond the expected root, so that the bracket closes from both
/// sides: the answer lies in a bracket no longer than `tolerance`, hence within `tolerance` of a
/// root, whatever the derivative was. A tolerance below 2^-51 of the root counts as that.
///
/// Complexity: about 8 evaluations for a smooth function; allocates nothing.
///
/// - Parameters:
///   - lower: one end of the interval, finite.
///   - upper: the other end, finite; the two may be in either order.
///   - tolerance: the longest final bracket.
///   - function: the value and derivative at a point; a wrong derivative costs time, not accuracy.
/// - Throws: ``RootFindingFailure`` if there is no sign change or the function is not a number.
@inlinable
public func findRoot(
  between lower: Double, and upper: Double, tolerance: Double,
  of function: (Double) -> (value: Double, derivative: Double)
) throws(RootFindingFailure) -> Double {
  // Eight equal lanes, so that the two searches are the same code.
  try findRoot(
    between: Lanes(repeating: lower), and: Lanes(repeating: upper), tolerance: tolerance
  ) { x in
    let (value, derivative) = function(x[0])
    return (Lanes(repeating: value), Lanes(repeating: derivative))
  }[0]
}

/// A root of `function` between `lower` and `upper` in every lane, where it changes sign.
///
/// The search of ``findRoot(between:and:tolerance:of:)-(Double,_,_,_)`` in every lane; none depends
/// on the others, and one that has converged waits.
///
/// - Parameters:
///   - lower: one end of the interval, finite.
///   - upper: the other end, finite; the two may be in either order.
///   - tolerance: the longest final bracket.
///   - function: the value and derivative at a point, lane by lane.
/// - Throws: ``RootFindingFailure`` of the first lane that has no sign change or is not a number.
@inlinable
public func findRoot(
  between lower: Lanes, and upper: Lanes, tolerance: Double,
  of function: (Lanes) -> (value: Lanes, derivative: Lanes)
) throws(RootFindingFailure) -> Lanes {
  var a = min(lower, upper)
  var b = max(lower, upper)
  var valueAtLower = function(a).value
  var valueAtUpper = function(b).value
  if let failure = bracketFailure(&a, &b, &valueAtLower, &valueAtUpper) { throw failure }
  // Signs are turned so that the function rises through the root: f(a) <= 0 <= f(b).
  let falls = valueAtLower .> 0 .| valueAtUpper .< 0
  let orientation = select(falls, Lanes(repeating: -1), Lanes(repeating: 1))
  b = select(valueAtLower .== 0, a, b)
  a = select(valueAtUpper .== 0 .& valueAtLower .!= 0, b, a)
  var answer = 0.5 * a + 0.5 * b
  var point = answer
  var lastStep = b - a
  var probing = LaneMask(repeating: false)
  var active = b - a .> resolution(a, b, tolerance)
  var evaluations = 2
  while any(active) {
    let (value, derivative) = function(point)
    evaluations += 1
    if any(active .& value .!= value) {
      for lane in 0..<laneCount where active[lane] && value[lane].isNaN {
        throw .notANumber(at: point[lane])
      }
    }
    if evaluations > 10_000 {
      for lane in 0..<laneCount where active[lane] {
        throw .notConverged(evaluations: evaluations, lower: a[lane], upper: b[lane])
      }
    }
    let rising = orientation * value
    a = select(active .& rising .<= 0, point, a)
    b = select(active .& rising .>= 0, point, b)
    let limit = resolution(a, b, tolerance)
    let middle = 0.5 * a + 0.5 * b
    let step = value / derivative
    let newton = point - step
    let inside = newton .>= a .& newton .<= b
    answer = select(active, select(inside, newton, middle), answer)
    active = active .& (b - a .> limit)
    // Near the root, look beyond it; once only, then bisect.
    let near = abs(step) .< 0.5 * limit
    let beyond = point + select(rising .< 0, 0.75 * limit, -0.75 * limit)
    let candidate = select(near, beyond, newton)
    let trusted =
      candidate .> a .& candidate .< b .& (near .| abs(step) .<= 0.5 * abs(lastStep))
      .& .!(near .& probing)
    lastStep = select(trusted, step, 0.5 * (b - a))
    probing = trusted .& near
    point = select(active, select(trusted, candidate, middle), answer)
  }
  return answer
}

/// The shortest bracket that is asked for.
@inlinable @inline(__always)
func resolution(_ a: Lanes, _ b: Lanes, _ tolerance: Double) -> Lanes {
  max(max(abs(a), abs(b)) * 0x1p-51, Lanes(repeating: Swift.max(tolerance, 0x1p-1021)))
}

/// Why the interval does not hold a sign change, if it does not.
@usableFromInline
func bracketFailure(
  _ a: inout Lanes, _ b: inout Lanes, _ valueAtLower: inout Lanes, _ valueAtUpper: inout Lanes
) -> RootFindingFailure? {
  for lane in 0..<laneCount {
    let (low, high) = (valueAtLower[lane], valueAtUpper[lane])
    if low.isNaN { return .notANumber(at: a[lane]) }
    if high.isNaN { return .notANumber(at: b[lane]) }
    if (low > 0 && high > 0) || (low < 0 && high < 0) {
      return .notBracketed(
        lower: a[lane], upper: b[lane], valueAtLower: low, valueAtUpper: high)
    }
  }
  return nil
}
