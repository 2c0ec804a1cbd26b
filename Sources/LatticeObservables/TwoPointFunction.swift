import LaneMath
import LatticeFields
import LatticeFourier

/// In which form a two-point function is given.
public enum TwoPointForm: String, CaseIterable, Sendable {
  /// Projected to zero transverse momentum, as a function of the separation along the last
  /// direction.
  case timeSlices
  /// Every separation.
  case position
  /// Every momentum.
  case momentum

  /// What the name of an observable ends in.
  @usableFromInline var suffix: String {
    switch self {
    case .timeSlices: "correlator"
    case .position: "correlator-position"
    case .momentum: "structure-factor"
    }
  }
}

/// The two-point function of a real density `f`, averaged over the lattice.
///
///     G(d) = 1/V Σ_x f(x) f(x+d)                               position
///     C(t) = Σ_{d: d_{D-1} = t} G(d)                           time slices
///     S(k) = |f̃(k)|² / V = Σ_d G(d) exp(-2π i Σ k_mu d_mu / L_mu)     momentum
///
/// So `Σ_t C(t) = Σ_d G(d) = S(0) = (Σ_x f)² / V`. Opposite separations and opposite momenta give
/// the same number on every configuration, and one of each pair is kept.
///
/// Components: `t` = 0 .. L/2, or the coordinates `d_0,d_1,..` (`k_0,k_1,..`) of the first of each
/// pair in site order. With `subtractsMean`, a first component `mean` holds `1/V Σ_x f`, and derived
/// quantities `connected_..` subtract `⟨mean⟩²` after averaging, with its error: from every
/// separation in position space, `V/L` times from every time slice, `V` times from `k = 0`.
///
/// Complexity: O(V) for time slices, otherwise two transforms (position) or one (momentum).
public struct TwoPointFunction: Sendable {
  /// The lattice of the density.
  public let lattice: Lattice
  /// The form.
  public let form: TwoPointForm
  /// The names of the components.
  public let components: [String]
  /// The connected functions.
  public let derived: [DerivedQuantity]
  private let subtractsMean: Bool
  /// Which separation (site index) or stored mode each component is.
  private let indices: [Int]
  private let fourier: FourierTransform?

  /// The two-point function on a lattice.
  ///
  /// - Parameters:
  ///   - lattice: the lattice of the density.
  ///   - form: time slices, position or momentum.
  ///   - subtractsMean: whether the connected function is wanted.
  public init(on lattice: Lattice, form: TwoPointForm, subtractsMean: Bool) {
    self.lattice = lattice
    self.form = form
    self.subtractsMean = subtractsMean
    let time = lattice.extents[lattice.dimension - 1]
    var names: [String]
    switch form {
    case .timeSlices:
      indices = Array(0...(time / 2))
      names = indices.map { "\($0)" }
      fourier = nil
    case .position, .momentum:
      let fourier = FourierTransform(lattice)
      let firsts = (0..<lattice.volume).filter { site in
        site <= lattice.site(at: lattice.coordinates(of: site).map { -$0 })
      }
      names = firsts.map { site in
        lattice.coordinates(of: site).map { "\($0)" }.joined(separator: ",")
      }
      indices =
        form == .position
        ? firsts : firsts.map { fourier.mode(at: lattice.coordinates(of: $0)).index }
      self.fourier = fourier
    }
    guard subtractsMean else {
      components = names
      derived = []
      return
    }
    let subtraction: Double =
      switch form {
      case .timeSlices: Double(lattice.volume / time)
      case .position: 1
      case .momentum: Double(lattice.volume)
      }
    let connected = form == .momentum ? names.prefix(1) : names[...]
    derived = connected.enumerated().map { index, name in
      .connected("connected_\(name)", square: index + 1, mean: 0, subtraction: subtraction)
    }
    names.insert("mean", at: 0)
    components = names
  }

  /// The components on one packet. Allocates.
  ///
  /// - Precondition: `density` has `V` values.
  public func measure(_ density: Buffer<Lanes>) -> [Lanes] {
    precondition(
      density.count == lattice.volume,
      "a density of \(density.count) sites on lattice \(lattice)")
    var values: [Lanes] = []
    values.reserveCapacity(components.count)
    if subtractsMean {
      var sum = Lanes.zero
      for x in 0..<density.count { sum += density[x] }
      values.append(sum / Double(lattice.volume))
    }
    switch form {
    case .timeSlices:
      appendTimeSlices(density, to: &values)
    case .position:
      let correlation = fourier!.autocorrelation(of: density)
      for index in indices { values.append(correlation[index]) }
    case .momentum:
      let spectrum = fourier!.powerSpectrum(of: density)
      for index in indices { values.append(spectrum[index]) }
    }
    return values
  }

  /// The components on one packet of scalar fields, `f = φ`. Allocates.
  ///
  ///     C(t) = 1/V Σ_x Σ_y φ(x) φ(y),  y_{D-1} = x_{D-1} + t
  ///
  /// - Precondition: the field is on `lattice`.
  public func measure(_ field: ScalarField) -> [Lanes] {
    precondition(field.lattice == lattice, "a field on \(field.lattice) for \(lattice)")
    return measure(field.density)
  }

  private func appendTimeSlices(_ density: Buffer<Lanes>, to values: inout [Lanes]) {
    let time = lattice.extents[lattice.dimension - 1]
    let slices = Buffer<Lanes>(count: time, repeating: .zero)
    let scale = 1 / Double(lattice.volume)
    var site = 0
    while site < lattice.volume {
      for t in 0..<time { slices[t] += density[site &+ t] }
      site += time
    }
    for separation in indices {
      var sum = Lanes.zero
      for t in 0..<time {
        let other = t &+ separation
        sum = multiplyAdd(
          slices[t], slices[other < time ? other : other &- time], sum)
      }
      values.append(sum * scale)
    }
  }
}
