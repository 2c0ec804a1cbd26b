import LaneMath
import LatticeFields
import LatticeFourier

extension LoopBasis {
  /// The values of the path alone, in every configuration.
  public func values(
    of state: LoopState, at point: PathPoint, using workspace: LoopWorkspace
  ) -> PathValues {
    computePlaquettes(state, workspace)
    return pathValues(point, workspace).values
  }

  /// The columns `A_i = div Z_i - Z_i·∂S_t` of all elements, and the values of the path.
  ///
  ///     Z_i·∂S_t = Σ_Λ sin(n θ_Λ) (A (k̂²)^p ∂S_t)_Λ
  public func columns(
    of state: LoopState, at point: PathPoint, using workspace: LoopWorkspace,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues {
    computePlaquettes(state, workspace)
    let (values, sawtooth) = pathValues(point, workspace)
    let planes = lattice.plaquetteCount, forces = workspace.plaquettes.pointer
    // ∂S/∂F of plaquettes, the gradient of links, its modes, and curls of it smeared.
    for i in 0..<planes { forces[i] = point.beta * workspace.sines.pointer[i] }
    if point.tilt != 0 { addTilt(point.tilt * sawtooth, workspace) }
    divergences(forces, workspace)
    for mu in 0..<lattice.dimension {
      transform.forward(workspace.fields[mu], into: workspace.modes[mu])
    }
    for (p, power) in powers.enumerated() {
      for mu in 0..<lattice.dimension {
        smear(workspace.modes[mu], power.multipliers, into: workspace.scratchModes)
        transform.inverse(workspace.scratchModes, into: workspace.fields[mu])
      }
      curls(workspace, into: forces + p &* planes)
    }
    for i in elements.indices { columns[i] = .zero }
    for (f, family) in families.enumerated() {
      sums(family, workspace)
      for (i, element) in elements.enumerated() where element.loop == family.loop {
        let n = element.harmonic, p = elementPowers[i]
        let overlap = Double(n) * selfOverlaps[f * powers.count + p]
        columns[i] +=
          overlap * workspace.cosineSums.pointer[n - 1]
          - workspace.sineSums.pointer[p * harmonics + n - 1]
      }
    }
    return values
  }

  /// The velocity of links; returns `div Z`.
  public func computeVelocity(
    of state: LoopState, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: LoopWorkspace
  ) -> Lanes {
    computePlaquettes(state, workspace)
    let planes = lattice.plaquetteCount, forces = workspace.plaquettes.pointer
    workspace.plaquettes.fill(.zero)
    var divergence = Lanes.zero
    for (f, family) in families.enumerated() {
      workspace.factors.fill(0)
      workspace.weights.fill(0)
      for (i, element) in elements.enumerated() where element.loop == family.loop {
        let n = element.harmonic, p = elementPowers[i]
        workspace.factors.pointer[p * harmonics + n - 1] = coefficients[i]
        workspace.weights.pointer[n - 1] +=
          Double(n) * selfOverlaps[f * powers.count + p] * coefficients[i]
      }
      divergence += addForces(family, workspace)
    }
    workspace.velocity.fill(.zero)
    for modes in workspace.modes { modes.fill(.zero) }
    let smeared = powers.contains { $0.power != 0 }
    for (p, power) in powers.enumerated() {
      divergences(forces + p &* planes, workspace)
      for mu in 0..<lattice.dimension {
        if power.power == 0 {
          let Z = workspace.velocity.pointer + mu &* lattice.volume
          let field = workspace.fields[mu].pointer
          for x in 0..<lattice.volume { Z[x] += field[x] }
        } else {
          transform.forward(workspace.fields[mu], into: workspace.scratchModes)
          let sum = workspace.modes[mu].pointer, modes = workspace.scratchModes.pointer
          for k in power.multipliers.indices {
            sum[k].interleaved += power.multipliers[k] * modes[k].interleaved
          }
        }
      }
    }
    if smeared {
      for mu in 0..<lattice.dimension {
        transform.inverse(workspace.modes[mu], into: workspace.fields[mu])
        let Z = workspace.velocity.pointer + mu &* lattice.volume
        let field = workspace.fields[mu].pointer
        for x in 0..<lattice.volume { Z[x] += field[x] }
      }
    }
    return divergence
  }

  /// Cosines and sines of all plaquette angles.
  private func computePlaquettes(_ state: LoopState, _ workspace: LoopWorkspace) {
    let volume = lattice.volume, links = state.links.pointer
    let c = workspace.cosines.pointer, s = workspace.sines.pointer
    forEachPlane { plane, mu, nu, toMu, toNu in
      let Umu = links + mu &* volume, Unu = links + nu &* volume
      for x in 0..<volume {
        let F = (Umu[x] - Umu[toNu[x]]) + (Unu[toMu[x]] - Unu[x])
        (s[plane &* volume &+ x], c[plane &* volume &+ x]) = AngleSums.sineAndCosine(F)
      }
    }
  }

  /// `S_t`, `∂_t S_t`, and the sum of the sawtooth where there is a tilt.
  private func pathValues(_ point: PathPoint, _ workspace: LoopWorkspace) -> (
    values: PathValues, sawtooth: Lanes
  ) {
    var X = Lanes.zero, G = Lanes.zero
    let c = workspace.cosines.pointer, s = workspace.sines.pointer
    for i in 0..<lattice.plaquetteCount { X += c[i] }
    var action = -point.beta * X, rate = -point.betaRate * X
    if point.tilt != 0 || point.tiltRate != 0 {
      precondition(
        lattice.dimension == 2, "a tilted path is for two dimensions, the lattice is \(lattice)")
      for x in 0..<lattice.volume {
        // Σ_j g_j sin jF = sin F Σ_j g_j U_{j-1}(cos F), by Clenshaw's recurrence.
        G += s[x] * clenshaw(c[x]) { DampedSawtooth.amplitudes[$0 - 1] }.sine
      }
      let square = G * G / Double(2 * lattice.volume)
      action += point.tilt * square
      rate += point.tiltRate * square
    }
    return (PathValues(action: action, rate: rate, plaquetteSum: X), G)
  }

  /// Adds `(factor/V) g'(F)` to the forces on plaquettes.
  private func addTilt(_ factor: Lanes, _ workspace: LoopWorkspace) {
    let forces = workspace.plaquettes.pointer, c = workspace.cosines.pointer
    let scale = factor / Double(lattice.volume)
    for x in 0..<lattice.volume {
      let slope = clenshaw(c[x]) { Double($0) * DampedSawtooth.amplitudes[$0 - 1] }.cosine
      forces[x] = multiplyAdd(scale, slope, forces[x])
    }
  }

  /// `Σ_{j=1..6} a_j sin jF / sin F` and `Σ_{j=1..6} a_j cos jF`.
  @inline(__always)
  private func clenshaw(_ cosine: Lanes, _ a: (Int) -> Double) -> (sine: Lanes, cosine: Lanes) {
    var b1 = Lanes.zero, b2 = Lanes.zero
    for j in stride(from: 6, through: 1, by: -1) {
      (b1, b2) = (multiplyAdd(2 * cosine, b1, a(j) - b2), b1)
    }
    return (b1, multiplyAdd(cosine, b1, -b2))
  }

  /// The force on links, `d^T` of a force on plaquettes, into the fields of the workspace.
  private func divergences(_ forces: UnsafePointer<Lanes>, _ workspace: LoopWorkspace) {
    let volume = lattice.volume
    for field in workspace.fields { field.fill(.zero) }
    forEachPlane { plane, mu, nu, toMu, toNu in
      let force = forces + plane &* volume
      let pmu = workspace.fields[mu].pointer, pnu = workspace.fields[nu].pointer
      for x in 0..<volume {
        pmu[x] += force[x]
        pnu[toMu[x]] += force[x]
        pmu[toNu[x]] -= force[x]
        pnu[x] -= force[x]
      }
    }
  }

  /// The curls of the fields of the workspace.
  private func curls(_ workspace: LoopWorkspace, into target: UnsafeMutablePointer<Lanes>) {
    let volume = lattice.volume
    forEachPlane { plane, mu, nu, toMu, toNu in
      let fmu = workspace.fields[mu].pointer, fnu = workspace.fields[nu].pointer
      for x in 0..<volume {
        target[plane &* volume &+ x] = (fmu[x] - fmu[toNu[x]]) + (fnu[toMu[x]] - fnu[x])
      }
    }
  }

  private func smear(
    _ source: Buffer<ModeLanes>, _ multipliers: [Double], into target: Buffer<ModeLanes>
  ) {
    for k in multipliers.indices {
      target.pointer[k].interleaved = multipliers[k] * source.pointer[k].interleaved
    }
  }

  @inline(__always)
  private func forEachPlane(
    _ body: (Int, Int, Int, UnsafePointer<Int>, UnsafePointer<Int>) -> Void
  ) {
    let volume = lattice.volume, dimension = lattice.dimension
    lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      let forward = forward.baseAddress!
      var plane = 0
      for mu in 0..<dimension {
        for nu in (mu &+ 1)..<Swift.max(mu &+ 1, dimension) {
          body(plane, mu, nu, forward + mu &* volume, forward + nu &* volume)
          plane &+= 1
        }
      }
    }
  }
}

