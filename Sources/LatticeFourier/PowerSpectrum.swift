import LaneMath
import LatticeFields

extension FourierTransform {
  /// The power spectrum (structure factor) of a real field.
  ///
  ///     S(k) = |f̃(k)|² / V
  ///
  /// Shape: one value for each stored mode. `S(0) = (Σ_x f)² / V`, and `Σ_k S(k) = Σ_x f(x)²` over
  /// all `V` modes. Allocates the modes and the answer.
  public func powerSpectrum(of field: Buffer<Lanes>) -> Buffer<Lanes> {
    let modes = Buffer<ModeLanes>(count: modeCount, repeating: .zero)
    forward(field, into: modes)
    let spectrum = Buffer<Lanes>(count: modeCount, repeating: .zero)
    let scale = 1 / Double(lattice.volume)
    for k in 0..<modeCount {
      spectrum[k] = modes[k].value.squaredMagnitude * scale
    }
    return spectrum
  }

  /// The autocorrelation of a real field over the lattice.
  ///
  ///     G(d) = 1/V Σ_x f(x) f(x + d)
  ///
  /// Shape: one value for each of the `V` separations, in site order; `G(d) = G(-d)` and
  /// `Σ_d G(d) = (Σ_x f)² / V`. Complexity: two transforms. Allocates the modes and the answer.
  public func autocorrelation(of field: Buffer<Lanes>) -> Buffer<Lanes> {
    let modes = Buffer<ModeLanes>(count: modeCount, repeating: .zero)
    forward(field, into: modes)
    let scale = 1 / Double(lattice.volume)
    for k in 0..<modeCount {
      let power = modes[k].value.squaredMagnitude * scale
      modes[k] = ModeLanes(ComplexLanes(power, .zero))
    }
    let correlation = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
    inverse(modes, into: correlation)
    return correlation
  }

  /// The periodic convolution of two real fields.
  ///
  ///     (f * g)(x) = Σ_y f(y) g(x - y)
  ///
  /// Complexity: three transforms. Allocates the modes of both and the answer.
  public func convolution(of f: Buffer<Lanes>, with g: Buffer<Lanes>) -> Buffer<Lanes> {
    product(f, g) { $0 * $1 }
  }

  /// The periodic cross-correlation of two real fields.
  ///
  ///     G(d) = Σ_x f(x) g(x + d)
  ///
  /// Complexity: three transforms. Allocates the modes of both and the answer.
  public func crossCorrelation(of f: Buffer<Lanes>, with g: Buffer<Lanes>) -> Buffer<Lanes> {
    product(f, g) { $0.conjugate * $1 }
  }

  private func product(
    _ f: Buffer<Lanes>, _ g: Buffer<Lanes>, _ combine: (ComplexLanes, ComplexLanes) -> ComplexLanes
  ) -> Buffer<Lanes> {
    let first = Buffer<ModeLanes>(count: modeCount, repeating: .zero)
    let second = Buffer<ModeLanes>(count: modeCount, repeating: .zero)
    forward(f, into: first)
    forward(g, into: second)
    for k in 0..<modeCount {
      first[k] = ModeLanes(combine(first[k].value, second[k].value))
    }
    let result = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
    inverse(first, into: result)
    return result
  }
}
