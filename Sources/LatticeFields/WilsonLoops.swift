import LaneMath

extension LinkField {
  /// The product of links along a straight line,
  /// `U_mu(x) U_mu(x+mu) .. U_mu(x+(length-1)mu)`; the unit element for length 0.
  ///
  /// Complexity: O(length), allocates nothing.
  @inlinable
  public func line(from x: Int, mu: Int, length: Int) -> Group {
    var product = Group.identity
    var site = x
    for _ in 0..<length {
      product = product * self[site, mu]
      site = lattice.forward(site, mu)
    }
    return product
  }

  /// One rectangular Wilson loop: `r` links along `mu` and `t` along `nu`, starting at `x`.
  ///
  ///     W = U_mu(x → x+r mu) U_nu(.. → .. + t nu) U_mu(x+t nu → .. + r mu)† U_nu(x → x+t nu)†
  ///
  /// The loop 1x1 is the plaquette. Complexity: O(r + t), allocates nothing.
  @inlinable
  public func wilsonLoop(at x: Int, mu: Int, r: Int, nu: Int, t: Int) -> Group {
    var right = x, top = x
    for _ in 0..<r { right = lattice.forward(right, mu) }
    for _ in 0..<t { top = lattice.forward(top, nu) }
    return line(from: x, mu: mu, length: r) * line(from: right, mu: nu, length: t)
      * line(from: top, mu: mu, length: r).adjoint * line(from: x, mu: nu, length: t).adjoint
  }

  /// The averages of all rectangular Wilson loops in a plane, up to a largest size.
  ///
  ///     W(r, t) = 1/V Σ_x Re tr W_{r x t}(x) / N,   r links along mu, t along nu
  ///
  /// Shape: `result[(r - 1) T + (t - 1)]` for `r` in `1...R`, `t` in `1...T`. Every size takes the
  /// same number of loops, `V`; on a cold start every average is 1.
  ///
  /// Accuracy: rounding of O(r t) ulp for a group of one colour, where a loop is the product of the
  /// plaquettes that it encloses, and O(r + t) ulp otherwise.
  /// Complexity: O(R T V) complex products for a group of one colour, and as many times three group
  /// products otherwise; allocates O(V) elements, O(T V) for more colours.
  ///
  /// - Precondition: `mu` and `nu` are different directions, `R` and `T` are positive.
  /// - Parameters:
  ///   - mu: the direction of the first side.
  ///   - nu: the direction of the second side.
  ///   - R: the largest first side.
  ///   - T: the largest second side.
  @inlinable
  public func averageWilsonLoops(mu: Int, nu: Int, upTo R: Int, by T: Int) -> [Lanes] {
    precondition(
      mu != nu && (0..<lattice.dimension).contains(mu) && (0..<lattice.dimension).contains(nu),
      "loops in the plane (\(mu), \(nu)) of a lattice of \(lattice.dimension) dimensions")
    precondition(R > 0 && T > 0, "loops up to \(R) by \(T), expected positive sides")
    return Group.isAbelian && Group.colors == 1
      ? loopsFromFlux(mu, nu, R, T) : loopsFromLines(mu, nu, R, T)
  }

  /// Products of the enclosed plaquettes, column by column: one complex product for each loop.
  /// Runs of 32 sites go together: their loops stay in the first-level cache while `r` grows.
  @inlinable
  func loopsFromFlux(_ mu: Int, _ nu: Int, _ R: Int, _ T: Int) -> [Lanes] {
    let volume = lattice.volume
    let flux = Buffer<ComplexLanes>(count: volume, repeating: ComplexLanes(.zero, .zero))
    let column = Buffer<ComplexLanes>(count: volume, repeating: ComplexLanes(.zero, .zero))
    let above = Buffer<Int>(count: volume, repeating: 0)
    let totals = Buffer<Lanes>(count: R * T, repeating: .zero)
    // The plaquettes, the columns 1 x t of the current t, and the sites x + t nu.
    let P = flux.pointer, C = column.pointer, up = above.pointer
    // The loops r x t from a run of sites, and the sites x + (r - 1) mu.
    let run = 32
    let loops = Buffer<ComplexLanes>(count: run, repeating: ComplexLanes(.zero, .zero))
    let sites = Buffer<Int>(count: run, repeating: 0)
    let W = loops.pointer, site = sites.pointer
    for x in 0..<volume {
      let plaquette = self.plaquette(at: x, mu: mu, nu: nu)
      P[x] = ComplexLanes(plaquette.realTrace, plaquette.imaginaryTrace)
      C[x] = P[x]
      up[x] = x
    }
    return withExtendedLifetime((flux, column, above, totals, loops, sites)) {
      lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
        let ahead = forward.baseAddress! + mu &* volume, over = forward.baseAddress! + nu &* volume
        for t in 0..<T {
          if t > 0 {
            for x in 0..<volume {
              up[x] = over[up[x]]
              C[x] = C[x] * P[up[x]]
            }
          }
          var start = 0
          while start < volume {
            let count = Swift.min(run, volume &- start)
            for i in 0..<count {
              W[i] = C[start &+ i]
              site[i] = start &+ i
            }
            for r in 0..<R {
              var sum = Lanes.zero
              for i in 0..<count {
                if r > 0 {
                  site[i] = ahead[site[i]]
                  W[i] = W[i] * C[site[i]]
                }
                sum += W[i].re
              }
              totals[r &* T &+ t] += sum
            }
            start &+= run
          }
        }
      }
      let scale = 1 / Double(volume)
      return totals.elements.map { $0 * scale }
    }
  }

  /// Products of four lines; the lines grow by one link at a time.
  @inlinable
  func loopsFromLines(_ mu: Int, _ nu: Int, _ R: Int, _ T: Int) -> [Lanes] {
    let volume = lattice.volume
    let scale = 1 / Double(volume * Group.colors)
    var loops = [Lanes](repeating: .zero, count: R * T)
    let side = Buffer<Group>(count: volume, repeating: .identity)
    let lines = Buffer<Group>(count: T * volume, repeating: .identity)
    let above = Buffer<Int>(count: (T + 1) * volume, repeating: 0)
    let ahead = Buffer<Int>(count: volume, repeating: 0)
    let A = side.pointer, B = lines.pointer, up = above.pointer, right = ahead.pointer
    for x in 0..<volume {
      right[x] = x
      up[x] = x
    }
    withExtendedLifetime((side, lines, above, ahead)) {
      lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
        links.withUnsafeBufferPointer { U in
          // Lines of t + 1 links along nu, and the sites x + t nu.
          for t in 0..<T {
            for x in 0..<volume {
              let site = up[t &* volume &+ x]
              let link = U[nu &* volume &+ site]
              B[t &* volume &+ x] = t == 0 ? link : B[(t &- 1) &* volume &+ x] * link
              up[(t &+ 1) &* volume &+ x] = forward[nu &* volume &+ site]
            }
          }
          for r in 0..<R {
            for x in 0..<volume {
              A[x] = A[x] * U[mu &* volume &+ right[x]]
              right[x] = forward[mu &* volume &+ right[x]]
            }
            for t in 0..<T {
              var sum = Lanes.zero
              let line = B + t &* volume
              for x in 0..<volume {
                let lower = A[x] * line[right[x]]
                let upper = line[x] * A[up[(t &+ 1) &* volume &+ x]]
                sum += (lower * upper.adjoint).realTrace
              }
              loops[r &* T &+ t] = sum * scale
            }
          }
        }
      }
    }
    return loops
  }
}
