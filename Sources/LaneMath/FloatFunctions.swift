// Single-precision functions for the inside of neural networks.

/// `exp(x)` in single precision.
///
/// Infinite above 88.72; zero below -87.33 (results that would be subnormal are flushed).
///
/// Accuracy: 1.2 ulp where the result is a normal number.
@inlinable @inline(__always)
public func exp(_ x: FloatLanes) -> FloatLanes {
  let clamped = min(max(x, FloatLanes(repeating: -87.33654)), FloatLanes(repeating: 88.72283))
  let scaled = exponentialInRange(clamped)
  let low = scaled.replacing(with: FloatLanes.zero, where: x .< -87.33654)
  let high = low.replacing(with: FloatLanes(repeating: .infinity), where: x .> 88.72283)
  return x.replacing(with: high, where: x .== x)
}

/// The hyperbolic tangent in single precision.
///
/// Accuracy: 1.5 ulp over the whole range.
@inlinable @inline(__always)
public func tanh(_ x: FloatLanes) -> FloatLanes {
  let z = x * x
  var p = FloatLanes(repeating: -0.006269119719649729)
  p = multiplyAdd(p, z, FloatLanes(repeating: 0.02111095904951479))
  p = multiplyAdd(p, z, FloatLanes(repeating: -0.053873948848643334))
  p = multiplyAdd(p, z, FloatLanes(repeating: 0.13332915366987452))
  p = multiplyAdd(p, z, FloatLanes(repeating: -0.3333333033273155))
  let near = multiplyAdd(p, x * z, x)
  // 1 - 2/(exp(2|x|) + 1), which is 1 to the last bit beyond |x| = 10.
  let size = abs(x)
  let twice = min(size + size, FloatLanes(repeating: 20))
  let e = exponentialInRange(twice)
  let far = 1 - 2 / (e + 1)
  let sign: UInt32 = 0x8000_0000
  let signed = unsafeBitCast(
    unsafeBitCast(far, to: SIMD8<UInt32>.self)
      | (unsafeBitCast(x, to: SIMD8<UInt32>.self) & sign), to: FloatLanes.self)
  return near.replacing(with: signed, where: size .> 0.6)
}

/// `exp(x)` for -87 <= x <= 88.
@inlinable @inline(__always)
func exponentialInRange(_ x: FloatLanes) -> FloatLanes {
  let shifted = multiplyAdd(
    x, FloatLanes(repeating: 1.442695), FloatLanes(repeating: 12_582_912))
  let k = shifted - 12_582_912
  var r = negativeMultiplyAdd(k, FloatLanes(repeating: 0.693359375), x)
  r = multiplyAdd(k, FloatLanes(repeating: 2.12194440e-4), r)
  var p = FloatLanes(repeating: 0.0013926268052570573)
  p = multiplyAdd(p, r, FloatLanes(repeating: 0.008363246669753728))
  p = multiplyAdd(p, r, FloatLanes(repeating: 0.041666554109346714))
  p = multiplyAdd(p, r, FloatLanes(repeating: 0.16666576583158002))
  p = multiplyAdd(p, r, FloatLanes(repeating: 0.5))
  p = multiplyAdd(p, r * r, r) + 1
  return unsafeBitCast(
    unsafeBitCast(p, to: SIMD8<UInt32>.self)
      &+ (unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23), to: FloatLanes.self)
}
