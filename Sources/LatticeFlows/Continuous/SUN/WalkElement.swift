import LatticeFields

/// One element of a ``WalkBasis``: a local field of plaquettes, a field of rectangles, or plaquettes
/// transported along a walk.
struct WalkElement: Sendable, Hashable {
  /// What it is made of.
  enum Content: Sendable, Hashable {
    /// A function of the plaquette on its own four links.
    case local(Seed)
    /// All loops of two plaquettes on their six links.
    case rectangle
    /// A transported plaquette and its mirror image.
    case walk([Letter], Seed)
  }

  /// The algebra element of a plaquette `P` with `x + iy = tr P`, `a = vec P`, `b = vec iP`.
  enum Seed: String, Sendable, Hashable, CaseIterable {
    case a = "A"
    case xa = "xA"
    case yb = "yB"
    case xxa = "xxA"
    case yya = "yyA"
    case xyb = "xyB"

    /// Whether it is zero for SU(2), where traces are real.
    var needsComplexTraces: Bool { self == .yb || self == .yya || self == .xyb }
    /// Whether the vector is `b`.
    var isAlongB: Bool { self == .yb || self == .xyb }
  }

  /// A step of a walk, or what happens to the transported vector `Y` at a plaquette.
  enum Letter: Character, Sendable, Hashable {
    /// Straight on, averaged over both sides of the plaquette.
    case straight = "S"
    /// A turn about the corner on one side.
    case left = "l"
    /// A turn about the corner on the other side.
    case right = "r"
    /// `x Y`.
    case trace = "X"
    /// `a (a·Y)`.
    case square = "Q"
    /// `b (b·Y)`.
    case hermitianSquare = "B"
    /// `vec ½{P, Y}`.
    case anticommutator = "M"
    /// `x a (a·Y)`.
    case traceSquare = "q"

    /// Whether the walk goes on by it.
    var isStep: Bool { self == .straight || self == .left || self == .right }
    /// Whether it turns.
    var isTurn: Bool { self == .left || self == .right }
    /// The letter of the mirror image.
    var mirrored: Letter { self == .left ? .right : self == .right ? .left : self }
  }

  /// The name as given.
  let name: String
  /// The content; of a walk and its mirror image the one that comes first.
  let content: Content

  /// An element that is taken to be valid.
  init(name: String, content: Content) {
    self.name = name
    self.content = content
  }

  /// Reads a name.
  init(parsing name: String) throws(WalkBasisError) {
    self.name = name
    if name == "rectangle" {
      content = .rectangle
      return
    }
    if let seed = Seed.allCases.first(where: { $0.rawValue.lowercased() == name }) {
      content = .local(seed)
      return
    }
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    let letters = parts[0].map { Letter(rawValue: $0) }
    guard parts.count <= 2, !letters.isEmpty, !letters.contains(nil),
      let seed = parts.count == 1 ? Seed.a : Seed(rawValue: String(parts[1]))
    else { throw .unknown(name) }
    content = .walk(letters.compactMap { $0 }, seed)
  }

  /// The walks of which the element is the sum: a word and its mirror image.
  var walks: [(letters: [Letter], seed: Seed)] {
    guard case .walk(let letters, let seed) = content else { return [] }
    let mirror = letters.map(\.mirrored)
    return mirror == letters ? [(letters, seed)] : [(letters, seed), (mirror, seed)]
  }

  /// The same for two names of the same field.
  var identity: Content {
    guard case .walk(let letters, let seed) = content else { return content }
    guard let turn = letters.first(where: \.isTurn), turn == .right else { return content }
    return .walk(letters.map(\.mirrored), seed)
  }

  /// Refuses what a group or a lattice does not have, and words whose divergence is not known.
  func validate(colors: Int, extents: [Int]) throws(WalkBasisError) {
    let shortest = extents.min() ?? 0
    switch content {
    case .local(let seed):
      if colors == 2, seed.needsComplexTraces { throw .vanishes(name) }
      if shortest < 2 { throw .lattice(name, shortest: 2, extents: extents) }
    case .rectangle:
      if shortest < 3 { throw .lattice(name, shortest: 3, extents: extents) }
    case .walk(let letters, let seed):
      let steps = letters.filter(\.isStep)
      guard letters.count - steps.count <= 1 else { throw .modifications(name) }
      guard !steps.isEmpty else { throw .containsLink(name) }
      if colors == 2, seed.needsComplexTraces || letters.contains(.hermitianSquare) {
        throw .vanishes(name)
      }
      for first in steps.indices.dropLast(2)
      where steps[first].isTurn && steps[first...(first + 2)].allSatisfy({ $0 == steps[first] }) {
        throw .threeEqualTurns(name)
      }
      if Self.returns(steps) { throw .containsLink(name) }
      if shortest < steps.count + 2 {
        throw .lattice(name, shortest: steps.count + 2, extents: extents)
      }
    }
  }

  /// Whether a walk on an infinite lattice meets a plaquette of the link where it began.
  static func returns(_ steps: [Letter]) -> Bool {
    // The link is the lower one of the plaquette (0, 0); the walk looks up.
    var x = 0, y = 0
    var direction = (x: 0, y: 1)
    for step in steps {
      switch step {
      case .left: direction = (-direction.y, direction.x)
      case .right: direction = (direction.y, -direction.x)
      default: break
      }
      x += direction.x
      y += direction.y
      if x == 0, y == 0 || y == -1 { return true }
    }
    return false
  }
}

/// Why a basis of transported plaquettes cannot be made.
public enum WalkBasisError: Error, CustomStringConvertible, Equatable {
  /// The name is not one of an element.
  case unknown(String)
  /// The element is zero for SU(2).
  case vanishes(String)
  /// More than one modification.
  case modifications(String)
  /// Three equal turns after each other.
  case threeEqualTurns(String)
  /// The walk, or the plaquette at its end, contains the link.
  case containsLink(String)
  /// The lattice is too short for the walk.
  case lattice(String, shortest: Int, extents: [Int])
  /// Two names of the same field.
  case repeated(String, String)
  /// No element at all.
  case empty
  /// Not two dimensions.
  case dimension([Int])
  /// A group without kernels.
  case group(String)

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .unknown(let name):
      "element '\(name)': expected a, xa, yb, xxa, yya, xyb, rectangle, or a word of the steps S l r "
        + "and at most one of X Q B M q, with a seed after a colon, A xA yB xxA yyA or xyB"
    case .vanishes(let name):
      "element '\(name)': traces of SU(2) are real, so y and b are 0; expected a, xa, xxa and "
        + "letters other than B"
    case .modifications(let name):
      "element '\(name)': expected at most one of the letters X Q B M q"
    case .threeEqualTurns(let name):
      "element '\(name)': three equal turns lead back to the link; expected at most two"
    case .containsLink(let name):
      "element '\(name)': expected a walk of S l r that ends at a plaquette without the link"
    case .lattice(let name, let shortest, let extents):
      "element '\(name)': expected extents of \(shortest) or more, given "
        + extents.map(String.init).joined(separator: "x")
    case .repeated(let name, let other):
      name == other
        ? "element '\(name)': expected different elements, given it twice"
        : "element '\(name)': expected different elements, '\(other)' is the same one"
    case .empty: "elements: expected one or more"
    case .dimension(let extents):
      "transported plaquettes: expected two dimensions, given "
        + extents.map(String.init).joined(separator: "x")
    case .group(let name): "transported plaquettes: expected SU(2) to SU(6), given \(name)"
    }
  }
}
