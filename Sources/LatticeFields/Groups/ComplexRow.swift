import LaneMath

/// One row of a complex matrix in the lanes of one vector register: what the products of SU(N) are
/// made of.
///
/// A row, and the row of the next product in a chain, stay in registers; the entries of the other
/// factor come from memory as operands of the multiply-adds.
@frozen
@usableFromInline
struct ComplexRow<let N: Int> {
  @usableFromInline var re: InlineArray<N, RegisterLanes>
  @usableFromInline var im: InlineArray<N, RegisterLanes>

  @inlinable @inline(__always)
  init() {
    re = InlineArray(repeating: .zero)
    im = InlineArray(repeating: .zero)
  }

  /// Where the entries of a matrix in memory are: distances in registers.
  @frozen
  @usableFromInline
  struct Layout {
    /// From an entry to the next of its row.
    @usableFromInline let entry: Int
    /// From the real to the imaginary part.
    @usableFromInline let imaginary: Int
    /// From a row to the next.
    @inlinable @inline(__always) var row: Int { entry &* N }

    @inlinable @inline(__always)
    init(entry: Int, imaginary: Int) {
      self.entry = entry
      self.imaginary = imaginary
    }

    /// A matrix of `Lanes`, of which one register is looked at.
    @inlinable @inline(__always)
    static var lanes: Layout {
      Layout(entry: 2 &* registersPerPacket, imaginary: registersPerPacket)
    }
    /// A matrix of one register for each part of an entry.
    @inlinable @inline(__always)
    static var register: Layout { Layout(entry: 2, imaginary: 1) }
  }

  /// The row that begins at `p`.
  @inlinable @inline(__always)
  init(_ p: UnsafePointer<RegisterLanes>, _ layout: Layout = .lanes) {
    re = InlineArray { p[layout.entry &* $0] }
    im = InlineArray { p[layout.entry &* $0 &+ layout.imaginary] }
  }

  /// The conjugate of the column that begins at `p`: a row of the adjoint.
  @inlinable @inline(__always)
  init(conjugateColumn p: UnsafePointer<RegisterLanes>, _ layout: Layout = .lanes) {
    re = InlineArray { p[layout.row &* $0] }
    im = InlineArray { -p[layout.row &* $0 &+ layout.imaginary] }
  }

  /// The row times the matrix `b`.
  @inlinable @inline(__always)
  func times(_ b: UnsafePointer<RegisterLanes>, _ layout: Layout = .lanes) -> ComplexRow {
    var result = ComplexRow()
    for j in 0..<N {
      let column = b + layout.entry &* j
      let imaginary = column + layout.imaginary
      var x = re[unchecked: 0] * column[0]
      var y = re[unchecked: 0] * imaginary[0]
      for k in 1..<N {
        x = registerMultiplyAdd(re[unchecked: k], column[layout.row &* k], x)
        y = registerMultiplyAdd(re[unchecked: k], imaginary[layout.row &* k], y)
      }
      for k in 0..<N {
        x = registerNegativeMultiplyAdd(im[unchecked: k], imaginary[layout.row &* k], x)
        y = registerMultiplyAdd(im[unchecked: k], column[layout.row &* k], y)
      }
      result.re[unchecked: j] = x
      result.im[unchecked: j] = y
    }
    return result
  }

  /// The row times the adjoint of the matrix `b`.
  @inlinable @inline(__always)
  func timesAdjoint(_ b: UnsafePointer<RegisterLanes>, _ layout: Layout = .lanes) -> ComplexRow {
    var result = ComplexRow()
    for j in 0..<N {
      let row = b + layout.row &* j
      let imaginary = row + layout.imaginary
      var x = re[unchecked: 0] * row[0]
      var y = im[unchecked: 0] * row[0]
      for k in 1..<N {
        x = registerMultiplyAdd(re[unchecked: k], row[layout.entry &* k], x)
        y = registerMultiplyAdd(im[unchecked: k], row[layout.entry &* k], y)
      }
      for k in 0..<N {
        x = registerMultiplyAdd(im[unchecked: k], imaginary[layout.entry &* k], x)
        y = registerNegativeMultiplyAdd(re[unchecked: k], imaginary[layout.entry &* k], y)
      }
      result.re[unchecked: j] = x
      result.im[unchecked: j] = y
    }
    return result
  }

  /// The row times the matrix `b`, where the entry number `i` of the row is imaginary.
  @inlinable @inline(__always)
  func times(
    _ b: UnsafePointer<RegisterLanes>, imaginaryAt i: Int, _ layout: Layout = .lanes
  ) -> ComplexRow {
    var result = ComplexRow()
    for j in 0..<N {
      let column = b + layout.entry &* j
      let imaginary = column + layout.imaginary
      var x = -im[unchecked: i] * imaginary[layout.row &* i]
      var y = im[unchecked: i] * column[layout.row &* i]
      for k in 0..<N where k != i {
        x = registerMultiplyAdd(re[unchecked: k], column[layout.row &* k], x)
        y = registerMultiplyAdd(re[unchecked: k], imaginary[layout.row &* k], y)
        x = registerNegativeMultiplyAdd(im[unchecked: k], imaginary[layout.row &* k], x)
        y = registerMultiplyAdd(im[unchecked: k], column[layout.row &* k], y)
      }
      result.re[unchecked: j] = x
      result.im[unchecked: j] = y
    }
    return result
  }

  /// Writes the row to memory.
  @inlinable @inline(__always)
  func store(_ p: UnsafeMutablePointer<RegisterLanes>, _ layout: Layout = .lanes) {
    for j in 0..<N {
      p[layout.entry &* j] = re[unchecked: j]
      p[layout.entry &* j &+ layout.imaginary] = im[unchecked: j]
    }
  }

  /// Adds the row to memory.
  @inlinable @inline(__always)
  func add(_ p: UnsafeMutablePointer<RegisterLanes>, _ layout: Layout = .lanes) {
    for j in 0..<N {
      p[layout.entry &* j] += re[unchecked: j]
      p[layout.entry &* j &+ layout.imaginary] += im[unchecked: j]
    }
  }

  /// Adds a multiple of the row to memory.
  @inlinable @inline(__always)
  func add(
    scaledBy factor: RegisterLanes, _ p: UnsafeMutablePointer<RegisterLanes>,
    _ layout: Layout = .lanes
  ) {
    for j in 0..<N {
      let x = layout.entry &* j, y = x &+ layout.imaginary
      p[x] = registerMultiplyAdd(factor, re[unchecked: j], p[x])
      p[y] = registerMultiplyAdd(factor, im[unchecked: j], p[y])
    }
  }
}
