import LaneMath

/// A kind of field: 8 configurations of numbers on a lattice, with the momenta that move it.
///
/// What actions, priors and Markov chains need to know of a field. Gauge fields (``LinkField``) and
/// scalar fields conform; a new kind of field is one file, and every chain and every combination of
/// actions works for it.
///
/// Conventions: the memory of a field is `Lanes` and nothing else, each lane a configuration of its
/// own, or where ``configurationsPerPacket`` is 1, a part of the one configuration; momenta are
/// conjugate with kinetic energy `Σ p²/2`.
public protocol LatticeField: Sendable {
  /// The momenta, forces and gradients of the field.
  associatedtype Momenta: MomentumField

  /// The name of the kind of field, such as `links of U1`.
  static var name: String { get }
  /// The number of configurations that the field holds: 8, or 1 where all lanes are parts of it. Then
  /// numbers for each configuration, such as actions, are the same in all lanes.
  static var configurationsPerPacket: Int { get }
  /// The lattice.
  var lattice: Lattice { get }
  /// Momenta that are zero, in the memory layout of this field.
  func zeroMomenta() -> Momenta
  /// A field without order, in the memory layout of this one.
  func hotStart(using generator: inout LaneGenerator) -> Self
  /// The field of lowest action of an ordered phase.
  init(coldStart lattice: Lattice)
  /// A field without order, drawn from a fixed distribution.
  init(hotStart lattice: Lattice, using generator: inout LaneGenerator)

  /// Moves the field along its momenta for a time, the drift of molecular dynamics.
  mutating func advance(by time: Double, along X: Momenta)
  /// Brings the field back to its manifold, removing accumulated rounding.
  mutating func removeRounding()

  /// The number of links or sites that hold an element of the field, the unit of update rates.
  static func elementCount(on lattice: Lattice) -> Int
  /// The number of doubles that one configuration takes in an ensemble file.
  static func scalarsPerConfiguration(on lattice: Lattice) -> Int
  /// Copies one configuration into file order.
  func store(lane: Int, into values: UnsafeMutableBufferPointer<Double>)
  /// Copies one configuration from file order; the inverse of `store(lane:into:)`.
  mutating func load(lane: Int, from values: UnsafeBufferPointer<Double>)

  /// Calls `body` with the memory of the field.
  func withLanes<Result>(_ body: (UnsafeBufferPointer<Lanes>) -> Result) -> Result
  /// Calls `body` with the memory of the field, to be changed in place.
  mutating func withMutableLanes<Result>(
    _ body: (UnsafeMutableBufferPointer<Lanes>) -> Result
  ) -> Result
}

/// The tangent vectors of a field in coordinates: momenta, forces, gradients.
public protocol MomentumField: Sendable {
  /// The lattice.
  var lattice: Lattice { get }
  /// The field that is zero everywhere.
  init(zero lattice: Lattice)
  /// Sets every coordinate to zero.
  mutating func reset()
  /// Draws every coordinate from the standard normal distribution.
  mutating func sampleGaussian(using generator: inout LaneGenerator)
  /// Draws every coordinate from the standard normal distribution and returns the kinetic energy.
  mutating func refresh(using generator: inout LaneGenerator) -> Lanes
  /// `Σ p²/2` in every configuration.
  var kineticEnergy: Lanes { get }
  /// `Σ X Y` over all coordinates, in every configuration.
  func dot(_ other: Self) -> Lanes
}

extension LatticeField {
  /// 8.
  @inlinable public static var configurationsPerPacket: Int { laneCount }

  /// Momenta on the lattice of the field.
  @inlinable public func zeroMomenta() -> Momenta { Momenta(zero: lattice) }

  /// A field without order on the lattice of this one.
  @inlinable
  public func hotStart(using generator: inout LaneGenerator) -> Self {
    Self(hotStart: lattice, using: &generator)
  }

