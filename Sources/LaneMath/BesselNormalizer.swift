import CLanes

// The normalisers of single-link distributions are entire functions of y = x²/4. Up to x = 16 they are
// near-minimax polynomials of degree 19 in y (relative error 4e-16), up to x = 32 of degree 27 or 29, which
// is used where no lane is beyond; else, and beyond 16, their squares are
// e^{2x} x^{-p} times a polynomial of degree 11 in 1/x (1e-16), p = 1 for I_0 and 3 for 2 I_1/x.

/// A positive number in every lane as its square and an exponent, for products of many numbers that
/// would overflow.
///
///     z = sqrt(square) exp(exponent)
@frozen
public struct ScaledNormalizer: Sendable {
  /// `(z exp(-exponent))²`.
  public var square: Lanes
  /// The exponent.
  public var exponent: Lanes

  @inlinable @inline(__always)
  init(square: Lanes, exponent: Lanes) {
    self.square = square
    self.exponent = exponent
  }

  /// `log z`.
  @inlinable @inline(__always)
  public var logarithm: Lanes { multiplyAdd(Lanes(repeating: 0.5), log(square), exponent) }

  /// The normaliser of the von Mises distribution, `I_0(x)`, the integral of `exp(x cos t)` over the
  /// angles, `dt/2π`.
  ///
  /// Accuracy: 2e-15 relative, and that of `x²`, for `x` up to 1e100.
  ///
  /// - Parameter xx: `x²`.
  @inlinable @inline(__always)
  public static func besselI0(squared xx: Lanes) -> ScaledNormalizer {
    if cl_all_within(xx, 256) != 0 {
      let z = Self.smallI0(0.25 * xx)
      return ScaledNormalizer(square: z * z, exponent: .zero)
    }
    var argument = xx
    var result = ScaledNormalizer(square: .zero, exponent: .zero)
    largeI0(&argument, &result)
    return result
  }

  /// `2 I_1(x) / x`, the integral of `exp(x a_0)` over the unit quaternions with the Haar measure:
  /// the normaliser of the single-link distribution of SU(2).
  ///
  /// Accuracy: 2e-15 relative, and that of `x²`, for `x` up to 1e100.
  ///
  /// - Parameter xx: `x²`.
  @inlinable @inline(__always)
  public static func besselI1(squared xx: Lanes) -> ScaledNormalizer {
    if cl_all_within(xx, 256) != 0 {
      let z = Self.smallI1(0.25 * xx)
      return ScaledNormalizer(square: z * z, exponent: .zero)
    }
    var argument = xx
    var result = ScaledNormalizer(square: .zero, exponent: .zero)
    largeI1(&argument, &result)
    return result
  }

