// sin and cos of a Double for the table of roots of unity: the lane functions compute eight
// configurations, and FFTW belongs to the observables only.
import Glibc

/// A complex discrete Fourier transform of a power-of-two length, for autocovariances.
///
///     X(f) = sum_t x(t) exp(-2 pi i f t / M)
///
/// Not normalised. Accuracy: about `log2(M)` roundings. Complexity: `O(M log M)`, in place; the
/// table of roots is allocated once.
struct FourierTransform {
  /// The length M.
  let length: Int
  private let cosines: [Double]
  private let sines: [Double]

  /// Prepares the table of roots of unity for a power of two.
  init(length: Int) {
    precondition(
      length >= 2 && length & (length - 1) == 0, "expected a power of 2, found \(length)")
    self.length = length
    let step = 2 * Double.pi / Double(length)
    cosines = (0..<length / 2).map { cos(step * Double($0)) }
    sines = (0..<length / 2).map { sin(step * Double($0)) }
  }

  /// Transforms in place.
  func apply(real: UnsafeMutablePointer<Double>, imaginary: UnsafeMutablePointer<Double>) {
    reverseBits(real, imaginary)
    cosines.withUnsafeBufferPointer { cosines in
      sines.withUnsafeBufferPointer { sines in
        var half = 1
        while half < length {
          butterflies(real, imaginary, half, cosines.baseAddress!, sines.baseAddress!)
          half *= 2
        }
      }
    }
  }

  private func butterflies(
    _ real: UnsafeMutablePointer<Double>, _ imaginary: UnsafeMutablePointer<Double>, _ half: Int,
    _ cosines: UnsafePointer<Double>, _ sines: UnsafePointer<Double>
  ) {
    let stride = length / (2 * half)
    var start = 0
    while start < length {
      for offset in 0..<half {
        let c = cosines[offset &* stride]
        let s = sines[offset &* stride]
        let low = start &+ offset
        let high = low &+ half
        let re = c * real[high] + s * imaginary[high]
        let im = c * imaginary[high] - s * real[high]
        real[high] = real[low] - re
        imaginary[high] = imaginary[low] - im
        real[low] += re
        imaginary[low] += im
      }
      start += 2 * half
    }
  }

  private func reverseBits(
    _ real: UnsafeMutablePointer<Double>, _ imaginary: UnsafeMutablePointer<Double>
  ) {
    var reversed = 0
    for index in 1..<length {
      var bit = length >> 1
      while reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
      if index < reversed {
        swap(&real[index], &real[reversed])
        swap(&imaginary[index], &imaginary[reversed])
      }
    }
  }
}
