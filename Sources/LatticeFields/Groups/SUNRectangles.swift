import LaneMath

// Rectangles of 1x2 plaquettes, worked through as plaquettes are: register by register, row by row.
extension SU {
  /// Adds the staples of a plaquette and of three rectangles above a link.
  ///
  ///     c0 a b† c† + c1 (r b† c† + a t c† + a b† l)
  ///       = [c0 a b† + c1 (r b† + a t)] c† + c1 (a b†) l
  ///
  /// Eleven products of matrices; the four products one by one take fourteen.
  @inlinable @inline(__always)
  public static func addRectangleStaplesAbove(
    _ U: RectangleLinks<SU>, plaquette: Lanes, rectangle: Lanes, to sum: inout ComplexMatrix<N>
  ) {
    let a = registers(U.a), b = registers(U.b), c = registers(U.c)
    let r0 = registers(U.r0), r1 = registers(U.r1), r2 = registers(U.r2)
    let t0 = registers(U.t0), t1 = registers(U.t1), t2 = registers(U.t2)
    let l0 = registers(U.l0), l1 = registers(U.l1), l2 = registers(U.l2)
    withFactors(plaquette, rectangle, &sum) { c0, c1, out, part in
      for i in 0..<N {
        let row = rowStride &* i &+ part
        let first = ComplexRow<N>(a + row).timesAdjoint(b + part)
        first.timesAdjoint(l0 + part).timesAdjoint(l1 + part).times(l2 + part)
          .add(scaledBy: c1, out + row)
        let right = ComplexRow<N>(r0 + row).times(r1 + part).timesAdjoint(r2 + part)
          .timesAdjoint(b + part)
        let tall = ComplexRow<N>(a + row).times(t0 + part).timesAdjoint(t1 + part)
          .timesAdjoint(t2 + part)
        combined(first, c0, right, tall, c1).timesAdjoint(c + part).add(out + row)
      }
    }
  }

  /// Adds the staples of a plaquette and of three rectangles below a link.
  @inlinable @inline(__always)
  public static func addRectangleStaplesBelow(
    _ U: RectangleLinks<SU>, plaquette: Lanes, rectangle: Lanes, to sum: inout ComplexMatrix<N>
  ) {
    let a = registers(U.a), b = registers(U.b), c = registers(U.c)
    let r0 = registers(U.r0), r1 = registers(U.r1), r2 = registers(U.r2)
    let t0 = registers(U.t0), t1 = registers(U.t1), t2 = registers(U.t2)
    let l0 = registers(U.l0), l1 = registers(U.l1), l2 = registers(U.l2)
    withFactors(plaquette, rectangle, &sum) { c0, c1, out, part in
      for i in 0..<N {
        let row = rowStride &* i &+ part, column = ComplexRow<N>.Layout.lanes.entry &* i &+ part
        let first = ComplexRow<N>(conjugateColumn: a + column).timesAdjoint(b + part)
        first.timesAdjoint(l0 + part).times(l1 + part).times(l2 + part)
          .add(scaledBy: c1, out + row)
        let right = ComplexRow<N>(r0 + row).timesAdjoint(r1 + part).timesAdjoint(r2 + part)
          .timesAdjoint(b + part)
        let tall = ComplexRow<N>(conjugateColumn: a + column).timesAdjoint(t0 + part)
          .timesAdjoint(t1 + part).times(t2 + part)
        combined(first, c0, right, tall, c1).times(c + part).add(out + row)
      }
    }
  }

  /// Runs a kernel for every register of a packet.
  @inlinable @inline(__always)
  static func withFactors(
    _ plaquette: Lanes, _ rectangle: Lanes, _ sum: inout ComplexMatrix<N>,
    _ body: (RegisterLanes, RegisterLanes, UnsafeMutablePointer<RegisterLanes>, Int) -> Void
  ) {
    withUnsafePointer(to: plaquette) { plaquette in
      withUnsafePointer(to: rectangle) { rectangle in
        withUnsafeMutablePointer(to: &sum) { sum in
          let c0 = UnsafeRawPointer(plaquette).assumingMemoryBound(to: RegisterLanes.self)
          let c1 = UnsafeRawPointer(rectangle).assumingMemoryBound(to: RegisterLanes.self)
          let out = ComplexMatrix<N>.registers(sum)
          for part in 0..<registersPerPacket { body(c0[part], c1[part], out, part) }
        }
      }
    }
  }

