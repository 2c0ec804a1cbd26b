import LaneMath

/// φ⁴ theory on a periodic chain of `length` sites, quantum mechanics in Euclidean time, by its
/// transfer matrix on a grid:
///
///     T(φ, φ') = exp[-(φ' - φ)² - v(φ)/2 - v(φ')/2],   v(φ) = m² φ² + λ φ⁴,   Z = ∫ Π dφ Π T = tr T^L
///
/// The integrands are analytic and vanish at the ends, so that the trapezoidal sum converges faster
/// than any power of the spacing.
struct TransferMatrix {
  let length: Int
  private let points: [Double]
  private let spacing: Double
  /// `T^t` times `spacing^t` for `t = 0 ... L`, row by row.
  private let powers: [[Double]]

  init(massSquared: Double, lambda: Double, length: Int, range: Double = 7, count: Int = 141) {
    self.length = length
    let spacing = 2 * range / Double(count - 1)
    let points = (0..<count).map { -range + spacing * Double($0) }
    func v(_ x: Double) -> Double { x * x * (massSquared + lambda * x * x) }
    var T = [Double](repeating: 0, count: count * count)
    for i in 0..<count {
      for j in 0..<count {
        let step = points[i] - points[j]
        let exponent = -step * step - 0.5 * v(points[i]) - 0.5 * v(points[j])
        T[i * count + j] = spacing * exp(Lanes(repeating: exponent))[0]
      }
    }
    var power = [Double](repeating: 0, count: count * count)
    for i in 0..<count { power[i * count + i] = 1 }
    var powers = [power]
    for _ in 0..<length {
      var next = [Double](repeating: 0, count: count * count)
      for i in 0..<count {
        for k in 0..<count {
          let a = power[i * count + k]
          for j in 0..<count { next[i * count + j] += a * T[k * count + j] }
        }
      }
      power = next
      powers.append(power)
    }
    self.points = points
    self.spacing = spacing
    self.powers = powers
  }

  /// `tr[f(φ) T^t g(φ) T^(L-t)]`.
  private func trace(
    _ f: (Double) -> Double, _ t: Int, _ g: (Double) -> Double
  ) -> Double {
    let count = points.count
    let left = points.map(f), right = points.map(g)
    var sum = 0.0
    for i in 0..<count {
      for j in 0..<count {
        sum += left[i] * powers[t][i * count + j] * right[j] * powers[length - t][j * count + i]
      }
    }
    return sum
  }

  /// `log ∫ Π dφ exp(-S)`.
  var logZ: Double { log(Lanes(repeating: trace({ _ in 1 }, 0, { _ in 1 })))[0] }

  /// `<f(φ(0)) g(φ(t))>`.
  func mean(
    _ f: (Double) -> Double, _ t: Int = 0, _ g: (Double) -> Double = { _ in 1 }
  ) -> Double { trace(f, t, g) / trace({ _ in 1 }, 0, { _ in 1 }) }

  /// `<φ²>, <φ⁴>, <φ(0)φ(1)>, <φ(0)φ(L/2)>`.
  var quantities: [Double] {
    [
      mean { $0 * $0 }, mean { $0 * $0 * $0 * $0 }, mean({ $0 }, 1, { $0 }),
      mean({ $0 }, length / 2, { $0 }),
    ]
  }
}
