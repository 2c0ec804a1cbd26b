import LaneMath
import LatticeFields

/// The Wilson plaquette action (Wilson 1974), in any dimension and for any group.
///
///     S(U) = -(β/N) Σ_x Σ_{mu<nu} Re tr P_{mu nu}(x)      U(1): -β Σ cos P
///
/// The constant `β · number of plaquettes` that some codes add is left out: `log Z` compares with
/// the exact results as it stands. For SU(N) with `β = 2N/g²` this is the usual `β`; for U(1),
/// `β = 1/g²`.
///
/// Complexity: O(D² V) group products, and for U(1) one cosine (value) or sine (gradient) for each
/// plaquette. Allocates nothing.
public struct WilsonAction<Group: GaugeGroup>: Action {
  /// The inverse coupling `β`.
  public let beta: Double

  /// The Wilson action at `beta`.
  ///
  /// - Throws: `ActionError.coupling` where `beta` is not finite.
  public init(beta: Double) throws(ActionError) {
    guard beta.isFinite else { throw .coupling(name: "beta", value: beta) }
    self.beta = beta
  }

  /// `S(U)` in every configuration.
  @specialized(where Group == U1)
  @inlinable public func value(of U: LinkField<Group>) -> Lanes { -beta * U.plaquetteSum }

  /// Adds `∂_a S`.
  @specialized(where Group == U1)
  @inlinable
  public func accumulateGradient(of U: LinkField<Group>, into gradient: inout AlgebraField<Group>) {
    precondition(
      gradient.lattice == U.lattice,
      "gradient on \(gradient.lattice) for a field on \(U.lattice)")
    U.links.withUnsafeBufferPointer { links in
      gradient.elements.withUnsafeMutableBufferPointer { out in
        if Group.isAbelian {
          addAbelianGradient(
            links.baseAddress!, U.lattice, into: out.baseAddress!)
        } else {
          let factor = Lanes(repeating: beta / Double(Group.colors))
          for mu in 0..<U.lattice.dimension {
            for x in 0..<U.lattice.volume {
              let link = mu &* U.lattice.volume &+ x
              let force = Group.algebraProjection(
                of: links[link], times: U.staple(at: x, mu: mu))
              out[link] = out[link].adding(factor, force)
            }
          }
        }
      }
    }
  }

  /// One projection for each plaquette serves its four links.
  @inlinable
  func addAbelianGradient(
    _ U: UnsafePointer<Group>, _ lattice: Lattice, into out: UnsafeMutablePointer<Group.Algebra>
  ) {
    let volume = lattice.volume
    let plus = Lanes(repeating: beta / Double(Group.colors)), minus = -plus
    lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      for mu in 0..<lattice.dimension {
        for nu in (mu + 1)..<Swift.max(mu + 1, lattice.dimension) {
          for x in 0..<volume {
            let right = nu &* volume &+ forward[mu &* volume &+ x]
            let top = mu &* volume &+ forward[nu &* volume &+ x]
            let bottom = mu &* volume &+ x, left = nu &* volume &+ x
            let P = U[bottom] * U[right] * U[top].adjoint * U[left].adjoint
            let force = P.algebraProjection
            out[bottom] = out[bottom].adding(plus, force)
            out[right] = out[right].adding(plus, force)
            out[top] = out[top].adding(minus, force)
            out[left] = out[left].adding(minus, force)
          }
        }
      }
    }
  }
}

/// Why an action cannot be made.
public enum ActionError: Error, CustomStringConvertible {
  /// A coupling is not a finite number.
  case coupling(name: String, value: Double)

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .coupling(let name, let value): "\(name): expected a finite number, given \(value)"
    }
  }
}
