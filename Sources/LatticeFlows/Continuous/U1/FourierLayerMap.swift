import LaneMath

/// One Fourier layer at work on eight configurations.
struct FourierLayerMap {
  private let layer: FourierLayer
  private let basis: FourierBasis
  /// The step `h`; shorter ones on the way of an inverse.
  private var step: Double
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
    step = layer.step
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
    let angles = state.angles.pointer, h = step
    let mean = means[0]
    for x in 0..<volume {
      let w = value(0, workspace.cosines.pointer[x], workspace.sines.pointer[x])
      angles[x] += h * (w - mean)
    }
    return logDet(stretch)
  }

  /// The inverse, by one search; where it does not arrive, by searches that follow the solution from
  /// small steps on. Each lane keeps what its first successful attempt finds.
  mutating func applyInverse(to state: FourierState) throws(InversionFailure) -> Lanes {
    let tolerance = 1e-10
    let target = Buffer<Lanes>(count: volume, repeating: .zero)
    target.pointer.update(from: state.angles.pointer, count: volume)
    var (answer, residual) = invert(state, target.pointer, pieces: 1)
    for pieces in [8, 64] where !(residual.max() <= tolerance) {
      let found = Buffer<Lanes>(count: volume, repeating: .zero)
      found.pointer.update(from: state.angles.pointer, count: volume)
      let (other, otherResidual) = invert(state, target.pointer, pieces: pieces)
      let keep = residual .<= tolerance
      for x in 0..<volume { state.angles[x] = select(keep, found[x], state.angles[x]) }
      answer = select(keep, answer, other)
      residual = select(keep, residual, otherResidual)
    }
    guard residual.max() <= tolerance else {
      throw InversionFailure(
        map: "Fourier layer", residual: residual.max(), tolerance: tolerance)
    }
    return answer
  }

  /// Looks for the angles that the layer maps to the target.
  ///
  /// - Parameters:
  ///   - target: the images.
  ///   - pieces: the number of steps, of growing length, through which the solution is followed.
  /// - Returns: the log-det of the inverse, and the largest difference between the images of what was
  ///   found and the target; infinite where the map folds there.
  private mutating func invert(
    _ state: FourierState, _ target: UnsafePointer<Lanes>, pieces: Int
  ) -> (logDet: Lanes, residual: Lanes) {
    let angles = state.angles.pointer
    angles.update(from: target, count: volume)
    computeModes(state)
    setPolynomials(workspace.modes.pointer + 1)
    _ = pass()
    var unknowns = [means[0]] + (0..<modes).map { workspace.modes[1 + $0] }
    for piece in 1...pieces {
      step = layer.step * Double(piece) / Double(pieces)
      search(state, target, &unknowns)
    }
    // Once more from the images, so that no lane sees for how long others were searched.
    angles.update(from: target, count: volume)
    setPolynomials(Array(unknowns.dropFirst()))
    invertPlaquettes(angles, target, shift: step * unknowns[0])
    computeModes(state)
    setPolynomials(workspace.modes.pointer + 1)
    let answer = logDet(pass())
    var residual = Lanes.zero
    for x in 0..<volume {
      let w = value(0, workspace.cosines.pointer[x], workspace.sines.pointer[x])
      residual = max(residual, abs(angles[x] + step * (w - means[0]) - target[x]))
    }
    residual = select(
      answer .> -.infinity .& residual .>= 0, residual, Lanes(repeating: .infinity))
    return (-answer, residual)
  }

  /// Newton's method for the unknowns, the mean of w and the modes, at the current step: the mean of the
  /// angles must not change, and the modes must be those of the angles.
  private func search(
    _ state: FourierState, _ target: UnsafePointer<Lanes>, _ unknowns: inout [Lanes]
  ) {
    let angles = state.angles.pointer, size = 1 + modes
    angles.update(from: target, count: volume)
    var trial = unknowns, direction = [Lanes](repeating: .zero, count: size)
    var residuals = direction
    var smallest = Lanes(repeating: .infinity), length = Lanes(repeating: 1)
    var done = LaneMask(repeating: false)
    for _ in 0..<100 {
      setPolynomials(Array(trial.dropFirst()))
      invertPlaquettes(angles, target, shift: step * trial[0])
      computeModes(state)
      _ = pass()
      residuals[0] = .zero
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
      let stuck = smallest .<= 1e-11 .& (.!better)
      smallest = select(better, residual, smallest)
      length = select(better, min(Lanes(repeating: 1), 2 * length), 0.5 * length)
      done = done .| smallest .<= 1e-13 .| stuck .| length .< 1e-6
      if all(done) { break }
      let newton = solve(residuals)
      for i in 0..<size {
        direction[i] = select(better, newton[i], direction[i])
        trial[i] = select(done, unknowns[i], unknowns[i] + length * direction[i])
      }
    }
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
      let slope = multiplyAdd(Lanes(repeating: step), values[1], Lanes(repeating: 1))
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
    let size = 1 + modes, h = step
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
    let size = 1 + modes, h = step
    var answer = residuals
    for lane in 0..<laneCount {
      var matrix = (0..<size).map { i in
        (0..<size).map { j -> Double in
          let factor = i == 0 ? 1 / Double(volume) : workspace.modeSlopes[i][lane]
          let derivative = factor * overlaps[i * size + j][lane] * (j == 0 ? h : -h)
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
    let h = Lanes(repeating: step)
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
