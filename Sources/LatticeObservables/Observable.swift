import LaneMath
import LatticeFields

/// Numbers measured on a gauge field: one or more named components in each of 8 configurations.
///
/// An observable is made for one lattice, so that its components, and the functions of their means
/// that follow from them, are known before the first field is seen. It is one file and one line in
/// ``ObservableCatalog``; that line gives it its command-line name and its law tests (gauge
/// invariance, translation invariance, lanes do not mix).
///
/// ``AnyObservable`` is the form in which observables are kept in lists: there `measure` is compiled
/// for the group at hand, which a call through `any Observable` is not.
public protocol Observable<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup

  /// The word a user types, such as `wilson-loops`.
  var name: String { get }
  /// The lattice it is made for.
  var lattice: Lattice { get }
  /// The names of the measured components, unique within the observable, in the order of `measure`.
  /// An observable with a single component gives it its own name.
  var components: [String] { get }
  /// Functions of the means of the components, unique in name within the observable; none unless
  /// stated.
  var derived: [DerivedQuantity] { get }

  /// Measures one packet: a value for each component. May allocate; safe to call from several
  /// threads at once.
  ///
  /// - Precondition: `U` is on `lattice`.
  func measure(_ U: LinkField<Group>) -> [Lanes]
}

extension Observable {
  /// None.
  @inlinable public var derived: [DerivedQuantity] { [] }

  /// Stops with both lattices where a field is on another one.
  @inlinable func check(_ U: LinkField<Group>) {
    precondition(
      U.lattice == lattice, "\(name) made for lattice \(lattice), measured on \(U.lattice)")
  }
}

/// A function of the means of several components: a Creutz ratio, a susceptibility.
///
///     F = F(⟨c_0⟩, ⟨c_1⟩, ..),   δF = Σ_i ∂F/∂⟨c_i⟩ δ⟨c_i⟩
///
/// It is evaluated once, after averaging; the gradient lets the Gamma method give it an error with
/// all correlations between the components (hep-lat/0306017).
public struct DerivedQuantity: Sendable {
  /// The name, unique within the observable.
  public let name: String
  /// The components that enter, as indices into `Observable.components`.
  public let indices: [Int]
  /// The function of the means of those components, in the order of `indices`.
  public let value: @Sendable ([Double]) -> Double
  /// The derivatives with respect to those means, in the order of `indices`.
  public let gradient: @Sendable ([Double]) -> [Double]

  /// Makes a derived quantity.
  ///
  /// - Parameters:
  ///   - name: the name, unique within the observable.
  ///   - indices: the components that enter.
  ///   - value: the function of their means.
  ///   - gradient: its derivatives.
  public init(
    name: String, indices: [Int], value: @escaping @Sendable ([Double]) -> Double,
    gradient: @escaping @Sendable ([Double]) -> [Double]
  ) {
    self.name = name
    self.indices = indices
    self.value = value
    self.gradient = gradient
  }

  /// `factor ⟨c⟩`.
  public static func multiple(_ name: String, of index: Int, by factor: Double) -> DerivedQuantity {
    DerivedQuantity(
      name: name, indices: [index], value: { factor * $0[0] }, gradient: { _ in [factor] })
  }

  /// `factor (⟨c_square⟩ - subtraction ⟨c⟩²)`: variances, susceptibilities, connected correlators.
  public static func connected(
    _ name: String, square: Int, mean: Int, subtraction: Double = 1, factor: Double = 1
  ) -> DerivedQuantity {
    DerivedQuantity(
      name: name, indices: [square, mean],
      value: { factor * ($0[0] - subtraction * $0[1] * $0[1]) },
      gradient: { [factor, -2 * factor * subtraction * $0[1]] })
  }
}

/// An observable of any kind for links of a known group.
public struct AnyObservable<Group: GaugeGroup>: Observable {
  /// The word a user types.
  public let name: String
  /// The lattice it is made for.
  public let lattice: Lattice
  /// The names of the components.
  public let components: [String]
  /// Functions of the means.
  public let derived: [DerivedQuantity]
  @usableFromInline let measurement: @Sendable (LinkField<Group>) -> [Lanes]

  /// Wraps an observable. Inlined, so that its measurement is compiled for the caller's group.
  @inlinable
  public init<Base: Observable<Group>>(_ base: Base) {
    self.init(
      name: base.name, lattice: base.lattice, components: base.components, derived: base.derived
    ) { base.measure($0) }
  }

  /// An observable given by a closure: an action, or a quantity of the user's own.
  ///
  /// - Parameters:
  ///   - name: the word a user types.
  ///   - lattice: the lattice it is made for.
  ///   - components: the names of the values that `measurement` gives.
  ///   - derived: functions of their means.
  ///   - measurement: the values on one packet, one for each component.
  public init(
    name: String, lattice: Lattice, components: [String], derived: [DerivedQuantity] = [],
    measurement: @escaping @Sendable (LinkField<Group>) -> [Lanes]
  ) {
    self.name = name
    self.lattice = lattice
    self.components = components
    self.derived = derived
    self.measurement = measurement
  }

  /// Measures one packet.
  @inlinable public func measure(_ U: LinkField<Group>) -> [Lanes] {
    check(U)
    let values = measurement(U)
    precondition(
      values.count == components.count,
      "\(name) gave \(values.count) values for \(components.count) components")
    return values
  }
}
