import LaneMath

/// An element of the algebra on every link of a ``SublatticeLinkField``: momenta, forces, gradients.
///
/// Sums over coordinates are those of the one configuration, the same in all lanes. The elements of
/// the border are zero except while a gradient is being added up.
///
/// Shape: `elements[mu volume + site]`, as the links.
public struct SublatticeAlgebraField<Group: GaugeGroup>: Sendable {
  /// The layout.
  public let layout: SublatticeLayout
  @usableFromInline var elements: [Group.Algebra]

  /// The field that is zero on every link.
  public init(zero layout: SublatticeLayout) {
    self.layout = layout
    elements = Array(repeating: .zero, count: layout.linkCount)
  }

  /// One configuration of a field.
  ///
  /// - Precondition: the layout is one of the field's lattice.
  public init(_ X: AlgebraField<Group>, lane: Int = 0, layout: SublatticeLayout) {
    precondition(
      X.lattice == layout.lattice, "layout of \(layout.lattice) for a field on \(X.lattice)")
    self.init(zero: layout)
    let sites = layout.block.volume
    for mu in 0..<layout.block.dimension {
      for y in 0..<sites {
        for block in 0..<laneCount {
          let from = X[Int(layout.wholeSites[block * sites + y]), mu]
          for a in 0..<Group.Algebra.dimension {
            elements[mu * layout.volume + y][a][block] = from[a][lane]
          }
        }
      }
    }
  }

  /// Copies the configuration to a lane of a field.
  ///
  /// - Precondition: the field is on the same lattice.
  public func copy(to X: inout AlgebraField<Group>, lane: Int = 0) {
    precondition(X.lattice == lattice, "elements on \(lattice) for a field on \(X.lattice)")
    let sites = layout.block.volume
    for mu in 0..<layout.block.dimension {
      for y in 0..<sites {
        let from = elements[mu * layout.volume + y]
        for block in 0..<laneCount {
          let site = Int(layout.wholeSites[block * sites + y])
          for a in 0..<Group.Algebra.dimension { X[site, mu][a][lane] = from[a][block] }
        }
      }
    }
  }

  /// Calls `body` with the elements in memory, those of the border included, for adding to both; what
  /// was added in the border then goes to the links that it stands for.
  @inlinable
  public mutating func accumulate(_ body: (UnsafeMutablePointer<Group.Algebra>) -> Void) {
    let count = MemoryLayout<Group.Algebra>.stride / MemoryLayout<Lanes>.stride
    elements.withUnsafeMutableBufferPointer { elements in
      guard let elements = elements.baseAddress else { return }
      body(elements)
      layout.gatherContributions(
        UnsafeMutableRawPointer(elements).assumingMemoryBound(to: Lanes.self),
        lanesPerLink: count)
    }
  }
}

extension SublatticeAlgebraField: MomentumField {
  /// The whole lattice.
  @inlinable public var lattice: Lattice { layout.lattice }

  /// Zero in the layout with the smallest border.
  ///
  /// - Precondition: the lattice can be divided, see ``SublatticeLayout/init(_:reach:)``.
  public init(zero lattice: Lattice) { self.init(zero: SublatticeLayout(dividing: lattice)) }

  /// Sets every element to zero.
  @inlinable public mutating func reset() {
    for link in elements.indices { elements[link] = .zero }
  }

  /// Draws every coordinate from the standard normal distribution, each block from the stream of its
  /// lane.
  @inlinable
  public mutating func sampleGaussian(using generator: inout LaneGenerator) {
    _ = refresh(using: &generator)
  }

  /// Draws every coordinate from the standard normal distribution and returns the kinetic energy.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public mutating func refresh(using generator: inout LaneGenerator) -> Lanes {
    var sum = Lanes.zero
    elements.withUnsafeMutableBufferPointer { elements in
      for mu in 0..<layout.block.dimension {
        let first = mu &* layout.volume
        for link in first..<(first &+ layout.block.volume) {
          let X = Group.Algebra.gaussian(using: &generator)
          elements[link] = X
          sum += X.dot(X)
        }
      }
    }
    return Lanes(repeating: 0.5 * sum.laneSum)
  }

  /// `Σ p²/2` of the configuration, in all lanes.
  @inlinable public var kineticEnergy: Lanes { 0.5 * dot(self) }

  /// `Σ_links Σ_a X_a Y_a` of the configuration, in all lanes.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public func dot(_ other: SublatticeAlgebraField) -> Lanes {
    precondition(other.layout == layout, "elements on \(other.layout) for some on \(layout)")
    var sum = Lanes.zero
    elements.withUnsafeBufferPointer { X in
      other.elements.withUnsafeBufferPointer { Y in
        for mu in 0..<layout.block.dimension {
          let first = mu &* layout.volume
          for link in first..<(first &+ layout.block.volume) { sum += X[link].dot(Y[link]) }
        }
      }
    }
    return Lanes(repeating: sum.laneSum)
  }
}
