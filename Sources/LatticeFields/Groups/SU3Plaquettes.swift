import LaneMath

/// The kernels of SU(3) on one register, with every loop written out.
@usableFromInline
enum SU3Plaquettes {
  /// The number of registers from a row of a matrix in memory to the next.
  @inlinable @inline(__always)
  static var row: Int { 6 &* registersPerPacket }

  /// The gradient of a plaquette's trace on its four links; see
  /// ``SU/addPlaquetteGradient(_:bottom:right:top:left:scaledBy:to:)``.
  @inlinable @inline(__always)
  static func addGradient(
    _ b: UnsafePointer<RegisterLanes>, _ r: UnsafePointer<RegisterLanes>,
    _ t: UnsafePointer<RegisterLanes>, _ l: UnsafePointer<RegisterLanes>,
    scaledBy factor: RegisterLanes, _ atBottom: UnsafeMutablePointer<RegisterLanes>,
    _ atRight: UnsafeMutablePointer<RegisterLanes>, _ atTop: UnsafeMutablePointer<RegisterLanes>,
    _ atLeft: UnsafeMutablePointer<RegisterLanes>
  ) {
    typealias Row = ComplexRow<3>
    let over0 = Row(l).times(t)
    let over1 = Row(l + row).times(t)
    let over2 = Row(l + 2 &* row).times(t)
    let P0 = timesAdjoint(Row(b).times(r), over0, over1, over2)
    let P1 = timesAdjoint(Row(b + row).times(r), over0, over1, over2)
    let P2 = timesAdjoint(Row(b + 2 &* row).times(r), over0, over1, over2)
    let F = AntiHermitian3(projecting: P0, P1, P2)
    F.addCoordinates(scaledBy: factor, to: atBottom)
    F.addCoordinates(scaledBy: -factor, to: atLeft)
    F.transported(by: b).addCoordinates(scaledBy: factor, to: atRight)
    F.transported(by: l).addCoordinates(scaledBy: -factor, to: atTop)
  }

  /// Adds `a b† c†` to a sum.
  @inlinable @inline(__always)
  static func addStapleAbove(
    _ a: UnsafePointer<RegisterLanes>, _ b: UnsafePointer<RegisterLanes>,
    _ c: UnsafePointer<RegisterLanes>, to sum: UnsafeMutablePointer<RegisterLanes>
  ) {
    addUnitary(
      ComplexRow<3>(a).timesAdjoint(b).timesAdjoint(c),
      ComplexRow<3>(a + row).timesAdjoint(b).timesAdjoint(c), to: sum)
  }

  /// Adds `a† b† c` to a sum.
  @inlinable @inline(__always)
  static func addStapleBelow(
    _ a: UnsafePointer<RegisterLanes>, _ b: UnsafePointer<RegisterLanes>,
    _ c: UnsafePointer<RegisterLanes>, to sum: UnsafeMutablePointer<RegisterLanes>
  ) {
    addUnitary(
      ComplexRow<3>(conjugateColumn: a).timesAdjoint(b).times(c),
      ComplexRow<3>(conjugateColumn: a + 2 &* registersPerPacket).timesAdjoint(b).times(c), to: sum)
  }

  /// Adds the special unitary matrix of two rows, the third being their conjugate vector product:
  /// a fifth less work than a product of full matrices.
  @inlinable @inline(__always)
  static func addUnitary(
    _ a: ComplexRow<3>, _ b: ComplexRow<3>, to sum: UnsafeMutablePointer<RegisterLanes>
  ) {
    a.add(sum)
    b.add(sum + row)
    let last = sum + 2 &* row
    addCross(a, b, 1, 2, to: last)
    addCross(a, b, 2, 0, to: last + 2 &* registersPerPacket)
    addCross(a, b, 0, 1, to: last + 4 &* registersPerPacket)
  }

