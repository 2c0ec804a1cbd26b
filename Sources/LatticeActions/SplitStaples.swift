import LaneMath
import LatticeFields

/// How the staples of a link are divided into two sums.
public enum StapleSplit: Sendable, Hashable {
  /// The staples in the planes with `nu < mu`, and those with `nu > mu`.
  case planes
  /// The staples below the link, and those above it.
  case sides
}

/// An action whose staple sum can be had in two parts: what an update needs that gives different
/// couplings to loops that it meets early and late in a sweep.
///
///     A_mu(x) = first + second
public protocol SplitStapleAction<Group>: LinkLinearAction {
  /// Adds the parts of the staple sum to two matrices. Does not allocate.
  func addStaples(
    at x: Int, mu: Int, in U: LinkView<Group>, split: StapleSplit, first: inout Group.Matrix,
    second: inout Group.Matrix)
}

extension WilsonAction: SplitStapleAction {
  /// Adds the staples of the plaquettes.
  @inlinable @inline(never)
  public func addStaples(
    at x: Int, mu: Int, in U: LinkView<Group>, split: StapleSplit, first: inout Group.Matrix,
    second: inout Group.Matrix
  ) {
    let volume = U.volume, ahead = U.forward[mu &* volume &+ x]
    let mine = UnsafePointer(U.links) + mu &* volume
    withUnsafeMutablePointer(to: &first) { first in
      withUnsafeMutablePointer(to: &second) { second in
        for nu in 0..<U.dimension where nu != mu {
          let other = UnsafePointer(U.links) + nu &* volume
          let above = U.forward[nu &* volume &+ x], below = U.backward[nu &* volume &+ x]
          let corner = U.forward[mu &* volume &+ below]
          // One loop for both ways, because what is called is large.
          let part = split == .planes && nu > mu ? second : first
          let upper = split == .planes ? part : second
          Group.addStapleAbove(other + ahead, mine + above, other + x, to: &upper.pointee)
          Group.addStapleBelow(
            other + corner, mine + below, other + below, to: &part.pointee)
        }
      }
    }
  }
}

extension RectangleAction: SplitStapleAction {
  /// Adds the staples of the plaquettes and of the rectangles.
  @inlinable @inline(never)
  public func addStaples(
    at x: Int, mu: Int, in U: LinkView<Group>, split: StapleSplit, first: inout Group.Matrix,
    second: inout Group.Matrix
  ) {
    let c0 = Lanes(repeating: plaquetteCoefficient), c1 = Lanes(repeating: rectangleCoefficient)
    let links = UnsafePointer(U.links)
    withUnsafeMutablePointer(to: &first) { first in
      withUnsafeMutablePointer(to: &second) { second in
        for nu in 0..<U.dimension where nu != mu {
          let part = split == .planes && nu > mu ? second : first
          let upper = split == .planes ? part : second
          Group.addRectangleStaplesAbove(
            RectangleLinks(above: x, mu, nu, links, U.forward, U.backward, volume: U.volume),
            plaquette: c0, rectangle: c1, to: &upper.pointee)
          Group.addRectangleStaplesBelow(
            RectangleLinks(below: x, mu, nu, links, U.forward, U.backward, volume: U.volume),
            plaquette: c0, rectangle: c1, to: &part.pointee)
        }
      }
    }
  }
}