  /// `c0 x + c1 (y + z)`.
  @inlinable @inline(__always)
  static func combined(
    _ x: ComplexRow<N>, _ c0: RegisterLanes, _ y: ComplexRow<N>, _ z: ComplexRow<N>,
    _ c1: RegisterLanes
  ) -> ComplexRow<N> {
    var result = ComplexRow<N>()
    for j in 0..<N {
      result.re[j] = registerMultiplyAdd(c1, y.re[j] + z.re[j], c0 * x.re[j])
      result.im[j] = registerMultiplyAdd(c1, y.im[j] + z.im[j], c0 * x.im[j])
    }
    return result
  }

  /// `Re tr (U_b0 U_b1 U_r)(U_l U_t0 U_t1)†` of the rectangle of six links.
  @inlinable @inline(__always)
  public static func rectangleTrace(
    _ U: UnsafePointer<SU>, bottom: (Int, Int), right: Int, top: (Int, Int), left: Int
  ) -> Lanes {
    let b0 = registers(U + bottom.0), b1 = registers(U + bottom.1), r = registers(U + right)
    let t0 = registers(U + top.0), t1 = registers(U + top.1), l = registers(U + left)
    var result = Lanes.zero
    withUnsafeMutablePointer(to: &result) { result in
      let out = UnsafeMutableRawPointer(result).assumingMemoryBound(to: RegisterLanes.self)
      for part in 0..<registersPerPacket {
        var sum = RegisterLanes.zero
        for i in 0..<N {
          let row = rowStride &* i &+ part
          let first = ComplexRow<N>(b0 + row).times(b1 + part).times(r + part)
          let second = ComplexRow<N>(l + row).times(t0 + part).times(t1 + part)
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

  /// Adds the derivatives of `-Re tr R` with respect to the six links of a rectangle, times a number,
  /// to the elements of these links.
  ///
  ///     F = traceless anti-Hermitian part of R = (U_b0 U_b1 U_r)(U_l U_t0 U_t1)†
  ///     b0 += F,  b1 += U_b0† F U_b0 = G,  r += U_b1† G U_b1
  ///     l -= F,   t0 -= U_l† F U_l = H,    t1 -= U_t0† H U_t0
  ///
  /// Twelve products of matrices, two of them by half.
  @inlinable @inline(__always)
  public static func addRectangleGradient(
    _ U: UnsafePointer<SU>, bottom: (Int, Int), right: Int, top: (Int, Int), left: Int,
    scaledBy factor: Lanes, to gradient: UnsafeMutablePointer<SUNAlgebra<N>>
  ) {
    let b0 = registers(U + bottom.0), b1 = registers(U + bottom.1), r = registers(U + right)
    let t0 = registers(U + top.0), t1 = registers(U + top.1), l = registers(U + left)
    let atB0 = coordinates(gradient + bottom.0), atB1 = coordinates(gradient + bottom.1)
    let atT0 = coordinates(gradient + top.0), atT1 = coordinates(gradient + top.1)
    let atRight = coordinates(gradient + right), atLeft = coordinates(gradient + left)
    typealias Kernels = RegisterKernels<N>
    var first = RegisterMatrix<N>(), second = RegisterMatrix<N>(), third = RegisterMatrix<N>()
    withUnsafePointer(to: factor) { factor in
      let factors = UnsafeRawPointer(factor).assumingMemoryBound(to: RegisterLanes.self)
      first.withMemory { work in
        second.withMemory { F in
          third.withMemory { moved in
            for part in 0..<registersPerPacket {
              let scale = factors[part]
              for i in 0..<N {
                ComplexRow<N>(l + (rowStride &* i &+ part)).times(t0 + part).times(t1 + part)
                  .store(work + Kernels.row &* i, .register)
              }
              for i in 0..<N {
                ComplexRow<N>(b0 + (rowStride &* i &+ part)).times(b1 + part).times(r + part)
                  .timesAdjoint(work, .register).store(F + Kernels.row &* i, .register)
              }
              Kernels.makeAntiHermitian(F)
              Kernels.addCoordinates(of: F, scale, to: atB0 + part)
              Kernels.addCoordinates(of: F, -scale, to: atLeft + part)
              Kernels.transport(F, by: b0 + part, work, into: moved)
              Kernels.addCoordinates(of: moved, scale, to: atB1 + part)
              Kernels.addTransported(moved, by: b1 + part, scale, work, to: atRight + part)
              Kernels.transport(F, by: l + part, work, into: moved)
              Kernels.addCoordinates(of: moved, -scale, to: atT0 + part)
              Kernels.addTransported(moved, by: t0 + part, -scale, work, to: atT1 + part)
            }
          }
        }
      }
    }
  }
}
