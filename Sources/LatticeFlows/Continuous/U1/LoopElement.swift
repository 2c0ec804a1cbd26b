/// A class of closed loops that the symmetries of the lattice carry into each other.
enum LoopClass: Int, Sendable, Hashable, CaseIterable {
  /// The four links around a square.
  case plaquette
  /// The six links around two neighbouring plaquettes of one plane.
  case rectangle
  /// The six links around two plaquettes that meet in a link at a right angle.
  case chair
  /// Two neighbouring plaquettes of one plane that pass their common link in the same direction.
  case twistedRectangle
  /// Two plaquettes at a right angle that pass their common link in the same direction.
  case twistedChair

  var name: String {
    switch self {
    case .plaquette: "plaquette"
    case .rectangle: "rectangle"
    case .chair: "chair"
    case .twistedRectangle: "twistedRectangle"
    case .twistedChair: "twistedChair"
    }
  }

  /// Whether the loop leaves the plane.
  var isBent: Bool { self == .chair || self == .twistedChair }

  init?(_ name: Substring) {
    guard let known = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = known
  }
}

/// One velocity of links: the sine of a multiple of the angles of all loops of a class, smeared by a
/// power of the lattice momentum.
///
///     Z = (k̂²)^p A^T sin(n A θ)
///
/// Written as the loop, the sine and the power joined by `*`: `plaquette*sin1`, `chair*sin2*k^-2`.
struct LoopElement: Sendable, Hashable {
  static let largestHarmonic = 8
  /// The powers `2p` of the momentum that names can have.
  static let powers = [-4, -2, 2, 4]
  static let grammar =
    "like plaquette*sin1, rectangle*sin2*k^-2, chair*sin1*k^2, twistedRectangle*sin1, twistedChair*sin1 "
    + "(a loop, sin1 .. sin8, and k^-4, k^-2, "
    + "k^2, k^4 or nothing, joined by *)"

  var loop: LoopClass
  var harmonic: Int
  /// `2p`.
  var power: Int

  init(named name: String) throws(U1BasisError) {
    let unknown = U1BasisError.unknownElement(name, grammar: Self.grammar)
    let parts = name.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let loop = LoopClass(parts[0]),
      parts[1].hasPrefix("sin"),
      let harmonic = wholeNumber(parts[1].dropFirst(3), through: Self.largestHarmonic)
    else { throw unknown }
    power = 0
    if parts.count == 3 {
      guard let power = Self.powers.first(where: { "k^\($0)" == parts[2] }) else { throw unknown }
      self.power = power
    }
    self.loop = loop
    self.harmonic = harmonic
  }

  var name: String {
    "\(loop.name)*sin\(harmonic)" + (power == 0 ? "" : "*k^\(power)")
  }
}
