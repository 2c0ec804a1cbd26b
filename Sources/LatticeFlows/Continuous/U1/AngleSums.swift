import LaneMath

/// Power sums of plaquette angles, `Σ_x cos kF_x` and `Σ_x sin kF_x`, and polynomials in `cos F` and
/// `sin F`: the two kernels of a Fourier basis.
///
/// They run register by register. The harmonics come from `cos (k+1)F = 2 cos F cos kF - cos (k-1)F`
/// up to half the largest `k`; the upper half of the sums from products of neighbouring harmonics,
///
///     cos 2kF = 2 cos² kF - 1,    cos (2k-1)F = 2 cos kF cos (k-1)F - cos F,    sin alike
///
/// one multiply-add each.
enum AngleSums {
  /// Sites whose cosines and sines are taken before the registers are gone through.
  static let chunk = 16

  /// The number of `Lanes` that the sums up to a harmonic take in memory, of one kind.
  static func room(_ largest: Int) -> Int { 2 * ((largest + 1) / 2) + 1 }

  /// The sine and cosine of plaquette angles, by reduction to `[-π/2, π/2]`.
  ///
  /// Accuracy: 2.5e-16 absolute for |x| up to 2^20.
  @inline(__always)
  static func sineAndCosine(_ x: Lanes) -> (sine: Lanes, cosine: Lanes) {
    let shift = Lanes(repeating: 6_755_399_441_055_744)
    let shifted = multiplyAdd(x, Lanes(repeating: 0.3183098861837907), shift)
    let k = shifted - shift
    // π in two parts, the first of 33 bits.
    var r = negativeMultiplyAdd(k, Lanes(repeating: 3.1415926534682512), x)
    r = negativeMultiplyAdd(k, Lanes(repeating: 1.2154201013012384e-10), r)
    let z = r * r
    var odd = Lanes(repeating: -7.364792729323082e-13)
    odd = multiplyAdd(odd, z, Lanes(repeating: 1.604731495737788e-10))
    odd = multiplyAdd(odd, z, Lanes(repeating: -2.5051852014442554e-08))
    odd = multiplyAdd(odd, z, Lanes(repeating: 2.755731608687744e-06))
    odd = multiplyAdd(odd, z, Lanes(repeating: -0.00019841269820193767))
    odd = multiplyAdd(odd, z, Lanes(repeating: 0.008333333333263374))
    odd = multiplyAdd(odd, z, Lanes(repeating: -0.16666666666665822))
    let sine = multiplyAdd(r * z, odd, r)
    var even = Lanes(repeating: 4.64640971522779e-14)
    even = multiplyAdd(even, z, Lanes(repeating: -1.1466250478536745e-11))
    even = multiplyAdd(even, z, Lanes(repeating: 2.0876681513907184e-09))
    even = multiplyAdd(even, z, Lanes(repeating: -2.7557318572848315e-07))
    even = multiplyAdd(even, z, Lanes(repeating: 2.4801587298910888e-05))
    even = multiplyAdd(even, z, Lanes(repeating: -0.0013888888888884763))
    even = multiplyAdd(even, z, Lanes(repeating: 0.04166666666666666))
    even = multiplyAdd(even, z, Lanes(repeating: -0.5))
    let cosine = multiplyAdd(even, z, Lanes(repeating: 1))
    let sign = shifted.bits &<< 63
    return (Lanes(bits: sine.bits ^ sign), Lanes(bits: cosine.bits ^ sign))
  }

