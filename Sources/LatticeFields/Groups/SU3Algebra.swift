import LaneMath

/// A traceless anti-Hermitian 3 x 3 matrix in the lanes of one vector register: its upper half.
///
///     (  i d0      z01     z02  )
///     ( -z01*      i d1    z12  ),   d0 + d1 + d2 = 0
///     ( -z02*     -z12*    i d2 )
///
/// What the generic kernels do in loops is written out here: with three colours every number has a
/// register of its own.
@frozen
@usableFromInline
struct AntiHermitian3 {
  @usableFromInline var d0, d1, d2: RegisterLanes
  @usableFromInline var x01, y01, x02, y02, x12, y12: RegisterLanes

  @inlinable @inline(__always)
  init(
    d0: RegisterLanes, d1: RegisterLanes, _ z01: (RegisterLanes, RegisterLanes),
    _ z02: (RegisterLanes, RegisterLanes), _ z12: (RegisterLanes, RegisterLanes)
  ) {
    self.d0 = d0
    self.d1 = d1
    d2 = -(d0 + d1)
    (x01, y01) = z01
    (x02, y02) = z02
    (x12, y12) = z12
  }

  /// The traceless anti-Hermitian part of the matrix of three rows.
  @inlinable @inline(__always)
  init(projecting a: ComplexRow<3>, _ b: ComplexRow<3>, _ c: ComplexRow<3>) {
    let third = (1.0 / 3) * (a.im[0] + b.im[1] + c.im[2])
    self.init(
      d0: a.im[0] - third, d1: b.im[1] - third,
      (0.5 * (a.re[1] - b.re[0]), 0.5 * (a.im[1] + b.im[0])),
      (0.5 * (a.re[2] - c.re[0]), 0.5 * (a.im[2] + c.im[0])),
      (0.5 * (b.re[2] - c.re[1]), 0.5 * (b.im[2] + c.im[1])))
  }

  /// The matrix of the coordinates in memory, times a number.
  @inlinable @inline(__always)
  init(coordinates X: UnsafePointer<RegisterLanes>, times factor: RegisterLanes) {
    let s = registersPerPacket
    let half = 0.5 * factor
    // diag(1, -1, 0) and diag(1, 1, -2)/√3.
    let third = half * X[2 &* s]
    let eighth = (0.5773502691896258 * half) * X[7 &* s]
    self.init(
      d0: eighth + third, d1: eighth - third, (half * X[s], half * X[0]),
      (half * X[4 &* s], half * X[3 &* s]), (half * X[6 &* s], half * X[5 &* s]))
  }

  /// Adds a multiple of the coordinates to those in memory.
  @inlinable @inline(__always)
  func addCoordinates(scaledBy factor: RegisterLanes, to X: UnsafeMutablePointer<RegisterLanes>) {
    let s = registersPerPacket
    X[0] = registerMultiplyAdd(factor, y01, X[0])
    X[s] = registerMultiplyAdd(factor, x01, X[s])
    X[2 &* s] = registerMultiplyAdd(0.5 * factor, d0 - d1, X[2 &* s])
    X[3 &* s] = registerMultiplyAdd(factor, y02, X[3 &* s])
    X[4 &* s] = registerMultiplyAdd(factor, x02, X[4 &* s])
    X[5 &* s] = registerMultiplyAdd(factor, y12, X[5 &* s])
    X[6 &* s] = registerMultiplyAdd(factor, x12, X[6 &* s])
    // (d0 + d1 - 2 d2)/(2√3) = -(√3/2) d2.
    X[7 &* s] = registerMultiplyAdd(-0.8660254037844386 * factor, d2, X[7 &* s])
  }

  /// `V† F V` with the matrix `V` in memory.
  @inlinable @inline(__always)
  func transported(by V: UnsafePointer<RegisterLanes>) -> AntiHermitian3 {
    // Column by column of F V.
    let w0 = timesColumn(0, of: V), w1 = timesColumn(1, of: V), w2 = timesColumn(2, of: V)
    return AntiHermitian3(
      d0: Self.imaginaryProduct(V, 0, w0), d1: Self.imaginaryProduct(V, 1, w1),
      Self.product(V, 0, w1), Self.product(V, 0, w2), Self.product(V, 1, w2))
  }

