import LaneMath
import LatticeActions
import LatticeFields

/// Local updates of the U(1) Wilson action in two dimensions.
///
/// There a link has two staples, of phases `a` and `b`, and their sum needs no arctangent:
///
///     e^{ia} + e^{ib} = 2 cos((a - b)/2) e^{i(a + b)/2}
///
/// so that with `m = (a + b)/2` and `k = 2 β cos((a - b)/2)`, of either sign, the link's density is
/// `exp(k cos(θ + m))`, and overrelaxation is `θ -> -2m - θ` with no elementary function at all.
///
/// Not generic, so that it runs at full speed from every caller.
@usableFromInline
struct PlanarU1 {
  private let view: LinkView<U1>
  private let links: UnsafeMutablePointer<Lanes>
  private let forward: UnsafePointer<Int>
  private let backward: UnsafePointer<Int>
  private let volume: Int
  private let beta: Double

  /// Nil where the theory is not the two-dimensional U(1) Wilson action.
  @usableFromInline
  init?<Theory: LinkLinearAction>(_ action: Theory, _ U: LinkView<Theory.Group>) {
    guard U.dimension == 2, let wilson = action as? WilsonAction<U1>, let view = U as? LinkView<U1>
    else { return nil }
    self.view = view
    links = UnsafeMutableRawPointer(U.links).assumingMemoryBound(to: Lanes.self)
    forward = U.forward
    backward = U.backward
    volume = U.volume
    beta = wilson.beta
  }

  /// The phases of the staples of the link `x, mu`.
  @inline(__always)
  private func staples(_ x: Int, _ mu: Int) -> (a: Lanes, b: Lanes) {
    let ours = links + mu &* volume, others = links + (1 &- mu) &* volume
    let toOurs = forward + mu &* volume
    let above = forward[(1 &- mu) &* volume &+ x], below = backward[(1 &- mu) &* volume &+ x]
    let a = (others[toOurs[x]] - others[x]) - ours[above]
    let b = (others[below] - others[toOurs[below]]) - ours[below]
    return (a, b)
  }

  @usableFromInline
  func heatbath(in order: LinkOrder, using generator: inout LaneGenerator) {
    let strength = Lanes(repeating: 2 * beta)
    order.visit(view.sites, 2) { x, mu in
      let (a, b) = staples(x, mu)
      let angle = generator.vonMises(concentration: strength * cos(0.5 * (a - b)))
      links[mu &* volume &+ x] = wrapAngle(angle - 0.5 * (a + b))
      view.linkChanged(x, mu)
    }
  }

  @usableFromInline
  func overrelax(in order: LinkOrder) {
    order.visit(view.sites, 2) { x, mu in
      let (a, b) = staples(x, mu)
      let link = mu &* volume &+ x
      links[link] = wrapAngle(-(a + b) - links[link])
      view.linkChanged(x, mu)
    }
  }

  @usableFromInline
  func metropolis(
    width: Lanes, hits: Int, in order: LinkOrder, using generator: inout LaneGenerator
  ) -> Lanes {
    let strength = Lanes(repeating: 2 * beta)
    var accepted = Lanes.zero
    order.visit(view.sites, 2) { x, mu in
      let (a, b) = staples(x, mu)
      let middle = 0.5 * (a + b)
      let k = strength * cos(0.5 * (a - b))
      var angle = links[mu &* volume &+ x]
      var cosine = cos(angle + middle)
      for _ in 0..<hits {
        let (u, v) = generator.uniformPair()
        let candidate = multiplyAdd(width, u - 0.5, angle)
        let candidateCosine = cos(candidate + middle)
        let taken = v .< exp(k * (candidateCosine - cosine))
        angle = select(taken, candidate, angle)
        cosine = select(taken, candidateCosine, cosine)
        accepted += indicator(taken)
      }
      links[mu &* volume &+ x] = wrapAngle(angle)
      view.linkChanged(x, mu)
    }
    return accepted
  }
}