extension LoopBasis {
  /// Calls a body with the cosine and sine of every loop of a family, and where its plaquettes are.
  @inline(__always)
  private func forEachLoop(
    _ family: LoopFamily, _ workspace: LoopWorkspace,
    _ body: (_ cosine: Lanes, _ sine: Lanes, _ a: Int, _ b: Int) -> Void
  ) {
    let volume = lattice.volume, c = workspace.cosines.pointer, s = workspace.sines.pointer
    let first = family.a.plane &* volume
    guard let side = family.b else {
      for x in 0..<volume { body(c[first &+ x], s[first &+ x], first &+ x, 0) }
      return
    }
    let second = side.plane &* volume
    let signA = Lanes(repeating: family.a.sign), signB = Lanes(repeating: side.sign)
    let product = signA * signB
    lattice.backwardNeighbours.withUnsafeBufferPointer { backward in
      for x in 0..<volume {
        let a =
          first &+ (family.a.behind < 0 ? x : backward[family.a.behind &* volume &+ x])
        let b = second &+ (side.behind < 0 ? x : backward[side.behind &* volume &+ x])
        let ca = c[a], cb = c[b], sa = signA * s[a], sb = signB * s[b]
        body(
          multiplyAdd(product * s[a], s[b], ca * cb), negativeMultiplyAdd(ca, sb, sa * cb), a, b)
      }
    }
  }

