/// The autocovariance of several chains, computed for as many lags as are asked for.
///
///     Gamma(t) = sum_r sum_i d_r(i) d_r(i + t) / sum_r max(0, n_r - t)
///
/// with d_r the fluctuations of chain r (already centred) and n_r its length; the denominator is
/// never below 1. Lags are computed in growing blocks: the first 32 by direct sums, more by
/// Fourier transforms of pieces of the series.
///
/// Complexity: 32 products per entry while 32 lags do, then `O(n log L)` for L lags.
struct Autocovariance {
  private let chains: [[Double]]
  private let lengths: [Int]
  /// The largest lag that may be asked for, plus one: half of the longest chain unless given.
  let lagLimit: Int
  private(set) var values: [Double] = []

  private static let directLags = 32

  /// Takes centred chains.
  init(_ centred: [[Double]], lagLimit: Int? = nil) {
    lengths = centred.map(\.count)
    self.lagLimit = lagLimit ?? (lengths.max() ?? 0) / 2
    // A margin of zeros behind each chain lets every product reach past the end.
    let margin = [Double](repeating: 0, count: Self.directLags + 8)
    chains = centred.map { $0 + margin }
  }

  /// Makes sure that `values` holds at least `min(count, lagLimit)` lags.
  mutating func extend(to count: Int) {
    let wanted = min(count, lagLimit)
    guard wanted > values.count else { return }
    if wanted <= Self.directLags {
      values = directSums(min(Self.directLags, lagLimit))
    } else {
      var length = 16 * Self.directLags
      while length < wanted { length *= 4 }
      values = transformedSums(min(length, lagLimit))
    }
    for lag in values.indices {
      let pairs = lengths.reduce(0) { $0 + max(0, $1 - lag) }
      values[lag] /= Double(max(1, pairs))
    }
  }

  private func directSums(_ count: Int) -> [Double] {
    var totals = [Double](repeating: 0, count: Self.directLags)
    for (chain, length) in zip(chains, lengths) {
      chain.withUnsafeBytes { bytes in
        let base = bytes.baseAddress!
        let stride = MemoryLayout<Double>.stride
        var a = SIMD8<Double>.zero
        var b = SIMD8<Double>.zero
        var c = SIMD8<Double>.zero
        var d = SIMD8<Double>.zero
        for i in 0..<length {
          let here = SIMD8<Double>(
            repeating: base.load(fromByteOffset: i &* stride, as: Double.self))
          let at = base + i &* stride
          a += here * at.loadUnaligned(as: SIMD8<Double>.self)
          b += here * (at + 8 &* stride).loadUnaligned(as: SIMD8<Double>.self)
          c += here * (at + 16 &* stride).loadUnaligned(as: SIMD8<Double>.self)
          d += here * (at + 24 &* stride).loadUnaligned(as: SIMD8<Double>.self)
        }
        for lag in 0..<8 {
          totals[lag] += a[lag]
          totals[8 + lag] += b[lag]
          totals[16 + lag] += c[lag]
          totals[24 + lag] += d[lag]
        }
      }
    }
    return Array(totals.prefix(count))
  }

  /// Sums by transforms: a piece of L entries is correlated with itself and the L entries behind
  /// it. With the piece as real part x and both together as imaginary part y, one transform of
  /// length 2 L gives both spectra; conj(X) Y is summed over the pieces and transformed back.
  private func transformedSums(_ count: Int) -> [Double] {
    var piece = 1
    while piece < count { piece *= 2 }
    let size = 2 * piece
    let transform = FourierTransform(length: size)
    let real = UnsafeMutablePointer<Double>.allocate(capacity: size)
    let imaginary = UnsafeMutablePointer<Double>.allocate(capacity: size)
    let spectrumReal = UnsafeMutablePointer<Double>.allocate(capacity: size)
    let spectrumImaginary = UnsafeMutablePointer<Double>.allocate(capacity: size)
    defer {
      real.deallocate()
      imaginary.deallocate()
      spectrumReal.deallocate()
      spectrumImaginary.deallocate()
    }
    spectrumReal.initialize(repeating: 0, count: size)
    spectrumImaginary.initialize(repeating: 0, count: size)
    for (chain, length) in zip(chains, lengths) {
      for start in stride(from: 0, to: length, by: piece) {
        for i in 0..<size {
          let entry = start + i < length ? chain[start + i] : 0
          real[i] = i < piece ? entry : 0
          imaginary[i] = entry
        }
        transform.apply(real: real, imaginary: imaginary)
        for f in 0..<size {
          let g = (size - f) & (size - 1)
          let xRe = 0.5 * (real[f] + real[g])
          let xIm = 0.5 * (imaginary[f] - imaginary[g])
          let yRe = 0.5 * (imaginary[f] + imaginary[g])
          let yIm = 0.5 * (real[g] - real[f])
          spectrumReal[f] += xRe * yRe + xIm * yIm
          spectrumImaginary[f] += xRe * yIm - xIm * yRe
        }
      }
    }
    // The inverse transform is the forward one with real and imaginary parts exchanged.
    transform.apply(real: spectrumImaginary, imaginary: spectrumReal)
    return (0..<count).map { spectrumReal[$0] / Double(size) }
  }
}
