/// An unevaluated sum of two doubles, about 32 decimal digits.
///
/// The determinants of Bessel functions that give the characters of SU(N) cancel up to twenty
/// digits; double alone would leave nothing. Products are split by Veltkamp's method instead of a
/// fused multiply-add, so that a result has the same bits on every machine.
struct DoubleDouble: Sendable {
  var high: Double
  var low: Double

  init(_ value: Double) { (high, low) = (value, 0) }

  private init(high: Double, low: Double) { (self.high, self.low) = (high, low) }

  /// The sum of two doubles, |a| >= |b|, without loss.
  @inline(__always)
  private static func ordered(_ a: Double, _ b: Double) -> DoubleDouble {
    let sum = a + b
    return DoubleDouble(high: sum, low: b - (sum - a))
  }

  /// The sum of two doubles without loss.
  @inline(__always)
  private static func exactSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let sum = a + b
    let part = sum - a
    return DoubleDouble(high: sum, low: (a - (sum - part)) + (b - part))
  }

  /// The product of two doubles without loss (below 1e292 in modulus).
  @inline(__always)
  private static func exactProduct(_ a: Double, _ b: Double) -> DoubleDouble {
    let splitter = 134_217_729.0  // 2^27 + 1
    let product = a * b
    let (ta, tb) = (splitter * a, splitter * b)
    let (a1, b1) = (ta - (ta - a), tb - (tb - b))
    let (a2, b2) = (a - a1, b - b1)
    return DoubleDouble(high: product, low: ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)
  }

  @inline(__always)
  static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let s = exactSum(a.high, b.high)
    let t = exactSum(a.low, b.low)
    let u = ordered(s.high, s.low + t.high)
    return ordered(u.high, u.low + t.low)
  }

  @inline(__always)
  static prefix func - (a: DoubleDouble) -> DoubleDouble {
    DoubleDouble(high: -a.high, low: -a.low)
  }

  @inline(__always)
  static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + (-b) }

  @inline(__always)
  static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let p = exactProduct(a.high, b.high)
    return ordered(p.high, p.low + (a.high * b.low + a.low * b.high))
  }

  static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let first = a.high / b.high
    var rest = a - b * DoubleDouble(first)
    let second = rest.high / b.high
    rest = rest - b * DoubleDouble(second)
    let third = rest.high / b.high
    return ordered(first, second) + DoubleDouble(third)
  }

  /// log of a positive value, with relative accuracy also where the value is close to one.
  var logarithm: Double {
    if high > 0.5 && high < 2 { return Scalar.logOnePlus((high - 1) + low) }
    return Scalar.log(high)
  }
}
