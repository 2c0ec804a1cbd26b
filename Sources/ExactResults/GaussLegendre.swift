/// Gauss-Legendre quadrature on [-1, 1], exact for polynomials of degree 2n - 1.
struct GaussLegendre: Sendable {
  let nodes: [Double]
  let weights: [Double]

  /// Nodes in ascending order, by Newton iteration on the Legendre polynomial; error 1e-15.
  init(order: Int) {
    var nodes = [Double](repeating: 0, count: order)
    var weights = nodes
    for i in 0..<((order + 1) / 2) {
      var x = Scalar.cos(Double.pi * (Double(i) + 0.75) / (Double(order) + 0.5))
      var slope = 0.0
      for _ in 0..<8 {
        var (previous, current) = (1.0, x)
        for k in 1..<max(order, 1) {
          let n = Double(k)
          (previous, current) = (current, ((2 * n + 1) * x * current - n * previous) / (n + 1))
        }
        slope = Double(order) * (x * current - previous) / (x * x - 1)
        let step = current / slope
        x -= step
        if abs(step) < 1e-16 { break }
      }
      (nodes[i], nodes[order - 1 - i]) = (-x, x)
      let weight = 2 / ((1 - x * x) * slope * slope)
      (weights[i], weights[order - 1 - i]) = (weight, weight)
    }
    (self.nodes, self.weights) = (nodes, weights)
  }

  /// The rule used piece by piece.
  static let panel = GaussLegendre(order: 16)
}