  /// `I_0(2 √y)` for y in [0, 64].
  @inlinable @inline(__always)
  static func smallI0(_ y: Lanes) -> Lanes {
    let w = y * y
    var even = Lanes(repeating: -3.2496536632108386e-32)
    var odd = Lanes(repeating: 2.5743106875457784e-34)
    even = multiplyAdd(even, w, Lanes(repeating: 1.280215946396692e-27))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.726393489693789e-29))
    even = multiplyAdd(even, w, Lanes(repeating: 1.2739215725689884e-22))
    odd = multiplyAdd(odd, w, Lanes(repeating: 6.605652613998037e-25))
    even = multiplyAdd(even, w, Lanes(repeating: 4.352979480181563e-18))
    odd = multiplyAdd(odd, w, Lanes(repeating: 2.59623078017056e-20))
    even = multiplyAdd(even, w, Lanes(repeating: 7.593827848832239e-14))
    odd = multiplyAdd(odd, w, Lanes(repeating: 6.27736539717613e-16))
    even = multiplyAdd(even, w, Lanes(repeating: 6.151184239338298e-10))
    odd = multiplyAdd(odd, w, Lanes(repeating: 7.594089475678691e-12))
    even = multiplyAdd(even, w, Lanes(repeating: 1.9290123345397067e-06))
    odd = multiplyAdd(odd, w, Lanes(repeating: 3.9367601108541946e-08))
    even = multiplyAdd(even, w, Lanes(repeating: 0.0017361111110320295))
    odd = multiplyAdd(odd, w, Lanes(repeating: 6.9444444481899e-05))
    even = multiplyAdd(even, w, Lanes(repeating: 0.24999999999994404))
    odd = multiplyAdd(odd, w, Lanes(repeating: 0.02777777777787305))
    even = multiplyAdd(even, w, Lanes(repeating: 0.9999999999999997))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.0000000000000118))
    return multiplyAdd(odd, y, even)
  }

  /// `I_1(2 √y) / √y` for y in [0, 64].
  @inlinable @inline(__always)
  static func smallI1(_ y: Lanes) -> Lanes {
    let w = y * y
    var even = Lanes(repeating: -1.4883686694987692e-33)
    var odd = Lanes(repeating: 1.2444183964251514e-35)
    even = multiplyAdd(even, w, Lanes(repeating: 8.282193569355991e-29))
    odd = multiplyAdd(odd, w, Lanes(repeating: 9.065485944035417e-31))
    even = multiplyAdd(even, w, Lanes(repeating: 8.542656451141008e-24))
    odd = multiplyAdd(odd, w, Lanes(repeating: 4.056067567850912e-26))
    even = multiplyAdd(even, w, Lanes(repeating: 3.349402369548708e-19))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.8519269905971873e-21))
    even = multiplyAdd(even, w, Lanes(repeating: 6.90353897670438e-15))
    odd = multiplyAdd(odd, w, Lanes(repeating: 5.2308641822398654e-17))
    even = multiplyAdd(even, w, Lanes(repeating: 6.834650310115548e-11))
    odd = multiplyAdd(odd, w, Lanes(repeating: 7.594079884767733e-13))
    even = multiplyAdd(even, w, Lanes(repeating: 2.755731912812109e-07))
    odd = multiplyAdd(odd, w, Lanes(repeating: 4.920950037110691e-09))
    even = multiplyAdd(even, w, Lanes(repeating: 0.00034722222221387735))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.1574074077617248e-05))
    even = multiplyAdd(even, w, Lanes(repeating: 0.08333333333332554))
    odd = multiplyAdd(odd, w, Lanes(repeating: 0.006944444444455863))
    even = multiplyAdd(even, w, Lanes(repeating: 0.9999999999999999))
    odd = multiplyAdd(odd, w, Lanes(repeating: 0.500000000000002))
    return multiplyAdd(odd, y, even)
  }

  /// `I_0(2 √y)` for y in [0, 256].
  @inlinable @inline(__always)
  static func middleI0(_ y: Lanes) -> Lanes {
    let w = y * y
    var even = Lanes(repeating: -6.812613884698819e-58)
    var odd = Lanes(repeating: 3.4710323360228574e-61)
    even = multiplyAdd(even, w, Lanes(repeating: -5.042538996207994e-52))
    odd = multiplyAdd(odd, w, Lanes(repeating: 7.447918941532005e-55))
    even = multiplyAdd(even, w, Lanes(repeating: -9.316027302723052e-47))
    odd = multiplyAdd(odd, w, Lanes(repeating: 2.582561613835897e-49))
    even = multiplyAdd(even, w, Lanes(repeating: -5.836381281525852e-42))
    odd = multiplyAdd(odd, w, Lanes(repeating: 2.9699733959499413e-44))
    even = multiplyAdd(even, w, Lanes(repeating: -2.6576414410942723e-38))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.643090396786649e-39))
    even = multiplyAdd(even, w, Lanes(repeating: 2.178415266985673e-32))
    odd = multiplyAdd(odd, w, Lanes(repeating: 9.248478406890137e-35))
    even = multiplyAdd(even, w, Lanes(repeating: 2.2683037867029452e-27))
    odd = multiplyAdd(odd, w, Lanes(repeating: 8.129925144105056e-30))
    even = multiplyAdd(even, w, Lanes(repeating: 1.3153355124692983e-22))
    odd = multiplyAdd(odd, w, Lanes(repeating: 5.857258431616057e-25))
    even = multiplyAdd(even, w, Lanes(repeating: 4.3583368280631256e-18))
    odd = multiplyAdd(odd, w, Lanes(repeating: 2.579100185641906e-20))
    even = multiplyAdd(even, w, Lanes(repeating: 7.594055929079337e-14))
    odd = multiplyAdd(odd, w, Lanes(repeating: 6.276094357498969e-16))
    even = multiplyAdd(even, w, Lanes(repeating: 6.151187285923476e-10))
    odd = multiplyAdd(odd, w, Lanes(repeating: 7.594058796845975e-12))
    even = multiplyAdd(even, w, Lanes(repeating: 1.9290123454910537e-06))
    odd = multiplyAdd(odd, w, Lanes(repeating: 3.936759892445351e-08))
    even = multiplyAdd(even, w, Lanes(repeating: 0.001736111111109407))
    odd = multiplyAdd(odd, w, Lanes(repeating: 6.944444444516017e-05))
    even = multiplyAdd(even, w, Lanes(repeating: 0.24999999999999853))
    odd = multiplyAdd(odd, w, Lanes(repeating: 0.02777777777778007))
    even = multiplyAdd(even, w, Lanes(repeating: 1.0))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.0000000000000002))
    return multiplyAdd(odd, y, even)
  }

  /// `I_1(2 √y) / √y` for y in [0, 256].
  @inlinable @inline(__always)
  static func middleI1(_ y: Lanes) -> Lanes {
    let w = y * y
    var even = Lanes(repeating: -1.6986750062140794e-53)
    var odd = Lanes(repeating: 9.176382247521136e-57)
    even = multiplyAdd(even, w, Lanes(repeating: -1.078021784657182e-47))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.7176073521381192e-50))
    even = multiplyAdd(even, w, Lanes(repeating: -1.670694293835425e-42))
    odd = multiplyAdd(odd, w, Lanes(repeating: 5.030445175447837e-45))
    even = multiplyAdd(even, w, Lanes(repeating: -8.769551068698504e-38))
    odd = multiplyAdd(odd, w, Lanes(repeating: 4.715109576870339e-40))
    even = multiplyAdd(even, w, Lanes(repeating: -9.294710871349413e-34))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.9568260384316158e-35))
    even = multiplyAdd(even, w, Lanes(repeating: 1.12165276454812e-28))
    odd = multiplyAdd(odd, w, Lanes(repeating: 6.84934330741761e-31))
    even = multiplyAdd(even, w, Lanes(repeating: 8.674804459865224e-24))
    odd = multiplyAdd(odd, w, Lanes(repeating: 3.8180388865877275e-26))
    even = multiplyAdd(even, w, Lanes(repeating: 3.350820943837325e-19))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.8467481803489307e-21))
    even = multiplyAdd(even, w, Lanes(repeating: 6.903560614081605e-15))
    odd = multiplyAdd(odd, w, Lanes(repeating: 5.23061058641711e-17))
    even = multiplyAdd(even, w, Lanes(repeating: 6.834649357829489e-11))
    odd = multiplyAdd(odd, w, Lanes(repeating: 7.59408193951641e-13))
    even = multiplyAdd(even, w, Lanes(repeating: 2.7557318993393323e-07))
    odd = multiplyAdd(odd, w, Lanes(repeating: 4.920950185874568e-09))
    even = multiplyAdd(even, w, Lanes(repeating: 0.0003472222221887425))
    odd = multiplyAdd(odd, w, Lanes(repeating: 1.1574074085128628e-05))
    even = multiplyAdd(even, w, Lanes(repeating: 0.08333333333328401))
    odd = multiplyAdd(odd, w, Lanes(repeating: 0.00694444444450257))
    even = multiplyAdd(even, w, Lanes(repeating: 0.9999999999999994))
    odd = multiplyAdd(odd, w, Lanes(repeating: 0.500000000000015))
    return multiplyAdd(odd, y, even)
  }

  /// Any argument. (Lanes go by address where a function is not inlined.)
  @usableFromInline @inline(never)
  static func largeI0(_ xx: inout Lanes, _ result: inout ScaledNormalizer) {
    if cl_all_within(xx, 1024) != 0 {
      let z = middleI0(0.25 * xx)
      result = ScaledNormalizer(square: z * z, exponent: .zero)
      return
    }
    let size = sqrt(xx)
    let isLarge = xx .> 256
    let t = 1 / max(size, Lanes(repeating: 16))
    var p = Lanes(repeating: 3984.182033728879)
    p = multiplyAdd(p, t, Lanes(repeating: -946.6252098189865))
    p = multiplyAdd(p, t, Lanes(repeating: 125.02571004213193))
    p = multiplyAdd(p, t, Lanes(repeating: -6.066795911024926))
    p = multiplyAdd(p, t, Lanes(repeating: 0.9332573105305417))
    p = multiplyAdd(p, t, Lanes(repeating: 0.18465488385162226))
    p = multiplyAdd(p, t, Lanes(repeating: 0.07857455033683643))
    p = multiplyAdd(p, t, Lanes(repeating: 0.03939809487723374))
    p = multiplyAdd(p, t, Lanes(repeating: 0.02611137169277022))
    p = multiplyAdd(p, t, Lanes(repeating: 0.024867959810939675))
    p = multiplyAdd(p, t, Lanes(repeating: 0.03978873577303627))
    p = multiplyAdd(p, t, Lanes(repeating: 0.15915494309189532))
    let y = 0.25 * xx
    let z = smallI0(min(y, Lanes(repeating: 64)))
    result.square = select(isLarge, p * t, z * z)
    result.exponent = select(isLarge, size, .zero)
  }

  /// Any argument.
  @usableFromInline @inline(never)
  static func largeI1(_ xx: inout Lanes, _ result: inout ScaledNormalizer) {
    if cl_all_within(xx, 1024) != 0 {
      let z = middleI1(0.25 * xx)
      result = ScaledNormalizer(square: z * z, exponent: .zero)
      return
    }
    let size = sqrt(xx)
    let isLarge = xx .> 256
    let t = 1 / max(size, Lanes(repeating: 16))
    var p = Lanes(repeating: -15758.461833968662)
    p = multiplyAdd(p, t, Lanes(repeating: 3752.1228494838606))
    p = multiplyAdd(p, t, Lanes(repeating: -494.36944241830247))
    p = multiplyAdd(p, t, Lanes(repeating: 24.392678624025933))
    p = multiplyAdd(p, t, Lanes(repeating: -3.5533431613408664))
    p = multiplyAdd(p, t, Lanes(repeating: -0.6611711695426655))
    p = multiplyAdd(p, t, Lanes(repeating: -0.26999560990828253))
    p = multiplyAdd(p, t, Lanes(repeating: -0.12588580482932568))
    p = multiplyAdd(p, t, Lanes(repeating: -0.07460393444992786))
    p = multiplyAdd(p, t, Lanes(repeating: -0.05968310347245464))
    p = multiplyAdd(p, t, Lanes(repeating: -0.47746482927593353))
    p = multiplyAdd(p, t, Lanes(repeating: 0.6366197723675814))
    let y = 0.25 * xx
    let z = smallI1(min(y, Lanes(repeating: 64)))
    result.square = select(isLarge, p * (t * t * t), z * z)
    result.exponent = select(isLarge, size, .zero)
  }
}

