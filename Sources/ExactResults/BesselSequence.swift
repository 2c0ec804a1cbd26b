/// Modified Bessel functions of all integer orders at one argument, to about 30 digits.
///
///     values[k] = exp(-logScale) I_k(x),   k = 0 ... K,   I_K / I_0 < 1e-60
///
/// Up to x = 32 by the power series (all terms positive), beyond by Miller's backward recurrence
/// I_{k-1} = I_{k+1} + (2k/x) I_k, normalised by I_0 + 2 sum_k I_k = e^x; the scale e^x is kept
/// apart, so nothing overflows. Orders above K read as zero.
struct BesselSequence: Sendable {
  let logScale: Double
  let values: [DoubleDouble]

  init(argument x: Double) {
    precondition(x >= 0 && x.isFinite, "Bessel argument \(x)")
    // The orders needed, by an upper bound of the ratio I_{k+1}/I_k (Amos 1974).
    var order = 0
    var ratio = 1.0
    while ratio > 1e-60 {
      let nu = Double(order) + 0.5
      ratio *= x / (nu + (nu * nu + x * x).squareRoot())
      order += 1
    }
    order = Swift.max(order, 8)
    if x <= 32 {
      logScale = 0
      let quarter = DoubleDouble(x / 2) * DoubleDouble(x / 2)
      var power = DoubleDouble(1)
      values = (0...order).map { k in
        if k > 0 { power = power * (DoubleDouble(x / 2) / DoubleDouble(Double(k))) }
        var term = power
        var sum = term
        var j = 1
        while term.high > 1e-34 * sum.high {
          term = term * quarter / DoubleDouble(Double(j) * Double(j + k))
          sum = sum + term
          j += 1
        }
        return sum
      }
    } else {
      logScale = x
      var sequence = [DoubleDouble](repeating: DoubleDouble(0), count: order + 2)
      sequence[order] = DoubleDouble(1e-60)
      for k in stride(from: order, to: 0, by: -1) {
        let factor = DoubleDouble(2 * Double(k)) / DoubleDouble(x)
        sequence[k - 1] = sequence[k + 1] + factor * sequence[k]
      }
      var sum = DoubleDouble(0)
      for k in stride(from: order, to: 0, by: -1) { sum = sum + sequence[k] }
      sum = sum + sum + sequence[0]
      values = sequence.dropLast().map { $0 / sum }
    }
  }

  /// The scaled function of any integer order, I_{-k} = I_k.
  subscript(order: Int) -> DoubleDouble {
    let k = Swift.abs(order)
    return k < values.count ? values[k] : DoubleDouble(0)
  }
}
