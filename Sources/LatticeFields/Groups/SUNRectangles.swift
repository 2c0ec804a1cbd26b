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
        let row = rowStride &* i &+ part, column = ComplexRow<N>.entry &* i &+ part
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
    withUnsafeTemporaryAllocation(of: ComplexMatrix<N>.self, capacity: 3) { work in
      let first = ComplexMatrix<N>.registers(work.baseAddress!)
      let F = ComplexMatrix<N>.registers(work.baseAddress! + 1)
      let moved = ComplexMatrix<N>.registers(work.baseAddress! + 2)
      withUnsafePointer(to: factor) { factor in
        let factors = UnsafeRawPointer(factor).assumingMemoryBound(to: RegisterLanes.self)
        for part in 0..<registersPerPacket {
          let scale = factors[part]
          for i in 0..<N {
            let row = rowStride &* i &+ part
            ComplexRow<N>(l + row).times(t0 + part).times(t1 + part).store(first + row)
          }
          for i in 0..<N {
            let row = rowStride &* i &+ part
            ComplexRow<N>(b0 + row).times(b1 + part).times(r + part)
              .timesAdjoint(UnsafePointer(first) + part).store(F + row)
          }
          makeAntiHermitian(F + part)
          addCoordinates(of: F + part, scale, to: gradient + bottom.0, part)
          addCoordinates(of: F + part, -scale, to: gradient + left, part)
          transport(UnsafePointer(F), b0, first, into: moved, part)
          addCoordinates(of: moved + part, scale, to: gradient + bottom.1, part)
          addTransported(UnsafePointer(moved), b1, scale, first, to: gradient + right, part)
          transport(UnsafePointer(F), l, first, into: moved, part)
          addCoordinates(of: moved + part, -scale, to: gradient + top.0, part)
          addTransported(UnsafePointer(moved), t0, -scale, first, to: gradient + top.1, part)
        }
      }
    }
  }

  /// `V† F V`, in one register of the packet.
  @inlinable @inline(__always)
  static func transport(
    _ F: UnsafePointer<RegisterLanes>, _ V: UnsafePointer<RegisterLanes>,
    _ work: UnsafeMutablePointer<RegisterLanes>, into result: UnsafeMutablePointer<RegisterLanes>,
    _ part: Int
  ) {
    for i in 0..<N {
      let row = rowStride &* i &+ part
      ComplexRow<N>(F + row).times(V + part).store(work + row)
    }
    for i in 0..<N {
      ComplexRow<N>(conjugateColumn: V + (ComplexRow<N>.entry &* i &+ part))
        .times(UnsafePointer(work) + part).store(result + (rowStride &* i &+ part))
    }
  }
}
