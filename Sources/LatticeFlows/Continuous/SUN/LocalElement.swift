/// One element of a ``LocalBasis``: a function of single plaquettes, or of pairs that share a link.
enum LocalElement: Sendable, Hashable {
  /// A function of the plaquette on its own four links.
  case plaquette(WalkElement.Seed)
  /// A function of two plaquettes that share a link, on the links that they do not share.
  case pair(Pair, isBent: Bool)

  /// What is made of the plaquettes `P` and `P'` that both begin with the shared link.
  enum Pair: Int, Sendable, Hashable, CaseIterable {
    /// The loop `P P'†` of six links.
    case loop
    /// The loop `P P'`, which passes the shared link twice.
    case twisted
    /// `Re tr P'` times `P`.
    case trace
    /// `Im tr P'` times `iP`.
    case imaginaryTrace
  }

  /// The name in run files and model files.
  var name: String {
    switch self {
    case .plaquette(let seed): seed.rawValue.lowercased()
    case .pair(.loop, let isBent): isBent ? "chair" : "rectangle"
    case .pair(.twisted, let isBent): isBent ? "twistedChair" : "twistedRectangle"
    case .pair(.trace, let isBent): isBent ? "bentX" : "nextX"
    case .pair(.imaginaryTrace, let isBent): isBent ? "bentY" : "nextY"
    }
  }

  /// All elements, those of plaquettes first.
  static let all: [LocalElement] =
    WalkElement.Seed.allCases.map { .plaquette($0) }
    + Pair.allCases.flatMap { [.pair($0, isBent: false), .pair($0, isBent: true)] }

  /// The element of a name.
  init(parsing name: String) throws(LocalBasisError) {
    guard let known = Self.all.first(where: { $0.name == name }) else { throw .unknown(name) }
    self = known
  }

  /// Refuses what a group or a lattice does not have.
  func validate(colors: Int, extents: [Int]) throws(LocalBasisError) {
    let shortest = extents.min() ?? 0
    switch self {
    case .plaquette(let seed):
      if colors == 2, seed.needsComplexTraces { throw .vanishes(name) }
      if shortest < 2 { throw .lattice(name, shortest: 2, extents: extents) }
    case .pair(let pair, let isBent):
      if colors == 2, pair == .imaginaryTrace { throw .vanishes(name) }
      if colors == 2, pair == .twisted { throw .dependent(name) }
      if isBent, extents.count < 3 { throw .flat(name, extents: extents) }
      if shortest < 3 { throw .lattice(name, shortest: 3, extents: extents) }
    }
  }
}

/// Why a basis of local fields cannot be made.
public enum LocalBasisError: VelocityBasisFailure, Equatable {
  /// The name is not one of an element.
  case unknown(String)
  /// The element is zero for SU(2).
  case vanishes(String)
  /// The element is a sum of others for SU(2).
  case dependent(String)
  /// The element needs three dimensions.
  case flat(String, extents: [Int])
  /// The lattice is too short.
  case lattice(String, shortest: Int, extents: [Int])
  /// A name is given twice.
  case repeated(String)
  /// No element at all.
  case empty
  /// A chain has no plaquettes.
  case dimension([Int])

  /// One line: what was expected, and what was given.
  public var description: String {
    func text(_ extents: [Int]) -> String { extents.map(String.init).joined(separator: "x") }
    return switch self {
    case .unknown(let name):
      "element '\(name)': expected one of \(LocalElement.all.map(\.name).joined(separator: ", "))"
    case .vanishes(let name):
      "element '\(name)': traces of SU(2) are real, so y and b are 0; expected elements without "
        + "them"
    case .dependent(let name):
      "element '\(name)': a sum of others for SU(2); expected loops of six links and traces"
    case .flat(let name, let extents):
      "element '\(name)': expected three or four dimensions, given \(text(extents))"
    case .lattice(let name, let shortest, let extents):
      "element '\(name)': expected extents of \(shortest) or more, given \(text(extents))"
    case .repeated(let name):
      "element '\(name)': expected different elements, given it twice"
    case .empty: "elements: expected one or more"
    case .dimension(let extents):
      "local fields: expected two to four dimensions, given \(text(extents))"
    }
  }
}
