import LaneMath
import LatticeFields

/// The order parameter of a scalar field, its moments, and what they say about the phase.
///
///     M = 1/V Σ_x φ(x),   S(k) = |φ̃(k)|²/V with k = 2π/L along the last direction
///
/// Components: `magnetization`, `absolute-magnetization` (`|M|`), `magnetization-squared`,
/// `magnetization-fourth`, `field-squared` (`1/V Σ φ²`), `field-fourth`, and `lowest-mode` (`S(k)`).
///
/// Derived:
///
///     susceptibility            χ   = V <M²>
///     connected-susceptibility  χ_c = V (<M²> - <|M|>²)
///     binder-cumulant           U   = 1 - <M⁴>/(3 <M²>²)      0 in the symmetric phase, 2/3 broken
///     correlation-length        ξ   = √(χ/<S(k)> - 1) / (2 sin(π/L))
///
/// `ξ` is the second-moment correlation length of the symmetric phase, `1/m` for the free field of
/// mass `m`; it is given where the last extent `L` is 2 or more, and is not a number where
/// `<S(k)> > χ`.
///
/// Complexity: O(V). Allocates the answer and two rows.
public struct ScalarObservables: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// The names of the components.
  public let components = [
    "magnetization", "absolute-magnetization", "magnetization-squared", "magnetization-fourth",
    "field-squared", "field-fourth", "lowest-mode",
  ]
  /// The functions of the means.
  public let derived: [DerivedQuantity]
  private let cosines: [Double]
  private let sines: [Double]

  /// The observables on a lattice.
  public init(on lattice: Lattice) {
    self.lattice = lattice
    let volume = Double(lattice.volume), last = lattice.extents[lattice.dimension - 1]
    let angles = (0..<last).map {
      sincos(Lanes(repeating: 2 * Double.pi * Double($0) / Double(last)))
    }
    cosines = angles.map { $0.cos[0] }
    sines = angles.map { $0.sin[0] }
    var derived: [DerivedQuantity] = [
      .multiple("susceptibility", of: 2, by: volume),
      .connected("connected-susceptibility", square: 2, mean: 1, factor: volume),
      DerivedQuantity(
        name: "binder-cumulant", indices: [3, 2],
        value: { 1 - $0[0] / (3 * $0[1] * $0[1]) },
        gradient: {
          [-1 / (3 * $0[1] * $0[1]), 2 * $0[0] / (3 * $0[1] * $0[1] * $0[1])]
        }),
    ]
    if last > 1 {
      // k̂ = 2 sin(π/L).
      let sine = sin(Lanes(repeating: Double.pi / Double(last)))[0]
      let lattice = 4 * sine * sine
      derived.append(
        DerivedQuantity(
          name: "correlation-length", indices: [2, 6],
          value: { ((volume * $0[0] / $0[1] - 1) / lattice).squareRoot() },
          gradient: {
            let ratio = volume * $0[0] / $0[1]
            let slope = 0.5 / (lattice * (ratio - 1)).squareRoot()
            return [slope * volume / $0[1], -slope * ratio / $0[1]]
          }))
    }
    self.derived = derived
  }

  /// The components on one packet.
  ///
  /// - Precondition: the field is on `lattice`.
  public func measure(_ field: ScalarField) -> [Lanes] {
    precondition(field.lattice == lattice, "a field on \(field.lattice) for \(lattice)")
    let last = cosines.count
    var sum = Lanes.zero, square = Lanes.zero, fourth = Lanes.zero
    var real = Lanes.zero, imaginary = Lanes.zero
    field.values.withUnsafeBufferPointer { values in
      var x = 0
      while x < values.count {
        for t in 0..<last {
          let value = values[x &+ t]
          let squared = value * value
          sum += value
          square += squared
          fourth = multiplyAdd(squared, squared, fourth)
          real = multiplyAdd(value, Lanes(repeating: cosines[t]), real)
          imaginary = multiplyAdd(value, Lanes(repeating: sines[t]), imaginary)
        }
        x += last
      }
    }
    let volume = Double(lattice.volume)
    let M = sum / volume, M2 = M * M
    return [
      M, abs(M), M2, M2 * M2, square / volume, fourth / volume,
      multiplyAdd(real, real, imaginary * imaginary) / volume,
    ]
  }
}
