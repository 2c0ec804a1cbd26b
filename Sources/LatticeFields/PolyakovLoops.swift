import LaneMath

extension LinkField {
  /// The Polyakov loop through `x`: the product of the links along the closed line in direction
  /// `mu`. Its trace is the same from every site of the line.
  ///
  /// Complexity: O(L_mu), allocates nothing.
  @inlinable
  public func polyakovLoop(at x: Int, mu: Int) -> Group {
    line(from: x, mu: mu, length: lattice.extents[mu])
  }

  /// The average of the Polyakov loops in a direction over the transverse sites.
  ///
  ///     P_mu = 1/V_⊥ Σ_{x: x_mu = 0} tr Π_{n < L_mu} U_mu(x + n mu) / N,   V_⊥ = V / L_mu
  ///
  /// 1 on a cold start. Complexity: O(V) group products, allocates nothing.
  @inlinable
  public func averagePolyakovLoop(mu: Int) -> ComplexLanes {
    precondition(
      (0..<lattice.dimension).contains(mu),
      "Polyakov loop in direction \(mu) of a lattice of \(lattice.dimension) dimensions")
    var sum = ComplexLanes(.zero, .zero)
    let extent = lattice.extents[mu]
    let stride = lattice.extents[(mu + 1)...].reduce(1, *)
    var block = 0
    // The sites with x_mu = 0 are blocks of `stride` sites, one in every `extent` blocks.
    while block < lattice.volume {
      for x in block..<(block &+ stride) {
        let loop = polyakovLoop(at: x, mu: mu)
        sum = sum + ComplexLanes(loop.realTrace, loop.imaginaryTrace)
      }
      block += extent * stride
    }
    let scale = Double(extent) / Double(lattice.volume * Group.colors)
    return ComplexLanes(sum.re * scale, sum.im * scale)
  }
}
