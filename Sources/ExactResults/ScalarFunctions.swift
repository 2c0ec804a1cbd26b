// The one file of this module that imports the C library: the oracles need exp, log and their
// relatives of a single Double at full accuracy, a handful of times, where speed does not matter.
// (The lane functions of LaneMath serve the kernels; they are not correctly rounded.)
import Glibc

/// Elementary functions of one Double, at the accuracy of the C library (below 1 ulp).
enum Scalar {
  static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  static func expMinusOne(_ x: Double) -> Double { Glibc.expm1(x) }
  static func log(_ x: Double) -> Double { Glibc.log(x) }
  /// log(1 + x), accurate for small x.
  static func logOnePlus(_ x: Double) -> Double { Glibc.log1p(x) }
  static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  static func sinh(_ x: Double) -> Double { Glibc.sinh(x) }
  static func atan2(_ y: Double, _ x: Double) -> Double { Glibc.atan2(y, x) }
}
