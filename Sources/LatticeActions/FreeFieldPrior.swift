import LaneMath
import LatticeFields
import LatticeFourier

/// The free scalar field of mass `m`, a Gaussian that is sampled exactly in momentum space.
///
///     S(φ) = Σ_x { Σ_mu [φ(x+mu) - φ(x)]² + m² φ(x)² } = 1/V Σ_k (k̂² + m²) |φ̃(k)|²
///     k̂² = Σ_mu 4 sin²(π k_mu / L_mu),   <|φ̃(k)|²> = V / [2 (k̂² + m²)]
///     log Z = V/2 log π - 1/2 Σ_k log(k̂² + m²)
///
/// It is ``PhiFourAction`` at `λ = 0`, with its conventions, those of `FourierTransform` and the
/// measure `Π dφ(x)`. Every mode is drawn independently, so that samples are independent whatever
/// the correlation length.
///
/// Complexity: a sample is `V/2` pairs of normal numbers and one inverse transform, O(V log V), and
/// allocates the modes; `log Z` is O(D V).
public struct FreeFieldPrior: Prior {
  /// The square of the mass, `m²`.
  public let massSquared: Double
  private let kernels: ScalarKernels

  /// The free field of a mass.
  ///
  /// - Throws: `ActionError.range` where `massSquared` is not positive and finite: the constant mode
  ///   of a massless field has no distribution.
  public init(massSquared: Double) throws(ActionError) {
    guard massSquared > 0, massSquared.isFinite else {
      throw .range(
        name: "mass squared of a free field", expected: "a positive finite number",
        value: massSquared)
    }
    self.massSquared = massSquared
    kernels = ScalarKernels(massSquared: massSquared, lambda: 0)
  }

  /// `S(φ)` in every configuration.
  public func value(of field: ScalarField) -> Lanes { kernels.value(of: field) }

  /// Adds `factor ∂S/∂φ(x)`.
  public func accumulateGradient(
    of field: ScalarField, scaledBy factor: Double, into gradient: inout ScalarMomenta
  ) { kernels.addGradient(of: field, scale: factor, to: &gradient) }

  /// The kick and the drift in one pass over memory.
  public func evolve(
    _ field: inout ScalarField, momenta: inout ScalarMomenta, kick: Double, drift: Double
  ) { kernels.kickAndDrift(&field, &momenta, kick: kick, drift: drift) }

  /// `log ∫ Π dφ(x) exp(-S(φ))`.
  public func logZ(on lattice: Lattice) -> Double {
    let momenta = LatticeMomenta(lattice)
    var sum = CompensatedSum()
    for k in 0..<lattice.volume {
      sum.add(log(Lanes(repeating: momenta.squared(at: k) + massSquared))[0])
    }
    let logPi = 1.1447298858494002
    return 0.5 * (Double(lattice.volume) * logPi - sum.value)
  }

  /// `<|φ̃(k)|²>/V = 1/[2 (k̂² + m²)]`, the propagator of the mode `k`.
  public func propagator(at k: [Int], on lattice: Lattice) -> Double {
    1 / (2 * (LatticeMomenta(lattice).squared(at: lattice.site(at: k)) + massSquared))
  }

  /// Draws independent fields in every lane.
  public func sample(into field: inout ScalarField, using generator: inout LaneGenerator) {
    let lattice = field.lattice
    let fourier = FourierTransform(lattice)
    let momenta = LatticeMomenta(lattice)
    let modes = Buffer<ModeLanes>(count: fourier.modeCount, repeating: .zero)
    let last = lattice.extents[lattice.dimension - 1]
    let row = last / 2 + 1, rows = fourier.modeCount / row
    for leading in 0..<rows {
      let mirror = momenta.mirror(ofLeading: leading)
      for k in 0..<row {
        let (a, b) = generator.normalPair()
        let index = leading &* row &+ k
        let squared = momenta.squared(at: leading &* last &+ k)
        // Re and Im of a mode share <|φ̃|²> = V/[2 (k̂² + m²)].
        let width = (Double(lattice.volume) / (4 * (squared + massSquared))).squareRoot()
        guard k == 0 || 2 * k == last else {
          modes[index] = ModeLanes(ComplexLanes(width * a, width * b))
          continue
        }
        // Here both k and -k are stored: the first that is met decides, the other is its conjugate.
        if leading < mirror {
          modes[index] = ModeLanes(ComplexLanes(width * a, width * b))
        } else if leading == mirror {
          modes[index] = ModeLanes(ComplexLanes(2.0.squareRoot() * width * a, .zero))
        } else {
          modes[index] = ModeLanes(modes[mirror &* row &+ k].value.conjugate)
        }
      }
    }
    let values = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
    fourier.inverse(modes, into: values)
    field.withMutableLanes { field in
      field.baseAddress!.update(from: values.pointer, count: values.count)
    }
  }
}

/// The momenta of a lattice, `2π k_mu/L_mu`, numbered as its sites.
struct LatticeMomenta {
  private let lattice: Lattice
  /// `4 sin²(π k/L_mu)` for each direction and `k`.
  private let squares: [[Double]]

  init(_ lattice: Lattice) {
    self.lattice = lattice
    squares = lattice.extents.map { extent in
      (0..<extent).map { k in
        // sin(π k/L) = sin(π (L - k)/L): equal bits at k and -k.
        let turns = Double(Swift.min(k, extent - k)) / Double(extent)
        let sine = sin(Lanes(repeating: Double.pi * turns))[0]
        return 4 * sine * sine
      }
    }
  }

  /// `k̂²` of the momentum whose number is `site`.
  func squared(at site: Int) -> Double {
    var rest = site, sum = 0.0
    for mu in squares.indices.reversed() {
      let extent = lattice.extents[mu]
      sum += squares[mu][rest % extent]
      rest /= extent
    }
    return sum
  }

  /// The number of `-k` of the momentum `leading` of all directions but the last.
  func mirror(ofLeading leading: Int) -> Int {
    var rest = leading, result = 0, stride = 1
    for mu in squares.indices.dropLast().reversed() {
      let extent = lattice.extents[mu]
      let k = rest % extent
      rest /= extent
      result += (k == 0 ? 0 : extent - k) * stride
      stride *= extent
    }
    return result
  }
}
