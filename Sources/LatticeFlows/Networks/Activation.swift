import LaneMath

/// The nonlinearity between the layers of a conditioner network.
public enum Activation: String, Sendable, Codable, CaseIterable {
  /// `x` for positive `x`, `x / 100` otherwise.
  case leakyReLU = "leaky-relu"
  /// `tanh x`.
  case tanh

  /// Applies the function to `count` numbers in place.
  @inline(__always)
  func apply(to values: UnsafeMutablePointer<FloatLanes>, count: Int) {
    switch self {
    case .leakyReLU:
      for i in 0..<count { values[i] = LaneMath.max(values[i], 0.01 * values[i]) }
    case .tanh:
      for i in 0..<count { values[i] = LaneMath.tanh(values[i]) }
    }
  }

  /// Multiplies `gradient` by the derivative, which is a function of the output of `apply`.
  @inline(__always)
  func pullback(
    _ gradient: UnsafeMutablePointer<FloatLanes>, output: UnsafePointer<FloatLanes>, count: Int
  ) {
    switch self {
    case .leakyReLU:
      for i in 0..<count {
        let scaled = 0.01 * gradient[i]
        gradient[i] = gradient[i].replacing(with: scaled, where: output[i] .< 0)
      }
    case .tanh:
      for i in 0..<count { gradient[i] *= 1 - output[i] * output[i] }
    }
  }
}
