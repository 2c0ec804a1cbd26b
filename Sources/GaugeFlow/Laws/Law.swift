import LaneMath
import LatticeFields

/// A statement that was checked with numbers: what `verify` reports, and what the tests expect.
///
/// A law holds where its residual is at most its tolerance; a residual that is not a number breaks
/// it. Functions such as ``bijectionLaws(of:on:seed:options:)`` make laws of any object that
/// conforms to the protocol in question, a user's own included.
public struct Law: Sendable, Equatable {
  /// The statement.
  public let name: String
  /// The largest violation that was found.
  public let residual: Double
  /// The largest violation that is allowed.
  public let tolerance: Double
  /// Where the tolerance comes from.
  public let reason: String

  /// A law from what was found.
  public init(_ name: String, residual: Double, tolerance: Double, reason: String) {
    self.name = name
    self.residual = residual
    self.tolerance = tolerance
    self.reason = reason
  }

  /// Whether the residual is within its tolerance.
  public var holds: Bool { residual <= tolerance }

  /// The same law with a name that begins with its object.
  public func of(_ object: String) -> Law {
    Law("\(object): \(name)", residual: residual, tolerance: tolerance, reason: reason)
  }
}

extension Law: CustomStringConvertible {
  /// One line: whether it holds, the name, the residual and the tolerance with its reason.
  public var description: String {
    "\(holds ? "holds" : "BROKEN") \(name): residual \(residual), tolerance \(tolerance) (\(reason))"
  }
}

extension Sequence<Law> {
  /// Whether every law holds.
  public var hold: Bool { allSatisfy { $0.holds } }
  /// The same laws with names that begin with their object.
  public func of(_ object: String) -> [Law] { map { $0.of(object) } }
}

extension Lanes {
  /// The largest number of all lanes; not a number where one of them is none, which `max` drops.
  var largest: Double {
    var result = self[0]
    for lane in 1..<laneCount {
      if result.isNaN || self[lane].isNaN { return .nan }
      result = Swift.max(result, self[lane])
    }
    return result
  }
}

/// The larger of two residuals; not a number where one of them is none.
func worse(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : Swift.max(a, b) }

/// How far two elements are apart: zero where they are equal, linear in a small difference.
func distance<G: GaugeGroup>(_ a: G, _ b: G) -> Lanes {
  let difference = a * b.adjoint
  let rest = difference.algebraProjection
  // Elements of the centre have no projection; their traces tell them apart.
  var result = max(abs(Double(G.colors) - difference.realTrace), abs(difference.imaginaryTrace))
  for coordinate in 0..<G.Algebra.dimension { result = max(result, abs(rest[coordinate])) }
  return result
}

/// The largest distance over the links of two fields.
func distance<G: GaugeGroup>(_ a: LinkField<G>, _ b: LinkField<G>) -> Double {
  var result = 0.0
  for (x, y) in zip(a.links, b.links) { result = worse(result, distance(x, y).largest) }
  return result
}

/// Random group elements, one for each site.
func randomGaugeTransformation<G: GaugeGroup>(
  of group: G.Type, on lattice: Lattice, seed: UInt64
) -> [G] {
  var generator = LaneGenerator(
    seed: seed, purpose: .gaugeTransformation, firstConfiguration: 0, step: 0)
  return (0..<lattice.volume).map { _ in G.haar(using: &generator) }
}

/// A hot start from the seed of a check.
func randomField<G: GaugeGroup>(of group: G.Type, on lattice: Lattice, seed: UInt64, step: Int = 0)
  -> LinkField<G>
{
  var generator = LaneGenerator(
    seed: seed, purpose: .verification, firstConfiguration: 0, step: step)
  return LinkField(hotStart: lattice, using: &generator)
}
