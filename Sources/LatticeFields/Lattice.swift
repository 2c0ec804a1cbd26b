/// A periodic hypercubic lattice of 1 to 4 dimensions, with its neighbour tables.
///
///     x = (x_0, ..., x_{D-1}),   site(x) = (..(x_0 L_1 + x_1) L_2 + ..) L_{D-1} + x_{D-1}
///
/// Sites are numbered lexicographically with the last coordinate fastest (C order), and links as
/// `mu V + site`, so that a field in memory has the axis order of an ensemble file,
/// `[mu, x_0, .., x_{D-1}]`. Any extents are allowed, odd ones and unequal ones too; an extent of 1
/// makes a site its own neighbour.
///
/// Complexity: construction is O(D V) in time and memory; copies share the tables.
public struct Lattice: Sendable {
  /// The extents `L_0 .. L_{D-1}`.
  public let extents: [Int]
  /// The number of sites, `V`.
  public let volume: Int
  /// `forwardNeighbours[mu V + x]` is the site `x + mu`.
  public let forwardNeighbours: [Int]
  /// `backwardNeighbours[mu V + x]` is the site `x - mu`.
  public let backwardNeighbours: [Int]

  /// The number of dimensions, `D`.
  @inlinable public var dimension: Int { extents.count }
  /// The number of links, `D V`.
  @inlinable public var linkCount: Int { extents.count * volume }
  /// The number of plaquettes, `V D (D - 1) / 2`.
  @inlinable public var plaquetteCount: Int { volume * dimension * (dimension - 1) / 2 }

  /// The largest number of sites: what tables of neighbours leave room for.
  public static var largestVolume: Int { 1 << 26 }

  /// Makes a lattice.
  ///
  /// - Parameter extents: one positive number for each of 1 to 4 dimensions.
  /// - Throws: `LatticeError.extents` where there are none, too many, one is not positive, or the
  ///   volume is beyond `largestVolume`.
  public init(_ extents: [Int]) throws(LatticeError) {
    guard (1...4).contains(extents.count), extents.allSatisfy({ $0 > 0 }) else {
      throw .extents(extents)
    }
    var volume = 1
    for extent in extents {
      let (product, overflow) = volume.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Self.largestVolume else { throw .extents(extents) }
      volume = product
    }
    var forward: [Int] = [], backward: [Int] = []
    forward.reserveCapacity(extents.count * volume)
    backward.reserveCapacity(extents.count * volume)
    for mu in extents.indices {
      let stride = extents[(mu + 1)...].reduce(1, *)
      let extent = extents[mu]
      for site in 0..<volume {
        let x = site / stride % extent
        forward.append(site + ((x + 1) % extent - x) * stride)
        backward.append(site + ((x + extent - 1) % extent - x) * stride)
      }
    }
    self.extents = extents
    self.volume = volume
    self.forwardNeighbours = forward
    self.backwardNeighbours = backward
  }

  /// The site at the coordinates, taken modulo the extents.
  public func site(at coordinates: [Int]) -> Int {
    precondition(
      coordinates.count == dimension,
      "coordinates of \(coordinates.count) dimensions on a lattice of \(dimension)")
    var site = 0
    for (x, extent) in zip(coordinates, extents) {
      site = site * extent + ((x % extent) + extent) % extent
    }
    return site
  }

  /// The coordinates of a site.
  public func coordinates(of site: Int) -> [Int] {
    var rest = site
    var coordinates = extents
    for mu in extents.indices.reversed() {
      coordinates[mu] = rest % extents[mu]
      rest /= extents[mu]
    }
    return coordinates
  }

  /// The site `x + mu`.
  @inlinable public func forward(_ site: Int, _ mu: Int) -> Int {
    forwardNeighbours[mu &* volume &+ site]
  }

  /// The site `x - mu`.
  @inlinable public func backward(_ site: Int, _ mu: Int) -> Int {
    backwardNeighbours[mu &* volume &+ site]
  }

  /// The parity `(x_0 + .. + x_{D-1}) mod 2` of a site.
  public func parity(of site: Int) -> Int { coordinates(of: site).reduce(0, +) & 1 }

  /// The index of the link from `site` in direction `mu`.
  @inlinable public func link(_ site: Int, _ mu: Int) -> Int { mu &* volume &+ site }
}

extension Lattice: Hashable {
  /// Two lattices are equal where their extents are.
  public static func == (a: Lattice, b: Lattice) -> Bool { a.extents == b.extents }
  /// Hashes the extents.
  public func hash(into hasher: inout Hasher) { hasher.combine(extents) }
}

extension Lattice: CustomStringConvertible {
  /// The extents as a user types them, `16x16`.
  public var description: String { extents.map(String.init).joined(separator: "x") }

  /// Reads extents as a user types them, `8x8` or `4x4x4x8`.
  ///
  /// - Throws: `LatticeError.text` where the text is not positive integers joined by `x`.
  public init(parsing text: String) throws(LatticeError) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard !parts.contains(nil) else { throw .text(text) }
    try self.init(parts.compactMap { $0 })
  }
}

/// Why a lattice, or a pattern on it, cannot be made.
public enum LatticeError: Error, CustomStringConvertible, Equatable {
  /// The extents are not 1 to 4 positive numbers.
  case extents([Int])
  /// The text is not extents joined by `x`.
  case text(String)
  /// A pattern needs an extent to be a multiple of its period.
  case period(pattern: String, direction: Int, period: Int, extents: [Int])
  /// A pattern or quantity is defined in another number of dimensions.
  case dimension(pattern: String, expected: Int, extents: [Int])
  /// A lattice cannot be divided into eight blocks, the given ones or any, of some size or more.
  case blocks([Int]?, smallest: Int, extents: [Int])

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .extents(let extents):
      "lattice: expected 1 to 4 positive extents"
        + (Self.isTooLarge(extents) ? " and at most \(Lattice.largestVolume) sites" : "")
        + ", given \(Self.text(extents))"
    case .text(let text):
      "lattice: expected extents like 8x8 or 4x4x4x8, given '\(text)'"
    case .period(let pattern, let direction, let period, let extents):
      "\(pattern): expected extent \(direction) to be a multiple of \(period), "
        + "given lattice \(Self.text(extents))"
    case .dimension(let pattern, let expected, let extents):
      "\(pattern): expected \(expected) dimensions, given lattice \(Self.text(extents))"
    case .blocks(let blocks?, let smallest, let extents):
      "sub-lattices: expected eight blocks that divide the lattice, \(smallest) sites wide or more "
        + "where it is divided, given \(Self.text(blocks)) blocks of lattice \(Self.text(extents))"
    case .blocks(nil, let smallest, let extents):
      "sub-lattices: expected extents that divide into eight blocks, 2x2x2, 4x2 or 8, of \(smallest) sites or "
        + "more, such as an even extent of \(2 * smallest) or more in three directions, "
        + "given lattice \(Self.text(extents))"
    }
  }

  private static func isTooLarge(_ extents: [Int]) -> Bool {
    (1...4).contains(extents.count) && extents.allSatisfy { $0 > 0 }
  }

  private static func text(_ extents: [Int]) -> String {
    extents.isEmpty ? "none" : extents.map(String.init).joined(separator: "x")
  }
}
