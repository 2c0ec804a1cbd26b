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
public struct WilsonAction<Group: GaugeGroup>: GaugeAction {
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
  @inlinable
  public func value(of U: LinkField<Group>) -> Lanes {
    if let U = U as? LinkField<U1> { return -beta * U1Plaquettes.cosineSum(U) }
    return -beta * U.plaquetteSum
  }

  /// Adds `factor ∂_a S`.
  @specialized(where Group == U1)
  @inlinable
  public func accumulateGradient(
    of U: LinkField<Group>, scaledBy factor: Double, into gradient: inout AlgebraField<Group>
  ) {
    precondition(
      gradient.lattice == U.lattice,
      "gradient on \(gradient.lattice) for a field on \(U.lattice)")
    let scale = Lanes(repeating: factor * beta / Double(Group.colors))
    U.links.withUnsafeBufferPointer { links in
      gradient.elements.withUnsafeMutableBufferPointer { out in
        if Group.self == U1.self {
          U1Plaquettes.addSines(
            UnsafeRawPointer(links.baseAddress!), U.lattice, scale: scale,
            to: UnsafeMutableRawPointer(out.baseAddress!))
        } else if Group.isAbelian {
          addAbelianGradient(links.baseAddress!, U.lattice, scale, into: out.baseAddress!)
        } else {
          for mu in 0..<U.lattice.dimension {
            for x in 0..<U.lattice.volume {
              let link = mu &* U.lattice.volume &+ x
              let force = Group.algebraProjection(
                of: links[link], times: U.staple(at: x, mu: mu))
              out[link] = out[link].adding(scale, force)
            }
          }
        }
      }
    }
  }

  /// The kick and the drift; for U(1) both in one pass over memory.
  @specialized(where Group == U1)
  @inlinable
  public func evolve(
    _ U: inout LinkField<Group>, momenta: inout AlgebraField<Group>, kick: Double, drift: Double
  ) {
    if Group.self == U1.self && kick != 0 && drift != 0 {
      precondition(
        momenta.lattice == U.lattice,
        "momenta on \(momenta.lattice) for a field on \(U.lattice)")
      let lattice = U.lattice
      U.links.withUnsafeMutableBufferPointer { links in
        momenta.elements.withUnsafeMutableBufferPointer { momenta in
          U1Plaquettes.kickAndDrift(
            UnsafeMutableRawPointer(links.baseAddress!), lattice,
            momenta: UnsafeMutableRawPointer(momenta.baseAddress!),
            kick: Lanes(repeating: -kick * beta), drift: Lanes(repeating: drift))
        }
      }
    } else {
      if kick != 0 { accumulateGradient(of: U, scaledBy: -kick, into: &momenta) }
      if drift != 0 { U.advance(by: drift, along: momenta) }
    }
  }

  /// One projection for each plaquette serves its four links.
  @inlinable
  func addAbelianGradient(
    _ U: UnsafePointer<Group>, _ lattice: Lattice, _ plus: Lanes,
    into out: UnsafeMutablePointer<Group.Algebra>
  ) {
    let volume = lattice.volume
    let minus = -plus
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
  /// A parameter is outside its range.
  case range(name: String, expected: String, value: Double)

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .coupling(let name, let value): "\(name): expected a finite number, given \(value)"
    case .range(let name, let expected, let value): "\(name): expected \(expected), given \(value)"
    }
  }
}
