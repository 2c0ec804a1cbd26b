import LaneMath

/// A real scalar field: `φ(x)` of 8 configurations on a lattice.
///
/// Shape: `values[site]`, in the order of the sites of `Lattice`; an ensemble file has the axes
/// `[x_0, .., x_{D-1}]`. A value type: copies are made lazily.
public struct ScalarField: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// The values, `values[site]`.
  public var values: [Lanes]

  /// The field that has one value everywhere.
  public init(constant value: Double, on lattice: Lattice) {
    self.lattice = lattice
    values = Array(repeating: Lanes(repeating: value), count: lattice.volume)
  }

  /// The value at a site.
  @inlinable public subscript(site: Int) -> Lanes {
    @inline(__always) get { values[site] }
    @inline(__always) set { values[site] = newValue }
  }

  /// The magnetisation, `M = 1/V Σ_x φ(x)`.
  public var magnetization: Lanes {
    var sum = Lanes.zero
    values.withUnsafeBufferPointer { values in
      for value in values { sum += value }
    }
    return sum / Double(lattice.volume)
  }

  /// The field seen from a shifted origin, `φ'(x) = φ(x + direction)`.
  public func translated(by direction: Int) -> ScalarField {
    var result = self
    for x in 0..<lattice.volume { result[x] = self[lattice.forward(x, direction)] }
    return result
  }

  /// The field in a mirror, `φ'(.., x_mu, ..) = φ(.., -x_mu, ..)`.
  public func reflected(along direction: Int) -> ScalarField {
    var result = self
    for x in 0..<lattice.volume {
      var coordinates = lattice.coordinates(of: x)
      coordinates[direction] = -coordinates[direction]
      result[x] = self[lattice.site(at: coordinates)]
    }
    return result
  }

  /// The values in memory of their own, as Fourier transforms and two-point functions take them.
  /// Allocates.
  public var density: Buffer<Lanes> {
    let copy = Buffer<Lanes>(count: values.count, repeating: .zero)
    values.withUnsafeBufferPointer { values in
      copy.pointer.update(from: values.baseAddress!, count: values.count)
    }
    return copy
  }
}

extension ScalarField: LatticeField {
  /// Real numbers at the sites.
  public typealias Momenta = ScalarMomenta

  /// `scalar`.
  public static var name: String { "scalar" }

  /// The ordered start: `φ(x) = 1` everywhere.
  public init(coldStart lattice: Lattice) { self.init(constant: 1, on: lattice) }

  /// The start without order: independent numbers, uniform in (-1, 1).
  ///
  /// Bounded, because in the tail of a normal distribution a quartic force is so large that
  /// molecular dynamics at a sensible step size would reject for thousands of trajectories.
  public init(hotStart lattice: Lattice, using generator: inout LaneGenerator) {
    self.init(constant: 0, on: lattice)
    for x in values.indices { values[x] = 2 * generator.uniform() - 1 }
  }

  /// `φ <- φ + time p`.
  public mutating func advance(by time: Double, along X: ScalarMomenta) {
    precondition(X.lattice == lattice, "velocities on \(X.lattice) for a field on \(lattice)")
    let time = Lanes(repeating: time)
    values.withUnsafeMutableBufferPointer { values in
      X.values.withUnsafeBufferPointer { X in
        for x in values.indices { values[x] = multiplyAdd(time, X[x], values[x]) }
      }
    }
  }

  /// Nothing: every real number is a value.
  @inlinable public mutating func removeRounding() {}

  /// The number of sites.
  public static func elementCount(on lattice: Lattice) -> Int { lattice.volume }

  /// The number of sites.
  public static func scalarsPerConfiguration(on lattice: Lattice) -> Int { lattice.volume }

  /// Copies one configuration into file order, `[x_0, .., x_{D-1}]`.
  public func store(lane: Int, into file: UnsafeMutableBufferPointer<Double>) {
    precondition(
      file.count == values.count,
      "room for \(file.count) numbers, a configuration has \(values.count)")
    for x in values.indices { file[x] = values[x][lane] }
  }

  /// Copies one configuration from file order; the inverse of `store(lane:into:)`.
  public mutating func load(lane: Int, from file: UnsafeBufferPointer<Double>) {
    precondition(
      file.count == values.count,
      "\(file.count) numbers given, a configuration has \(values.count)")
    for x in values.indices { values[x][lane] = file[x] }
  }

  /// Calls `body` with the values.
  @inlinable
  public func withLanes<Result>(_ body: (UnsafeBufferPointer<Lanes>) -> Result) -> Result {
    values.withUnsafeBufferPointer(body)
  }

  /// Calls `body` with the values, to be changed in place.
  @inlinable
  public mutating func withMutableLanes<Result>(
    _ body: (UnsafeMutableBufferPointer<Lanes>) -> Result
  ) -> Result {
    values.withUnsafeMutableBufferPointer { body($0) }
  }
}

/// A real number at every site: momenta, forces and gradients of a scalar field.
public struct ScalarMomenta: MomentumField {
  /// The lattice.
  public let lattice: Lattice
  /// The numbers, `values[site]`.
  public var values: [Lanes]

  /// Zero everywhere.
  public init(zero lattice: Lattice) {
    self.lattice = lattice
    values = Array(repeating: .zero, count: lattice.volume)
  }

  /// The number at a site.
  @inlinable public subscript(site: Int) -> Lanes {
    @inline(__always) get { values[site] }
    @inline(__always) set { values[site] = newValue }
  }

  /// Sets every number to zero.
  public mutating func reset() {
    for x in values.indices { values[x] = .zero }
  }

  /// Draws every number from the standard normal distribution.
  public mutating func sampleGaussian(using generator: inout LaneGenerator) {
    _ = refresh(using: &generator)
  }

  /// Draws every number from the standard normal distribution and returns the kinetic energy.
  public mutating func refresh(using generator: inout LaneGenerator) -> Lanes {
    var sum = Lanes.zero
    values.withUnsafeMutableBufferPointer { values in
      for x in values.indices {
        let p = generator.normal()
        values[x] = p
        sum = multiplyAdd(p, p, sum)
      }
    }
    return 0.5 * sum
  }

  /// `Σ p²/2`.
  public var kineticEnergy: Lanes { 0.5 * dot(self) }

  /// `Σ_x X(x) Y(x)`.
  public func dot(_ other: ScalarMomenta) -> Lanes {
    precondition(other.lattice == lattice, "momenta on \(other.lattice) and on \(lattice)")
    var sum = Lanes.zero
    values.withUnsafeBufferPointer { X in
      other.values.withUnsafeBufferPointer { Y in
        for x in X.indices { sum = multiplyAdd(X[x], Y[x], sum) }
      }
    }
    return sum
  }
}
