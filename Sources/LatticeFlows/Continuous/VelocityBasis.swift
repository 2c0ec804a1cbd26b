import LaneMath
import LatticeFields

/// A family of gauge-covariant velocity fields of links, `Z = Σ_i c_i Z_i`, with their exact divergences:
/// what a continuous flow is made of.
///
///     dU_l/dt = Z_l(U) U_l,     d log|det J|/dt = div Z = Σ_l Σ_a ∂_{l,a} Z_l^a
///
/// A flow carries a distribution along `exp(-S_t)` where `div Z - Z·∂S_t = ∂_t S_t + const` for all `U`
/// (`∂S_t` the left derivatives). The left side is linear in the coefficients: with the columns
///
///     A_i(U) = div Z_i - Z_i·∂S_t
///
/// of many configurations they are found by least squares.
///
/// A basis is one file and one line in `Catalog.velocityBases`. Its law, tested over the catalog: the
/// divergence of every element equals that from differences over all links and generators. A wrong
/// one still gives an excellent effective sample size, of a wrong distribution.
///
/// Configurations on the way are held as `State`, which need not be links: for U(1) in two dimensions
/// the plaquette angles are enough until the end. One workspace serves one thread.
public protocol VelocityBasis<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// Eight configurations on the way, with the accumulated velocity of the integrator.
  associatedtype State: AnyObject
  /// Scratch memory.
  associatedtype Workspace: AnyObject

  /// The lattice.
  var lattice: Lattice { get }
  /// The names of the elements, by which a model file knows them.
  var elementNames: [String] { get }

  /// Memory for eight configurations.
  func makeState() -> State
  /// Memory to compute in.
  func makeWorkspace() -> Workspace
  /// Puts configurations at the start of their way; the accumulated velocity is reset.
  func load(_ U: LinkField<Group>, into state: State)
  /// The configurations where they are now, links reunitarised.
  func store(_ state: State, into U: inout LinkField<Group>)
  /// Copies a state, accumulated velocity included.
  func copy(_ source: State, to target: State)

  /// The values of the path alone, in every configuration. Allocates nothing.
  func values(of state: State, at point: PathPoint, using workspace: Workspace) -> PathValues
  /// The columns `A_i = div Z_i - Z_i·∂S_t` for all elements, and the values of the path. Allocates
  /// nothing.
  ///
  /// - Parameter columns: room for one number for each element.
  func columns(
    of state: State, at point: PathPoint, using workspace: Workspace,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues
  /// The velocity `Z = Σ_i c_i Z_i`, kept in the workspace. Allocates nothing.
  ///
  /// - Parameter coefficients: one for each element, the same for all configurations.
  /// - Returns: `div Z`.
  func computeVelocity(
    of state: State, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: Workspace
  ) -> Lanes
  /// One stage of a Runge-Kutta step with the velocity that was computed last; see
  /// ``LowStorageIntegrator``. Allocates nothing.
  ///
  ///     K <- memory K + step Z,    U_l <- exp(weight K_l) U_l
  func move(
    _ state: State, memory: Double, step: Double, weight: Double, using workspace: Workspace)
}

extension VelocityBasis {
  /// The number of elements.
  public var count: Int { elementNames.count }
}
