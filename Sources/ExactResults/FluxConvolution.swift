/// The density of the sum of a few plaquette angles, by repeated convolution.
///
///     f_{n+1}(x) = int_{x-pi}^{x+pi} dy p(x - y) f_n(y)
///
/// f_n is analytic on each of n panels of length 2 pi, and every convolution integral meets exactly
/// two of them; so with u the place within a panel,
///
///     f_{n+1, k}(u) = int_u^{2 pi} dv p(pi + u - v) f_{n, k-1}(v)
///                   + int_0^u      dv p(u - v - pi) f_{n, k}(v)
///
/// and one step is two fixed matrices on the values at Gauss-Legendre nodes. The angles are tilted
/// towards the charge asked for. (The Fourier integral of a few angles decays too slowly to serve.)
enum FluxConvolution {
  /// log f_V(2 pi Q); minus infinity where round-off hides it.
  static func logDensity(volume: Int, beta: Double, law: TiltedPlaquette, charge: Int) -> Double {
    let logIntegral =
      OnePlaquetteLawU1(uncheckedBeta: beta).logNormalization - beta + Scalar.log(2 * Double.pi)
    let tilted = logSumDensity(
      volume: volume, beta: beta, tilt: law.tilt, charge: charge)
    return tilted - law.tilt * 2 * Double.pi * Double(charge) - Double(volume) * logIntegral
  }

  /// log of exp(s x) f_V(x) at x = 2 pi Q, for factors exp[beta (cos theta - 1)].
  private static func logSumDensity(
    volume: Int, beta: Double, tilt: Double, charge: Int
  ) -> Double {
    let law = TiltedFactor(beta: beta, tilt: tilt)
    // Polynomials that resolve the bump of the law and the exponential on a panel of length 2 pi.
    let order = 28 + Int(24 * beta.squareRoot() + 12 * tilt.squareRoot())
    if order > 500 { return -.infinity }
    let grid = PanelGrid(order: order)
    let step = ConvolutionStep(grid: grid, places: grid.places, factor: law)
    // f_1 on its one panel, then one factor at a time; panels lie one after another.
    var values = grid.places.map { law.value(at: $0 - Double.pi) }
    for n in 1..<(volume - 1) {
      var next = [Double](repeating: 0, count: (n + 1) * order)
      for k in 0...n {
        for i in 0..<order {
          next[k * order + i] = step.apply(values, panels: n, panel: k, place: i)
        }
      }
      values = next
    }
    // The last factor only at the point asked for: x = -V pi + 2 pi k + u.
    let place = volume.isMultiple(of: 2) ? 0 : Double.pi
    let final = ConvolutionStep(grid: grid, places: [place], factor: law)
    let density = final.apply(values, panels: volume - 1, panel: charge + volume / 2, place: 0)
    guard density > hiddenByRoundOff * (values.max() ?? 0) else { return -.infinity }
    return Scalar.log(density) + Double(volume) * law.logUnit
  }
}

/// exp[beta (cos theta - 1) + s theta], scaled so that its largest value on (-pi, pi] is near one.
private struct TiltedFactor {
  let beta: Double
  let tilt: Double
  let logUnit: Double

  init(beta: Double, tilt: Double) {
    self.beta = beta
    self.tilt = tilt
    logUnit = (0...64).map { i in
      let angle = Double.pi * Double(i) / 64
      return beta * (Scalar.cos(angle) - 1) + tilt * angle
    }.max()!
  }

  func value(at angle: Double) -> Double {
    let sine = Scalar.sin(angle / 2)
    return Scalar.exp(tilt * angle - 2 * beta * sine * sine - logUnit)
  }
}

/// Gauss-Legendre nodes on a panel [0, 2 pi] with barycentric interpolation between them.
private struct PanelGrid {
  let places: [Double]
  let barycentric: [Double]
  let quadrature: GaussLegendre

  init(order: Int) {
    let rule = GaussLegendre(order: order)
    quadrature = GaussLegendre(order: order + 16)
    places = rule.nodes.map { Double.pi * (1 + $0) }
    barycentric = zip(rule.nodes, rule.weights).enumerated().map { index, pair in
      let size = ((1 - pair.0 * pair.0) * pair.1).squareRoot()
      return index.isMultiple(of: 2) ? size : -size
    }
  }

  /// Adds weight * l_j(v) for the interpolation polynomials l_j of all nodes.
  func addInterpolation(
    at v: Double, weight: Double, to row: inout [Double], scratch: inout [Double]
  ) {
    if let hit = places.firstIndex(of: v) {
      row[hit] += weight
      return
    }
    var sum = 0.0
    for j in row.indices {
      scratch[j] = barycentric[j] / (v - places[j])
      sum += scratch[j]
    }
    let scale = weight / sum
    for j in row.indices { row[j] += scale * scratch[j] }
  }
}

/// One convolution: the rows that take the values of two neighbouring panels to given places.
private struct ConvolutionStep {
  let order: Int
  let left: [[Double]]
  let right: [[Double]]

  init(grid: PanelGrid, places: [Double], factor: TiltedFactor) {
    order = grid.places.count
    func row(from lower: Double, to upper: Double, angle: (Double) -> Double) -> [Double] {
      var row = [Double](repeating: 0, count: grid.places.count)
      guard upper > lower else { return row }
      var scratch = row
      let half = (upper - lower) / 2
      for (node, weight) in zip(grid.quadrature.nodes, grid.quadrature.weights) {
        let v = lower + half * (1 + node)
        grid.addInterpolation(
          at: v, weight: half * weight * factor.value(at: angle(v)), to: &row, scratch: &scratch)
      }
      return row
    }
    left = places.map { u in row(from: u, to: 2 * Double.pi) { Double.pi + u - $0 } }
    right = places.map { u in row(from: 0, to: u) { u - $0 - Double.pi } }
  }

  func apply(_ values: [Double], panels: Int, panel: Int, place: Int) -> Double {
    var sum = 0.0
    if panel > 0 {
      let start = (panel - 1) * order
      for j in 0..<order { sum += left[place][j] * values[start + j] }
    }
    if panel < panels {
      let start = panel * order
      for j in 0..<order { sum += right[place][j] * values[start + j] }
    }
    return sum
  }
}
