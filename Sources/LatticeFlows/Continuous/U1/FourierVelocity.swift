import LaneMath
import LatticeFields

extension FourierBasis {
  /// The values of the path alone, in every configuration.
  public func values(
    of state: FourierState, at point: PathPoint, using workspace: FourierWorkspace
  ) -> PathValues {
    computeSums(state, point.tilt != 0 || point.tiltRate != 0 ? 6 : 1, workspace)
    return pathValues(point, workspace)
  }

  /// The columns `A_i = div Z_i - Z_i·∂S_t` of all elements, and the values of the path.
  public func columns(
    of state: FourierState, at point: PathPoint, using workspace: FourierWorkspace,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues {
    let tilted = point.tilt != 0 || point.tiltRate != 0
    computeSums(
      state, tilted ? Swift.max(table.columnSums, table.largest + 6) : table.columnSums, workspace)
    computeModes(point, workspace)
    computeProducts(workspace)
    let values = pathValues(point, workspace)
    computeFactors(point, withAction: true, workspace)
    let overlaps = workspace.overlaps.pointer, stride = 2 * table.largest
    for (i, element) in table.elements.enumerated() {
      var column =
        workspace.products.pointer[element.product] * workspace.factors.pointer[element.harmonic]
      for d in element.derivatives {
        column = multiplyAdd(
          workspace.derivatives.pointer[d],
          overlaps[table.derivatives[d].mode &* stride &+ element.harmonic], column)
      }
      columns[i] = column
    }
    return values
  }

  /// The velocity of plaquette angles, kept as polynomials in their cosines; returns `div Z`.
  public func computeVelocity(
    of state: FourierState, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: FourierWorkspace
  ) -> Lanes {
    computeSums(state, table.divergenceSums, workspace)
    computeModes(point, workspace)
    computeProducts(workspace)
    computeFactors(point, withAction: false, workspace)
    let amplitudes = workspace.amplitudes.pointer, overlaps = workspace.overlaps.pointer
    let stride = 2 * table.largest
    workspace.amplitudes.fill(.zero)
    var divergence = Lanes.zero
    for (i, element) in table.elements.enumerated() {
      let c = Lanes(repeating: coefficients[i])
      amplitudes[element.harmonic] = multiplyAdd(
        c, workspace.products.pointer[element.product], amplitudes[element.harmonic])
      for d in element.derivatives {
        divergence = multiplyAdd(
          c * workspace.derivatives.pointer[d],
          overlaps[table.derivatives[d].mode &* stride &+ element.harmonic], divergence)
      }
    }
    var mean = Lanes.zero
    for h in table.harmonics {
      divergence = multiplyAdd(amplitudes[h], workspace.factors.pointer[h], divergence)
      mean = multiplyAdd(amplitudes[h], harmonicSum(h, workspace), mean)
    }
    let even = workspace.even.pointer, odd = workspace.odd.pointer
    workspace.even.fill(.zero)
    workspace.odd.fill(.zero)
    for term in polynomials.cosine {
      even[term.power] = multiplyAdd(
        Lanes(repeating: term.factor), amplitudes[term.harmonic], even[term.power])
    }
    for term in polynomials.sine {
      odd[term.power] = multiplyAdd(
        Lanes(repeating: term.factor), amplitudes[term.harmonic], odd[term.power])
    }
    even[0] -= mean / Double(lattice.volume)
    return divergence
  }

  /// One stage of a Runge-Kutta step of the plaquette angles.
  public func move(
    _ state: FourierState, memory: Double, step: Double, weight: Double,
    using workspace: FourierWorkspace
  ) {
    AngleSums.move(
      state.angles.pointer, state.accumulated.pointer, count: lattice.volume,
      cosines: workspace.cosines.pointer, sines: workspace.sines.pointer,
      even: workspace.even.pointer, odd: workspace.odd.pointer, degree: polynomials.degree,
      memory: memory, step: step, weight: weight)
  }

  /// Cosines and sines of the plaquette angles, and their power sums, of negative harmonics as well.
  func computeSums(_ state: FourierState, _ largest: Int, _ workspace: FourierWorkspace) {
    let C = workspace.C, S = workspace.S
    AngleSums.compute(
      state.angles.pointer, count: lattice.volume, largest: largest,
      cosines: workspace.cosines.pointer, sines: workspace.sines.pointer, cosineSums: C,
      sineSums: S)
    for k in 1...largest {
      C[-k] = C[k]
      S[-k] = -S[k]
    }
  }

  /// `S_t` and `∂_t S_t`.
  private func pathValues(_ point: PathPoint, _ workspace: FourierWorkspace) -> PathValues {
    let X = workspace.C[1]
    var action = -point.beta * X, rate = -point.betaRate * X
    if point.tilt != 0 || point.tiltRate != 0 {
      let G = sawtoothSum(workspace), square = G * G / Double(2 * lattice.volume)
      action += point.tilt * square
      rate += point.tiltRate * square
    }
    return PathValues(action: action, rate: rate, plaquetteSum: X)
  }

  /// `Σ_x g(F_x)` of the damped sawtooth.
  private func sawtoothSum(_ workspace: FourierWorkspace) -> Lanes {
    var sum = Lanes.zero
    for j in 1...6 { sum += DampedSawtooth.amplitudes[j - 1] * workspace.S[j] }
    return sum
  }

  /// The modes, and their derivatives with respect to `Σ_x g(F_x)`.
  func computeModes(_ point: PathPoint, _ workspace: FourierWorkspace) {
    let moments = workspace.moments(at: point.beta)
    let volume = Double(lattice.volume), norm = 1 / volume.squareRoot()
    let modes = workspace.modes.pointer, slopes = workspace.modeSlopes.pointer
    for m in table.modes.indices.dropFirst() {
      let kind = table.modes[m].kind, list = table.modes[m].amplitudes
      let sums = kind.isOdd ? workspace.S : workspace.C
      var sum = Lanes(repeating: -volume * kind.average(moments))
      for j in list.indices where list[j] != 0 { sum += list[j] * sums[j + 1] }
      let mode = norm * sum
      let limit = saturation * saturation * kind.variance(moments, tilt: point.tilt)
      let inverse = 1 / sqrt(1 + mode * mode / limit)
      modes[m] = mode * inverse
      slopes[m] = norm * (inverse * inverse * inverse)
    }
  }

  /// The products of modes, and their derivatives with respect to `Σ_x g(F_x)`.
  private func computeProducts(_ workspace: FourierWorkspace) {
    let modes = workspace.modes.pointer, slopes = workspace.modeSlopes.pointer
    for (i, product) in table.products.enumerated() {
      workspace.products.pointer[i] =
        modes[product.first] * modes[product.second] * modes[product.third]
    }
    for (i, d) in table.derivatives.enumerated() {
      workspace.derivatives.pointer[i] =
        d.multiplicity * (modes[d.first] * modes[d.second]) * slopes[d.mode]
    }
  }

  /// `Σ_x h(F_x)` of a harmonic.
  @inline(__always)
  private func harmonicSum(_ h: Int, _ workspace: FourierWorkspace) -> Lanes {
    h < table.largest ? workspace.S[h + 1] : workspace.C[h - table.largest + 1]
  }

  /// `Σ_x f(F_x) h(F_x)` with `f = cos jF` or `sin jF`.
  @inline(__always)
  private func overlap(
    cosine: Bool, _ j: Int, _ h: Int, _ workspace: FourierWorkspace
  ) -> Lanes {
    let C = workspace.C, S = workspace.S
    if h < table.largest {
      let k = h + 1
      return cosine ? 0.5 * (S[k + j] - S[j - k]) : 0.5 * (C[j - k] - C[k + j])
    }
    let k = h - table.largest + 1
    return cosine ? 0.5 * (C[k + j] + C[j - k]) : 0.5 * (S[k + j] + S[j - k])
  }

  /// `Σ_x g' (h - mean h)` of modes, and `(1 - 1/V) Σ h'`, less `Σ ∂S_t/∂F (h - mean h)`.
  private func computeFactors(
    _ point: PathPoint, withAction: Bool, _ workspace: FourierWorkspace
  ) {
    let C = workspace.C, S = workspace.S, largest = table.largest
    let inverseVolume = 1 / Double(lattice.volume)
    for m in table.modes.indices.dropFirst() {
      centredOverlaps(
        table.modes[m].slopes, cosine: table.modes[m].kind.isOdd, table.modes[m].harmonics,
        workspace
      ) { h, value in workspace.overlaps.pointer[m &* (2 &* largest) &+ h] = value }
    }
    for h in table.harmonics {
      let slope =
        h < largest
        ? Double(h + 1) * C[h + 1] : -Double(h - largest + 1) * S[h - largest + 1]
      workspace.factors.pointer[h] = (1 - inverseVolume) * slope
    }
    guard withAction else { return }
    for h in table.harmonics {
      let centred = negativeMultiplyAdd(
        S[1] * inverseVolume, harmonicSum(h, workspace),
        overlap(cosine: false, 1, h, workspace))
      workspace.factors.pointer[h] -= point.beta * centred
    }
    if point.tilt != 0 {
      let force = point.tilt * inverseVolume * sawtoothSum(workspace)
      centredOverlaps(
        GlobalMode.sawtoothSlopes, cosine: true, table.harmonics, workspace
      ) { h, value in workspace.factors.pointer[h] -= force * value }
    }
  }

  @inline(__always)
  private func centredOverlaps(
    _ slopes: [Double], cosine: Bool, _ harmonics: [Int], _ workspace: FourierWorkspace,
    _ use: (Int, Lanes) -> Void
  ) {
    let sums = cosine ? workspace.C : workspace.S
    var total = Lanes.zero
    for j in slopes.indices { total += slopes[j] * sums[j + 1] }
    total /= Double(lattice.volume)
    for h in harmonics {
      var value = -total * harmonicSum(h, workspace)
      for j in slopes.indices where slopes[j] != 0 {
        value = multiplyAdd(
          Lanes(repeating: slopes[j]), overlap(cosine: cosine, j + 1, h, workspace), value)
      }
      use(h, value)
    }
  }
}
