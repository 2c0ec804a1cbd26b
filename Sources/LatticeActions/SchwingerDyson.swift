import LaneMath
import LatticeFields

/// Schwinger-Dyson identities of the plaquette: what the mean of a measured number has to be, 0, for
/// every group, dimension and action, with no exact result and no second simulation.
///
/// The Haar measure is invariant under `U -> exp(ε T_a) U` of a single link, so that for any
/// functional W and any link
///
///     <Σ_a ∂_a² W> = <Σ_a ∂_a S ∂_a W>
///
/// With `W = Σ_x Re tr P_{mu nu}(x) / N`, in which a link occurs once in every plaquette, the left
/// side is `-C W` for each link of a plaquette, `Σ_a T_a T_a = -C`: `C = (N² - 1)/(2N)` for SU(N) and
/// 1 for U(1). Summed over the links along mu the two links of each plaquette give
///
///     r_{mu nu} = <Re tr P_{mu nu}/N> + 1/(2 C V) <Σ_x Σ_a ∂_a S ∂_a W>,   links (x, mu),
///
/// the plaquette less what the equation of motion makes of it; it vanishes in equilibrium, for any
/// algorithm. There is one for every ordered pair of directions, so that an error which is different
/// in different directions shows, and does not average out. A coupling that is wrong by a fraction ε
/// gives `-ε <P>`.
///
/// Components: `mean`, the average of all pairs, then `01` for links along 0 in the plane of 0 and 1,
/// `10` for links along 1 in it, and so on. Pairs with `L_nu = 1` are left out: there a link along mu
/// occurs twice in its plaquette, and the second derivative is another one. From extent 2 on a link
/// occurs once.
///
/// Accuracy: rounding of a sum over plaquettes.
/// Complexity: one gradient of the action, and one of all plaquettes; allocates two algebra fields.
public struct SchwingerDyson<Theory: GaugeAction>: Sendable {
  /// The group of the links.
  public typealias Group = Theory.Group
  /// The action whose equation of motion is tested.
  public let action: Theory
  /// The lattice.
  public let lattice: Lattice
  /// The names of the numbers, `mean`, `01`, `10`, ..
  public let components: [String]
  /// The pairs of directions, those of a link first.
  public let pairs: [(mu: Int, nu: Int)]
  /// `schwinger-dyson`.
  public var name: String { "schwinger-dyson" }

  /// The identities of an action on a lattice.
  ///
  /// - Throws: `SchwingerDysonError` where no plaquette has a link that occurs once in it: in one
  ///   dimension, or with fewer than one extent above 1.
  public init(action: Theory, on lattice: Lattice) throws(SchwingerDysonError) {
    let directions = 0..<lattice.dimension
    let pairs = directions.flatMap { mu in
      directions.compactMap { nu in
        mu != nu && lattice.extents[nu] > 1 ? (mu: mu, nu: nu) : nil
      }
    }
    guard !pairs.isEmpty else { throw SchwingerDysonError(lattice: lattice) }
    self.action = action
    self.lattice = lattice
    self.pairs = pairs
    components = ["mean"] + pairs.map { "\($0.mu)\($0.nu)" }
  }

  /// The numbers whose means are 0, in the order of `components`, in every configuration.
  ///
  /// - Precondition: `U` is on `lattice`.
  @specialized(where Theory == WilsonAction<U1>)
  @specialized(where Theory == WilsonAction<SU2>)
  @specialized(where Theory == WilsonAction<SU3>)
  @inlinable
  public func residuals(of U: LinkField<Theory.Group>) -> [Lanes] {
    precondition(
      U.lattice == lattice, "identities made for lattice \(lattice), measured on \(U.lattice)")
    var force = AlgebraField<Theory.Group>(zero: lattice)
    action.accumulateGradient(of: U, into: &force)
    var plaquettes = AlgebraField<Theory.Group>(zero: lattice)
    var result = components.map { _ in Lanes.zero }
    for mu in 0..<lattice.dimension {
      for nu in (mu &+ 1)..<Swift.max(mu &+ 1, lattice.dimension) {
        let (average, alongMu, alongNu) = plane(mu, nu, U, force, &plaquettes)
        for (index, pair) in pairs.enumerated() {
          if pair.mu == mu && pair.nu == nu { result[index + 1] = average - alongMu }
          if pair.mu == nu && pair.nu == mu { result[index + 1] = average - alongNu }
        }
      }
    }
    var sum = Lanes.zero
    for value in result.dropFirst() { sum += value }
    result[0] = sum / Double(pairs.count)
    return result
  }

  /// The average plaquette of a plane, and what the links along either direction make of it.
  @inlinable @inline(__always)
  func plane(
    _ mu: Int, _ nu: Int, _ U: LinkField<Theory.Group>, _ force: AlgebraField<Theory.Group>,
    _ plaquettes: inout AlgebraField<Theory.Group>
  ) -> (average: Lanes, alongMu: Lanes, alongNu: Lanes) {
    let volume = lattice.volume
    let one = Lanes(repeating: 1)
    var trace = Lanes.zero
    plaquettes.reset()
    lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      U.links.withUnsafeBufferPointer { U in
        plaquettes.elements.withUnsafeMutableBufferPointer { plaquettes in
          let links = U.baseAddress!, gradient = plaquettes.baseAddress!
          for x in 0..<volume {
            let bottom = mu &* volume &+ x, left = nu &* volume &+ x
            let right = nu &* volume &+ forward[mu &* volume &+ x]
            let top = mu &* volume &+ forward[nu &* volume &+ x]
            trace += Group.plaquetteTrace(
              links, bottom: bottom, right: right, top: top, left: left)
            Group.addPlaquetteGradient(
              links, bottom: bottom, right: right, top: top, left: left, scaledBy: one,
              to: gradient)
          }
        }
      }
    }
    var alongMu = Lanes.zero, alongNu = Lanes.zero
    for x in 0..<volume {
      alongMu += force.elements[mu &* volume &+ x].dot(plaquettes.elements[mu &* volume &+ x])
      alongNu += force.elements[nu &* volume &+ x].dot(plaquettes.elements[nu &* volume &+ x])
    }
    let colors = Double(Group.colors)
    let scale = 1 / (2 * Group.casimir * colors * Double(volume))
    return (trace / (colors * Double(volume)), alongMu * scale, alongNu * scale)
  }
}

extension GaugeGroup {
  /// `C` in `Σ_a T_a T_a = -C`: `(N² - 1)/(2N)` for SU(N), 1 for U(1).
  @inlinable public static var casimir: Double {
    colors == 1 ? 1 : Double(Algebra.dimension) / Double(2 * colors)
  }
}

/// A lattice without plaquettes in which a link occurs once.
public struct SchwingerDysonError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The lattice.
  public let lattice: Lattice
  /// The error of a lattice.
  public init(lattice: Lattice) { self.lattice = lattice }
  /// One line: what was expected, and what was given.
  public var description: String {
    "schwinger-dyson: expected 2 or more dimensions and an extent of 2 or more, "
      + "given lattice \(lattice)"
  }
}
