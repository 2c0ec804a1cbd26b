import Glibc
import LaneMath
import LatticeFields

/// A discrete step along a velocity of plaquette angles: a map of two-dimensional U(1) links with its
/// exact Jacobian, free of the error of an integrator.
///
///     F'_x = F_x + h [w_x - (1/V) Σ_y w_y],    w of a ``FourierBasis``
///     det = Π_x (1 + h D_x) · det[1 + W^T (1 + h D)^{-1} U],    D_x = Σ_i c_i A_i h_i'(F_x)
///     U = [-1, Σ_i c_i ∂A_i/∂m (h_i - mean h_i)],    W = [h D/V, h ∂m/∂F]
///
/// The second factor has one row for the mean and one for each global mode. By Sylvester's identity
/// the determinant in plaquette angles is that of the links, `θ' = θ + d^T K (F' - F)`.
///
/// A layer whose velocity without modes folds the circle, `1 + h w'(F) <= 0` for some `F`, is refused.
/// Without modes in the basis all others are bijections. With modes ``stretchBound`` below 1 is
/// sufficient, and beyond it a configuration at which the map folds or turns has the log-det `-∞`, that
/// is weight zero.
///
/// Inverse: a search for the mean and the modes around one monotone inversion for each plaquette.
///
/// Accuracy: log-det 1e-12 for each plaquette, divided by the smallest `1 + h D_x`; inverse alike.
/// Complexity: O(V) but for two Fourier transforms; the inverse some 10 times more. Allocates a state.
public struct FourierLayer: Bijection {
  /// U(1).
  public typealias Group = U1

  /// The velocities.
  public let basis: FourierBasis
  /// The step `h`.
  public let step: Double
  /// One coefficient for each element.
  public let coefficients: [Double]
  /// Where along the path the layer stands: modes are centred and scaled by it.
  public let point: PathPoint
  /// Polynomials of all harmonics of velocities and modes.
  let terms: ChebyshevTerms
  let largest: Int

  /// A layer.
  ///
  /// - Parameters:
  ///   - step: the step `h`, of either sign.
  ///   - coefficients: one for each element of the basis.
  ///   - point: the couplings at which modes are centred and scaled.
  /// - Throws: `U1BasisError.folded` where the map without modes is not monotone.
  /// - Precondition: as many coefficients as elements.
  public init(
    basis: FourierBasis, step: Double, coefficients: [Double], point: PathPoint
  ) throws(U1BasisError) {
    precondition(
      coefficients.count == basis.count,
      "\(coefficients.count) coefficients for \(basis.count) elements")
    self.basis = basis
    self.step = step
    self.coefficients = coefficients
    self.point = point
    largest = max(
      basis.table.largest, basis.table.modes.map(\.slopes.count).max() ?? 0, 2)
    terms = ChebyshevTerms(harmonics: Array(0..<(2 * largest)), largest: largest)
    let slope = smallestSlope
    guard slope > 0 else { throw .folded(smallestSlope: slope) }
  }

  /// The smallest `1 + h w'(F)` on the circle where all modes are zero, on 4096 points.
  public var smallestSlope: Double {
    var smallest = Double.infinity
    let plain = basis.table.elements.indices.filter {
      basis.table.elements[$0].derivatives.isEmpty
    }
    for i in 0..<4096 {
      let F = 2 * Double.pi * Double(i) / 4096
      var slope = 1.0
      for e in plain {
        let h = basis.table.elements[e].harmonic, size = basis.table.largest
        let k = Double(h % size + 1)
        slope += step * coefficients[e] * k * (h < size ? cos(k * F) : -sin(k * F))
      }
      smallest = min(smallest, slope)
      if slope.isNaN { return slope }
    }
    return smallest
  }

  /// A bound of the norm of `h ∂v/∂F` over all configurations: below 1 the layer is a bijection.
  ///
  ///     Σ_i |h c_i| [k_i Π s σ + √V Σ_m |∂A_i/∂m| max|g_m'|]
  ///
  /// Infinite where modes are not saturated; often far larger than any configuration needs.
  public var stretchBound: Double {
    let moments = OnePlaquetteMoments(beta: point.beta), table = basis.table
    let limits = table.modes.indices.map { m in
      m == 0
        ? 1
        : basis.saturation
          * table.modes[m].kind.variance(moments, tilt: point.tilt).squareRoot()
    }
    var bound = 0.0
    for (e, element) in table.elements.enumerated() where coefficients[e] != 0 {
      let product = table.products[element.product]
      var stretch =
        Double(element.harmonic % table.largest + 1)
        * (limits[product.first] * limits[product.second] * limits[product.third])
      for d in element.derivatives {
        let derivative = table.derivatives[d]
        let slope = table.modes[derivative.mode].slopes.reduce(0) { $0 + abs($1) }
        stretch +=
          derivative.multiplicity * limits[derivative.first] * limits[derivative.second] * slope
          * Double(basis.lattice.volume).squareRoot()
      }
      bound += abs(step * coefficients[e]) * stretch
    }
    return bound
  }

  /// Applies the layer and returns `log|det|`, `-∞` where the map folds.
  public func apply(to U: inout LinkField<U1>) -> Lanes {
    FourierLayerChain([self]).apply(to: &U)
  }

  /// Applies the inverse of the layer and returns its `log|det|`.
  ///
  /// - Throws: `InversionFailure` where no configuration is found that the layer maps there without
  ///   folding.
  public func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    try FourierLayerChain([self]).applyInverse(to: &U)
  }
}

/// Layers of one basis after each other; links are made once, at the end.
public struct FourierLayerChain: Bijection {
  /// U(1).
  public typealias Group = U1

  /// The layers in the order of application.
  public let layers: [FourierLayer]

  /// Chains layers.
  ///
  /// - Precondition: one layer or more, all on one lattice.
  public init(_ layers: [FourierLayer]) {
    precondition(!layers.isEmpty, "a chain of no layers")
    precondition(
      layers.allSatisfy { $0.basis.lattice == layers[0].basis.lattice },
      "layers on different lattices")
    self.layers = layers
  }

  /// A chain from the step, coefficients and point of each layer.
  ///
  /// - Throws: `U1BasisError.folded` where the map of a layer without modes is not monotone.
  public init(
    basis: FourierBasis, steps: [(step: Double, coefficients: [Double], point: PathPoint)]
  ) throws(U1BasisError) {
    var layers: [FourierLayer] = []
    for (step, coefficients, point) in steps {
      layers.append(
        try FourierLayer(basis: basis, step: step, coefficients: coefficients, point: point))
    }
    self.init(layers)
  }

  /// Applies all layers and returns the sum of their `log|det|`.
  public func apply(to U: inout LinkField<U1>) -> Lanes {
    let state = layers[0].basis.makeState()
    layers[0].basis.load(U, into: state)
    var logDet = Lanes.zero
    for layer in layers { logDet += FourierLayerMap(layer).apply(to: state) }
    layers[0].basis.store(state, into: &U)
    return logDet
  }

  /// Applies all inverses in the opposite order and returns the sum of their `log|det|`.
  ///
  /// - Throws: `InversionFailure` of the first layer that finds no configuration.
  public func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    let state = layers[0].basis.makeState()
    layers[0].basis.load(U, into: state)
    var logDet = Lanes.zero
    for layer in layers.reversed() {
      var map = FourierLayerMap(layer)
      logDet += try map.applyInverse(to: state)
    }
    layers[0].basis.store(state, into: &U)
    return logDet
  }
}
