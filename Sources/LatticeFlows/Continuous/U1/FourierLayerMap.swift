import LaneMath

/// One Fourier layer at work on eight configurations.
struct FourierLayerMap {
  private let layer: FourierLayer
  private let basis: FourierBasis
  private let workspace: FourierWorkspace
  private let volume: Int
  /// The number of modes.
  private let modes: Int
  private let degree: Int
  /// Polynomials in the cosine, without and with a factor of the sine: w, w', the derivatives of w with
  /// respect to every mode, and the derivatives of every `g`.
  private let even: Buffer<Lanes>
  private let odd: Buffer<Lanes>
  private let sines: Buffer<Lanes>
  private let cosines: Buffer<Lanes>
  /// The values of all polynomials at a plaquette.
  private let values: Buffer<Lanes>
  /// What a pass over plaquettes sums up.
  private let means: Buffer<Lanes>
  private let overlaps: Buffer<Lanes>

  init(_ layer: FourierLayer) {
    self.layer = layer
    basis = layer.basis
    workspace = basis.makeWorkspace()
    volume = basis.lattice.volume
    modes = basis.table.modes.count - 1
    degree = layer.terms.degree
    func make(_ count: Int) -> Buffer<Lanes> { Buffer(count: count, repeating: .zero) }
    even = make((2 + 2 * modes) * (degree + 1))
    odd = make((2 + 2 * modes) * (degree + 1))
    sines = make((2 + 2 * modes) * layer.largest)
    cosines = make((2 + 2 * modes) * layer.largest)
    values = make(2 + 2 * modes)
    means = make(1 + modes)
    overlaps = make((1 + modes) * (1 + modes))
  }

  /// What a pass over plaquettes finds.
  private struct Stretch {
    var logProduct = Lanes.zero
    var smallest = Lanes(repeating: .infinity)
  }

  func apply(to state: FourierState) -> Lanes {
    computeModes(state)
    setPolynomials(workspace.modes.pointer + 1)
    let stretch = pass()
    let angles = state.angles.pointer, h = layer.step
    let mean = means[0]
    for x in 0..<volume {
      let w = value(0, workspace.cosines.pointer[x], workspace.sines.pointer[x])
      angles[x] += h * (w - mean)
    }
    return logDet(stretch)
  }

  func applyInverse(to state: FourierState) throws(InversionFailure) -> Lanes {
    let residualTolerance = 1e-10
    let angles = state.angles.pointer, size = 1 + modes
    let target = Buffer<Lanes>(count: volume, repeating: .zero)
    target.pointer.update(from: angles, count: volume)
    // The unknowns: h times the mean of w, and the modes; from where the images are.
    computeModes(state)
    setPolynomials(workspace.modes.pointer + 1)
    var stretch = pass()
    var unknowns = [Lanes](repeating: .zero, count: size)
    unknowns[0] = layer.step * means[0]
    for m in 0..<modes { unknowns[1 + m] = workspace.modes[1 + m] }
    var trial = unknowns, direction = [Lanes](repeating: .zero, count: size)
    var smallest = Lanes(repeating: .infinity), length = Lanes(repeating: 1)
    var done = LaneMask(repeating: false)
    for iteration in 0..<200 {
      trial.withUnsafeBufferPointer { setPolynomials($0.baseAddress! + 1) }
      invertPlaquettes(angles, target.pointer, shift: trial[0])
      computeModes(state)
      stretch = pass()
      var residuals = [Lanes](repeating: .zero, count: size)
      for x in 0..<volume { residuals[0] += angles[x] - target[x] }
      residuals[0] /= Double(volume)
      var residual = abs(residuals[0])
      for m in 0..<modes {
        residuals[1 + m] = workspace.modes[1 + m] - trial[1 + m]
        residual = max(residual, abs(residuals[1 + m]))
      }
      // A lane goes on from the trial where it is better, and halves its step where not.
      let better = residual .< smallest
      for i in 0..<size { unknowns[i] = select(better, trial[i], unknowns[i]) }
      smallest = select(better, residual, smallest)
      length = select(
        better, min(Lanes(repeating: 1), 2 * length), 0.5 * length)
      let stuck = smallest .<= 1e-11 .& residual .>= smallest .& (.!better)
      done = done .| smallest .<= 1e-13 .| stuck .| length .< 1e-6
      if iteration > 0, all(done) { break }
      let newton = solve(residuals)
      for i in 0..<size {
        direction[i] = select(better, newton[i], direction[i])
        trial[i] = select(done, unknowns[i], unknowns[i] + length * direction[i])
      }
    }
    // Once more from the images, so that no lane sees for how long others were searched.
    angles.update(from: target.pointer, count: volume)
    unknowns.withUnsafeBufferPointer { setPolynomials($0.baseAddress! + 1) }
    invertPlaquettes(angles, target.pointer, shift: unknowns[0])
    computeModes(state)
    setPolynomials(workspace.modes.pointer + 1)
    stretch = pass()
    let answer = logDet(stretch)
    // What was found must be mapped to the target, without folding.
    var residual = Lanes.zero
    for x in 0..<volume {
      let w = value(0, workspace.cosines.pointer[x], workspace.sines.pointer[x])
      residual = max(residual, abs(angles[x] + layer.step * (w - means[0]) - target[x]))
    }
    let bad = LaneMask(repeating: true) .^ (residual .<= residualTolerance)
    if any(bad) || any(answer .== -.infinity) {
      throw InversionFailure(
        map: "Fourier layer",
        residual: any(bad) ? residual.max() : .infinity, tolerance: residualTolerance)
    }
    return -answer
  }

