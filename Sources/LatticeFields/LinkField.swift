import LaneMath

/// A gauge field: the links `U_mu(x)` of 8 configurations on a lattice.
///
/// Shape: `links[mu V + site]`, the link from `site` to `site + mu`; `U[x, mu]` reads one.
/// A value type: copies are made lazily; kernels work in place through `withLinks`.
public struct LinkField<Group: GaugeGroup>: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// The links, `links[mu V + site]`.
  public var links: [Group]

  /// The cold start: every link is the unit element.
  public init(coldStart lattice: Lattice) {
    self.lattice = lattice
    links = Array(repeating: Group.identity, count: lattice.linkCount)
  }

  /// The hot start: every link is drawn from the Haar measure.
  @inlinable
  public init(hotStart lattice: Lattice, using generator: inout LaneGenerator) {
    self.init(coldStart: lattice)
    sampleHaar(using: &generator)
  }

  /// The link from `site` in direction `mu`.
  @inlinable public subscript(site: Int, mu: Int) -> Group {
    @inline(__always) get { links[mu &* lattice.volume &+ site] }
    @inline(__always) set { links[mu &* lattice.volume &+ site] = newValue }
  }

  /// Draws every link from the Haar measure.
  @inlinable public mutating func sampleHaar(using generator: inout LaneGenerator) {
    for link in links.indices { links[link] = Group.haar(using: &generator) }
  }

  /// Brings every link back to the group, removing accumulated rounding.
  @inlinable public mutating func reunitarize() {
    links.withUnsafeMutableBufferPointer { U in for link in U.indices { U[link].reunitarize() } }
  }

  /// The largest `|U† U - 1|` over links and entries.
  @inlinable public var unitarityDefect: Lanes {
    links.reduce(Lanes.zero) { max($0, $1.unitarityDefect) }
  }

  /// The plaquette `U_mu(x) U_nu(x+mu) U_mu(x+nu)† U_nu(x)†`.
  @inlinable @inline(__always)
  public func plaquette(at x: Int, mu: Int, nu: Int) -> Group {
    self[x, mu] * self[lattice.forward(x, mu), nu]
      * self[lattice.forward(x, nu), mu].adjoint * self[x, nu].adjoint
  }

  /// The staple sum `A_mu(x)`, so that `Re tr[U_mu(x) A_mu(x)]` is the sum of `Re tr P` over the
  /// `2 (D - 1)` plaquettes that contain the link.
  ///
  ///     A = Σ_{nu≠mu} U_nu(x+mu) U_mu(x+nu)† U_nu(x)†
  ///       + U_nu(x+mu-nu)† U_mu(x-nu)† U_nu(x-nu)
  @inlinable
  public func staple(at x: Int, mu: Int) -> Group.Matrix {
    var sum = Group.zeroMatrix
    let volume = lattice.volume, ahead = lattice.forward(x, mu)
    links.withUnsafeBufferPointer { links in
      guard let U = links.baseAddress else { return }
      for nu in 0..<lattice.dimension where nu != mu {
        let below = lattice.backward(x, nu)
        let mine = U + mu &* volume, other = U + nu &* volume
        Group.addStapleAbove(
          other + ahead, mine + lattice.forward(x, nu), other + x, to: &sum)
        Group.addStapleBelow(
          other + lattice.forward(below, mu), mine + below, other + below, to: &sum)
      }
    }
    return sum
  }

  /// The average of `Re tr P / N` over all plaquettes of a configuration; 1 on a cold start.
  @inlinable public var averagePlaquette: Lanes {
    plaquetteSum / Double(Swift.max(1, lattice.plaquetteCount))
  }

  /// The sum of `Re tr P / N` over all plaquettes of a configuration.
  @inlinable public var plaquetteSum: Lanes {
    lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      links.withUnsafeBufferPointer { U in
        Group.plaquetteTraceSum(
          U.baseAddress!, forward.baseAddress!, volume: lattice.volume, sites: lattice.volume,
          dimension: lattice.dimension) / Double(Group.colors)
      }
    }
  }

  /// Applies a gauge transformation, `U_mu(x) -> g(x) U_mu(x) g(x+mu)†`.
  ///
  /// - Parameter g: one group element for each site.
  @inlinable public mutating func transform(by g: [Group]) {
    precondition(
      g.count == lattice.volume,
      "gauge transformation of \(g.count) sites on a lattice of \(lattice.volume)")
    for mu in 0..<lattice.dimension {
      for x in 0..<lattice.volume {
        self[x, mu] = g[x] * self[x, mu] * g[lattice.forward(x, mu)].adjoint
      }
    }
  }

  /// The field seen from a shifted origin, `U'_mu(x) = U_mu(x + direction)`.
  public func translated(by direction: Int) -> LinkField {
    var result = self
    for mu in 0..<lattice.dimension {
      for x in 0..<lattice.volume { result[x, mu] = self[lattice.forward(x, direction), mu] }
    }
    return result
  }

  /// Copies one configuration into file order, `[mu, x_0, .., x_{D-1}]`, each link as
  /// `Group.scalarsPerLink` doubles.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @specialized(where Group == SU5)
  @specialized(where Group == SU6)
  @inlinable
  public func store(lane: Int, into values: UnsafeMutableBufferPointer<Double>) {
    let size = Group.scalarsPerLink
    precondition(
      values.count == links.count * size,
      "room for \(values.count) numbers, a configuration has \(links.count * size)")
    for link in links.indices {
      links[link].store(lane: lane, to: values.baseAddress! + link * size)
    }
  }

  /// Copies one configuration from file order; the inverse of `store(lane:into:)`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @specialized(where Group == SU4)
  @specialized(where Group == SU5)
  @specialized(where Group == SU6)
  @inlinable
  public mutating func load(lane: Int, from values: UnsafeBufferPointer<Double>) {
    let size = Group.scalarsPerLink
    precondition(
      values.count == links.count * size,
      "\(values.count) numbers given, a configuration has \(links.count * size)")
    for link in links.indices {
      links[link].load(lane: lane, from: values.baseAddress! + link * size)
    }
  }
}