/// A sum of numbers and of logarithms of ratios of ``ScaledNormalizer``s in every lane, with one
/// logarithm for eight ratios.
///
///     Σ exponent + log(numerator / denominator)
///
/// Accuracy: 4e-15 for each ratio. Allocates nothing.
@frozen
public struct LogRatioSum: Sendable {
  @usableFromInline var sum: Lanes
  @usableFromInline var product: Lanes
  @usableFromInline var factors: Int

  /// The empty sum.
  @inlinable @inline(__always)
  public init() {
    sum = .zero
    product = Lanes(repeating: 1)
    factors = 0
  }

  /// Adds `exponent + log(numerator / denominator)`.
  @inlinable @inline(__always)
  public mutating func add(
    exponent: Lanes, numerator: ScaledNormalizer, denominator: ScaledNormalizer
  ) {
    add(
      exponent: exponent + (numerator.exponent - denominator.exponent),
      factor: numerator.square / denominator.square)
  }

  /// Adds `exponent + log(I_0(x) / I_0(y))`.
  @inlinable @inline(__always)
  public mutating func addBesselI0(exponent: Lanes, squared xx: Lanes, over yy: Lanes) {
    if cl_all_within(xx, 256) != 0 && cl_all_within(yy, 256) != 0 {
      let z = ScaledNormalizer.smallI0(0.25 * xx) / ScaledNormalizer.smallI0(0.25 * yy)
      add(exponent: exponent, factor: z * z)
    } else {
      var (x, y, exponent) = (xx, yy, exponent)
      addLargeI0(&exponent, &x, &y)
    }
  }

