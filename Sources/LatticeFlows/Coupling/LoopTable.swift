import LaneMath
import LatticeFields

/// Linear functions of link angles, such as the angles of closed loops, where coefficients are ±1.
struct LoopTable: Sendable {
  /// The terms of loop `i` are at `offsets[i] ..< offsets[i + 1]`.
  private(set) var offsets: [Int] = [0]
  /// The index `mu V + site` of each term.
  private(set) var links: [Int32] = []
  /// The coefficient of each term.
  private(set) var signs: [Double] = []

  var count: Int { offsets.count - 1 }

  /// Adds a loop from its coefficients, ordered by link so that the sum is always the same.
  mutating func append(_ coefficients: [Int: Double]) {
    for (link, sign) in coefficients.sorted(by: { $0.key < $1.key }) where sign != 0 {
      links.append(Int32(link))
      signs.append(sign)
    }
    offsets.append(links.count)
  }

  /// The links and coefficients of a loop.
  func terms(of loop: Int) -> [(link: Int, sign: Double)] {
    (offsets[loop]..<offsets[loop + 1]).map { (Int(links[$0]), signs[$0]) }
  }

  /// The angle of a loop, not wrapped.
  @inline(__always)
  func angle(of loop: Int, _ U: UnsafePointer<U1>) -> Lanes {
    links.withUnsafeBufferPointer { links in
      signs.withUnsafeBufferPointer { signs in
        var sum = Lanes.zero
        for term in offsets[loop]..<offsets[loop &+ 1] {
          sum = multiplyAdd(Lanes(repeating: signs[term]), U[Int(links[term])].angle, sum)
        }
        return sum
      }
    }
  }

  /// The value on a field of algebra elements.
  @inline(__always)
  func value(of loop: Int, _ field: UnsafePointer<U1Algebra>) -> Lanes {
    links.withUnsafeBufferPointer { links in
      signs.withUnsafeBufferPointer { signs in
        var sum = Lanes.zero
        for term in offsets[loop]..<offsets[loop &+ 1] {
          sum = multiplyAdd(Lanes(repeating: signs[term]), field[Int(links[term])].value, sum)
        }
        return sum
      }
    }
  }

  /// Adds `amount` times the coefficients to the angles of links.
  @inline(__always)
  func move(_ U: UnsafeMutablePointer<U1>, along loop: Int, by amount: Lanes) {
    links.withUnsafeBufferPointer { links in
      signs.withUnsafeBufferPointer { signs in
        for term in offsets[loop]..<offsets[loop &+ 1] {
          let link = Int(links[term])
          U[link].angle = multiplyAdd(
            Lanes(repeating: signs[term]), amount, U[link].angle)
        }
      }
    }
  }

  /// Adds `amount` times the derivative of a loop's angle to `gradient`.
  @inline(__always)
  func scatter(_ amount: Lanes, loop: Int, to gradient: UnsafeMutablePointer<U1Algebra>) {
    links.withUnsafeBufferPointer { links in
      signs.withUnsafeBufferPointer { signs in
        for term in offsets[loop]..<offsets[loop &+ 1] {
          let link = Int(links[term])
          gradient[link].value = multiplyAdd(
            Lanes(repeating: signs[term]), amount, gradient[link].value)
        }
      }
    }
  }
}

extension Lattice {
  /// The coefficients of the links in the sum of the plaquettes `P_01` at the given sites: the
  /// boundary of the region, since inner links cancel.
  func boundary(of sites: some Sequence<Int>) -> [Int: Double] {
    var coefficients: [Int: Double] = [:]
    for x in sites {
      coefficients[link(x, 0), default: 0] += 1
      coefficients[link(forward(x, 0), 1), default: 0] += 1
      coefficients[link(forward(x, 1), 0), default: 0] -= 1
      coefficients[link(x, 1), default: 0] -= 1
    }
    return coefficients.filter { $0.value != 0 }
  }
}