  /// Cosines, sines, and the modes of the angles.
  private func computeModes(_ state: FourierState) {
    basis.computeSums(state, Swift.max(1, layer.largest), workspace)
    basis.computeModes(layer.point, workspace)
  }

  /// The polynomials at given modes.
  private func setPolynomials(_ psi: UnsafePointer<Lanes>) {
    let table = basis.table, largest = layer.largest
    sines.fill(.zero)
    cosines.fill(.zero)
    func mode(_ m: Int) -> Lanes { m == 0 ? Lanes(repeating: 1) : psi[m - 1] }
    func add(_ amplitude: Lanes, _ harmonic: Int, to polynomial: Int) {
      let list = harmonic < table.largest ? sines : cosines
      list.pointer[polynomial * largest + harmonic % table.largest] += amplitude
    }
    for (i, element) in table.elements.enumerated() {
      let product = table.products[element.product], c = layer.coefficients[i]
      add(
        c * (mode(product.first) * mode(product.second) * mode(product.third)), element.harmonic,
        to: 0)
      for d in element.derivatives {
        let derivative = table.derivatives[d]
        add(
          (c * derivative.multiplicity) * (mode(derivative.first) * mode(derivative.second)),
          element.harmonic, to: 1 + derivative.mode)
      }
    }
    for k in 0..<largest {
      cosines[largest + k] = Double(k + 1) * sines[k]
      sines[largest + k] = -Double(k + 1) * cosines[k]
      for m in 0..<modes {
        let mode = table.modes[1 + m], slope = k < mode.slopes.count ? mode.slopes[k] : 0
        let list = mode.kind.isOdd ? cosines : sines
        list[(2 + modes + m) * largest + k] = Lanes(repeating: slope)
      }
    }
    even.fill(.zero)
    odd.fill(.zero)
    for polynomial in 0..<(2 + 2 * modes) {
      for term in layer.terms.cosine {
        even.pointer[polynomial * (degree + 1) + term.power] +=
          term.factor * cosines[polynomial * largest + term.harmonic - largest]
      }
      for term in layer.terms.sine {
        odd.pointer[polynomial * (degree + 1) + term.power] +=
          term.factor * sines[polynomial * largest + term.harmonic]
      }
    }
  }

  @inline(__always)
  private func value(_ polynomial: Int, _ cosine: Lanes, _ sine: Lanes) -> Lanes {
    let P = even.pointer + polynomial &* (degree &+ 1)
    let Q = odd.pointer + polynomial &* (degree &+ 1)
    var p = P[degree], q = Q[degree]
    for j in stride(from: degree &- 1, through: 0, by: -1) {
      p = multiplyAdd(p, cosine, P[j])
      q = multiplyAdd(q, cosine, Q[j])
    }
    return multiplyAdd(sine, q, p)
  }

  /// Sums over plaquettes: the means of w and its derivatives with respect to modes, and the matrix
  ///
  ///     Σ_x a_i(x) b_j(x)/(1 + h D_x),    a = (1, g_m'),    b = (1, ∂w/∂m)
  private func pass() -> Stretch {
    var stretch = Stretch(), product = Lanes(repeating: 1)
    let size = 1 + modes, values = values.pointer, overlaps = overlaps.pointer
    means.fill(.zero)
    self.overlaps.fill(.zero)
    for x in 0..<volume {
      let c = workspace.cosines.pointer[x], s = workspace.sines.pointer[x]
      for i in 0..<(2 &+ 2 &* modes) { values[i] = value(i, c, s) }
      let slope = multiplyAdd(Lanes(repeating: layer.step), values[1], Lanes(repeating: 1))
      let inverse = 1 / slope
      stretch.smallest = min(stretch.smallest, slope)
      product *= slope
      if x & 15 == 15 {
        stretch.logProduct += log(abs(product))
        product = Lanes(repeating: 1)
      }
      means.pointer[0] += values[0]
      for m in 0..<modes { means.pointer[1 &+ m] += values[2 &+ m] }
      for i in 0..<size {
        let a = i == 0 ? inverse : inverse * values[1 &+ modes &+ i]
        overlaps[i &* size] += a
        for j in 1..<Swift.max(1, size) {
          overlaps[i &* size &+ j] = multiplyAdd(
            a, values[1 &+ j], overlaps[i &* size &+ j])
        }
      }
    }
    stretch.logProduct += log(abs(product))
    for i in 0..<size { means.pointer[i] /= Double(volume) }
    return stretch
  }

