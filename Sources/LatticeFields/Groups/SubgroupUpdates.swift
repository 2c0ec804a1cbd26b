import LaneMath

extension Quaternion {
  /// A unit quaternion of density `exp(k a_0)` with respect to the Haar measure: `a_0` by Kennedy and
  /// Pendleton, the direction of `a` uniform.
  @inlinable @inline(__always)
  public static func heatbath(concentration k: Lanes, using generator: inout LaneGenerator)
    -> Quaternion
  {
    let (cosine, sine) = generator.kennedyPendleton(concentration: k)
    let (u, v) = generator.uniformPair()
    let height = multiplyAdd(Lanes(repeating: -2), u, Lanes(repeating: 1))
    // 1 - (1 - 2u)² = 4 u (1 - u).
    let radius = 2 * sine * sqrt(u * (1 - u))
    let (s, c) = sincos(turns: v)
    return Quaternion(cosine, radius * c, radius * s, sine * height)
  }
}

/// The kernels of updates in SU(2) subgroups, on the memory of a matrix in one register.
@usableFromInline
enum SubgroupKernels<let N: Int> {
  @inlinable @inline(__always)
  static var entry: Int { 2 &* registersPerPacket }
  @inlinable @inline(__always)
  static var row: Int { entry &* N }

  /// Writes the product of two matrices.
  @inlinable @inline(__always)
  static func multiply(
    _ a: UnsafePointer<RegisterLanes>, _ b: UnsafePointer<RegisterLanes>,
    into c: UnsafeMutablePointer<RegisterLanes>
  ) {
    for i in 0..<N { ComplexRow<N>(a + row &* i).times(b).store(c + row &* i) }
  }

  /// The part of the entries `(i, i), (i, j), (j, i), (j, j)` that is a quaternion.
  @inlinable @inline(__always)
  static func quaternion(_ M: UnsafePointer<RegisterLanes>, _ i: Int, _ j: Int)
    -> RegisterQuaternion
  {
    let im = registersPerPacket
    let a = M + (row &* i &+ entry &* i), b = M + (row &* i &+ entry &* j)
    let c = M + (row &* j &+ entry &* i), d = M + (row &* j &+ entry &* j)
    return RegisterQuaternion(
      0.5 * (a[0] + d[0]), 0.5 * (b[im] + c[im]), 0.5 * (b[0] - c[0]), 0.5 * (a[im] - d[im]))
  }

  /// The same in all lanes.
  @inlinable @inline(__always)
  static func lanes(_ M: UnsafePointer<RegisterLanes>, _ i: Int, _ j: Int) -> Quaternion {
    var q = Quaternion(.zero, .zero, .zero, .zero)
    withUnsafeMutablePointer(to: &q) { q in
      let memory = UnsafeMutableRawPointer(q).assumingMemoryBound(to: RegisterLanes.self)
      for part in 0..<registersPerPacket {
        quaternion(M + part, i, j).store(memory + part)
      }
    }
    return q
  }

  /// Multiplies from the left by the SU(2) matrix of a quaternion, set into the rows `i` and `j`.
  @inlinable @inline(__always)
  static func rotate(
    _ M: UnsafeMutablePointer<RegisterLanes>, _ i: Int, _ j: Int, by R: RegisterQuaternion
  ) {
    let im = registersPerPacket
    for k in 0..<N {
      let upper = M + (row &* i &+ entry &* k), lower = M + (row &* j &+ entry &* k)
      let a = upper[0], b = upper[im], c = lower[0], d = lower[im]
      // (r0 + i r3)(a + i b) + (r2 + i r1)(c + i d), (-r2 + i r1)(a + i b) + (r0 - i r3)(c + i d)
      var x = R.a0 * a
      var y = R.a0 * b
      var z = R.a0 * c
      var w = R.a0 * d
      x = registerNegativeMultiplyAdd(R.a3, b, x)
      y = registerMultiplyAdd(R.a3, a, y)
      z = registerMultiplyAdd(R.a3, d, z)
      w = registerNegativeMultiplyAdd(R.a3, c, w)
      x = registerMultiplyAdd(R.a2, c, x)
      y = registerMultiplyAdd(R.a2, d, y)
      z = registerNegativeMultiplyAdd(R.a2, a, z)
      w = registerNegativeMultiplyAdd(R.a2, b, w)
      x = registerNegativeMultiplyAdd(R.a1, d, x)
      y = registerMultiplyAdd(R.a1, c, y)
      z = registerNegativeMultiplyAdd(R.a1, b, z)
      w = registerMultiplyAdd(R.a1, a, w)
      upper[0] = x
      upper[im] = y
      lower[0] = z
      lower[im] = w
    }
  }
}