  /// Adds `exponent + log([I_1(x)/x] / [I_1(y)/y])`.
  @inlinable @inline(__always)
  public mutating func addBesselI1(exponent: Lanes, squared xx: Lanes, over yy: Lanes) {
    if cl_all_within(xx, 256) != 0 && cl_all_within(yy, 256) != 0 {
      let z = ScaledNormalizer.smallI1(0.25 * xx) / ScaledNormalizer.smallI1(0.25 * yy)
      add(exponent: exponent, factor: z * z)
    } else {
      var (x, y, exponent) = (xx, yy, exponent)
      addLargeI1(&exponent, &x, &y)
    }
  }

  /// Adds a number and half the logarithm of another.
  @inlinable @inline(__always)
  mutating func add(exponent: Lanes, factor: Lanes) {
    sum += exponent
    product *= factor
    factors &+= 1
    // Squares are between 0.1/x³ and 1e25, so that eight ratios stay in range up to x = 1e4, and
    // those of two numbers on one side of 32 up to 1e12.
    if factors == 8 { takeLogarithm() }
  }

  /// Any arguments; both polynomials at a time, which take as long as one.
  @usableFromInline @inline(never)
  mutating func addLargeI0(_ exponent: inout Lanes, _ xx: inout Lanes, _ yy: inout Lanes) {
    if cl_all_within(xx, 1024) != 0 && cl_all_within(yy, 1024) != 0 {
      let z = ScaledNormalizer.middleI0(0.25 * xx) / ScaledNormalizer.middleI0(0.25 * yy)
      add(exponent: exponent, factor: z * z)
    } else {
      add(
        exponent: exponent, numerator: .besselI0(squared: xx),
        denominator: .besselI0(squared: yy))
    }
  }

  /// Any arguments.
  @usableFromInline @inline(never)
  mutating func addLargeI1(_ exponent: inout Lanes, _ xx: inout Lanes, _ yy: inout Lanes) {
    if cl_all_within(xx, 1024) != 0 && cl_all_within(yy, 1024) != 0 {
      let z = ScaledNormalizer.middleI1(0.25 * xx) / ScaledNormalizer.middleI1(0.25 * yy)
      add(exponent: exponent, factor: z * z)
    } else {
      add(
        exponent: exponent, numerator: .besselI1(squared: xx),
        denominator: .besselI1(squared: yy))
    }
  }

  /// The sum.
  @inlinable
  public var value: Lanes { multiplyAdd(Lanes(repeating: 0.5), log(product), sum) }

  @usableFromInline @inline(never)
  mutating func takeLogarithm() {
    sum = value
    product = Lanes(repeating: 1)
    factors = 0
  }
}
