// Reduction of huge angles modulo pi/2 with as many bits of 2/pi as the argument asks for
// (M. Payne, R. Hanek, ACM SIGNUM Newsletter 18 (1983) 19).

/// The first 1280 bits of 2/pi after the binary point.
private let twoOverPi: [UInt64] = [
  0xa2f9_836e_4e44_1529, 0xfc27_57d1_f534_ddc0, 0xdb62_9599_3c43_9041, 0xfe51_63ab_debb_c561,
  0xb724_6e3a_424d_d2e0, 0x0649_2eea_09d1_921c, 0xfe1d_eb1c_b129_a73e, 0xe882_35f5_2ebb_4484,
  0xe99c_7026_b45f_7e41, 0x3991_d639_8353_39f4, 0x9c84_5f8b_bdf9_283b, 0x1ff8_97ff_de05_980f,
  0xef2f_118b_5a0a_6d1f, 0x6d36_7ecf_27cb_09b7, 0x4f46_3f66_9e5f_ea2d, 0x7527_bac7_ebe5_f17b,
  0x3d07_39f7_8a52_92ea, 0x6bfb_5fb1_1f8d_5d08, 0x5603_3046_fc7b_6bab, 0xf0cf_bc20_9af4_361d,
]

/// 64 bits of 2/pi from the given bit after the binary point; zero before it.
private func bitsOfTwoOverPi(from position: Int) -> UInt64 {
  func word(_ index: Int) -> UInt64 {
    index >= 0 && index < twoOverPi.count ? twoOverPi[index] : 0
  }
  let index = position >> 6
  let shift = UInt64(position & 63)
  return shift == 0 ? word(index) : word(index) << shift | word(index + 1) >> (64 - shift)
}

/// `x = (quarters + 4 n) pi/2 + high + low` with the rest in [-pi/4, pi/4], for finite x >= 2^17.
///
/// With x = m 2^e the bits of 2/pi above 2^(2 - e) contribute multiples of 4 and are left out;
/// the 192 bits that follow give the fraction to 2^-137.
private func reduceHugeAngle(_ x: Double) -> (quarters: UInt64, high: Double, low: Double) {
  let mantissa = x.significandBitPattern | 1 << 52
  let exponent = Int(x.exponent) - 52
  let first = exponent - 2
  let w0 = bitsOfTwoOverPi(from: first)
  let w1 = bitsOfTwoOverPi(from: first + 64)
  let w2 = bitsOfTwoOverPi(from: first + 128)
  // m (w0, w1, w2) modulo 2^192: the top two bits are quarter turns.
  let low = mantissa.multipliedFullWidth(by: w2)
  let middle = mantissa.multipliedFullWidth(by: w1)
  let (p1, carry) = middle.low.addingReportingOverflow(low.high)
  let p0 = (mantissa &* w0) &+ middle.high &+ (carry ? 1 : 0)
  let quarters = (p0 >> 62) &+ ((p0 >> 61) & 1)
  // The fraction of a quarter turn as a two's complement number in [-1/2, 1/2).
  var f0 = p0 << 2 | p1 >> 62
  var f1 = p1 << 2 | low.low >> 62
  let negative = f0 >> 63 == 1
  if negative {
    f0 = ~f0
    f1 = ~f1
  }
  let zeros = UInt64(f0.leadingZeroBitCount)
  if zeros > 0 && zeros < 64 {
    f0 = f0 << zeros | f1 >> (64 - zeros)
    f1 <<= zeros
  }
  let scale = Double(sign: negative ? .minus : .plus, exponent: -53 - Int(zeros), significand: 1)
  let head = Double(f0 >> 11) * scale
  let tail = Double((f0 & 0x7ff) << 53 | f1 >> 11) * scale * 0x1p-64
  // (head + tail) pi/2, the rounding error of the first product included.
  let product = head * 1.5707963267948966
  let error = (-product).addingProduct(head, 1.5707963267948966)
  let rest = error + (head * 6.123233995736766e-17 + tail * 1.5707963267948966)
  let sum = product + rest
  return (quarters, sum, (product - sum) + rest)
}

/// Replaces the reduction of the lanes where x > 2e5 or x is not a number.
@usableFromInline @inline(never)
func reduceHugeAngles(_ x: inout Lanes, _ reduced: inout ReducedAngle) {
  for lane in 0..<laneCount where !(x[lane] <= QuarterTurn.largest) {
    if x[lane].isFinite {
      let (quarters, high, low) = reduceHugeAngle(x[lane])
      reduced.quarters[lane] = quarters
      reduced.high[lane] = high
      reduced.low[lane] = low
    } else {
      reduced.high[lane] = .nan
    }
  }
}

/// Replaces the wrapped angle of the lanes where |x| > 2e5 or x is not a number.
@usableFromInline @inline(never)
func wrapHugeAngles(_ x: inout Lanes, _ y: inout Lanes) {
  for lane in 0..<laneCount where !(Swift.abs(x[lane]) <= QuarterTurn.largest) {
    guard x[lane].isFinite else {
      y[lane] = .nan
      continue
    }
    let (quarters, high, _) = reduceHugeAngle(Swift.abs(x[lane]))
    let turn = [0, 1.5707963267948966, Double.pi, -1.5707963267948966][Int(quarters & 3)]
    let angle = turn + high > Double.pi ? (high - Double.pi) : turn + high
    y[lane] = x[lane] < 0 ? -angle : angle
  }
}