/// A quaternion in the lanes of one vector register.
@frozen
@usableFromInline
struct RegisterQuaternion {
  @usableFromInline var a0, a1, a2, a3: RegisterLanes

  @inlinable @inline(__always)
  init(_ a0: RegisterLanes, _ a1: RegisterLanes, _ a2: RegisterLanes, _ a3: RegisterLanes) {
    self.a0 = a0
    self.a1 = a1
    self.a2 = a2
    self.a3 = a3
  }

  /// The numbers of a quaternion in memory.
  @inlinable @inline(__always)
  init(_ p: UnsafePointer<RegisterLanes>) {
    let s = registersPerPacket
    self.init(p[0], p[s], p[2 &* s], p[3 &* s])
  }

  /// Writes the numbers to memory.
  @inlinable @inline(__always)
  func store(_ p: UnsafeMutablePointer<RegisterLanes>) {
    let s = registersPerPacket
    p[0] = a0
    p[s] = a1
    p[2 &* s] = a2
    p[3 &* s] = a3
  }

  /// `(v†)²` with `v = q/|q|`, which takes `q` to its conjugate; 1 where `q` is zero.
  @inlinable @inline(__always)
  var reflection: RegisterQuaternion {
    // Too small to move anything where it matters, and large enough to divide by.
    let tiny = 1e-290
    let vector = registerMultiplyAdd(a1, a1, registerMultiplyAdd(a2, a2, a3 * a3))
    let scalar = registerMultiplyAdd(a0, a0, RegisterLanes(repeating: tiny))
    let inverse = 1 / (scalar + vector)
    let factor = (-2 * a0) * inverse
    return RegisterQuaternion(
      (scalar - vector) * inverse, factor * a1, factor * a2, factor * a3)
  }
}

extension SU {
  /// Multiplies the link from the left by elements of its `N(N-1)/2` SU(2) subgroups, one after the
  /// other (Cabibbo and Marinari, Phys. Lett. B 119 (1982) 387).
  ///
  /// - Parameters:
  ///   - A: the sum of staples.
  ///   - choose: given the quaternion part `q` of `U A` in the rows of a subgroup, the element `R` of
  ///     the subgroup; `Re tr(R U A)` is `2 Re(R q)` and a constant.
  @inlinable @inline(__always)
  public mutating func updateSubgroups(
    staple A: UnsafePointer<ComplexMatrix<N>>, _ choose: (Quaternion) -> Quaternion
  ) {
    typealias Kernels = SubgroupKernels<N>
    Self.withProduct(&self, A) { U, A, W in
      for part in 0..<registersPerPacket {
        Kernels.multiply(UnsafePointer(U) + part, A + part, into: W + part)
      }
      for i in 0..<(N &- 1) {
        for j in (i &+ 1)..<N {
          var q = Quaternion(.zero, .zero, .zero, .zero)
          withUnsafeMutablePointer(to: &q) { q in
            let memory = UnsafeMutableRawPointer(q).assumingMemoryBound(to: RegisterLanes.self)
            for part in 0..<registersPerPacket {
              Kernels.quaternion(UnsafePointer(W) + part, i, j).store(memory + part)
            }
          }
          let R = choose(q)
          withUnsafePointer(to: R) { R in
            let memory = UnsafeRawPointer(R).assumingMemoryBound(to: RegisterLanes.self)
            for part in 0..<registersPerPacket {
              let R = RegisterQuaternion(memory + part)
              Kernels.rotate(U + part, i, j, by: R)
              // Nobody looks at W after the last subgroup.
              if i &+ 2 < N { Kernels.rotate(W + part, i, j, by: R) }
            }
          }
        }
      }
    }
  }

