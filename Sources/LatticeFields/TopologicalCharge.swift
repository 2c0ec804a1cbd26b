import LaneMath

extension LinkField where Group == U1 {
  /// The topological charge of a two-dimensional U(1) field (geometric definition).
  ///
  ///     Q = 1/2π Σ_x arg P_01(x),   arg in (-π, π]
  ///
  /// On a torus the links cancel in the sum, so that `Q` is an integer on every configuration; it
  /// flips sign when the two directions are exchanged.
  ///
  /// Accuracy: the distance from an integer is rounding alone, below `V` ulp.
  /// Complexity: O(V), allocates nothing.
  ///
  /// - Precondition: the lattice has two dimensions.
  @inlinable public var topologicalCharge: Lanes {
    precondition(lattice.dimension == 2, "topological charge on lattice \(lattice), expected 2D")
    var sum = LaneCompensatedSum()
    for x in 0..<lattice.volume { sum.add(wrapAngle(plaquette(at: x, mu: 0, nu: 1).angle)) }
    return sum.value * (0.5 / Double.pi)
  }

  /// The density of the topological charge, `q(x) = arg P_01(x) / 2π`, whose sum is `Q`.
  ///
  /// Complexity: O(V), allocates nothing.
  ///
  /// - Precondition: the lattice has two dimensions and `density` has room for `V` values.
  @inlinable
  public func topologicalChargeDensity(into density: UnsafeMutablePointer<Lanes>) {
    precondition(lattice.dimension == 2, "topological charge on lattice \(lattice), expected 2D")
    for x in 0..<lattice.volume {
      density[x] = wrapAngle(plaquette(at: x, mu: 0, nu: 1).angle) * (0.5 / Double.pi)
    }
  }
}