  /// Orthonormalises the first two rows of a matrix and makes the third their conjugate vector
  /// product.
  @inlinable @inline(__always)
  static func reunitarize(_ M: UnsafeMutablePointer<RegisterLanes>) {
    var a = ComplexRow<3>(M), b = ComplexRow<3>(M + row)
    normalize(&a)
    let (x, y) = product(b, a)
    for k in 0..<3 {
      b.re[k] = registerNegativeMultiplyAdd(x, a.re[k], b.re[k])
      b.im[k] = registerNegativeMultiplyAdd(x, a.im[k], b.im[k])
      b.re[k] = registerMultiplyAdd(y, a.im[k], b.re[k])
      b.im[k] = registerNegativeMultiplyAdd(y, a.re[k], b.im[k])
    }
    normalize(&b)
    a.store(M)
    b.store(M + row)
    let last = M + 2 &* row
    for k in 0..<(6 &* registersPerPacket) where k % registersPerPacket == 0 { last[k] = .zero }
    addCross(a, b, 1, 2, to: last)
    addCross(a, b, 2, 0, to: last + 2 &* registersPerPacket)
    addCross(a, b, 0, 1, to: last + 4 &* registersPerPacket)
  }

  @inlinable @inline(__always)
  static func normalize(_ a: inout ComplexRow<3>) {
    var norm = a.re[0] * a.re[0]
    norm = registerMultiplyAdd(a.im[0], a.im[0], norm)
    norm = registerMultiplyAdd(a.re[1], a.re[1], norm)
    norm = registerMultiplyAdd(a.im[1], a.im[1], norm)
    norm = registerMultiplyAdd(a.re[2], a.re[2], norm)
    norm = registerMultiplyAdd(a.im[2], a.im[2], norm)
    let inverse = 1 / registerSquareRoot(norm)
    for k in 0..<3 {
      a.re[k] = inverse * a.re[k]
      a.im[k] = inverse * a.im[k]
    }
  }

  /// Adds `(a_k b_l - a_l b_k)*`.
  @inlinable @inline(__always)
  static func addCross(
    _ a: ComplexRow<3>, _ b: ComplexRow<3>, _ k: Int, _ l: Int,
    to p: UnsafeMutablePointer<RegisterLanes>
  ) {
    var x = registerMultiplyAdd(a.re[k], b.re[l], p[0])
    var y = registerNegativeMultiplyAdd(a.re[k], b.im[l], p[registersPerPacket])
    x = registerNegativeMultiplyAdd(a.im[k], b.im[l], x)
    y = registerNegativeMultiplyAdd(a.im[k], b.re[l], y)
    x = registerNegativeMultiplyAdd(a.re[l], b.re[k], x)
    y = registerMultiplyAdd(a.re[l], b.im[k], y)
    p[0] = registerMultiplyAdd(a.im[l], b.im[k], x)
    p[registersPerPacket] = registerMultiplyAdd(a.im[l], b.re[k], y)
  }

  /// A row times the adjoint of the matrix of three rows.
  @inlinable @inline(__always)
  static func timesAdjoint(
    _ a: ComplexRow<3>, _ r0: ComplexRow<3>, _ r1: ComplexRow<3>, _ r2: ComplexRow<3>
  ) -> ComplexRow<3> {
    var result = ComplexRow<3>()
    (result.re[0], result.im[0]) = product(a, r0)
    (result.re[1], result.im[1]) = product(a, r1)
    (result.re[2], result.im[2]) = product(a, r2)
    return result
  }

  /// `Σ_k a_k b_k*`.
  @inlinable @inline(__always)
  static func product(_ a: ComplexRow<3>, _ b: ComplexRow<3>) -> (RegisterLanes, RegisterLanes) {
    var x = a.re[0] * b.re[0]
    var y = a.im[0] * b.re[0]
    x = registerMultiplyAdd(a.im[0], b.im[0], x)
    y = registerNegativeMultiplyAdd(a.re[0], b.im[0], y)
    x = registerMultiplyAdd(a.re[1], b.re[1], x)
    y = registerMultiplyAdd(a.im[1], b.re[1], y)
    x = registerMultiplyAdd(a.im[1], b.im[1], x)
    y = registerNegativeMultiplyAdd(a.re[1], b.im[1], y)
    x = registerMultiplyAdd(a.re[2], b.re[2], x)
    y = registerMultiplyAdd(a.im[2], b.re[2], y)
    x = registerMultiplyAdd(a.im[2], b.im[2], x)
    y = registerNegativeMultiplyAdd(a.re[2], b.im[2], y)
    return (x, y)
  }
}
