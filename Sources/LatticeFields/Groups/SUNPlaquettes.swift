import LaneMath

// The kernels in which lattice simulations spend their time. A packet is worked through register by
// register, and every chain of products row by row, so that nothing but links is read and nothing
// but the result is written.
extension SU {
  /// The memory of a link, register by register.
  @inlinable @inline(__always)
  static func registers(_ U: UnsafePointer<SU>) -> UnsafePointer<RegisterLanes> {
    UnsafeRawPointer(U).assumingMemoryBound(to: RegisterLanes.self)
  }

  /// The number of registers from a row to the next.
  @inlinable @inline(__always)
  static var rowStride: Int { ComplexRow<N>.entry &* N }

  /// Adds `a b† c†` to a sum.
  @inlinable @inline(__always)
  public static func addStapleAbove(
    _ a: UnsafePointer<SU>, _ b: UnsafePointer<SU>, _ c: UnsafePointer<SU>,
    to sum: inout ComplexMatrix<N>
  ) {
    withUnsafeMutablePointer(to: &sum) { sum in
      let a = registers(a), b = registers(b), c = registers(c)
      let out = ComplexMatrix<N>.registers(sum)
      for part in 0..<registersPerPacket {
        for i in 0..<N {
          let row = rowStride &* i &+ part
          ComplexRow<N>(a + row).timesAdjoint(b + part).timesAdjoint(c + part).add(out + row)
        }
      }
    }
  }

  /// Adds `a† b† c` to a sum.
  @inlinable @inline(__always)
  public static func addStapleBelow(
    _ a: UnsafePointer<SU>, _ b: UnsafePointer<SU>, _ c: UnsafePointer<SU>,
    to sum: inout ComplexMatrix<N>
  ) {
    withUnsafeMutablePointer(to: &sum) { sum in
      let a = registers(a), b = registers(b), c = registers(c)
      let out = ComplexMatrix<N>.registers(sum)
      for part in 0..<registersPerPacket {
        for i in 0..<N {
          let column = ComplexRow<N>.entry &* i &+ part
          ComplexRow<N>(conjugateColumn: a + column).timesAdjoint(b + part).times(c + part)
            .add(out + (rowStride &* i &+ part))
        }
      }
    }
  }

  /// `Re tr P = Re tr (U_b U_r)(U_l U_t)†` of the plaquette of four links.
  @inlinable @inline(__always)
  public static func plaquetteTrace(
    _ U: UnsafePointer<SU>, bottom: Int, right: Int, top: Int, left: Int
  ) -> Lanes {
    let b = registers(U + bottom), r = registers(U + right), t = registers(U + top)
    let l = registers(U + left)
    var result = Lanes.zero
    withUnsafeMutablePointer(to: &result) { result in
      let out = UnsafeMutableRawPointer(result).assumingMemoryBound(to: RegisterLanes.self)
      for part in 0..<registersPerPacket {
        var sum = RegisterLanes.zero
        for i in 0..<N {
          let row = rowStride &* i &+ part
          let first = ComplexRow<N>(b + row).times(r + part)
          let second = ComplexRow<N>(l + row).times(t + part)
          for j in 0..<N {
            sum = registerMultiplyAdd(first.re[j], second.re[j], sum)
            sum = registerMultiplyAdd(first.im[j], second.im[j], sum)
          }
        }
        out[part] = sum
      }
    }
    return result
  }

  /// Adds the derivatives of `-Re tr P` with respect to the four links of a plaquette, times a
  /// number, to the elements of these links.
  ///
  ///     F = traceless anti-Hermitian part of P = (U_b U_r)(U_l U_t)†
  ///     bottom += F,  left -= F,  right += U_b† F U_b,  top -= U_l† F U_l
  ///
  /// Six products of matrices, one of them by half, for four links; a gather over staples takes
  /// thirteen for one link in four dimensions.
  @inlinable @inline(__always)
  public static func addPlaquetteGradient(
    _ U: UnsafePointer<SU>, bottom: Int, right: Int, top: Int, left: Int, scaledBy factor: Lanes,
    to gradient: UnsafeMutablePointer<SUNAlgebra<N>>
  ) {
    let b = registers(U + bottom), r = registers(U + right), t = registers(U + top)
    let l = registers(U + left)
    withUnsafeTemporaryAllocation(of: ComplexMatrix<N>.self, capacity: 2) { work in
      let first = ComplexMatrix<N>.registers(work.baseAddress!)
      let second = ComplexMatrix<N>.registers(work.baseAddress! + 1)
      withUnsafePointer(to: factor) { factor in
        let factors = UnsafeRawPointer(factor).assumingMemoryBound(to: RegisterLanes.self)
        for part in 0..<registersPerPacket {
          let scale = factors[part]
          for i in 0..<N {
            let row = rowStride &* i &+ part
            ComplexRow<N>(l + row).times(t + part).store(first + row)
          }
          for i in 0..<N {
            let row = rowStride &* i &+ part
            ComplexRow<N>(b + row).times(r + part).timesAdjoint(UnsafePointer(first) + part)
              .store(second + row)
          }
          // F, in place.
          makeAntiHermitian(second + part)
          addCoordinates(of: second + part, scale, to: gradient + bottom, part)
          addCoordinates(of: second + part, -scale, to: gradient + left, part)
          addTransported(UnsafePointer(second), b, scale, first, to: gradient + right, part)
          addTransported(UnsafePointer(second), l, -scale, first, to: gradient + top, part)
        }
      }
    }
  }

