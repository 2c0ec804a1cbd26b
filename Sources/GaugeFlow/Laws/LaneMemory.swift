import LaneMath
import LatticeFields

// Elements of any group, and numbers, as the lanes that they are made of.

/// A value whose lanes are turned by three places.
func turned<Value: BitwiseCopyable>(_ value: Value) -> Value {
  var result = value
  withUnsafeMutableBytes(of: &result) { bytes in
    for lanes in bytes.bindMemory(to: Lanes.self).indices {
      let number = bytes.bindMemory(to: Lanes.self)
      let old = number[lanes]
      for lane in 0..<laneCount { number[lanes][lane] = old[(lane + 3) % laneCount] }
    }
  }
  return result
}

/// The largest difference of two values, number by number; not a number where one of them is none.
func difference<Value: BitwiseCopyable>(_ a: Value, _ b: Value) -> Double {
  largestDifference(a, b) { abs($0 - $1).largest }
}

/// The largest difference of a lane of a value and another lane of another value.
func difference<Value: BitwiseCopyable>(
  _ a: Value, lane: Int, _ b: Value, lane other: Int
) -> Double {
  largestDifference(a, b) { Swift.abs($0[lane] - $1[other]) }
}

private func largestDifference<Value: BitwiseCopyable>(
  _ a: Value, _ b: Value, _ difference: (Lanes, Lanes) -> Double
) -> Double {
  withUnsafeBytes(of: a) { a in
    withUnsafeBytes(of: b) { b in
      zip(a.bindMemory(to: Lanes.self), b.bindMemory(to: Lanes.self)).reduce(0) {
        worse($0, difference($1.0, $1.1))
      }
    }
  }
}
