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

extension ComplexMatrix {
  /// The part of the entries `(i, i), (i, j), (j, i), (j, j)` that is a quaternion: for `R` in the
  /// SU(2) subgroup of these rows, `Re tr(R M)` is `2 Re(R q)` plus what does not depend on `R`.
  @inlinable @inline(__always)
  public func subgroupQuaternion(_ i: Int, _ j: Int) -> Quaternion {
    let a = self[i, i], b = self[i, j], c = self[j, i], d = self[j, j]
    return Quaternion(
      0.5 * (a.re + d.re), 0.5 * (b.im + c.im), 0.5 * (b.re - c.re), 0.5 * (a.im - d.im))
  }

  /// Multiplies from the left by the SU(2) matrix of a quaternion, set into the rows `i` and `j`.
  @inlinable @inline(__always)
  public mutating func rotate(rows i: Int, _ j: Int, by R: Quaternion) {
    withUnsafeMutablePointer(to: &self) { matrix in
      withUnsafePointer(to: R) { R in
        let M = Self.registers(matrix)
        let R = UnsafeRawPointer(R).assumingMemoryBound(to: RegisterLanes.self)
        let parts = registersPerPacket, stride = ComplexRow<N>.entry &* N
        for part in 0..<parts {
          let r0 = R[part], r1 = R[parts &+ part]
          let r2 = R[2 &* parts &+ part], r3 = R[3 &* parts &+ part]
          for k in 0..<N {
            let upper = stride &* i &+ ComplexRow<N>.entry &* k &+ part
            let lower = stride &* j &+ ComplexRow<N>.entry &* k &+ part
            let a = M[upper], b = M[upper &+ parts], c = M[lower], d = M[lower &+ parts]
            // (r0 + i r3)(a + i b) + (r2 + i r1)(c + i d), (-r2 + i r1)(a + i b) + (r0 - i r3)(c + i d)
            var x = r0 * a
            x = registerNegativeMultiplyAdd(r3, b, x)
            x = registerMultiplyAdd(r2, c, x)
            x = registerNegativeMultiplyAdd(r1, d, x)
            var y = r0 * b
            y = registerMultiplyAdd(r3, a, y)
            y = registerMultiplyAdd(r2, d, y)
            y = registerMultiplyAdd(r1, c, y)
            var z = r0 * c
            z = registerMultiplyAdd(r3, d, z)
            z = registerNegativeMultiplyAdd(r2, a, z)
            z = registerNegativeMultiplyAdd(r1, b, z)
            var w = r0 * d
            w = registerNegativeMultiplyAdd(r3, c, w)
            w = registerNegativeMultiplyAdd(r2, b, w)
            w = registerMultiplyAdd(r1, a, w)
            M[upper] = x
            M[upper &+ parts] = y
            M[lower] = z
            M[lower &+ parts] = w
          }
        }
      }
    }
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
    staple A: ComplexMatrix<N>, _ choose: (Quaternion) -> Quaternion
  ) {
    var W = matrix * A
    for i in 0..<(N &- 1) {
      for j in (i &+ 1)..<N {
        let R = choose(W.subgroupQuaternion(i, j))
        matrix.rotate(rows: i, j, by: R)
        // Nobody looks at W after the last subgroup.
        if i &+ 2 < N || j &+ 1 < N { W.rotate(rows: i, j, by: R) }
      }
    }
  }
}
