import LaneMath
import LatticeFields

/// The action of a real scalar field with a quartic self-interaction, φ⁴ theory, in 1 to 4
/// dimensions.
///
///     S(φ) = Σ_x { Σ_mu [φ(x+mu) - φ(x)]² + m² φ(x)² + λ φ(x)⁴ }
///
/// Conventions: lattice units and no factor 1/2 before the derivative, as in arXiv:2101.08176 and
/// arXiv:1904.12072 (`Σ_x φ(x) Σ_mu [2 φ(x) - φ(x+mu) - φ(x-mu)]` is the same kinetic term). The
/// measure is `Π dφ(x)`. For `m² < 0` the theory may be in its broken phase.
///
/// The two other usual forms describe the same theory:
///
/// - canonical, `Σ_x { 1/2 Σ_mu [φ_c(x+mu) - φ_c(x)]² + m²/2 φ_c² + g/4! φ_c⁴ }`, with
///   `φ_c = √2 φ`, the same `m²` and `g = 6 λ`;
/// - hopping, `Σ_x { -2κ Σ_mu ψ(x) ψ(x+mu) + ψ² + λ_κ (ψ² - 1)² }` less the constant `λ_κ V`, with
///   `φ = √κ ψ`, `m² = (1 - 2 λ_κ)/κ - 2D` and `λ = λ_κ/κ²`; see
///   ``init(kappa:lambda:dimension:)`` and ``hoppingParameters(dimension:)``.
///
/// Complexity: O(D V). Allocates nothing.
public struct PhiFourAction: Action {
  /// The square of the bare mass, `m²`.
  public let massSquared: Double
  /// The self-coupling, `λ`.
  public let lambda: Double
  private let kernels: ScalarKernels

  /// The action with a bare mass and a coupling.
  ///
  /// - Throws: `ActionError.coupling` where a parameter is not finite, `ActionError.range` where
  ///   `exp(-S)` could not be normalised: `λ < 0`, or `λ = 0` with `m² <= 0`.
  public init(massSquared: Double, lambda: Double) throws(ActionError) {
    guard massSquared.isFinite else { throw .coupling(name: "mass squared", value: massSquared) }
    guard lambda.isFinite else { throw .coupling(name: "lambda", value: lambda) }
    guard lambda >= 0 else {
      throw .range(name: "lambda", expected: "0 or more", value: lambda)
    }
    guard lambda > 0 || massSquared > 0 else {
      throw .range(
        name: "mass squared", expected: "a positive number where lambda is 0", value: massSquared)
    }
    self.massSquared = massSquared
    self.lambda = lambda
    kernels = ScalarKernels(massSquared: massSquared, lambda: lambda)
  }

  /// The action of the theory that has the hopping parameters `κ` and `λ_κ`.
  ///
  ///     m² = (1 - 2 λ_κ)/κ - 2D,   λ = λ_κ/κ²
  ///
  /// It is that of `φ = √κ ψ`; as a function of `ψ` it differs by the constant `λ_κ V`, and `log Z` by
  /// that and by `V/2 log κ`, the Jacobian.
  ///
  /// - Parameters:
  ///   - kappa: the hopping parameter, positive.
  ///   - lambda: the coupling of `(ψ² - 1)²`.
  ///   - dimension: the number of dimensions, `D`.
  /// - Throws: `ActionError` where a parameter is out of range.
  public init(kappa: Double, lambda: Double, dimension: Int) throws(ActionError) {
    guard kappa > 0, kappa.isFinite else {
      throw .range(name: "kappa", expected: "a positive finite number", value: kappa)
    }
    try self.init(
      massSquared: (1 - 2 * lambda) / kappa - 2 * Double(dimension),
      lambda: lambda / (kappa * kappa))
  }

  /// The hopping parameters of this theory in `dimension` dimensions: `κ` is the positive solution of
  ///
  ///     2 λ κ² + (2D + m²) κ = 1,   λ_κ = λ κ².
  ///
  /// Infinite or not a number where there is none: `λ = 0` and `m² <= -2D`.
  public func hoppingParameters(dimension: Int) -> (kappa: Double, lambda: Double) {
    let b = 2 * Double(dimension) + massSquared
    let root = (b * b + 8 * lambda).squareRoot()
    // The form without cancellation.
    let kappa = b >= 0 ? 2 / (b + root) : (root - b) / (4 * lambda)
    return (kappa, lambda * kappa * kappa)
  }

  /// `S(φ)` in every configuration.
  public func value(of field: ScalarField) -> Lanes { kernels.value(of: field) }

  /// Adds `factor ∂S/∂φ(x)`.
  public func accumulateGradient(
    of field: ScalarField, scaledBy factor: Double, into gradient: inout ScalarMomenta
  ) { kernels.addGradient(of: field, scale: factor, to: &gradient) }

  /// The kick and the drift in one pass over memory.
  public func evolve(
    _ field: inout ScalarField, momenta: inout ScalarMomenta, kick: Double, drift: Double
  ) { kernels.kickAndDrift(&field, &momenta, kick: kick, drift: drift) }
}
