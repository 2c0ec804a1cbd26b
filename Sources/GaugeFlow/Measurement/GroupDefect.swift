import LaneMath
import LatticeFields

/// The largest distance that a matrix in a file may have from the group: numbers in single precision
/// are well within it, a matrix in another order of its indices or of U(N) is not.
@usableFromInline let largestGroupDefect = 1e-4

extension LinkField {
  /// How far the links of each configuration are from the group: the largest difference, entry by
  /// entry, from the nearest elements. 0 for U(1), where every angle is an element.
  @inlinable
  var groupDefect: Lanes {
    if Group.isAbelian { return .zero }
    var largest = Lanes.zero
    let parts = MemoryLayout<Group>.size / MemoryLayout<Lanes>.size
    for link in links {
      let nearest = link.reunitarized
      withUnsafeBytes(of: link) { link in
        withUnsafeBytes(of: nearest) { nearest in
          let a = link.baseAddress!.assumingMemoryBound(to: Lanes.self)
          let b = nearest.baseAddress!.assumingMemoryBound(to: Lanes.self)
          for part in 0..<parts {
            let distance = abs(a[part] - b[part])
            // What is not a number is far away.
            largest = select(distance .<= largest, largest, distance)
          }
        }
      }
    }
    return largest
  }

  /// The largest difference between what a file has for a configuration and what the field took
  /// from it, where a link keeps fewer numbers than a file has; else 0.
  @inlinable
  func storageDefect(lane: Int, of values: UnsafeBufferPointer<Double>) -> Double {
    let size = Group.scalarsPerLink
    guard MemoryLayout<Group>.size < size * MemoryLayout<Lanes>.size else { return 0 }
    var largest = 0.0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { scratch in
      for link in links.indices {
        links[link].store(lane: lane, to: scratch.baseAddress!)
        for index in 0..<size {
          let distance = (scratch[index] - values[link * size + index]).magnitude
          if !(distance <= largest) { largest = distance }
        }
      }
    }
    return largest
  }
}
