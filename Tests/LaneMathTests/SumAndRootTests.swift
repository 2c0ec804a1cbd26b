// The C library's functions are the reference.
import Glibc
import LaneMath
import Testing

@Suite("Compensated sums")
struct CompensatedSumTests {
  @Test("keep what rounding takes from a plain sum")
  func cancellation() {
    var sum = CompensatedSum()
    for x in [1e16, 1, -1e16] { sum.add(x) }
    #expect(sum.value == 1)
    var lanes = LaneCompensatedSum()
    for x in [1e16, 1, -1e16] { lanes.add(Lanes(repeating: x)) }
    #expect(lanes.value == Lanes(repeating: 1) && lanes.total.value == 8)
    // The small number first: its error is that of the larger operand.
    var neumaier = CompensatedSum()
    var neumaierLanes = LaneCompensatedSum()
    for x in [1, 1e100, 1, -1e100] {
      neumaier.add(x)
      neumaierLanes.add(Lanes(repeating: x))
    }
    #expect(neumaier.value == 2 && neumaierLanes.value == Lanes(repeating: 2))
  }

  @Test("of a million tenths are exact to the last bit")
  func tenths() {
    var sum = CompensatedSum()
    var plain = 0.0
    for _ in 0..<1_000_000 {
      sum.add(0.1)
      plain += 0.1
    }
    // 1e6 times the number nearest to 0.1, rounded once.
    #expect(sum.value == 100_000)
    #expect(plain != 100_000)
  }

  @Test("merge without losing their errors")
  func merging() {
    var left = CompensatedSum(1e100)
    left.add(1)
    var right = CompensatedSum(-1e100)
    right.add(2)
    left.merge(right)
    #expect(left.value == 3)
    var a = LaneCompensatedSum()
    a.add(Lanes(repeating: 1e100))
    a.add(Lanes(repeating: 1))
    var b = LaneCompensatedSum()
    b.add(Lanes(repeating: -1e100))
    a.merge(b)
    #expect(a.value == Lanes(repeating: 1))
  }

  @Test("pass on infinity and not a number")
  func edges() {
    var sum = CompensatedSum()
    sum.add(1)
    sum.add(.infinity)
    sum.add(3)
    #expect(sum.value == .infinity)
    sum.add(-.infinity)
    #expect(sum.value.isNaN)
    #expect(CompensatedSum().value == 0)
  }

  @Test("of exponentials neither overflow nor underflow")
  func exponentials() {
    // 3 ulp, as stated.
    func close(_ a: Double, _ b: Double) -> Bool { Swift.abs(a - b) <= 3 * b.ulp }
    #expect(close(logSumExp([1000, 1000]), 1000 + Glibc.log(2.0)))
    #expect(close(logSumExp([-1000, -1000, -1000]), -1000 + Glibc.log(3.0)))
    #expect(close(logSumExp([Double](repeating: 0, count: 1001)), Glibc.log(1001.0)))
    #expect(logSumExp([]) == -.infinity)
    #expect(logSumExp([-.infinity, -.infinity]) == -.infinity)
    #expect(logSumExp([-.infinity, 2.5]) == 2.5)
    #expect(logSumExp([1, .infinity]) == .infinity)
    #expect(logSumExp([1, .nan]).isNaN)
  }
}

@Suite("Root finding")
struct RootFindingTests {
  @Test("gives the root to the tolerance, in few evaluations where Newton's steps are good")
  func smooth() throws {
    var evaluations = 0
    let root = try findRoot(between: 0, and: 1.5, tolerance: 1e-12) { x in
      evaluations += 1
      return (Glibc.cos(x) - x, -Glibc.sin(x) - 1)
    }
    #expect(Swift.abs(root - 0.739_085_133_215_160_6) < 1e-12)
    #expect(evaluations <= 12)
  }

  @Test("keeps the tolerance when the derivative is wrong, flat, infinite or not a number")
  func badDerivatives() throws {
    let exact = Glibc.cbrt(2.0)
    for derivative in [0, 1, -1, 1e-6, 1e12, .infinity, .nan] as [Double] {
      var evaluations = 0
      let root = try findRoot(between: 1e4, and: -1e3, tolerance: 1e-10) { x in
        evaluations += 1
        return (2 - x * x * x, derivative)
      }
      #expect(Swift.abs(root - exact) <= 1e-10, "derivative \(derivative)")
      #expect(evaluations < 2_000, "derivative \(derivative)")
    }
  }

  @Test("reaches the last bits when the tolerance is zero, at steep and at flat roots")
  func lastBits() throws {
    let steep = try findRoot(between: -10, and: 40, tolerance: 0) { x in
      (Glibc.tanh(1e8 * (x - 1.0 / 3)), 1e8)
    }
    #expect(Swift.abs(steep - 1.0 / 3) <= 4 * (1.0 / 3).ulp)
    let flat = try findRoot(between: -1, and: 3, tolerance: 0) { x in
      ((x - 0.7) * (x - 0.7) * (x - 0.7), 3 * (x - 0.7) * (x - 0.7))
    }
    #expect(Swift.abs(flat - 0.7) <= 4 * 0.7.ulp)
    let jump = try findRoot(between: 0, and: 1, tolerance: 0) { x in (x < 0.3 ? -1 : 1, 0) }
    #expect(Swift.abs(jump - 0.3) <= 4 * 0.3.ulp)
  }

  @Test("accepts a root at an end of the interval")
  func ends() throws {
    #expect(try findRoot(between: 2, and: 5, tolerance: 1e-9) { ($0 - 2, 1) } == 2)
    #expect(try findRoot(between: 2, and: 5, tolerance: 1e-9) { (5 - $0, -1) } == 5)
    #expect(try findRoot(between: 2, and: 2, tolerance: 1e-9) { ($0 - 2, 1) } == 2)
  }

  @Test("refuses an interval without a sign change, and values that are not numbers")
  func refusals() {
    #expect(
      throws: RootFindingFailure.notBracketed(
        lower: 1, upper: 2, valueAtLower: 1, valueAtUpper: 4)
    ) { try findRoot(between: 1, and: 2, tolerance: 1e-9) { ($0 * $0, 2 * $0) } }
    #expect(throws: RootFindingFailure.notANumber(at: -1)) {
      try findRoot(between: -1, and: 2, tolerance: 1e-9) { (Glibc.log($0), 1 / $0) }
    }
    #expect(throws: RootFindingFailure.notANumber(at: 0.5)) {
      try findRoot(between: 0, and: 1, tolerance: 1e-9) { ($0 == 0.5 ? .nan : $0 - 0.2, 1) }
    }
  }

  @Test("finds each lane's root whatever the other lanes look for")
  func lanesAreIndependent() throws {
    let targets = Lanes(-3, -0.9, -1e-9, 0, 0.2, 1, 2, 7)
    let roots = try findRoot(
      between: Lanes(repeating: -100), and: Lanes(repeating: 50), tolerance: 1e-13
    ) { x in (LaneMath.tanh(x - targets) + 0.1 * (x - targets), Lanes(repeating: 1.1)) }
    for lane in 0..<8 {
      #expect(Swift.abs(roots[lane] - targets[lane]) <= 1e-13 + 4 * targets[lane].ulp)
      let alone = try findRoot(
        between: Lanes(repeating: -100), and: Lanes(repeating: 50), tolerance: 1e-13
      ) { x in
        (LaneMath.tanh(x - targets[lane]) + 0.1 * (x - targets[lane]), Lanes(repeating: 1.1))
      }
      #expect(alone[(lane + 3) % 8] == roots[lane])
    }
  }
}
