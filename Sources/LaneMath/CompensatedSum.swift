/// A sum of numbers with the rounding errors carried beside it.
///
/// Every addition keeps its error exactly (two-sum) and the errors are summed separately, as in
/// A. Neumaier, Z. Angew. Math. Mech. 54 (1974) 39; the relative error of the value is
/// 1 ulp + n^2 2^-106 sum|x| / |sum x|. The order of the additions fixes every bit.
@frozen
public struct CompensatedSum: Sendable {
  @usableFromInline var sum: Double
  @usableFromInline var error: Double

  /// The empty sum.
  @inlinable public init() {
    sum = 0
    error = 0
  }

  /// The sum of one number.
  @inlinable public init(_ value: Double) {
    sum = value
    error = 0
  }

  /// Adds one number.
  @inlinable @inline(__always)
  public mutating func add(_ x: Double) {
    let total = sum + x
    let back = total - sum
    error += (sum - (total - back)) + (x - back)
    sum = total
  }

  /// Adds another sum, errors included.
  @inlinable
  public mutating func merge(_ other: CompensatedSum) {
    add(other.sum)
    error += other.error
  }

  /// The sum; infinite or not a number where the plain sum is.
  @inlinable public var value: Double { sum.isFinite ? sum + error : sum }
}

/// A ``CompensatedSum`` in every lane.
@frozen
public struct LaneCompensatedSum: Sendable {
  @usableFromInline var sum: Lanes
  @usableFromInline var error: Lanes

  /// The empty sum.
  @inlinable @inline(__always) public init() {
    sum = .zero
    error = .zero
  }

  /// Adds one number to every lane.
  @inlinable @inline(__always)
  public mutating func add(_ x: Lanes) {
    let total = sum + x
    let back = total - sum
    error += (sum - (total - back)) + (x - back)
    sum = total
  }

  /// Adds another sum, errors included.
  @inlinable
  public mutating func merge(_ other: LaneCompensatedSum) {
    add(other.sum)
    error += other.error
  }

  /// The sum in every lane; infinite or not a number where the plain sum is.
  @inlinable public var value: Lanes {
    select(abs(sum) .<= Double.greatestFiniteMagnitude, sum + error, sum)
  }

  /// The sum over the lanes, from the first to the last.
  @inlinable public var total: CompensatedSum {
    var result = CompensatedSum()
    for lane in 0..<laneCount {
      var one = CompensatedSum(sum[lane])
      one.error = error[lane]
      result.merge(one)
    }
    return result
  }
}

/// `log sum exp(x)`, without overflow or underflow; -inf for an empty list.
///
/// Infinite if an element is; not a number if an element is not.
///
/// Accuracy: 3 ulp, or 3 ulp of the largest element where the two terms cancel.
public func logSumExp(_ values: [Double]) -> Double {
  var largest = -Double.infinity
  for x in values {
    if x.isNaN { return .nan }
    largest = Swift.max(largest, x)
  }
  guard largest.isFinite else { return largest }
  var sum = LaneCompensatedSum()
  var index = 0
  while index < values.count {
    var x = Lanes(repeating: -.infinity)
    for lane in 0..<Swift.min(laneCount, values.count - index) { x[lane] = values[index + lane] }
    sum.add(exp(x - largest))
    index += laneCount
  }
  return largest + log(Lanes(repeating: sum.total.value))[0]
}