  /// Multiplies the link from the left by elements of its SU(2) subgroups, chosen by what stands around
  /// it in two sums of staples.
  ///
  /// - Parameters:
  ///   - A: a sum of staples.
  ///   - B: another one.
  ///   - choose: given the quaternion parts of `U A` and of `U B` in the rows of a subgroup, the element
  ///     `R` of the subgroup.
  @inlinable @inline(__always)
  public mutating func updateSubgroups(
    staples A: UnsafePointer<ComplexMatrix<N>>, _ B: UnsafePointer<ComplexMatrix<N>>,
    _ choose: (Quaternion, Quaternion) -> Quaternion
  ) {
    typealias Kernels = SubgroupKernels<N>
    let second = ComplexMatrix<N>.registers(B)
    var other = ComplexMatrix<N>()
    withUnsafeMutablePointer(to: &other) { other in
      let X = ComplexMatrix<N>.registers(other)
      Self.withProduct(&self, A) { U, A, W in
        for part in 0..<registersPerPacket {
          Kernels.multiply(UnsafePointer(U) + part, A + part, into: W + part)
          Kernels.multiply(UnsafePointer(U) + part, second + part, into: X + part)
        }
        for i in 0..<(N &- 1) {
          for j in (i &+ 1)..<N {
            let R = choose(
              Kernels.lanes(UnsafePointer(W), i, j), Kernels.lanes(UnsafePointer(X), i, j))
            withUnsafePointer(to: R) { R in
              let memory = UnsafeRawPointer(R).assumingMemoryBound(to: RegisterLanes.self)
              for part in 0..<registersPerPacket {
                let R = RegisterQuaternion(memory + part)
                Kernels.rotate(U + part, i, j, by: R)
                guard i &+ 2 < N else { continue }
                Kernels.rotate(W + part, i, j, by: R)
                Kernels.rotate(X + part, i, j, by: R)
              }
            }
          }
        }
      }
    }
  }

  /// Reflects the link in each of its SU(2) subgroups, `R = (v†)²` with `v = q/|q|`: `Re tr(U A)` stays
  /// what it is.
  @inlinable @inline(__always)
  public mutating func reflectSubgroups(staple A: UnsafePointer<ComplexMatrix<N>>) {
    typealias Kernels = SubgroupKernels<N>
    Self.withProduct(&self, A) { U, A, W in
      for part in 0..<registersPerPacket {
        Kernels.multiply(UnsafePointer(U) + part, A + part, into: W + part)
      }
      // The registers of a packet in turn, so that one computes while the other waits.
      for i in 0..<(N &- 1) {
        for j in (i &+ 1)..<N {
          for part in 0..<registersPerPacket {
            let R = Kernels.quaternion(UnsafePointer(W) + part, i, j).reflection
            Kernels.rotate(U + part, i, j, by: R)
            if i &+ 2 < N { Kernels.rotate(W + part, i, j, by: R) }
          }
        }
      }
    }
  }

  /// The memory of a link, of a sum of staples and of a matrix to work in.
  @inlinable @inline(__always)
  static func withProduct(
    _ U: inout SU, _ A: UnsafePointer<ComplexMatrix<N>>,
    _ body: (
      UnsafeMutablePointer<RegisterLanes>, UnsafePointer<RegisterLanes>,
      UnsafeMutablePointer<RegisterLanes>
    ) -> Void
  ) {
    var W = ComplexMatrix<N>()
    withUnsafeMutablePointer(to: &W) { W in
      withUnsafeMutablePointer(to: &U.matrix) { U in
        body(
          ComplexMatrix<N>.registers(U), ComplexMatrix<N>.registers(A),
          ComplexMatrix<N>.registers(W))
      }
    }
  }
}
