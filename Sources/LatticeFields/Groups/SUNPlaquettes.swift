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
  static var rowStride: Int { ComplexRow<N>.Layout.lanes.row }

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
        if N == 3 {
          SU3Plaquettes.addStapleAbove(a + part, b + part, c + part, to: out + part)
          continue
        }
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
        if N == 3 {
          SU3Plaquettes.addStapleBelow(a + part, b + part, c + part, to: out + part)
          continue
        }
        for i in 0..<N {
          let column = ComplexRow<N>.Layout.lanes.entry &* i &+ part
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
    let atBottom = coordinates(gradient + bottom), atRight = coordinates(gradient + right)
    let atTop = coordinates(gradient + top), atLeft = coordinates(gradient + left)
    if N == 3 {
      withUnsafePointer(to: factor) { factor in
        let factors = UnsafeRawPointer(factor).assumingMemoryBound(to: RegisterLanes.self)
        for part in 0..<registersPerPacket {
          SU3Plaquettes.addGradient(
            b + part, r + part, t + part, l + part, scaledBy: factors[part], atBottom + part,
            atRight + part, atTop + part, atLeft + part)
        }
      }
      return
    }
    var first = RegisterMatrix<N>(), second = RegisterMatrix<N>()
    withUnsafePointer(to: factor) { factor in
      let factors = UnsafeRawPointer(factor).assumingMemoryBound(to: RegisterLanes.self)
      first.withMemory { work in
        second.withMemory { F in
          for part in 0..<registersPerPacket {
            let scale = factors[part]
            for i in 0..<N {
              ComplexRow<N>(l + (rowStride &* i &+ part)).times(t + part)
                .store(work + 2 &* N &* i, .register)
            }
            for i in 0..<N {
              ComplexRow<N>(b + (rowStride &* i &+ part)).times(r + part)
                .timesAdjoint(work, .register).store(F + 2 &* N &* i, .register)
            }
            typealias Kernels = RegisterKernels<N>
            Kernels.makeAntiHermitian(F)
            Kernels.addCoordinates(of: F, scale, to: atBottom + part)
            Kernels.addCoordinates(of: F, -scale, to: atLeft + part)
            Kernels.addTransported(F, by: b + part, scale, work, to: atRight + part)
            Kernels.addTransported(F, by: l + part, -scale, work, to: atTop + part)
          }
        }
      }
    }
  }

  /// The memory of an algebra element, register by register.
  @inlinable @inline(__always)
  static func coordinates(_ X: UnsafeMutablePointer<SUNAlgebra<N>>)
    -> UnsafeMutablePointer<RegisterLanes>
  { UnsafeMutableRawPointer(X).assumingMemoryBound(to: RegisterLanes.self) }
}
