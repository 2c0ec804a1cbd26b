// The C library's functions are what the lane functions are compared with.
import Glibc
import LaneMath
import Testing

/// The errors that the documentation states, in ulp.
private let statedError: [String: Double] = [
  "exp": 1.2, "expm1": 1.7, "log": 1, "log1p": 1, "tanh": 2.5, "sin": 1, "cos": 1, "tan": 2.5,
  "atan2": 1.6,
]

private let laneFunctions: [String: @Sendable (Lanes, Lanes) -> Lanes] = [
  "exp": { x, _ in LaneMath.exp(x) }, "expm1": { x, _ in LaneMath.expm1(x) },
  "log": { x, _ in LaneMath.log(x) }, "log1p": { x, _ in LaneMath.log1p(x) },
  "tanh": { x, _ in LaneMath.tanh(x) }, "sin": { x, _ in LaneMath.sin(x) },
  "cos": { x, _ in LaneMath.cos(x) }, "tan": { x, _ in LaneMath.tan(x) },
  "atan2": { y, x in LaneMath.atan2(y, x) },
]

private func lanes(_ x: Double) -> Lanes { Lanes(repeating: x) }

@Suite("Elementary functions on lanes")
struct ElementaryTests {
  @Test(
    "stay within the stated error of 40-digit values over the whole range",
    arguments: statedError.keys.sorted())
  func referenceValues(name: String) throws {
    let function = try #require(laneFunctions[name])
    let bound = try #require(statedError[name])
    let table = try #require(referenceTable[name])
    var rows = 0
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ").map { Double(String($0)) ?? .nan }
      let first = words[0]
      let second = words.count == 4 ? words[1] : 0
      let expected = words[words.count - 2]
      let rest = words[words.count - 1]
      // The row in one lane, its mirror image or others beside it.
      var x = lanes(0.5)
      x[rows % 8] = first
      let observed = function(x, lanes(second))[rows % 8]
      let error = Swift.abs((observed - expected) / expected.ulp - rest)
      #expect(
        error <= bound,
        "\(name)(\(first), \(second)): observed \(observed), expected \(expected), \(error) ulp")
      rows += 1
    }
    #expect(rows >= 80)
  }

  #if arch(x86_64)
    /// Random arguments against the extended precision of the C library, whose own error is 2^-10
    /// of these units.
    private func largestError(
      _ function: (Lanes) -> Lanes, _ exact: (Float80) -> Float80, _ draw: (Double) -> Double
    ) -> (error: Double, at: Double) {
      var generator = ScalarGenerator(seed: 20, purpose: .verification)
      var worst = (error: 0.0, at: 0.0)
      for _ in 0..<5_000 {
        var x = Lanes.zero
        for lane in 0..<8 { x[lane] = draw(generator.uniform()) }
        let y = function(x)
        for lane in 0..<8 {
          let expected = exact(Float80(x[lane]))
          let unit = Float80(Swift.max(Double(expected).ulp, Double.leastNonzeroMagnitude))
          let error = Double(Swift.abs(Float80(y[lane]) - expected) / unit)
          if !(error <= worst.error) { worst = (error, x[lane]) }
        }
      }
      return worst
    }

    @Test("agree with the C library's extended precision at random arguments")
    func randomArguments() throws {
      let cases: [(String, Double, Double, (Float80) -> Float80)] = [
        ("exp", -744, 709.7, Glibc.exp), ("exp", -1, 1, Glibc.exp),
        ("expm1", -45, 709.7, Glibc.expm1), ("expm1", -1.5, 1.5, Glibc.expm1),
        ("log", 1e-300, 1e-290, Glibc.log), ("log", 0.3, 3, Glibc.log), ("log", 0, 1e6, Glibc.log),
        ("log1p", -1, 2, Glibc.log1p), ("log1p", 0, 1e6, Glibc.log1p),
        ("tanh", -20, 20, Glibc.tanh), ("tanh", -0.4, 0.4, Glibc.tanh),
        ("sin", -4, 4, Glibc.sin), ("sin", -2e5, 2e5, Glibc.sin), ("sin", 2e5, 1e15, Glibc.sin),
        ("cos", -4, 4, Glibc.cos), ("cos", -2e5, 2e5, Glibc.cos), ("cos", 2e5, 1e15, Glibc.cos),
        ("tan", -4, 4, Glibc.tan), ("tan", -2e5, 2e5, Glibc.tan),
        ("atan2", -1e3, 1e3, { Glibc.atan2($0, 3) }),
      ]
      for (name, low, high, exact) in cases {
        let function = try #require(laneFunctions[name])
        let bound = try #require(statedError[name])
        let worst = largestError({ function($0, lanes(3)) }, exact) { low + (high - low) * $0 }
        #expect(
          worst.error <= bound, "\(name) on \(low)...\(high): \(worst.error) ulp at \(worst.at)")
      }
    }

    @Test("of whole turns are exact at the axes and close elsewhere")
    func turns() {
      let statedTurnError = 1.6
      let sine = largestError(
        { sincos(turns: $0).sin }, { Glibc.sin($0 * 2 * Float80.pi) }, { 0.01 + 0.48 * $0 })
      let cosine = largestError(
        { sincos(turns: $0).cos }, { Glibc.cos($0 * 2 * Float80.pi) }, { 0.48 * $0 - 0.24 })
      #expect(sine.error <= statedTurnError && cosine.error <= statedTurnError)
      for quarter in -9...9 {
        let (s, c) = sincos(turns: lanes(0.25 * Double(quarter)))
        let position = ((quarter % 4) + 4) % 4
        #expect(s[0] == [0, 1, 0, -1][position] && c[0] == [1, 0, -1, 0][position])
      }
    }
  #endif

  @Test("are right at zero, infinity, not a number, overflow and underflow")
  func edges() {
    func check(
      _ name: String, _ function: (Lanes) -> Lanes, _ argument: Double, _ expected: Double
    ) {
      let y = function(lanes(argument))
      for lane in 0..<8 {
        let same =
          (y[lane].isNaN && expected.isNaN)
          || (y[lane] == expected && y[lane].sign == expected.sign)
        #expect(same, "\(name)(\(argument)): observed \(y[lane]), expected \(expected)")
      }
    }
    let tiny = Double.leastNonzeroMagnitude
    let huge = Double.greatestFiniteMagnitude
    for (x, y) in [
      (0, 1), (-0.0, 1), (.infinity, .infinity), (-.infinity, 0), (.nan, .nan), (709.79, .infinity),
      (huge, .infinity), (-745.14, 0), (-huge, 0), (tiny, 1), (-745.13, tiny),
    ] as [(Double, Double)] { check("exp", LaneMath.exp, x, y) }
    for (x, y) in [
      (0, 0), (-0.0, -0.0), (.infinity, .infinity), (-.infinity, -1), (.nan, .nan),
      (710, .infinity), (-100, -1), (tiny, tiny), (-tiny, -tiny),
    ] as [(Double, Double)] { check("expm1", LaneMath.expm1, x, y) }
    for (x, y) in [
      (0, -.infinity), (-0.0, -.infinity), (-1, .nan), (-tiny, .nan), (-.infinity, .nan), (1, 0),
      (.infinity, .infinity), (.nan, .nan), (tiny, -744.4400719213812),
    ] as [(Double, Double)] { check("log", LaneMath.log, x, y) }
    for (x, y) in [
      (0, 0), (-0.0, -0.0), (-1, -.infinity), (-1.0000000000000002, .nan), (-.infinity, .nan),
      (.infinity, .infinity), (.nan, .nan), (tiny, tiny), (-tiny, -tiny),
    ] as [(Double, Double)] { check("log1p", LaneMath.log1p, x, y) }
    for (x, y) in [
      (0, 0), (-0.0, -0.0), (.infinity, 1), (-.infinity, -1), (.nan, .nan), (huge, 1), (25, 1),
      (tiny, tiny), (-tiny, -tiny),
    ] as [(Double, Double)] { check("tanh", LaneMath.tanh, x, y) }
    for (x, y) in [
      (0, 0), (-0.0, -0.0), (.infinity, .nan), (-.infinity, .nan), (.nan, .nan), (tiny, tiny),
      (-tiny, -tiny),
    ] as [(Double, Double)] {
      check("sin", LaneMath.sin, x, y)
      check("tan", LaneMath.tan, x, y)
    }
    for (x, y) in [
      (0, 1), (-0.0, 1), (.infinity, .nan), (-.infinity, .nan), (.nan, .nan), (tiny, 1),
    ] as [(Double, Double)] { check("cos", LaneMath.cos, x, y) }
  }

  @Test("follow IEEE 754 for the angle of points on the axes, at zero and at infinity")
  func arctangentEdges() {
    let values: [Double] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .nan, 0x1p-1022, 0x1p1000, 0x1p-900,
    ]
    for y in values {
      for x in values {
        let expected = Glibc.atan2(y, x)
        let observed = LaneMath.atan2(lanes(y), lanes(x))[5]
        let same =
          (observed.isNaN && expected.isNaN)
          || (Swift.abs(observed - expected) <= expected.ulp && observed.sign == expected.sign)
        #expect(same, "atan2(\(y), \(x)): observed \(observed), expected \(expected)")
      }
    }
  }

  @Test("do not let a lane at the edge change another")
  func lanesAreSeparate() {
    let ordinary = Lanes(0.1, 0.7, 1.3, 2.9, 0.01, 5, 0.33, 11)
    for (name, function) in laneFunctions {
      let clean = function(ordinary, ordinary + 1)
      for edge in [0, -0.0, .infinity, -1e308, 1e300, .nan, 0x1p-1074, -800] as [Double] {
        var disturbed = ordinary
        disturbed[3] = edge
        let result = function(disturbed, ordinary + 1)
        for lane in 0..<8 where lane != 3 {
          #expect(result[lane] == clean[lane], "\(name) beside \(edge)")
        }
      }
    }
  }

  @Test("wrap every angle into (-pi, pi] without turning it")
  func wrapping() {
    // One ulp of pi, and what the representation of the argument leaves undetermined is exact.
    let statedWrapError = 4.5e-16
    var generator = ScalarGenerator(seed: 21, purpose: .verification)
    for size in [3, 10, 2e5, 1e7, 1e15, 1e300] {
      for _ in 0..<2_000 {
        let x = (2 * generator.uniform() - 1) * size
        let y = wrapAngle(lanes(x))[0]
        #expect(y > -.pi && y <= .pi)
        let sine = Glibc.sin(y - Double.pi) + Glibc.sin(x)
        let cosine = Glibc.cos(y) - Glibc.cos(x)
        #expect(Swift.abs(sine) < 2 * statedWrapError && Swift.abs(cosine) < 2 * statedWrapError)
      }
    }
    for (x, y) in [
      (0, 0), (.pi, .pi), (-.pi, .pi), (Double.pi.nextDown, Double.pi.nextDown),
      (-Double.pi.nextDown, -Double.pi.nextDown), (3, 3), (-3, -3), (1e-300, 1e-300),
    ] as [(Double, Double)] { #expect(wrapAngle(lanes(x))[0] == y) }
    #expect(wrapAngle(lanes(.infinity))[0].isNaN && wrapAngle(lanes(.nan))[0].isNaN)
  }
}
