import LaneMath
import LatticeFields

/// The kernels of the U(1) Wilson action: sums over plaquettes of the cosine, and of the sine onto
/// the four links.
///
/// They are not generic, so that they run at full speed wherever they are called from, a generic
/// caller that the compiler did not specialise included. Fields come as the memory of
/// `LinkField<U1>` and `AlgebraField<U1>`: one `Lanes` for each link.
@usableFromInline
enum U1Plaquettes {
  /// `Σ cos P` in every configuration.
  @usableFromInline
  static func cosineSum(_ view: LinkView<U1>) -> Lanes {
    var sum = Lanes.zero
    let volume = view.volume, U = view.links
    for mu in 0..<view.dimension {
      for nu in (mu &+ 1)..<Swift.max(mu &+ 1, view.dimension) {
        let toMu = view.forward + mu &* volume, toNu = view.forward + nu &* volume
        let Umu = U + mu &* volume, Unu = U + nu &* volume
        for x in 0..<view.sites {
          sum += cos(
            (Umu[x].angle - Umu[toNu[x]].angle) + (Unu[toMu[x]].angle - Unu[x].angle))
        }
      }
    }
    return sum
  }

  /// Adds `scale sin P` of every plaquette to its links, with the sign of the link in it.
  @usableFromInline
  static func addSines(_ U: LinkView<U1>, scale: Lanes, to out: UnsafeMutableRawPointer) {
    addSines(
      UnsafeRawPointer(U.links).assumingMemoryBound(to: Lanes.self), U.forward, U.volume,
      U.dimension, sites: 0..<U.sites, scale: scale, to: out.assumingMemoryBound(to: Lanes.self))
  }

  /// `p <- p + kick ∂(Σ cos P)` and `θ <- θ + drift p` in one pass over slices `x_0 = const`.
  ///
  /// A slice drifts as soon as the plaquettes of the slice before it and its own have kicked it:
  /// then no plaquette needs its old angles any more. The first slice waits for the last one.
  @usableFromInline
  static func kickAndDrift(
    _ U: UnsafeMutableRawPointer, _ lattice: Lattice, momenta: UnsafeMutableRawPointer,
    kick: Lanes, drift: Lanes
  ) {
    let U = U.assumingMemoryBound(to: Lanes.self)
    let momenta = momenta.assumingMemoryBound(to: Lanes.self)
    let volume = lattice.volume, dimension = lattice.dimension
    let slices = lattice.extents[0], width = volume / slices
    lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      for slice in 0..<slices {
        addSines(
          U, forward.baseAddress!, volume, dimension,
          sites: (slice &* width)..<((slice &+ 1) &* width), scale: kick, to: momenta)
        if slice > 0 { Self.drift(U, momenta, drift, slice, width, volume, dimension) }
      }
      Self.drift(U, momenta, drift, 0, width, volume, dimension)
    }
  }

  /// `θ <- θ + drift p` on the links of one slice.
  @inline(__always)
  private static func drift(
    _ U: UnsafeMutablePointer<Lanes>, _ momenta: UnsafeMutablePointer<Lanes>, _ drift: Lanes,
    _ slice: Int, _ width: Int, _ volume: Int, _ dimension: Int
  ) {
    for mu in 0..<dimension {
      let first = mu &* volume &+ slice &* width
      for link in first..<(first &+ width) {
        U[link] = multiplyAdd(drift, momenta[link], U[link])
      }
    }
  }

  @inline(__always)
  private static func addSines(
    _ U: UnsafePointer<Lanes>, _ forward: UnsafePointer<Int>, _ volume: Int, _ dimension: Int,
    sites: Range<Int>, scale: Lanes, to out: UnsafeMutablePointer<Lanes>
  ) {
    for mu in 0..<dimension {
      for nu in (mu &+ 1)..<Swift.max(mu &+ 1, dimension) {
        let toMu = forward + mu &* volume, toNu = forward + nu &* volume
        let Umu = U + mu &* volume, Unu = U + nu &* volume
        let pmu = out + mu &* volume, pnu = out + nu &* volume
        for x in sites {
          let right = toMu[x], top = toNu[x]
          let force = scale * sine((Umu[x] - Umu[top]) + (Unu[right] - Unu[x]))
          pmu[x] += force
          pnu[right] += force
          pmu[top] -= force
          pnu[x] -= force
        }
      }
    }
  }

  /// The sine of a plaquette's angle, by reduction to `[-π/2, π/2]` and one odd polynomial.
  ///
  /// Odd to the last bit. Accuracy: 2.3e-16 absolute for |x| up to 2^20.
  @inline(__always)
  static func sine(_ x: Lanes) -> Lanes {
    let shift = Lanes(repeating: 6_755_399_441_055_744)
    let shifted = multiplyAdd(x, Lanes(repeating: 0.3183098861837907), shift)
    let k = shifted - shift
    // π in two parts, the first of 33 bits.
    var r = negativeMultiplyAdd(k, Lanes(repeating: 3.1415926534682512), x)
    r = negativeMultiplyAdd(k, Lanes(repeating: 1.2154201013012384e-10), r)
    let z = r * r
    var tail = Lanes(repeating: -7.364792729323082e-13)
    tail = multiplyAdd(tail, z, Lanes(repeating: 1.604731495737788e-10))
    tail = multiplyAdd(tail, z, Lanes(repeating: -2.5051852014442554e-08))
    tail = multiplyAdd(tail, z, Lanes(repeating: 2.755731608687744e-06))
    tail = multiplyAdd(tail, z, Lanes(repeating: -0.00019841269820193767))
    tail = multiplyAdd(tail, z, Lanes(repeating: 0.008333333333263374))
    tail = multiplyAdd(tail, z, Lanes(repeating: -0.16666666666665822))
    let value = multiplyAdd(r * z, tail, r)
    return Lanes(bits: value.bits ^ (shifted.bits &<< 63))
  }
}
