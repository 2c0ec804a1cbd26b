import LaneMath
import LatticeFields
import LatticeFourier
import Testing

/// A real field of independent normal numbers.
private func randomField(_ lattice: Lattice, seed: UInt64 = 1) -> Buffer<Lanes> {
  var generator = LaneGenerator(seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
  let field = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
  for x in 0..<field.count { field[x] = generator.normal() }
  return field
}

private func randomComplexField(_ lattice: Lattice, seed: UInt64 = 2) -> Buffer<ModeLanes> {
  let re = randomField(lattice, seed: seed), im = randomField(lattice, seed: seed + 100)
  let field = Buffer<ModeLanes>(count: lattice.volume, repeating: .zero)
  for x in 0..<field.count { field[x] = ModeLanes(ComplexLanes(re[x], im[x])) }
  return field
}

/// `exp(sign 2π i Σ k x / L)`, with the phase reduced as whole numbers first.
private func phase(_ k: [Int], _ x: [Int], _ lattice: Lattice, sign: Double) -> ComplexLanes {
  var turns = 0.0
  for mu in lattice.extents.indices {
    turns += Double(k[mu] * x[mu] % lattice.extents[mu]) / Double(lattice.extents[mu])
  }
  let (sine, cosine) = sincos(Lanes(repeating: sign * 2 * Double.pi * turns))
  return ComplexLanes(cosine, sine)
}

private func difference(_ a: ComplexLanes, _ b: ComplexLanes) -> Double {
  Swift.max((a.re - b.re).largestMagnitude, (a.im - b.im).largestMagnitude)
}

@Suite struct FourierTransformTests {
  @Test("The modes of a real field are those of the sum written out", arguments: someExtents)
  func naiveReal(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let fourier = FourierTransform(lattice)
    let field = randomField(lattice)
    let modes = Buffer<ModeLanes>(count: fourier.modeCount, repeating: .zero)
    fourier.forward(field, into: modes)
    for site in 0..<lattice.volume {
      let k = lattice.coordinates(of: site)
      var sum = ComplexLanes(.zero, .zero)
      for x in 0..<lattice.volume {
        let wave = phase(k, lattice.coordinates(of: x), lattice, sign: -1)
        sum = sum + ComplexLanes(wave.re * field[x], wave.im * field[x])
      }
      let (index, isConjugate) = fourier.mode(at: k)
      let mode = modes[index].value
      #expect(difference(isConjugate ? mode.conjugate : mode, sum) < rounding)
    }
  }

  @Test("Both complex transforms are those of the sums written out", arguments: someExtents)
  func naiveComplex(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let fourier = FourierTransform(lattice)
    let field = randomComplexField(lattice)
    let modes = Buffer<ModeLanes>(count: lattice.volume, repeating: .zero)
    let back = Buffer<ModeLanes>(count: lattice.volume, repeating: .zero)
    fourier.forward(field, into: modes)
    fourier.inverse(field, into: back)
    for site in 0..<lattice.volume {
      var forward = ComplexLanes(.zero, .zero), inverse = forward
      for x in 0..<lattice.volume {
        let (k, at) = (lattice.coordinates(of: site), lattice.coordinates(of: x))
        forward = forward + phase(k, at, lattice, sign: -1) * field[x].value
        inverse = inverse + phase(k, at, lattice, sign: 1) * field[x].value
      }
      let scale = 1 / Double(lattice.volume)
      #expect(difference(modes[site].value, forward) < rounding)
      #expect(
        difference(back[site].value, ComplexLanes(inverse.re * scale, inverse.im * scale))
          < rounding)
    }
  }

  @Test(
    "The inverse undoes the forward transform, and Parseval's sum is kept",
    arguments: someExtents + [[16, 16], [31, 8]], [FourierPlanning.estimate, .measure])
  func roundTrip(extents: [Int], planning: FourierPlanning) throws {
    let lattice = try Lattice(extents)
    let fourier = FourierTransform(lattice, planning: planning)
    let field = randomField(lattice), back = randomField(lattice, seed: 7)
    let modes = Buffer<ModeLanes>(count: fourier.modeCount, repeating: .zero)
    fourier.forward(field, into: modes)
    var power = Lanes.zero, square = Lanes.zero
    for site in 0..<lattice.volume {
      power += modes[fourier.mode(at: lattice.coordinates(of: site)).index].value.squaredMagnitude
      square += field[site] * field[site]
    }
    #expect((power / Double(lattice.volume) - square).largestMagnitude < 1e-10)
    fourier.inverse(modes, into: back)
    for x in 0..<lattice.volume { #expect((field[x] - back[x]).largestMagnitude < rounding) }

    let complex = randomComplexField(lattice), complexBack = randomComplexField(lattice, seed: 9)
    let complexModes = Buffer<ModeLanes>(count: lattice.volume, repeating: .zero)
    fourier.forward(complex, into: complexModes)
    fourier.inverse(complexModes, into: complexBack)
    for x in 0..<lattice.volume {
      #expect(difference(complex[x].value, complexBack[x].value) < rounding)
    }
  }

  @Test(
    "Convolution, correlation and power spectrum are the sums written out",
    arguments: someExtents)
  func convolution(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let fourier = FourierTransform(lattice)
    let f = randomField(lattice), g = randomField(lattice, seed: 3)
    let convolution = fourier.convolution(of: f, with: g)
    let cross = fourier.crossCorrelation(of: f, with: g)
    let auto = fourier.autocorrelation(of: f)
    let spectrum = fourier.powerSpectrum(of: f)
    var sum = Lanes.zero
    for d in 0..<lattice.volume {
      var products = Lanes.zero, correlated = Lanes.zero, own = Lanes.zero
      let separation = lattice.coordinates(of: d)
      for y in 0..<lattice.volume {
        let at = lattice.coordinates(of: y)
        let shifted = lattice.site(at: zip(at, separation).map { $0 + $1 })
        products += f[y] * g[lattice.site(at: zip(separation, at).map { $0 - $1 })]
        correlated += f[y] * g[shifted]
        own += f[y] * f[shifted]
      }
      #expect((convolution[d] - products).largestMagnitude < rounding)
      #expect((cross[d] - correlated).largestMagnitude < rounding)
      #expect((auto[d] - own / Double(lattice.volume)).largestMagnitude < rounding)
      sum += f[d]
    }
    #expect((spectrum[0] - sum * sum / Double(lattice.volume)).largestMagnitude < rounding)
  }

  @Test("A shift multiplies every mode by a phase")
  func shift() throws {
    let lattice = try Lattice([5, 6])
    let fourier = FourierTransform(lattice)
    let field = randomField(lattice), shifted = randomField(lattice)
    for x in 0..<lattice.volume { shifted[x] = field[lattice.forward(x, 1)] }
    let modes = Buffer<ModeLanes>(count: fourier.modeCount, repeating: .zero)
    let others = Buffer<ModeLanes>(count: fourier.modeCount, repeating: .zero)
    fourier.forward(field, into: modes)
    fourier.forward(shifted, into: others)
    for k0 in 0..<5 {
      for k1 in 0...3 {
        let index = fourier.mode(at: [k0, k1]).index
        let turned = modes[index].value * phase([k0, k1], [0, 1], lattice, sign: 1)
        #expect(difference(turned, others[index].value) < rounding)
      }
    }
  }

  @Test(
    "A lane's modes do not depend on the other lanes, and move with it, bit by bit",
    arguments: someExtents + [[64, 64]])
  func lanes(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let fourier = FourierTransform(lattice)
    let field = randomField(lattice), permuted = randomField(lattice)
    for x in 0..<lattice.volume { permuted[x] = field[x].permuted(laneOrder) }
    let spectrum = fourier.powerSpectrum(of: field), other = fourier.powerSpectrum(of: permuted)
    for k in 0..<fourier.modeCount { #expect(other[k] == spectrum[k].permuted(laneOrder)) }
    for x in 0..<lattice.volume { permuted[x][3] = .nan }
    let poisoned = fourier.powerSpectrum(of: permuted)
    for k in 0..<fourier.modeCount {
      for lane in 0..<8 where lane != 3 { #expect(poisoned[k][lane] == other[k][lane]) }
    }
  }

  @Test("Many threads plan and transform at once and get the bits of one thread")
  func threads() throws {
    let shapes = try [[6, 10], [9, 4], [12], [3, 4, 5], [2, 3, 4, 5], [14, 14]].map {
      try Lattice($0)
    }
    func spectrum(_ index: Int) -> [Lanes] {
      let lattice = shapes[index % shapes.count]
      let field = randomField(lattice, seed: UInt64(index))
      let spectrum = FourierTransform(lattice).powerSpectrum(of: field)
      return (0..<spectrum.count).map { spectrum[$0] }
    }
    let count = 48
    // Whether each packet found the bits that one thread finds.
    let agrees = Buffer<Bool>(count: count, repeating: false)
    forEachPacket(count: shapes.count, threads: 4) { _ = spectrum($0) }
    let expected = (0..<count).map(spectrum)
    forEachPacket(count: count, threads: 4) { agrees[$0] = spectrum($0) == expected[$0] }
    for index in 0..<count { #expect(agrees[index]) }
  }
}
