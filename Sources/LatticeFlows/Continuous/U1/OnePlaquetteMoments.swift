/// Averages over one plaquette angle of the density `exp(β cos F)`, by Fourier series.
///
///     <cos kF> = I_k(β)/I_0(β),    σ² = <F²> = π²/3 + 4 Σ_k (-1)^k <cos kF> / k²
///
/// The ratios come from the continued fraction of `I_k/I_{k-1}`, taken downwards.
///
/// Accuracy: 1e-15 absolute. Complexity: O(√|β|), some hundreds of nanoseconds.
struct OnePlaquetteMoments {
  /// `<cos kF>` for k = 0 ... 32.
  private(set) var cosine: InlineArray<33, Double>
  /// `<F²>`.
  private(set) var angleSquared: Double

  init(beta: Double) {
    cosine = InlineArray(repeating: 0)
    let last = 40 + Int(9 * beta.magnitude.squareRoot())
    // First the products of ratios from the top with respect to <cos(last F)>, in one sweep: a
    // running product underflows, so the sum is kept with respect to the current k.
    var ratio = 0.0, tail = 0.0
    for k in stride(from: last, through: 1, by: -1) {
      ratio = beta / (Double(2 * k) + beta * ratio)
      // tail_{k-1} = (I_k/I_{k-1}) ((-1)^k/k² + tail_k)
      let square = Double(k) * Double(k)
      tail = ratio * ((k & 1 == 0 ? 1 : -1) / square + tail)
      if k < 33 { cosine[k] = ratio }
    }
    cosine[0] = 1
    for k in 1..<33 { cosine[k] *= cosine[k - 1] }
    angleSquared = Double.pi * Double.pi / 3 + 4 * tail
  }
}