extension GaugeGroup {
  /// The sum of `Re tr P` over the plaquettes that begin at the first sites in memory, all directions of
  /// a site after each other, so that the links of a neighbourhood are read together.
  @inlinable @inline(__always)
  public static func plaquetteTraceSum(
    _ U: UnsafePointer<Self>, _ forward: UnsafePointer<Int>, volume: Int, sites: Int,
    dimension: Int
  ) -> Lanes {
    var sum = Lanes.zero
    for x in 0..<sites {
      for mu in 0..<dimension {
        for nu in (mu &+ 1)..<Swift.max(mu &+ 1, dimension) {
          sum += plaquetteTrace(
            U, bottom: mu &* volume &+ x, right: nu &* volume &+ forward[mu &* volume &+ x],
            top: mu &* volume &+ forward[nu &* volume &+ x], left: nu &* volume &+ x)
        }
      }
    }
    return sum
  }
}

/// An element of the algebra on every link: momenta, forces, gradients.
public struct AlgebraField<Group: GaugeGroup>: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// The elements, `elements[mu V + site]`.
  public var elements: [Group.Algebra]

  /// The field that is zero on every link.
  public init(zero lattice: Lattice) {
    self.lattice = lattice
    elements = Array(repeating: .zero, count: lattice.linkCount)
  }

  /// The element on the link from `site` in direction `mu`.
  @inlinable public subscript(site: Int, mu: Int) -> Group.Algebra {
    @inline(__always) get { elements[mu &* lattice.volume &+ site] }
    @inline(__always) set { elements[mu &* lattice.volume &+ site] = newValue }
  }

  /// Sets every element to zero.
  @inlinable public mutating func reset() {
    for link in elements.indices { elements[link] = .zero }
  }

  /// Draws every coordinate from the standard normal distribution.
  @inlinable public mutating func sampleGaussian(using generator: inout LaneGenerator) {
    for link in elements.indices { elements[link] = .gaussian(using: &generator) }
  }

  /// `Σ_links Σ_a X_a Y_a`.
  @inlinable public func dot(_ other: AlgebraField) -> Lanes {
    var sum = Lanes.zero
    for link in elements.indices { sum += elements[link].dot(other.elements[link]) }
    return sum
  }
}
