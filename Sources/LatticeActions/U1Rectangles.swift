import LaneMath
import LatticeFields

/// The kernels of the rectangle-improved U(1) action, which are to ``RectangleAction`` what
/// `U1Plaquettes` is to the Wilson action: not generic, full speed from every caller.
@usableFromInline
enum U1Rectangles {
  /// `c0 Σ cos P + c1 Σ cos R` in every configuration.
  @usableFromInline
  static func cosineSum(_ U: LinkView<U1>, _ c0: Lanes, _ c1: Lanes) -> Lanes {
    var sum = Lanes.zero
    U.forEachRectangle { U, loops in
      let angles = Self.angles(UnsafeRawPointer(U).assumingMemoryBound(to: Lanes.self), loops)
      let rectangles = cos(angles.wide) + cos(angles.tall)
      sum = multiplyAdd(c0, cos(angles.plaquette), multiplyAdd(c1, rectangles, sum))
    }
    return sum
  }

  /// Adds `c0 sin P` of every plaquette and `c1 sin R` of every rectangle to its links, with the sign
  /// of the link in it.
  @usableFromInline
  static func addSines(
    _ U: LinkView<U1>, _ c0: Lanes, _ c1: Lanes, to out: UnsafeMutableRawPointer
  ) {
    let out = out.assumingMemoryBound(to: Lanes.self)
    U.forEachRectangle { U, loops in
      let angles = Self.angles(UnsafeRawPointer(U).assumingMemoryBound(to: Lanes.self), loops)
      let plaquette = c0 * U1Plaquettes.sine(angles.plaquette)
      let wide = c1 * U1Plaquettes.sine(angles.wide), tall = c1 * U1Plaquettes.sine(angles.tall)
      // One link after the other: where the lattice is short, some of them are the same.
      out[loops.bottom] += plaquette + wide + tall
      out[loops.left] -= plaquette + wide + tall
      out[loops.right] += plaquette + tall
      out[loops.top] -= plaquette + wide
      out[loops.nextBottom] += wide
      out[loops.farRight] += wide
      out[loops.nextTop] -= wide
      out[loops.nextRight] += tall
      out[loops.farTop] -= tall
      out[loops.nextLeft] -= tall
    }
  }

  /// The angles of a plaquette and of the two rectangles that begin with it.
  @inline(__always)
  private static func angles(_ U: UnsafePointer<Lanes>, _ loops: RectangleIndices)
    -> (plaquette: Lanes, wide: Lanes, tall: Lanes)
  {
    let bottom = U[loops.bottom], left = U[loops.left]
    let corner = bottom - left
    let plaquette = corner + (U[loops.right] - U[loops.top])
    let wide =
      (corner + (U[loops.nextBottom] - U[loops.nextTop])) + (U[loops.farRight] - U[loops.top])
    let tall =
      (corner + (U[loops.right] - U[loops.farTop])) + (U[loops.nextRight] - U[loops.nextLeft])
    return (plaquette, wide, tall)
  }
}