  /// `log|det|` after a pass; `-∞` where the map folds or turns.
  private func logDet(_ stretch: Stretch) -> Lanes {
    let size = 1 + modes, h = layer.step
    var answer = stretch.logProduct
    for lane in 0..<laneCount {
      var matrix = (0..<size).map { i in
        (0..<size).map { j -> Double in
          let unit = i == j ? 1.0 : 0
          // Row 0 has W = hD/V: Σ hD/(1+hD) b = Σ b - Σ b/(1+hD).
          func weighted(_ j: Int) -> Double {
            let sum = overlaps[i * size + j][lane]
            if i > 0 { return h * workspace.modeSlopes[i][lane] * sum }
            let plain = j == 0 ? 1 : means[j][lane]
            return plain - sum / Double(volume)
          }
          return j == 0
            ? unit - weighted(0) : unit + weighted(j) - means[j][lane] * weighted(0)
        }
      }
      let determinant = Self.eliminate(&matrix, right: nil)
      answer[lane] =
        determinant > 0 && stretch.smallest[lane] > 0
        ? answer[lane] + scalarLog(determinant) : -.infinity
    }
    return answer
  }

  private func scalarLog(_ x: Double) -> Double { log(Lanes(repeating: x))[0] }

  /// Newton's step of the unknowns for the residuals, after a pass.
  private func solve(_ residuals: [Lanes]) -> [Lanes] {
    let size = 1 + modes, h = layer.step
    var answer = residuals
    for lane in 0..<laneCount {
      var matrix = (0..<size).map { i in
        (0..<size).map { j -> Double in
          let factor = i == 0 ? 1 / Double(volume) : workspace.modeSlopes[i][lane]
          let derivative = factor * overlaps[i * size + j][lane] * (j == 0 ? 1 : -h)
          return i == j && i > 0 ? derivative - 1 : derivative
        }
      }
      var right = residuals.map { -$0[lane] }
      _ = withUnsafeMutablePointer(to: &right) { Self.eliminate(&matrix, right: $0) }
      for i in 0..<size { answer[i][lane] = right[i].isFinite ? right[i] : 0 }
    }
    return answer
  }

  /// Gauss' elimination with pivots; returns the determinant, and solves for the right-hand side.
  private static func eliminate(
    _ matrix: inout [[Double]], right: UnsafeMutablePointer<[Double]>?
  ) -> Double {
    let size = matrix.count
    var determinant = 1.0
    for k in 0..<size {
      let pivot = (k..<size).max { abs(matrix[$0][k]) < abs(matrix[$1][k]) }!
      if pivot != k {
        matrix.swapAt(pivot, k)
        right?.pointee.swapAt(pivot, k)
        determinant = -determinant
      }
      determinant *= matrix[k][k]
      for i in (k + 1)..<Swift.max(k + 1, size) {
        let factor = matrix[i][k] / matrix[k][k]
        for j in k..<size { matrix[i][j] -= factor * matrix[k][j] }
        if let right { right.pointee[i] -= factor * right.pointee[k] }
      }
    }
    if let right {
      for k in stride(from: size - 1, through: 0, by: -1) {
        for j in (k + 1)..<Swift.max(k + 1, size) {
          right.pointee[k] -= matrix[k][j] * right.pointee[j]
        }
        right.pointee[k] /= matrix[k][k]
      }
    }
    return determinant
  }

  /// Solves `F + h w(F) = target + shift` for every plaquette, `w` at fixed modes, from the angles given.
  ///
  /// Newton's steps in a bracket, bisection where they leave it; lanes that have arrived wait.
  private func invertPlaquettes(
    _ angles: UnsafeMutablePointer<Lanes>, _ target: UnsafePointer<Lanes>, shift: Lanes
  ) {
    let h = Lanes(repeating: layer.step)
    var reach = Lanes(repeating: 1e-9)
    for k in 0..<layer.largest {
      reach += abs(h) * (abs(sines.pointer[k]) + abs(cosines.pointer[k]))
    }
    let tolerance = 1e-15 + 1e-14 * reach
    for x in 0..<volume {
      let goal = target[x] + shift
      var low = goal - reach, high = goal + reach
      var F = max(low, min(high, angles[x]))
      var done = LaneMask(repeating: false)
      for _ in 0..<80 {
        let (sine, cosine) = AngleSums.sineAndCosine(F)
        let value = multiplyAdd(h, value(0, cosine, sine), F) - goal
        let slope = multiplyAdd(h, self.value(1, cosine, sine), Lanes(repeating: 1))
        low = select(value .<= 0, F, low)
        high = select(value .>= 0, F, high)
        let newton = F - value / slope
        let inside = newton .>= low .& newton .<= high .& slope .> 0
        let next = select(inside, newton, 0.5 * (low + high))
        // The step that finds a lane done is taken, then the lane waits.
        F = select(done, F, next)
        done = done .| abs(value) .<= tolerance .| high - low .<= 1e-15
        if all(done) { break }
      }
      angles[x] = F
    }
  }
}
