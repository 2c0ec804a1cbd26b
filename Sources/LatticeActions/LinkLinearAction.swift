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
  /// Adds the staple sum `A_mu(x)` to a matrix. Does not allocate.
  func addStaple(at x: Int, mu: Int, in U: LinkView<Group>, to sum: inout Group.Matrix)
}

/// The memory of a link field and of its neighbour tables, for kernels that visit link after link.
///
/// Valid only inside ``LatticeFields/LinkField/withLinkView(_:)``.
@frozen
public struct LinkView<Group: GaugeGroup> {
  /// The links, `links[mu V + site]`.
  public let links: UnsafeMutablePointer<Group>
  /// `forward[mu V + x]` is the site `x + mu`.
  public let forward: UnsafePointer<Int>
  /// `backward[mu V + x]` is the site `x - mu`.
  public let backward: UnsafePointer<Int>
  /// The number of sites, `V`.
  public let volume: Int
  /// The number of dimensions, `D`.
  public let dimension: Int

  /// A view of given memory.
  @inlinable
  init(
    links: UnsafeMutablePointer<Group>, forward: UnsafePointer<Int>, backward: UnsafePointer<Int>,
    volume: Int, dimension: Int
  ) {
    self.links = links
    self.forward = forward
    self.backward = backward
    self.volume = volume
    self.dimension = dimension
  }

  /// The link from `site` in direction `mu`.
  @inlinable public subscript(site: Int, mu: Int) -> Group {
    @inline(__always) get { links[mu &* volume &+ site] }
    @inline(__always) nonmutating set { links[mu &* volume &+ site] = newValue }
  }

  /// Adds the `2 (D - 1)` staples of the plaquettes that contain a link; see
  /// ``LatticeFields/LinkField/staple(at:mu:)``.
  @inlinable @inline(__always)
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
      lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
        lattice.backwardNeighbours.withUnsafeBufferPointer { backward in
          body(
            LinkView(
              links: links.baseAddress!, forward: forward.baseAddress!,
              backward: backward.baseAddress!, volume: lattice.volume,
              dimension: lattice.dimension))
        }
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
  /// The staple sum `A_mu(x)`.
  @inlinable @inline(__always)
  public func staple(at x: Int, mu: Int, in U: LinkView<Group>) -> Group.Matrix {
    var sum = Group.zeroMatrix
    addStaple(at: x, mu: mu, in: U, to: &sum)
    return sum
  }
}
