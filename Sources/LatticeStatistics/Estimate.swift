/// A number with its error: the result of every analysis in this module.
///
/// What a method does not estimate is nil: a jackknife knows no autocorrelation time.
/// Printed as `0.31498(72)`: the error in units of the last digits, to two digits.
public struct Estimate: Sendable, Equatable {
  /// The central value.
  public var value: Double
  /// The standard error (one sigma).
  public var error: Double
  /// The standard error of the error.
  public var errorOfError: Double?
  /// The integrated autocorrelation time, `tau_int = 1/2 + sum_{t >= 1} rho(t)`, in units of the
  /// series' own steps; 1/2 for independent entries.
  public var tauInt: Double?
  /// The standard error of `tauInt`.
  public var tauIntError: Double?
  /// The last lag that was summed into `tauInt`.
  public var window: Int?
  /// The number of entries that went in, over all chains.
  public var count: Int

  /// Puts together an estimate from its parts.
  public init(
    value: Double, error: Double, errorOfError: Double? = nil, tauInt: Double? = nil,
    tauIntError: Double? = nil, window: Int? = nil, count: Int
  ) {
    self.value = value
    self.error = error
    self.errorOfError = errorOfError
    self.tauInt = tauInt
    self.tauIntError = tauIntError
    self.window = window
    self.count = count
  }

  /// The number of independent entries the series is worth, `count / (2 tau_int)`.
  public var effectiveCount: Double? { tauInt.map { Double(count) / (2 * $0) } }

  /// The signed distance from an exactly known value in units of the error.
  ///
  ///     (value - exact) / error
  ///
  /// With a vanishing error it is 0 where the two agree to the bit, and infinite otherwise.
  public func deviation(from exact: Double) -> Double {
    standardized(value - exact, error: error)
  }

  /// The signed distance from an independent estimate in units of the joint error.
  ///
  ///     (value - other.value) / sqrt(error^2 + other.error^2)
  public func deviation(from other: Estimate) -> Double {
    let larger = max(error, other.error)
    guard larger > 0, larger.isFinite else {
      return standardized(value - other.value, error: larger)
    }
    let a = error / larger
    let b = other.error / larger
    return (value - other.value) / (larger * (a * a + b * b).squareRoot())
  }

  private func standardized(_ difference: Double, error: Double) -> Double {
    difference == 0 && error == 0 ? 0 : difference / error
  }
}

extension Estimate: CustomStringConvertible {
  /// The value with the error in brackets, in units of the last digits: `0.31498(72)`.
  ///
  /// The error has two digits; one of 1 or more shows its decimal point, `12.3(1.5)`, and one of
  /// 10 or more counts whole units, `1234(56)`, `1230(560)`. Beyond 10^7 and below
  /// 10^-5 both share a power of ten, `1.234(56)e-12`. A vanishing error prints as `(0)` behind all
  /// digits of the value; one that is infinite or undefined prints as `(∞)` or `(nan)`.
  public var description: String {
    guard value.isFinite else { return "\(value)(\(Self.symbol(error)))" }
    guard error.isFinite, error != 0 else {
      return error == 0 ? "\(value)(0)" : "\(value)(\(Self.symbol(error)))"
    }
    var uncertainty = DecimalDigits(abs(error))
    uncertainty.round(toPlace: uncertainty.leadingPlace - 1)
    let central = DecimalDigits(abs(value))
    let leading = max(
      value == 0 ? uncertainty.leadingPlace : central.leadingPlace,
      uncertainty.leadingPlace)
    let shift = leading >= 7 || leading < -5 ? leading : 0
    var shown = central
    shown.round(toPlace: uncertainty.leadingPlace - 1)
    shown = shown.shifted(by: -shift)
    let shownError = uncertainty.shifted(by: -shift)
    let lastPlace = min(shownError.leadingPlace - 1, 0)
    let bracket =
      shownError.leadingPlace >= 0
      ? shownError.fixed(toPlace: lastPlace)
      : shownError.shifted(by: -lastPlace).fixed(toPlace: 0)
    let sign = value.sign == .minus && !shown.isZero ? "-" : ""
    let power = shift == 0 ? "" : "e\(shift)"
    return "\(sign)\(shown.fixed(toPlace: lastPlace))(\(bracket))\(power)"
  }

  private static func symbol(_ error: Double) -> String {
    error.isNaN ? "nan" : error.isInfinite ? "∞" : "\(error)"
  }
}
