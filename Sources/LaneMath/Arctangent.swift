import CLanes

/// `(atan(t)/t - 1) / t^2` for |t| <= tan(pi/8).
@inlinable @inline(__always)
func arctangentTail(squared z: Lanes) -> Lanes {
  let w = z * z
  var even = Lanes(repeating: -0.019176872294336067)
  var odd = Lanes(repeating: 0.039231646190551486)
  even = multiplyAdd(even, w, Lanes(repeating: -0.05085449318930035))
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.05858148832731273))
  even = multiplyAdd(even, w, Lanes(repeating: -0.06664511438164644))
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.07692183190171728))
  even = multiplyAdd(even, w, Lanes(repeating: -0.09090904578095735))
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.11111111015255669))
  even = multiplyAdd(even, w, Lanes(repeating: -0.14285714284666534))
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.1999999999999552))
  even = multiplyAdd(even, w, Lanes(repeating: -0.3333333333333333))
  return multiplyAdd(odd, z, even)
}

/// The angle of the point (x, y) in [-pi, pi], in every lane.
///
/// Follows IEEE 754: atan2(+-0, +0) = +-0, atan2(+-0, -0) = +-pi, atan2(+-inf, +inf) = +-pi/4, and
/// so on; not a number if either is.
///
/// Accuracy: 1.6 ulp over the whole plane, without overflow or underflow inside.
@inlinable @inline(__always)
public func atan2(_ y: Lanes, _ x: Lanes) -> Lanes {
  let height = abs(y)
  let width = abs(x)
  let steep = height .> width
  var small = select(steep, width, height)
  var large = select(steep, height, width)
  if cl_all_between(large, 0x1p-900, 0x1p1000) == 0 {
    var pair = (small, large)
    conditionRatios(&pair)
    (small, large) = pair
  }
  // tan(a - pi/4) = (tan a - 1)/(tan a + 1) halves the range of the series.
  let folded = small .> 0.41421356237309503 * large
  let t =
    select(folded, small - large, small) / select(folded, small + large, large)
  // The angle is a multiple of pi/4 plus or minus atan t.
  let eighths = select(folded, Lanes(repeating: 1), .zero)
  let afterSteep = select(steep, 2 - eighths, eighths)
  let behind = LaneMask(bits: cl_sign_mask(x))
  let multiple = select(behind, 4 - afterSteep, afterSteep)
  let minus = unsafeBitCast(steep .^ behind, to: SIMD8<UInt64>.self) & 0x8000_0000_0000_0000
  let signed = Lanes(bits: t.bits ^ minus)
  let z = t * t
  // pi/4 in 50 bits, whose small multiples are exact, and the rest.
  let tail = multiplyAdd(
    signed * z, arctangentTail(squared: z), multiple * 3.061616997868383e-17)
  let magnitude = multiplyAdd(multiple, Lanes(repeating: 0.7853981633974483), signed + tail)
  return copySign(magnitude, y)
}

/// Brings the ratio of huge, tiny, infinite and zero pairs into range, keeping its value.
@usableFromInline @inline(never)
func conditionRatios(_ pair: inout (Lanes, Lanes)) {
  var (small, large) = pair
  let infinite = large .== .infinity
  let one = Lanes(repeating: 1)
  let beside = select(small .== .infinity, one, select(small .== small, .zero, small))
  small = select(infinite, beside, small)
  large = select(infinite, one, large)
  large = select(large .== 0, one, large)
  let scale = select(
    large .> 0x1p1000, Lanes(repeating: 0x1p-100),
    select(large .< 0x1p-900, Lanes(repeating: 0x1p150), one))
  pair = (small * scale, large * scale)
}
