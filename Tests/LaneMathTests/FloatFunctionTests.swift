// The C library's functions are what the lane functions are compared with.
import Glibc
import LaneMath
import Testing

@Suite("Single-precision functions")
struct FloatFunctionTests {
  /// What the documentation states, in ulp.
  private let statedExponentialError: Float = 1.2
  private let statedTangentError: Float = 1.5

  private func largestError(
    _ function: (FloatLanes) -> FloatLanes, _ exact: (Double) -> Double, _ low: Float, _ high: Float
  ) -> Float {
    let count = 40_000
    var worst: Float = 0
    for block in 0..<count / 8 {
      var x = FloatLanes.zero
      for lane in 0..<8 {
        x[lane] = low + (high - low) * Float(8 * block + lane) / Float(count - 1)
      }
      let y = function(x)
      for lane in 0..<8 {
        let expected = exact(Double(x[lane]))
        let error = Swift.abs(Double(y[lane]) - expected) / Double(Float(expected).ulp)
        worst = Swift.max(worst, Float(error))
      }
    }
    return worst
  }

  @Test("exp and tanh stay within the stated error")
  func accuracy() {
    #expect(largestError(exp, Glibc.exp, -87.3, 88.7) <= statedExponentialError)
    #expect(largestError(exp, Glibc.exp, -1, 1) <= statedExponentialError)
    #expect(largestError(tanh, Glibc.tanh, -12, 12) <= statedTangentError)
    #expect(largestError(tanh, Glibc.tanh, -0.7, 0.7) <= statedTangentError)
    #expect(largestError(tanh, Glibc.tanh, 1e-6, 1e-5) <= statedTangentError)
  }

  @Test("overflow, underflow, infinity and not a number")
  func edges() {
    let x = FloatLanes(0, -.infinity, .infinity, .nan, 89, -104, 1e-30, -88)
    let e = exp(x)
    #expect(e[0] == 1 && e[1] == 0 && e[2] == .infinity && e[3].isNaN)
    #expect(e[4] == .infinity && e[5] == 0 && e[6] == 1 && e[7] == 0)
    let t = tanh(x)
    #expect(t[0] == 0 && t[1] == -1 && t[2] == 1 && t[3].isNaN)
    #expect(t[4] == 1 && t[5] == -1 && t[6] == 1e-30 && t[7] == -1)
  }

  @Test("sums over lanes go to the lane of their vector")
  func laneSums() {
    // Small integers add without rounding, so any order of additions gives the same number.
    let rows = (0..<8).map { row in
      FloatLanes((0..<8).map { column in Float((row * 37 + column * 11) % 23) })
    }
    let folded = sums(rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7])
    for row in 0..<8 {
      let expected = (0..<8).reduce(Float(0)) { $0 + rows[row][$1] }
      #expect(folded[row] == expected && rows[row].laneSum == expected)
      #expect(rows[row].double.laneSum == Double(expected))
    }
  }
}