  /// `Σ_x cos kF_x` and `Σ_x sin kF_x` for k = 0 ... `largest` or one more, and the cosines and sines
  /// of the angles themselves. Allocates nothing.
  static func compute(
    _ angles: UnsafePointer<Lanes>, count: Int, largest: Int,
    cosines: UnsafeMutablePointer<Lanes>, sines: UnsafeMutablePointer<Lanes>,
    cosineSums C: UnsafeMutablePointer<Lanes>, sineSums S: UnsafeMutablePointer<Lanes>
  ) {
    let half = (largest + 1) / 2, single = half & ~1
    for k in 0...(2 * half) {
      C[k] = .zero
      S[k] = .zero
    }
    var first = 0
    while first < count {
      let end = Swift.min(count, first + chunk)
      for x in first..<end { (sines[x], cosines[x]) = sineAndCosine(angles[x]) }
      let registers = registersPerPacket
      for r in 0..<registers {
        let c = UnsafeRawPointer(cosines + first).assumingMemoryBound(to: RegisterLanes.self) + r
        let s = UnsafeRawPointer(sines + first).assumingMemoryBound(to: RegisterLanes.self) + r
        let c2 = UnsafeMutableRawPointer(C).assumingMemoryBound(to: RegisterLanes.self) + r
        let s2 = UnsafeMutableRawPointer(S).assumingMemoryBound(to: RegisterLanes.self) + r
        var x = 0
        while x &+ 2 <= end &- first {
          add(
            c[x &* registers], c[(x &+ 1) &* registers], s[x &* registers],
            s[(x &+ 1) &* registers], half: half, single: single, c2, s2)
          x &+= 2
        }
        if x < end &- first {
          addOne(c[x &* registers], s[x &* registers], half: half, single: single, c2, s2)
        }
      }
      first = end
    }
    // Products to harmonics.
    let volume = Lanes(repeating: Double(count))
    for k in stride(from: half, to: single / 2, by: -1) {
      C[2 * k] = 2 * C[2 * k] - volume
      S[2 * k] = 2 * S[2 * k]
      if 2 * k - 1 > 1 {
        C[2 * k - 1] = 2 * C[2 * k - 1] - C[1]
        S[2 * k - 1] = 2 * S[2 * k - 1] - S[1]
      }
    }
    C[0] = volume
    S[0] = .zero
  }

  /// Adds the harmonics of two sites.
  @inline(__always)
  private static func add(
    _ ca: RegisterLanes, _ cb: RegisterLanes, _ sa: RegisterLanes, _ sb: RegisterLanes,
    half: Int, single: Int, _ C: UnsafeMutablePointer<RegisterLanes>,
    _ S: UnsafeMutablePointer<RegisterLanes>
  ) {
    let registers = registersPerPacket
    let doubleA = ca + ca, doubleB = cb + cb
    var cA = ca, cB = cb, sA = sa, sB = sb
    var beforeCA = RegisterLanes(repeating: 1), beforeCB = RegisterLanes(repeating: 1)
    var beforeSA = RegisterLanes.zero, beforeSB = RegisterLanes.zero
    @inline(__always)
    func singles(_ k: Int) {
      C[k &* registers] += cA + cB
      S[k &* registers] += sA + sB
    }
    @inline(__always)
    func products(_ k: Int) {
      let even = 2 &* k &* registers, odd = even &- registers
      C[even] = registerMultiplyAdd(cA, cA, registerMultiplyAdd(cB, cB, C[even]))
      S[even] = registerMultiplyAdd(sA, cA, registerMultiplyAdd(sB, cB, S[even]))
      C[odd] = registerMultiplyAdd(cA, beforeCA, registerMultiplyAdd(cB, beforeCB, C[odd]))
      S[odd] = registerMultiplyAdd(sA, beforeCA, registerMultiplyAdd(sB, beforeCB, S[odd]))
    }
    @inline(__always)
    func advance() {
      let nextCA = registerMultiplyAdd(doubleA, cA, -beforeCA)
      let nextCB = registerMultiplyAdd(doubleB, cB, -beforeCB)
      let nextSA = registerMultiplyAdd(doubleA, sA, -beforeSA)
      let nextSB = registerMultiplyAdd(doubleB, sB, -beforeSB)
      (beforeCA, beforeCB, beforeSA, beforeSB) = (cA, cB, sA, sB)
      (cA, cB, sA, sB) = (nextCA, nextCB, nextSA, nextSB)
    }
    var k = 1
    while k <= single / 2 {
      singles(k)
      advance()
      k &+= 1
    }
    while k <= single {
      singles(k)
      products(k)
      advance()
      k &+= 1
    }
    while k <= half {
      products(k)
      advance()
      k &+= 1
    }
  }

