import LaneMath
import LatticeFields

/// An action that is linear in every single link, the others held fixed: what heatbath,
/// overrelaxation and local Metropolis updates need.
///
///     S(U) = -κ Re tr[U_mu(x) A_mu(x)] + terms without U_mu(x)
///
/// `κ` is ``stapleCoupling`` and `A` the sum of staples; `κ = β/N` for the Wilson action.
public protocol LinkLinearAction<Group>: GaugeAction {
  /// `κ`, the factor of the staple sum.
  var stapleCoupling: Double { get }
  /// The smallest extent for which no link is part of its own staples.
  var smallestExtent: Int { get }
  /// The loops of which the staples are made.
  var reach: LoopReach { get }
  /// Adds the staple sum `A_mu(x)` to a matrix. Does not allocate.
  func addStaple(at x: Int, mu: Int, in U: LinkView<Group>, to sum: inout Group.Matrix)
}

/// The memory of links and of their neighbour tables, for kernels that visit link after link: of a
/// ``LatticeFields/LinkField`` or of a ``LatticeFields/SublatticeLinkField``.
///
/// Valid only inside `withLinkView`. Kernels visit the first ``sites`` of the ``volume`` sites in
/// memory, and call ``linkChanged(_:_:)`` after each link that they change; the rest is a border that
/// neighbour tables lead to.
@frozen
public struct LinkView<Group: GaugeGroup> {
  /// The links, `links[mu V + site]`.
  public let links: UnsafeMutablePointer<Group>
  /// `forward[mu V + x]` is the site `x + mu`.
  public let forward: UnsafePointer<Int>
  /// `backward[mu V + x]` is the site `x - mu`.
  public let backward: UnsafePointer<Int>
  /// The number of sites in memory, `V`.
  public let volume: Int
  /// The number of sites to visit, which are the first in memory.
  public let sites: Int
  /// The number of dimensions, `D`.
  public let dimension: Int
  /// The copies of links in a border, where there is one.
  @usableFromInline let images: LinkImages?

  /// A view of given memory.
  @inlinable
  init(
    links: UnsafeMutablePointer<Group>, forward: UnsafePointer<Int>, backward: UnsafePointer<Int>,
    volume: Int, sites: Int, dimension: Int, images: LinkImages?
  ) {
    self.links = links
    self.forward = forward
    self.backward = backward
    self.volume = volume
    self.sites = sites
    self.dimension = dimension
    self.images = images
  }

  /// Brings the copies of a link that was changed up to date.
  @inlinable @inline(__always)
  public func linkChanged(_ x: Int, _ mu: Int) {
    guard let images else { return }
    images.update(
      x, mu, in: UnsafeMutableRawPointer(links),
      lanesPerLink: MemoryLayout<Group>.stride / MemoryLayout<Lanes>.stride)
  }

  /// The link from `site` in direction `mu`.
  @inlinable public subscript(site: Int, mu: Int) -> Group {
    @inline(__always) get { links[mu &* volume &+ site] }
    @inline(__always) nonmutating set { links[mu &* volume &+ site] = newValue }
  }

  /// Adds the `2 (D - 1)` staples of the plaquettes that contain a link; see
  /// ``LatticeFields/LinkField/staple(at:mu:)``.
  ///
  /// Not inlined: one copy of its many products serves all kernels of a group.
  @inlinable @inline(never)
  public func addPlaquetteStaple(at x: Int, mu: Int, to sum: inout Group.Matrix) {
    let ahead = forward[mu &* volume &+ x]
    let mine = UnsafePointer(links) + mu &* volume
    for nu in 0..<dimension where nu != mu {
      let other = UnsafePointer(links) + nu &* volume
      let above = forward[nu &* volume &+ x], below = backward[nu &* volume &+ x]
      let corner = forward[mu &* volume &+ below]
      Group.addStapleAbove(other + ahead, mine + above, other + x, to: &sum)
      Group.addStapleBelow(other + corner, mine + below, other + below, to: &sum)
    }
  }
}

extension LinkField {
  /// Calls `body` with the memory of the field, to be changed in place.
  @inlinable
  public mutating func withLinkView<Result>(_ body: (LinkView<Group>) -> Result) -> Result {
    let lattice = lattice
    return links.withUnsafeMutableBufferPointer { links in
      lattice.withLinkView(links.baseAddress!, body)
    }
  }

  /// Calls `body` with the memory of the field, which it only reads.
  @inlinable
  func withReadOnlyView<Result>(_ body: (LinkView<Group>) -> Result) -> Result {
    links.withUnsafeBufferPointer { links in
      lattice.withLinkView(UnsafeMutablePointer(mutating: links.baseAddress!), body)
    }
  }
}

extension Lattice {
  @inlinable @inline(__always)
  func withLinkView<Group, Result>(
    _ links: UnsafeMutablePointer<Group>, _ body: (LinkView<Group>) -> Result
  ) -> Result {
    forwardNeighbours.withUnsafeBufferPointer { forward in
      backwardNeighbours.withUnsafeBufferPointer { backward in
        body(
          LinkView(
            links: links, forward: forward.baseAddress!, backward: backward.baseAddress!,
            volume: volume, sites: volume, dimension: dimension, images: nil))
      }
    }
  }
}

extension WilsonAction: LinkLinearAction {
  /// `β/N`.
  @inlinable public var stapleCoupling: Double { beta / Double(Group.colors) }
  /// 2: around a direction of extent 1 a link closes on itself.
  @inlinable public var smallestExtent: Int { 2 }
  /// Adds the staples of the plaquettes.
  @inlinable @inline(__always)
  public func addStaple(
    at x: Int, mu: Int, in U: LinkView<Group>, to sum: inout Group.Matrix
  ) { U.addPlaquetteStaple(at: x, mu: mu, to: &sum) }
}

extension LinkLinearAction {
  /// Plaquettes where extents of 2 are allowed, plaquettes and rectangles else.
  @inlinable public var reach: LoopReach { smallestExtent <= 2 ? .plaquettes : .rectangles }

  /// The staple sum `A_mu(x)`.
  @inlinable @inline(__always)
  public func staple(at x: Int, mu: Int, in U: LinkView<Group>) -> Group.Matrix {
    var sum = Group.zeroMatrix
    addStaple(at: x, mu: mu, in: U, to: &sum)
    return sum
  }
}