  /// Column `j` of `F V`, as a row of three numbers.
  @inlinable @inline(__always)
  func timesColumn(_ j: Int, of V: UnsafePointer<RegisterLanes>) -> ComplexRow<3> {
    let im = registersPerPacket
    let a = V + 2 &* registersPerPacket &* j
    let b = a + 6 &* registersPerPacket
    let c = a + 12 &* registersPerPacket
    let ar = a[0], ai = a[im], br = b[0], bi = b[im], cr = c[0], ci = c[im]
    // i d0 a + z01 b + z02 c.
    var p = x01 * br
    var q = x01 * bi
    p = registerNegativeMultiplyAdd(d0, ai, p)
    q = registerMultiplyAdd(d0, ar, q)
    p = registerNegativeMultiplyAdd(y01, bi, p)
    q = registerMultiplyAdd(y01, br, q)
    p = registerMultiplyAdd(x02, cr, p)
    q = registerMultiplyAdd(x02, ci, q)
    p = registerNegativeMultiplyAdd(y02, ci, p)
    q = registerMultiplyAdd(y02, cr, q)
    // -z01* a + i d1 b + z12 c.
    var r = x12 * cr
    var s = x12 * ci
    r = registerNegativeMultiplyAdd(d1, bi, r)
    s = registerMultiplyAdd(d1, br, s)
    r = registerNegativeMultiplyAdd(y12, ci, r)
    s = registerMultiplyAdd(y12, cr, s)
    r = registerNegativeMultiplyAdd(x01, ar, r)
    s = registerNegativeMultiplyAdd(x01, ai, s)
    r = registerNegativeMultiplyAdd(y01, ai, r)
    s = registerMultiplyAdd(y01, ar, s)
    // -z02* a - z12* b + i d2 c.
    var t = d2 * ci
    var u = d2 * cr
    t = registerMultiplyAdd(x02, ar, t)
    u = registerNegativeMultiplyAdd(x02, ai, u)
    t = registerMultiplyAdd(y02, ai, t)
    u = registerMultiplyAdd(y02, ar, u)
    t = registerMultiplyAdd(x12, br, t)
    u = registerNegativeMultiplyAdd(x12, bi, u)
    t = registerMultiplyAdd(y12, bi, t)
    u = registerMultiplyAdd(y12, br, u)
    var result = ComplexRow<3>()
    result.re[0] = p
    result.im[0] = q
    result.re[1] = r
    result.im[1] = s
    result.re[2] = -t
    result.im[2] = u
    return result
  }

  /// `Σ_k V_ki* w_k`.
  @inlinable @inline(__always)
  static func product(_ V: UnsafePointer<RegisterLanes>, _ i: Int, _ w: ComplexRow<3>)
    -> (RegisterLanes, RegisterLanes)
  {
    let im = registersPerPacket
    let a = V + 2 &* registersPerPacket &* i
    let b = a + 6 &* registersPerPacket
    let c = a + 12 &* registersPerPacket
    var x = a[0] * w.re[0]
    var y = a[0] * w.im[0]
    x = registerMultiplyAdd(a[im], w.im[0], x)
    y = registerNegativeMultiplyAdd(a[im], w.re[0], y)
    x = registerMultiplyAdd(b[0], w.re[1], x)
    y = registerMultiplyAdd(b[0], w.im[1], y)
    x = registerMultiplyAdd(b[im], w.im[1], x)
    y = registerNegativeMultiplyAdd(b[im], w.re[1], y)
    x = registerMultiplyAdd(c[0], w.re[2], x)
    y = registerMultiplyAdd(c[0], w.im[2], y)
    x = registerMultiplyAdd(c[im], w.im[2], x)
    y = registerNegativeMultiplyAdd(c[im], w.re[2], y)
    return (x, y)
  }

  /// `Im Σ_k V_ki* w_k`.
  @inlinable @inline(__always)
  static func imaginaryProduct(_ V: UnsafePointer<RegisterLanes>, _ i: Int, _ w: ComplexRow<3>)
    -> RegisterLanes
  {
    let im = registersPerPacket
    let a = V + 2 &* registersPerPacket &* i
    let b = a + 6 &* registersPerPacket
    let c = a + 12 &* registersPerPacket
    var y = a[0] * w.im[0]
    y = registerNegativeMultiplyAdd(a[im], w.re[0], y)
    y = registerMultiplyAdd(b[0], w.im[1], y)
    y = registerNegativeMultiplyAdd(b[im], w.re[1], y)
    y = registerMultiplyAdd(c[0], w.im[2], y)
    return registerNegativeMultiplyAdd(c[im], w.re[2], y)
  }
}