  /// Adds the harmonics of one site: the last of an odd number.
  private static func addOne(
    _ c: RegisterLanes, _ s: RegisterLanes, half: Int, single: Int,
    _ C: UnsafeMutablePointer<RegisterLanes>, _ S: UnsafeMutablePointer<RegisterLanes>
  ) {
    let registers = registersPerPacket
    var cosine = c, sine = s
    var beforeCosine = RegisterLanes(repeating: 1), beforeSine = RegisterLanes.zero
    for k in 1...half {
      if k <= single {
        C[k &* registers] += cosine
        S[k &* registers] += sine
      }
      if k > single / 2 {
        let even = 2 &* k &* registers, odd = even &- registers
        C[even] = registerMultiplyAdd(cosine, cosine, C[even])
        S[even] = registerMultiplyAdd(sine, cosine, S[even])
        C[odd] = registerMultiplyAdd(cosine, beforeCosine, C[odd])
        S[odd] = registerMultiplyAdd(sine, beforeCosine, S[odd])
      }
      (cosine, beforeCosine) = (registerMultiplyAdd(c + c, cosine, -beforeCosine), cosine)
      (sine, beforeSine) = (registerMultiplyAdd(c + c, sine, -beforeSine), sine)
    }
  }

  /// One stage in place, with the velocity `w = P(cos F) + sin F Q(cos F)`:
  ///
  ///     K <- memory K + step w,    F <- F + weight K
  ///
  /// - Parameters:
  ///   - even, odd: the coefficients of `P` and `Q`, from the constant ones.
  ///   - degree: the degree of both.
  static func move(
    _ angles: UnsafeMutablePointer<Lanes>, _ accumulated: UnsafeMutablePointer<Lanes>, count: Int,
    cosines: UnsafePointer<Lanes>, sines: UnsafePointer<Lanes>, even: UnsafePointer<Lanes>,
    odd: UnsafePointer<Lanes>, degree: Int, memory: Double, step: Double, weight: Double
  ) {
    let registers = registersPerPacket
    for r in 0..<registers {
      let F = UnsafeMutableRawPointer(angles).assumingMemoryBound(to: RegisterLanes.self) + r
      let K = UnsafeMutableRawPointer(accumulated).assumingMemoryBound(to: RegisterLanes.self) + r
      let c = UnsafeRawPointer(cosines).assumingMemoryBound(to: RegisterLanes.self) + r
      let s = UnsafeRawPointer(sines).assumingMemoryBound(to: RegisterLanes.self) + r
      let P = UnsafeRawPointer(even).assumingMemoryBound(to: RegisterLanes.self) + r
      let Q = UnsafeRawPointer(odd).assumingMemoryBound(to: RegisterLanes.self) + r
      let memory = RegisterLanes(repeating: memory), step = RegisterLanes(repeating: step)
      let weight = RegisterLanes(repeating: weight)
      @inline(__always)
      func finish(_ x: Int, _ p: RegisterLanes, _ q: RegisterLanes) {
        let w = registerMultiplyAdd(s[x], q, p)
        let velocity = registerMultiplyAdd(memory, K[x], step * w)
        K[x] = velocity
        F[x] = registerMultiplyAdd(weight, velocity, F[x])
      }
      var x = 0
      let top = degree &* registers, end = count &* registers
      while x &+ 4 &* registers <= end {
        let x1 = x &+ registers, x2 = x1 &+ registers, x3 = x2 &+ registers
        let c0 = c[x], c1 = c[x1], c2 = c[x2], c3 = c[x3]
        var p0 = P[top], p1 = p0, p2 = p0, p3 = p0
        var q0 = Q[top], q1 = q0, q2 = q0, q3 = q0
        var j = top
        while j > 0 {
          j &-= registers
          let p = P[j], q = Q[j]
          p0 = registerMultiplyAdd(p0, c0, p)
          p1 = registerMultiplyAdd(p1, c1, p)
          p2 = registerMultiplyAdd(p2, c2, p)
          p3 = registerMultiplyAdd(p3, c3, p)
          q0 = registerMultiplyAdd(q0, c0, q)
          q1 = registerMultiplyAdd(q1, c1, q)
          q2 = registerMultiplyAdd(q2, c2, q)
          q3 = registerMultiplyAdd(q3, c3, q)
        }
        finish(x, p0, q0)
        finish(x1, p1, q1)
        finish(x2, p2, q2)
        finish(x3, p3, q3)
        x = x3 &+ registers
      }
      while x < end {
        var p = P[top], q = Q[top]
        var j = top
        while j > 0 {
          j &-= registers
          p = registerMultiplyAdd(p, c[x], P[j])
          q = registerMultiplyAdd(q, c[x], Q[j])
        }
        finish(x, p, q)
        x &+= registers
      }
    }
  }
}
