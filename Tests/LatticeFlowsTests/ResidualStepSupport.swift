import LaneMath
import LatticeFields

@testable import LatticeFlows

/// A link and the loops that move it.
struct ResidualSample<G: ResidualGroup> {
  var U: G
  var staples: [G]
  var coefficients: [Lanes]

  /// `Σ_i c_i A_i`.
  var staple: G.Matrix {
    var S = G.zeroMatrix
    for (A, c) in zip(staples, coefficients) { S = G.adding(A, c, S) }
    return S
  }
  var omega: G.Matrix { G.matrixProduct(U, staple) }
  func loop(_ i: Int) -> G { G.groupProduct(U, staples[i]) }
  /// The Lipschitz constant of `Z`.
  var lipschitz: Lanes {
    coefficients.reduce(.zero) { $0 + G.lipschitzPerCoefficient * abs($1) }
  }
  func moved(_ X: G.Algebra) -> Self {
    var result = self
    result.U = G.groupProduct(G.exponential(X), U)
    return result
  }
}

// Operations that are compiled once for each group, not wherever they are used.
extension ResidualGroup {
  @inline(never) static func groupProduct(_ a: Self, _ b: Self) -> Self { a * b }
  @inline(never) static func matrixProduct(_ a: Self, _ S: Matrix) -> Matrix {
    product(of: a, times: S)
  }
  @inline(never) static func inverse(_ a: Self) -> Self { a.adjoint }
  @inline(never) static func exponential(_ X: Algebra) -> Self { exp(X) }
  @inline(never) static func adding(_ a: Self, _ c: Lanes, _ S: Matrix) -> Matrix {
    var single = zeroMatrix, result = S
    add(a, to: &single)
    add(single, scaledBy: c, to: &result)
    return result
  }
  @inline(never) static func sum(_ X: Algebra, _ Y: Algebra) -> Algebra { X + Y }
  @inline(never) static func scaled(_ factor: Lanes, _ X: Algebra) -> Algebra { factor * X }
  @inline(never) static func product(_ X: Algebra, _ Y: Algebra) -> Lanes { X.dot(Y) }
  @inline(never) static func element(_ generator: inout LaneGenerator) -> Self {
    haar(using: &generator)
  }
  @inline(never) static func direction(_ generator: inout LaneGenerator) -> Algebra {
    let X = Algebra.gaussian(using: &generator)
    return (1 / LaneMath.sqrt(X.dot(X))) * X
  }
  @inline(never) static func turned(_ U: Self, _ X: Algebra) -> Algebra { U.adjointAction(on: X) }
  @inline(never) static func chord(_ a: Self, _ b: Self) -> Lanes {
    LaneMath.sqrt(squaredDistance(a, b))
  }
  static func distance(_ a: Self, _ b: Self) -> Double { chord(a, b).largestMagnitude }
  static func distance(_ X: Algebra, _ Y: Algebra) -> Double {
    let difference = sum(X, scaled(Lanes(repeating: -1), Y))
    return LaneMath.sqrt(product(difference, difference)).largestMagnitude
  }
  /// `Re tr(U B)` and its left derivative.
  @inline(never) static func potential(_ U: Self, _ B: Matrix) -> (value: Lanes, slope: Algebra) {
    (realTrace(of: U, times: B), Lanes(repeating: -1) * algebraProjection(of: U, times: B))
  }
}

extension SIMD8 where Scalar == Double {
  /// The largest magnitude over lanes; not a number if a lane is not.
  var largestMagnitude: Double {
    (0..<laneCount).reduce(0) {
      self[$1].isNaN || $0.isNaN ? .nan : Swift.max($0, Swift.abs(self[$1]))
    }
  }
}

/// The lanes that a value is made of.
func lanes<Value: BitwiseCopyable>(of value: Value) -> [Lanes] {
  withUnsafeBytes(of: value) { Array($0.bindMemory(to: Lanes.self)) }
}

/// The value with one of its lanes in all.
func broadcast<Value: BitwiseCopyable>(_ value: Value, lane: Int) -> Value {
  var result = value
  withUnsafeMutableBytes(of: &result) {
    for x in $0.bindMemory(to: Lanes.self).indices {
      let numbers = $0.bindMemory(to: Lanes.self)
      numbers[x] = Lanes(repeating: numbers[x][lane])
    }
  }
  return result
}

/// The derivative at 0, with an error of `h⁴/30` fifth derivatives.
func residualSlope(step h: Double, _ curve: (Double) -> Lanes) -> Lanes {
  return (8 * (curve(h) - curve(-h)) - (curve(2 * h) - curve(-2 * h))) * (1 / (12 * h))
}

/// `log |det|` of a matrix in every lane, by elimination with pivoting.
func logDeterminant(_ columns: [[Lanes]]) -> Lanes {
  var result = Lanes.zero
  let d = columns.count
  for lane in 0..<laneCount {
    var a = columns.map { $0.map { $0[lane] } }
    var sum = 0.0
    for j in 0..<d {
      let pivot = (j..<d).max { a[j][$0].magnitude < a[j][$1].magnitude }!
      for c in 0..<d { a[c].swapAt(j, pivot) }
      sum += LaneMath.log(Lanes(repeating: a[j][j].magnitude))[0]
      for c in (j + 1)..<max(j + 1, d) {
        let factor = a[c][j] / a[j][j]
        for r in j..<d { a[c][r] -= factor * a[j][r] }
      }
    }
    result[lane] = sum
  }
  return result
}
