import LaneMath

/// Adam (arXiv:1412.6980) with its state, and clipping of the gradient's norm.
///
///     m = β1 m + (1-β1) g,   v = β2 v + (1-β2) g²,
///     p -= η (m / (1-β1^k)) / (sqrt(v / (1-β2^k)) + ε)
public struct AdamOptimizer: Sendable, Equatable {
  /// The running mean of the gradient.
  public var mean: [Double]
  /// The running mean of its square.
  public var square: [Double]
  /// The number of steps taken.
  public var steps: Int
  /// The decay rate of `mean`.
  public static let beta1 = 0.9
  /// The decay rate of `square`.
  public static let beta2 = 0.99

  /// The optimiser before its first step.
  public init(parameterCount: Int) {
    mean = Array(repeating: 0, count: parameterCount)
    square = mean
    steps = 0
  }

  /// Takes one step.
  ///
  /// - Parameters:
  ///   - gradient: replaced by the clipped gradient.
  ///   - largestNorm: the Euclidean norm to which the gradient is clipped.
  /// - Returns: the norm before clipping. Where it is not finite, nothing changes.
  public mutating func step(
    _ parameters: inout [Double], gradient: inout [Double], learningRate: Double,
    largestNorm: Double
  ) -> Double {
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard norm.isFinite else { return norm }
    let factor = norm > largestNorm ? largestNorm / norm : 1
    steps += 1
    var correction1 = 1.0, correction2 = 1.0
    var power1 = Self.beta1, power2 = Self.beta2, remaining = steps
    var product1 = 1.0, product2 = 1.0
    while remaining > 0 {
      if remaining & 1 == 1 {
        product1 *= power1
        product2 *= power2
      }
      power1 *= power1
      power2 *= power2
      remaining >>= 1
    }
    correction1 = 1 / (1 - product1)
    correction2 = 1 / (1 - product2)
    for i in parameters.indices {
      let g = gradient[i] * factor
      gradient[i] = g
      mean[i] += (1 - Self.beta1) * (g - mean[i])
      square[i] += (1 - Self.beta2) * (g * g - square[i])
      parameters[i] -=
        learningRate * mean[i] * correction1 / ((square[i] * correction2).squareRoot() + 1e-8)
    }
    return norm
  }
}
