import LaneMath
import LatticeFields

/// The kernels of scalar actions with nearest-neighbour couplings,
///
///     S(φ) = Σ_x { Σ_mu [φ(x+mu) - φ(x)]² + m² φ(x)² + λ φ(x)⁴ }.
///
/// They are not generic, so that they run at full speed wherever they are called from.
struct ScalarKernels {
  let massSquared: Double
  let lambda: Double

  /// `S(φ)`, as a sum of squares: no large terms cancel on a smooth field.
  func value(of field: ScalarField) -> Lanes {
    let massSquared = Lanes(repeating: massSquared), lambda = Lanes(repeating: lambda)
    return field.withReadOnlyView { phi in
      var kinetic = Lanes.zero, potential = Lanes.zero
      for x in 0..<phi.volume {
        let value = phi.values[x]
        for mu in 0..<phi.dimension {
          let step = phi.values[phi.forward[mu &* phi.volume &+ x]] - value
          kinetic = multiplyAdd(step, step, kinetic)
        }
        let square = value * value
        potential = multiplyAdd(square, multiplyAdd(lambda, square, massSquared), potential)
      }
      return kinetic + potential
    }
  }

  /// Adds `scale ∂S/∂φ(x)`,
  ///
  ///     ∂S/∂φ(x) = 2 (2D + m²) φ(x) + 4 λ φ(x)³ - 2 Σ_mu [φ(x+mu) + φ(x-mu)].
  func addGradient(of field: ScalarField, scale: Double, to out: inout ScalarMomenta) {
    precondition(
      out.lattice == field.lattice, "gradient on \(out.lattice) for a field on \(field.lattice)")
    out.values.withUnsafeMutableBufferPointer { out in
      field.withReadOnlyView { phi in
        addGradient(phi, sites: 0..<phi.volume, scale: scale, to: out.baseAddress!)
      }
    }
  }

  /// `p <- p - kick ∂S`, `φ <- φ + drift p` in one pass over slices `x_0 = const`.
  ///
  /// A slice drifts once the slice after it has been kicked: then no gradient needs its old values
  /// any more. The first slice waits for the last one.
  func kickAndDrift(
    _ field: inout ScalarField, _ momenta: inout ScalarMomenta, kick: Double, drift: Double
  ) {
    precondition(
      momenta.lattice == field.lattice,
      "momenta on \(momenta.lattice) for a field on \(field.lattice)")
    let slices = field.lattice.extents[0], width = field.lattice.volume / slices
    momenta.values.withUnsafeMutableBufferPointer { momenta in
      let p = momenta.baseAddress!
      field.withScalarView { phi in
        for slice in 0..<slices {
          let sites = (slice &* width)..<((slice &+ 1) &* width)
          addGradient(phi, sites: sites, scale: -kick, to: p)
          if slice > 1 { Self.drift(phi, p, drift, slice &- 1, width) }
        }
        if slices > 1 { Self.drift(phi, p, drift, slices &- 1, width) }
        Self.drift(phi, p, drift, 0, width)
      }
    }
  }

  @inline(__always)
  private static func drift(
    _ phi: ScalarView, _ p: UnsafeMutablePointer<Lanes>, _ drift: Double, _ slice: Int, _ width: Int
  ) {
    let drift = Lanes(repeating: drift)
    for x in (slice &* width)..<((slice &+ 1) &* width) {
      phi.values[x] = multiplyAdd(drift, p[x], phi.values[x])
    }
  }

  @inline(__always)
  private func addGradient(
    _ phi: ScalarView, sites: Range<Int>, scale: Double, to out: UnsafeMutablePointer<Lanes>
  ) {
    let linear = Lanes(repeating: 2 * scale * (2 * Double(phi.dimension) + massSquared))
    let cubic = Lanes(repeating: 4 * scale * lambda)
    let coupling = Lanes(repeating: 2 * scale)
    for x in sites {
      let value = phi.values[x]
      let local = multiplyAdd(cubic, value * value, linear)
      let force = negativeMultiplyAdd(coupling, phi.neighbourSum(at: x), out[x])
      out[x] = multiplyAdd(local, value, force)
    }
  }
}
