/// A global mode: what enters the velocity of every plaquette alike.
///
///     m = V^{-1/2} Σ_x [g(F_x) - <g>],    <g> the average of an uncoupled plaquette at β_t
enum GlobalMode: Sendable, Hashable, Comparable {
  /// `G`: the damped sawtooth, nearly the topological charge.
  case sawtooth
  /// `sK`: `sin K F`.
  case sine(Int)
  /// `cK`: `cos K F`.
  case cosine(Int)

  /// The largest harmonic of a mode.
  static let largestHarmonic = 8

  init?(_ name: Substring) {
    if name == "G" {
      self = .sawtooth
      return
    }
    guard let letter = name.first, let k = wholeNumber(name.dropFirst(), through: 8) else {
      return nil
    }
    switch letter {
    case "s": self = .sine(k)
    case "c": self = .cosine(k)
    default: return nil
    }
  }

  var name: String {
    switch self {
    case .sawtooth: "G"
    case .sine(let k): "s\(k)"
    case .cosine(let k): "c\(k)"
    }
  }

  /// Whether `g` changes sign with the angles.
  var isOdd: Bool { if case .cosine = self { false } else { true } }

  /// The coefficients of `sin jF` in `g`, or of `cos jF` where `g` is even, from `j = 1`.
  var amplitudes: [Double] {
    switch self {
    case .sawtooth: DampedSawtooth.amplitudes
    case .sine(let k), .cosine(let k): (1...k).map { $0 == k ? 1 : 0 }
    }
  }

  /// The coefficients in `g'`: of `cos jF`, or of `sin jF` where `g` is even.
  var slopes: [Double] {
    amplitudes.enumerated().map { Double($0 + 1) * (isOdd ? $1 : -$1) }
  }

  /// The slopes of the sawtooth.
  static let sawtoothSlopes = GlobalMode.sawtooth.slopes

  /// The variance of `g` of one plaquette; of the sawtooth that of the angle, held by the tilt.
  func variance(_ moments: OnePlaquetteMoments, tilt: Double) -> Double {
    switch self {
    case .sawtooth: 1 / (1 / moments.angleSquared + tilt)
    case .sine(let k): (1 - moments.cosine[2 * k]) / 2
    case .cosine(let k):
      (1 + moments.cosine[2 * k]) / 2 - moments.cosine[k] * moments.cosine[k]
    }
  }

  /// The average of `g` of one plaquette.
  func average(_ moments: OnePlaquetteMoments) -> Double {
    if case .cosine(let k) = self { moments.cosine[k] } else { 0 }
  }
}

/// The topological charge density of a plaquette angle, `2π` times, smoothed at ±π.
///
///     g(F) = Σ_{j=1..6} (2/j) (-1)^{j+1} sin(πj/7)/(πj/7) sin jF
///
/// The first six harmonics of the sawtooth `F` on `(-π, π)`, with Lanczos' factors.
enum DampedSawtooth {
  static let amplitudes: [Double] = [
    1.9335327706171044, -0.8710264156975602, 0.48273429985510635,
    -0.2715380436684973, 0.13936422651160965, -0.05370924362825291,
  ]
}

/// A factor of a velocity basis in plaquette angles: a product of global modes times one harmonic of
/// the plaquette's own angle.
///
///     w_x = A(modes) h(F_x),    h = sin kF or cos kF
///
/// Written as the modes and the harmonic joined by `*`: `sin3`, `G*cos2`, `G*c1*cos1`, `c2*sin4`.
struct FourierElement: Sendable, Hashable {
  static let largestHarmonic = 16
  static let mostModes = 3
  static let grammar =
    "like sin3, G*cos2, G*c1*cos1 (0 to \(mostModes) of the modes G, s1 .. s8, c1 .. c8, "
    + "then sin1 .. sin16 or cos1 .. cos16, joined by *)"

  var modes: [GlobalMode]
  var isSine: Bool
  var harmonic: Int

  /// The element of a name, with its modes in any order.
  init(named name: String) throws(U1BasisError) {
    let unknown = U1BasisError.unknownElement(name, grammar: Self.grammar)
    let parts = name.split(separator: "*", omittingEmptySubsequences: false)
    guard let last = parts.last, parts.count <= Self.mostModes + 1,
      let harmonic = wholeNumber(last.dropFirst(3), through: Self.largestHarmonic),
      last.hasPrefix("sin") || last.hasPrefix("cos")
    else { throw unknown }
    modes = []
    for part in parts.dropLast() {
      guard let mode = GlobalMode(part) else { throw unknown }
      modes.append(mode)
    }
    modes.sort()
    self.harmonic = harmonic
    isSine = last.hasPrefix("sin")
  }

  /// The name, with the modes in order.
  var name: String {
    (modes.map(\.name) + [(isSine ? "sin" : "cos") + "\(harmonic)"]).joined(separator: "*")
  }
}

/// A positive number in decimal digits, without a sign or leading zeros.
func wholeNumber(_ text: Substring, through largest: Int) -> Int? {
  guard let number = Int(text), (1...largest).contains(number), String(number) == text else {
    return nil
  }
  return number
}