  /// Replaces a matrix by its traceless anti-Hermitian part.
  @inlinable @inline(__always)
  static func makeAntiHermitian(_ M: UnsafeMutablePointer<RegisterLanes>) {
    let e = ComplexRow<N>.entry, im = ComplexRow<N>.imaginary
    var trace = M[im]
    for i in 1..<N { trace += M[(rowStride &+ e) &* i &+ im] }
    trace = trace * (1 / Double(N))
    for i in 0..<N {
      let diagonal = (rowStride &+ e) &* i
      M[diagonal] = .zero
      M[diagonal &+ im] -= trace
      for j in (i &+ 1)..<Swift.max(i &+ 1, N) {
        let upper = rowStride &* i &+ e &* j, lower = rowStride &* j &+ e &* i
        let re = 0.5 * (M[upper] - M[lower])
        let imaginary = 0.5 * (M[upper &+ im] + M[lower &+ im])
        M[upper] = re
        M[lower] = -re
        M[upper &+ im] = imaginary
        M[lower &+ im] = imaginary
      }
    }
  }

  /// Adds a multiple of the coordinates of a traceless anti-Hermitian matrix.
  @inlinable @inline(__always)
  static func addCoordinates(
    of F: UnsafePointer<RegisterLanes>, _ scale: RegisterLanes,
    to X: UnsafeMutablePointer<SUNAlgebra<N>>, _ part: Int
  ) {
    let out = UnsafeMutableRawPointer(X).assumingMemoryBound(to: RegisterLanes.self) + part
    let stride = registersPerPacket, e = ComplexRow<N>.entry, im = ComplexRow<N>.imaginary
    var total = F[im]
    for j in 1..<N {
      for i in 0..<j {
        let a = stride &* SUNAlgebra<N>.symmetric(i, j)
        let entry = rowStride &* i &+ e &* j
        out[a] = registerMultiplyAdd(scale, F[entry &+ im], out[a])
        out[a &+ stride] = registerMultiplyAdd(scale, F[entry], out[a &+ stride])
      }
      let last = F[(rowStride &+ e) &* j &+ im]
      let a = stride &* SUNAlgebra<N>.diagonal(j)
      let rest = registerNegativeMultiplyAdd(RegisterLanes(repeating: Double(j)), last, total)
      out[a] = registerMultiplyAdd(
        scale * (0.5 * SUNAlgebra<N>.diagonalEntry(j)), rest, out[a])
      total += last
    }
  }

  /// Adds a multiple of the coordinates of `V† F V`, of which the upper half is computed.
  @inlinable @inline(__always)
  static func addTransported(
    _ F: UnsafePointer<RegisterLanes>, _ V: UnsafePointer<RegisterLanes>, _ scale: RegisterLanes,
    _ work: UnsafeMutablePointer<RegisterLanes>, to X: UnsafeMutablePointer<SUNAlgebra<N>>,
    _ part: Int
  ) {
    let out = UnsafeMutableRawPointer(X).assumingMemoryBound(to: RegisterLanes.self) + part
    let stride = registersPerPacket, e = ComplexRow<N>.entry, im = ComplexRow<N>.imaginary
    for i in 0..<N {
      let row = rowStride &* i &+ part
      ComplexRow<N>(F + row).times(V + part).store(work + row)
    }
    let W = UnsafePointer(work) + part, V = V + part
    var total = RegisterLanes.zero
    for j in 0..<N {
      for i in 0..<j {
        // Σ_k conj(V_ki) W_kj.
        var x = V[e &* i] * W[e &* j]
        var y = V[e &* i] * W[e &* j &+ im]
        x = registerMultiplyAdd(V[e &* i &+ im], W[e &* j &+ im], x)
        y = registerNegativeMultiplyAdd(V[e &* i &+ im], W[e &* j], y)
        for k in 1..<N {
          let v = rowStride &* k &+ e &* i, w = rowStride &* k &+ e &* j
          x = registerMultiplyAdd(V[v], W[w], x)
          y = registerMultiplyAdd(V[v], W[w &+ im], y)
          x = registerMultiplyAdd(V[v &+ im], W[w &+ im], x)
          y = registerNegativeMultiplyAdd(V[v &+ im], W[w], y)
        }
        let a = stride &* SUNAlgebra<N>.symmetric(i, j)
        out[a] = registerMultiplyAdd(scale, y, out[a])
        out[a &+ stride] = registerMultiplyAdd(scale, x, out[a &+ stride])
      }
      var last = V[e &* j] * W[e &* j &+ im]
      last = registerNegativeMultiplyAdd(V[e &* j &+ im], W[e &* j], last)
      for k in 1..<N {
        let v = rowStride &* k &+ e &* j
        last = registerMultiplyAdd(V[v], W[v &+ im], last)
        last = registerNegativeMultiplyAdd(V[v &+ im], W[v], last)
      }
      if j > 0 {
        let a = stride &* SUNAlgebra<N>.diagonal(j)
        let rest = registerNegativeMultiplyAdd(RegisterLanes(repeating: Double(j)), last, total)
        out[a] = registerMultiplyAdd(
          scale * (0.5 * SUNAlgebra<N>.diagonalEntry(j)), rest, out[a])
      }
      total += last
    }
  }
}