  /// Copies the fields of another into the memory of this one.
  ///
  /// - Precondition: both are on the same lattice.
  @inlinable
  public mutating func copy(from other: Self) {
    precondition(other.lattice == lattice, "field on \(other.lattice) for one on \(lattice)")
    withMutableLanes { to in
      other.withLanes { from in
        to.baseAddress!.update(from: from.baseAddress!, count: from.count)
      }
    }
  }

  /// Takes the fields of another in the lanes of the mask.
  ///
  /// - Precondition: both are on the same lattice.
  @inlinable
  public mutating func replace(where mask: LaneMask, by other: Self) {
    precondition(other.lattice == lattice, "field on \(other.lattice) for one on \(lattice)")
    withMutableLanes { to in
      other.withLanes { from in
        for index in to.indices { to[index] = select(mask, from[index], to[index]) }
      }
    }
  }
}

extension LinkField: LatticeField {
  /// Algebra elements on the links.
  public typealias Momenta = AlgebraField<Group>

  /// `links of`, and the name of the group.
  public static var name: String { "links of \(Group.name)" }

  /// Moves every link along its algebra element, `U <- exp(time X) U`.
  @inlinable
  public mutating func advance(by time: Double, along X: AlgebraField<Group>) {
    precondition(X.lattice == lattice, "velocities on \(X.lattice) for a field on \(lattice)")
    let time = Lanes(repeating: time), count = links.count
    links.withUnsafeMutableBufferPointer { U in
      X.elements.withUnsafeBufferPointer { X in
        guard let U = U.baseAddress, let X = X.baseAddress else { return }
        for link in 0..<count { Group.advance(U + link, by: time, along: X + link) }
      }
    }
  }

  /// Brings every link back to the group.
  @inlinable public mutating func removeRounding() { reunitarize() }

  /// The number of links.
  @inlinable public static func elementCount(on lattice: Lattice) -> Int { lattice.linkCount }

  /// The links times the numbers of a link.
  @inlinable
  public static func scalarsPerConfiguration(on lattice: Lattice) -> Int {
    lattice.linkCount * Group.scalarsPerLink
  }

  /// Calls `body` with the memory of the links.
  @inlinable
  public func withLanes<Result>(_ body: (UnsafeBufferPointer<Lanes>) -> Result) -> Result {
    // A link is made of `Lanes` and nothing else.
    let count = links.count * (MemoryLayout<Group>.stride / MemoryLayout<Lanes>.stride)
    return links.withUnsafeBytes { bytes in
      body(
        UnsafeBufferPointer(
          start: bytes.baseAddress!.assumingMemoryBound(to: Lanes.self), count: count))
    }
  }

  /// Calls `body` with the memory of the links, to be changed in place.
  @inlinable
  public mutating func withMutableLanes<Result>(
    _ body: (UnsafeMutableBufferPointer<Lanes>) -> Result
  ) -> Result {
    let count = links.count * (MemoryLayout<Group>.stride / MemoryLayout<Lanes>.stride)
    return links.withUnsafeMutableBytes { bytes in
      body(
        UnsafeMutableBufferPointer(
          start: bytes.baseAddress!.assumingMemoryBound(to: Lanes.self), count: count))
    }
  }
}

extension AlgebraField: MomentumField {
  /// Draws every coordinate from the standard normal distribution and returns the kinetic energy.
  @inlinable
  public mutating func refresh(using generator: inout LaneGenerator) -> Lanes {
    var sum = Lanes.zero
    elements.withUnsafeMutableBufferPointer { elements in
      for link in elements.indices {
        let X = Group.Algebra.gaussian(using: &generator)
        elements[link] = X
        sum += X.dot(X)
      }
    }
    return 0.5 * sum
  }

  /// `Σ p²/2`.
  @inlinable
  public var kineticEnergy: Lanes {
    var sum = Lanes.zero
    elements.withUnsafeBufferPointer { elements in
      for X in elements { sum += X.dot(X) }
    }
    return 0.5 * sum
  }
}
