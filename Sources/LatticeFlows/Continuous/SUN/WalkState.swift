import LaneMath
import LatticeFields

/// Eight configurations of SU(N) links on the way.
public final class WalkState<Group: WalkGroup> {
  /// The links, `[mu V + site]`.
  let links: Buffer<Group>
  /// The accumulated velocity.
  let accumulated: Buffer<Group.Algebra>

  init(linkCount: Int) {
    links = Buffer(count: linkCount, repeating: .identity)
    accumulated = Buffer(count: linkCount, repeating: .zero)
  }

  /// Takes links; the accumulated velocity is reset.
  @inline(__always)
  func load(_ U: LinkField<Group>) {
    precondition(
      U.lattice.linkCount == links.count, "field on \(U.lattice) for \(links.count) links")
    U.links.withUnsafeBufferPointer {
      links.pointer.update(from: $0.baseAddress!, count: $0.count)
    }
    accumulated.fill(.zero)
  }

  /// Gives the links, reunitarised.
  @inline(__always)
  func store(into U: inout LinkField<Group>) {
    precondition(
      U.lattice.linkCount == links.count, "field on \(U.lattice) for \(links.count) links")
    U.links.withUnsafeMutableBufferPointer {
      $0.baseAddress!.update(from: links.pointer, count: $0.count)
    }
    U.reunitarize()
  }

  /// Copies everything.
  func copy(to target: WalkState) {
    target.links.pointer.update(from: links.pointer, count: links.count)
    target.accumulated.pointer.update(from: accumulated.pointer, count: accumulated.count)
  }

  /// One stage of a Runge-Kutta step: `K <- memory K + step Z`, `U <- exp(weight K) U`.
  @inline(__always)
  func move(memory: Double, step: Double, weight: Double, velocity: Buffer<Group.Algebra>) {
    let memory = Lanes(repeating: memory), step = Lanes(repeating: step)
    let weight = Lanes(repeating: weight)
    let links = self.links.pointer, accumulated = self.accumulated.pointer
    let velocity = velocity.pointer
    for link in 0..<self.links.count {
      accumulated[link] = (memory * accumulated[link]).adding(step, velocity[link])
      Group.advance(links + link, by: weight, along: accumulated + link)
    }
  }
}
