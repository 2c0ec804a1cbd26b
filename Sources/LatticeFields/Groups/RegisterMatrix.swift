import LaneMath

/// A complex matrix in the lanes of one vector register: what the kernels of SU(N) keep in memory
/// between the products of a chain.
@frozen
@usableFromInline
struct RegisterMatrix<let N: Int> {
  @usableFromInline
  var entries: InlineArray<N, InlineArray<N, (re: RegisterLanes, im: RegisterLanes)>>

  /// The zero matrix.
  @inlinable @inline(__always)
  init() {
    entries = InlineArray(
      repeating: InlineArray(repeating: (re: RegisterLanes.zero, im: RegisterLanes.zero)))
  }

  /// Calls `body` with the memory of the matrix.
  @inlinable @inline(__always)
  mutating func withMemory(_ body: (UnsafeMutablePointer<RegisterLanes>) -> Void) {
    withUnsafeMutablePointer(to: &self) {
      body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: RegisterLanes.self))
    }
  }
}

/// Operations on the memory of a ``RegisterMatrix``.
@usableFromInline
enum RegisterKernels<let N: Int> {
  @inlinable @inline(__always)
  static var row: Int { 2 &* N }

  /// Replaces a matrix by its traceless anti-Hermitian part, `(M - M†)/2 - tr(M - M†)/2N`.
  @inlinable @inline(__always)
  static func makeAntiHermitian(_ M: UnsafeMutablePointer<RegisterLanes>) {
    var trace = M[1]
    for i in 1..<N { trace += M[(row &+ 2) &* i &+ 1] }
    trace = trace * (1 / Double(N))
    for i in 0..<N {
      let diagonal = (row &+ 2) &* i
      M[diagonal] = .zero
      M[diagonal &+ 1] -= trace
      for j in (i &+ 1)..<Swift.max(i &+ 1, N) {
        let upper = row &* i &+ 2 &* j, lower = row &* j &+ 2 &* i
        let re = 0.5 * (M[upper] - M[lower])
        let im = 0.5 * (M[upper &+ 1] + M[lower &+ 1])
        M[upper] = re
        M[lower] = -re
        M[upper &+ 1] = im
        M[lower &+ 1] = im
      }
    }
  }

  /// Adds a multiple of the coordinates of a traceless anti-Hermitian matrix to those of an algebra
  /// element.
  @inlinable @inline(__always)
  static func addCoordinates(
    of F: UnsafePointer<RegisterLanes>, _ scale: RegisterLanes,
    to X: UnsafeMutablePointer<RegisterLanes>
  ) {
    let stride = registersPerPacket
    var total = F[1]
    for j in 1..<N {
      for i in 0..<j {
        let a = stride &* SUNAlgebra<N>.symmetric(i, j), entry = row &* i &+ 2 &* j
        X[a] = registerMultiplyAdd(scale, F[entry &+ 1], X[a])
        X[a &+ stride] = registerMultiplyAdd(scale, F[entry], X[a &+ stride])
      }
      let last = F[(row &+ 2) &* j &+ 1]
      let a = stride &* SUNAlgebra<N>.diagonal(j)
      let rest = registerNegativeMultiplyAdd(RegisterLanes(repeating: Double(j)), last, total)
      X[a] = registerMultiplyAdd(scale * (0.5 * SUNAlgebra<N>.diagonalEntry(j)), rest, X[a])
      total += last
    }
  }

  /// `V† F V`.
  @inlinable @inline(__always)
  static func transport(
    _ F: UnsafePointer<RegisterLanes>, by V: UnsafePointer<RegisterLanes>,
    _ work: UnsafeMutablePointer<RegisterLanes>, into result: UnsafeMutablePointer<RegisterLanes>
  ) {
    typealias Row = ComplexRow<N>
    for i in 0..<N {
      Row(F + row &* i, .register).times(V, imaginaryAt: i).store(work + row &* i, .register)
    }
    for i in 0..<N {
      Row(conjugateColumn: V + Row.Layout.lanes.entry &* i).times(work, .register)
        .store(result + row &* i, .register)
    }
  }

  /// Adds a multiple of the coordinates of `V† F V`, of which half is computed.
  @inlinable @inline(__always)
  static func addTransported(
    _ F: UnsafePointer<RegisterLanes>, by V: UnsafePointer<RegisterLanes>, _ scale: RegisterLanes,
    _ work: UnsafeMutablePointer<RegisterLanes>, to X: UnsafeMutablePointer<RegisterLanes>
  ) {
    typealias Row = ComplexRow<N>
    let stride = registersPerPacket
    for i in 0..<N {
      Row(F + row &* i, .register).times(V, imaginaryAt: i).store(work + row &* i, .register)
    }
    var total = RegisterLanes.zero
    for j in 0..<N {
      // Column j of F V, then Σ_k conj(V_ki) (F V)_kj.
      let column = UnsafePointer(work) + 2 &* j
      for i in 0..<j {
        var x = RegisterLanes.zero, y = RegisterLanes.zero
        for k in 0..<N {
          let v = V + (Row.Layout.lanes.row &* k &+ Row.Layout.lanes.entry &* i)
          let a = v[0], b = v[Row.Layout.lanes.imaginary]
          let p = column[row &* k], q = column[row &* k &+ 1]
          x = k == 0 ? a * p : registerMultiplyAdd(a, p, x)
          y = k == 0 ? a * q : registerMultiplyAdd(a, q, y)
          x = registerMultiplyAdd(b, q, x)
          y = registerNegativeMultiplyAdd(b, p, y)
        }
        let a = stride &* SUNAlgebra<N>.symmetric(i, j)
        X[a] = registerMultiplyAdd(scale, y, X[a])
        X[a &+ stride] = registerMultiplyAdd(scale, x, X[a &+ stride])
      }
      var last = RegisterLanes.zero
      for k in 0..<N {
        let v = V + (Row.Layout.lanes.row &* k &+ Row.Layout.lanes.entry &* j)
        let a = v[0], b = v[Row.Layout.lanes.imaginary]
        last =
          k == 0
          ? a * column[1] : registerMultiplyAdd(a, column[row &* k &+ 1], last)
        last = registerNegativeMultiplyAdd(b, column[row &* k], last)
      }
      if j > 0 {
        let a = stride &* SUNAlgebra<N>.diagonal(j)
        let rest = registerNegativeMultiplyAdd(RegisterLanes(repeating: Double(j)), last, total)
        X[a] = registerMultiplyAdd(scale * (0.5 * SUNAlgebra<N>.diagonalEntry(j)), rest, X[a])
      }
      total += last
    }
  }
}
