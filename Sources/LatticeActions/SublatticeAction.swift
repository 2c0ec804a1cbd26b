import LaneMath
import LatticeFields

/// An action that is a sum over the loops that begin at each site: it can be evaluated wherever
/// neighbour tables lead, on a whole lattice or on a block of one.
public protocol LoopAction<Group>: LinkLinearAction {
  /// The terms of the action that begin at the sites of a view. Does not allocate.
  func value(over U: LinkView<Group>) -> Lanes
  /// Adds the derivatives of these terms to the elements of all links in them, those of a border
  /// included. Does not allocate.
  ///
  /// - Parameter gradient: an element for each link in memory.
  func addGradient(
    over U: LinkView<Group>, scaledBy factor: Double,
    to gradient: UnsafeMutablePointer<Group.Algebra>)
}

/// The action of a field whose lanes are the blocks of one configuration.
///
///     S = Σ_lanes (terms that begin in the block of the lane)
///
/// Values are those of the configuration, the same in all lanes. The terms are those of the whole
/// lattice in another order: values and gradients agree with those of a ``LatticeFields/LinkField`` to
/// rounding, not to the bit.
///
/// Complexity: an eighth of `base` on 8 configurations and the borders; allocates nothing.
public struct SublatticeAction<Base: LoopAction>: Action {
  /// Links in sub-lattices.
  public typealias Field = SublatticeLinkField<Base.Group>
  /// The action of a configuration.
  public let base: Base

  /// An action for fields in sub-lattices.
  public init(_ base: Base) { self.base = base }

  /// `S(U)`, in all lanes.
  ///
  /// - Precondition: the layout of the field reaches as far as the loops of the action.
  @specialized(where Base == WilsonAction<U1>)
  @specialized(where Base == WilsonAction<SU2>)
  @specialized(where Base == WilsonAction<SU3>)
  @inlinable
  public func value(of U: SublatticeLinkField<Base.Group>) -> Lanes {
    Lanes(repeating: U.withReadOnlyView(reach: base.reach) { base.value(over: $0) }.laneSum)
  }

  /// Adds `factor ∂_a S`.
  ///
  /// - Precondition: the layout of the field reaches as far as the loops of the action.
  @specialized(where Base == WilsonAction<U1>)
  @specialized(where Base == WilsonAction<SU2>)
  @specialized(where Base == WilsonAction<SU3>)
  @inlinable
  public func accumulateGradient(
    of U: SublatticeLinkField<Base.Group>, scaledBy factor: Double,
    into gradient: inout SublatticeAlgebraField<Base.Group>
  ) {
    precondition(
      gradient.layout == U.layout, "gradient on \(gradient.layout) for a field on \(U.layout)")
    U.withReadOnlyView(reach: base.reach) { U in
      gradient.accumulate { base.addGradient(over: U, scaledBy: factor, to: $0) }
    }
  }
}

extension SublatticeLinkField {
  /// Calls `body` with the memory of the field, to be changed in place.
  ///
  /// - Precondition: the layout reaches as far as the loops that `body` follows.
  @inlinable
  public mutating func withLinkView<Result>(
    reach: LoopReach, _ body: (LinkView<Group>) -> Result
  ) -> Result {
    let layout = layout
    return withMemory { (links: UnsafeMutableBufferPointer<Group>) in
      layout.withLinkView(links.baseAddress!, reach, body)
    }
  }

  /// Calls `body` with the memory of the field, which it only reads.
  @inlinable
  func withReadOnlyView<Result>(reach: LoopReach, _ body: (LinkView<Group>) -> Result) -> Result {
    withMemory { (links: UnsafeBufferPointer<Group>) in
      layout.withLinkView(UnsafeMutablePointer(mutating: links.baseAddress!), reach, body)
    }
  }
}

extension SublatticeLayout {
  @inlinable @inline(__always)
  func withLinkView<Group, Result>(
    _ links: UnsafeMutablePointer<Group>, _ reach: LoopReach, _ body: (LinkView<Group>) -> Result
  ) -> Result {
    precondition(
      reach <= self.reach, "a layout of \(self.reach) for an action of \(reach): \(self)")
    return forwardNeighbours.withUnsafeBufferPointer { forward in
      backwardNeighbours.withUnsafeBufferPointer { backward in
        withImages { images in
          body(
            LinkView(
              links: links, forward: forward.baseAddress!, backward: backward.baseAddress!,
              volume: volume, sites: block.volume, dimension: block.dimension, images: images))
        }
      }
    }
  }
}