  /// Adds the forces of one family to its plaquettes; returns its part of the divergence.
  private func addForces(_ family: LoopFamily, _ workspace: LoopWorkspace) -> Lanes {
    let factors = workspace.factors.pointer, weights = workspace.weights.pointer
    let forces = workspace.plaquettes.pointer, planes = lattice.plaquetteCount
    let signA = Lanes(repeating: family.a.sign), signB = Lanes(repeating: family.b?.sign ?? 0)
    let isPair = family.b != nil
    let harmonics = harmonics, powers = powers.count
    var divergence = Lanes.zero
    forEachLoop(family, workspace) { cosine, sine, a, b in
      // Σ_n w_n cos nΛ and Σ_n f_n sin nΛ by Clenshaw's recurrence.
      let double = cosine + cosine
      var b1 = Lanes.zero, b2 = Lanes.zero
      for n in stride(from: harmonics &- 1, through: 0, by: -1) {
        (b1, b2) = (multiplyAdd(double, b1, weights[n] - b2), b1)
      }
      divergence += multiplyAdd(cosine, b1, -b2)
      for p in 0..<powers {
        var b1 = Lanes.zero, b2 = Lanes.zero
        for n in stride(from: harmonics &- 1, through: 0, by: -1) {
          (b1, b2) = (multiplyAdd(double, b1, factors[p &* harmonics &+ n] - b2), b1)
        }
        let force = sine * b1, field = forces + p &* planes
        field[a] = multiplyAdd(signA, force, field[a])
        if isPair { field[b] = negativeMultiplyAdd(signB, force, field[b]) }
      }
    }
    return divergence
  }

  /// `Σ_Λ cos nΛ`, and `Σ_Λ sin nΛ (A h)_Λ` of the curls `h` of every power.
  private func sums(_ family: LoopFamily, _ workspace: LoopWorkspace) {
    let cosineSums = workspace.cosineSums.pointer, sineSums = workspace.sineSums.pointer
    let curls = workspace.plaquettes.pointer, planes = lattice.plaquetteCount
    let signA = Lanes(repeating: family.a.sign), signB = Lanes(repeating: family.b?.sign ?? 0)
    let isPair = family.b != nil
    let harmonics = harmonics, powers = powers.count
    workspace.cosineSums.fill(.zero)
    workspace.sineSums.fill(.zero)
    forEachLoop(family, workspace) { cosine, sine, a, b in
      let double = cosine + cosine
      var c = cosine, s = sine, before = Lanes(repeating: 1), beforeS = Lanes.zero
      for n in 0..<harmonics {
        cosineSums[n] += c
        for p in 0..<powers {
          let h = curls + p &* planes
          let slope =
            isPair ? negativeMultiplyAdd(signB, h[b], signA * h[a]) : signA * h[a]
          let slot = p &* harmonics &+ n
          sineSums[slot] = multiplyAdd(s, slope, sineSums[slot])
        }
        (c, before) = (multiplyAdd(double, c, -before), c)
        (s, beforeS) = (multiplyAdd(double, s, -beforeS), s)
      }
    }
  }
}
