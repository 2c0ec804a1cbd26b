import LaneMath

/// Scratch memory of a Fourier basis: cosines and sines, power sums, and what follows from them.
public final class FourierWorkspace {
  let cosines: Buffer<Lanes>
  let sines: Buffer<Lanes>
  private let sums: Buffer<Lanes>
  /// `Σ_x cos kF_x`, negative `k` included.
  let C: UnsafeMutablePointer<Lanes>
  /// `Σ_x sin kF_x`, negative `k` included.
  let S: UnsafeMutablePointer<Lanes>
  /// The modes, number 0 being 1; and their derivatives with respect to `Σ_x g(F_x)`.
  let modes: Buffer<Lanes>
  let modeSlopes: Buffer<Lanes>
  let products: Buffer<Lanes>
  let derivatives: Buffer<Lanes>
  /// For each mode and harmonic, `Σ_x g' (h - mean h)`.
  let overlaps: Buffer<Lanes>
  /// For each harmonic what multiplies the product of modes.
  let factors: Buffer<Lanes>
  /// The coefficient of each harmonic in the velocity, and of each power.
  let amplitudes: Buffer<Lanes>
  let even: Buffer<Lanes>
  let odd: Buffer<Lanes>
  /// The averages over one plaquette at the coupling looked at last.
  private var moments = OnePlaquetteMoments(beta: 0)
  private var beta = 0.0

  init(_ basis: FourierBasis) {
    func make(_ count: Int) -> Buffer<Lanes> { Buffer(count: count, repeating: .zero) }
    let table = basis.table, harmonics = 2 * table.largest
    let span = AngleSums.room(
      Swift.max(table.columnSums, table.largest + DampedSawtooth.amplitudes.count))
    cosines = make(basis.lattice.volume)
    sines = make(basis.lattice.volume)
    sums = make(4 * span)
    C = sums.pointer + span
    S = sums.pointer + 3 * span
    modes = make(table.modes.count)
    modeSlopes = make(table.modes.count)
    modes[0] = Lanes(repeating: 1)
    products = make(table.products.count)
    derivatives = make(table.derivatives.count)
    overlaps = make(table.modes.count * harmonics)
    factors = make(harmonics)
    amplitudes = make(harmonics)
    even = make(basis.polynomials.degree + 1)
    odd = make(basis.polynomials.degree + 1)
  }

  /// The averages over one plaquette at a coupling; computed where it is not that of the last call.
  func moments(at beta: Double) -> OnePlaquetteMoments {
    if beta != self.beta {
      moments = OnePlaquetteMoments(beta: beta)
      self.beta = beta
    }
    return moments
  }
}
