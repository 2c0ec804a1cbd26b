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
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inlinable
  public func value(of U: LinkField<Group>) -> Lanes {
    U.withReadOnlyView { value(over: $0) }
  }

  /// Adds `factor ∂_a S`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @inlinable
  public func accumulateGradient(
    of U: LinkField<Group>, scaledBy factor: Double, into gradient: inout AlgebraField<Group>
  ) {
    precondition(
      gradient.lattice == U.lattice,
      "gradient on \(gradient.lattice) for a field on \(U.lattice)")
    U.withReadOnlyView { U in
      gradient.elements.withUnsafeMutableBufferPointer { out in
        addGradient(over: U, scaledBy: factor, to: out.baseAddress!)
      }
    }
  }

  /// The kick and the drift, both in one pass over memory.
  ///
  /// The lattice is worked through slice by slice, `x_0 = const`. A slice drifts as soon as the
  /// plaquettes of the slice before it and its own have kicked it: then no plaquette needs its old
  /// links any more. The first slice waits for the last one.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public func evolve(
    _ U: inout LinkField<Group>, momenta: inout AlgebraField<Group>, kick: Double, drift: Double
  ) {
    guard kick != 0 && drift != 0 else {
      if kick != 0 { accumulateGradient(of: U, scaledBy: -kick, into: &momenta) }
      if drift != 0 { U.advance(by: drift, along: momenta) }
      return
    }
    precondition(
      momenta.lattice == U.lattice, "momenta on \(momenta.lattice) for a field on \(U.lattice)")
    let lattice = U.lattice
    let scale = Lanes(repeating: -kick * beta / Double(Group.colors))
    let time = Lanes(repeating: drift)
    U.links.withUnsafeMutableBufferPointer { links in
      momenta.elements.withUnsafeMutableBufferPointer { momenta in
        guard let U = links.baseAddress, let p = momenta.baseAddress else { return }
        if Group.self == U1.self {
          U1Plaquettes.kickAndDrift(
            UnsafeMutableRawPointer(U), lattice, momenta: UnsafeMutableRawPointer(p), kick: scale,
            drift: time)
          return
        }
        let slices = lattice.extents[0], width = lattice.volume / slices
        lattice.withLinkView(U) { view in
          for slice in 0..<slices {
            addGradient(view, sites: (slice &* width)..<((slice &+ 1) &* width), scale, to: p)
            if slice > 0 { Self.drift(U, p, time, slice, width, lattice) }
          }
          Self.drift(U, p, time, 0, width, lattice)
        }
      }
    }
  }

  /// `U <- exp(time p) U` on the links of a slice.
  @inlinable @inline(__always)
  static func drift(
    _ U: UnsafeMutablePointer<Group>, _ p: UnsafePointer<Group.Algebra>, _ time: Lanes,
    _ slice: Int, _ width: Int, _ lattice: Lattice
  ) {
    for mu in 0..<lattice.dimension {
      let first = mu &* lattice.volume &+ slice &* width
      for link in first..<(first &+ width) { Group.advance(U + link, by: time, along: p + link) }
    }
  }

  /// Adds the gradient of the plaquettes that begin at some sites: each plaquette serves its four
  /// links. Site by site, so that the links of a neighbourhood are read together.
  @inlinable @inline(never)
  func addGradient(
    _ U: LinkView<Group>, sites: Range<Int>, _ scale: Lanes,
    to gradient: UnsafeMutablePointer<Group.Algebra>
  ) {
    let volume = U.volume, dimension = U.dimension, forward = U.forward
    for x in sites {
      for mu in 0..<dimension {
        for nu in (mu &+ 1)..<Swift.max(mu &+ 1, dimension) {
          Group.addPlaquetteGradient(
            U.links, bottom: mu &* volume &+ x, right: nu &* volume &+ forward[mu &* volume &+ x],
            top: mu &* volume &+ forward[nu &* volume &+ x], left: nu &* volume &+ x,
            scaledBy: scale, to: gradient)
        }
      }
    }
  }
}

extension WilsonAction: LoopAction {
  /// The plaquettes that begin at the sites of a view.
  @inlinable
  public func value(over U: LinkView<Group>) -> Lanes {
    if let U = U as? LinkView<U1> { return -beta * U1Plaquettes.cosineSum(U) }
    let sum = Group.plaquetteTraceSum(
      U.links, U.forward, volume: U.volume, sites: U.sites, dimension: U.dimension)
    return -beta * (sum / Double(Group.colors))
  }

  /// Adds the derivatives of these plaquettes.
  @inlinable
  public func addGradient(
    over U: LinkView<Group>, scaledBy factor: Double,
    to gradient: UnsafeMutablePointer<Group.Algebra>
  ) {
    let scale = Lanes(repeating: factor * beta / Double(Group.colors))
    if let U = U as? LinkView<U1> {
      U1Plaquettes.addSines(U, scale: scale, to: UnsafeMutableRawPointer(gradient))
    } else {
      addGradient(U, sites: 0..<U.sites, scale, to: gradient)
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
