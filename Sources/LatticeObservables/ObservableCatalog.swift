import LatticeFields

/// The observables that a user can name, for links of one group.
///
/// A new observable is one file and one line in `entries`.
public struct ObservableCatalog<Group: GaugeGroup>: Sendable {
  /// An observable before its lattice is known.
  public struct Entry: Sendable {
    /// The word a user types.
    public let name: String
    /// One line for `--help`.
    public let summary: String
    /// Whether it is measured where the user names nothing.
    public let isDefault: Bool
    /// Makes it for a lattice, or says why it is not defined there.
    public let make: @Sendable (Lattice) throws(ObservableError) -> AnyObservable<Group>

    /// An entry of the catalog.
    @inlinable
    public init(
      _ name: String, _ summary: String, isDefault: Bool = false,
      make: @escaping @Sendable (Lattice) throws(ObservableError) -> AnyObservable<Group>
    ) {
      self.name = name
      self.summary = summary
      self.isDefault = isDefault
      self.make = make
    }
  }

  /// All entries, in the order in which they are shown.
  public let entries: [Entry]

  /// The catalog of the group.
  @inlinable
  public init() {
    entries = [
      Entry("plaquette", "average plaquette", isDefault: true) {
        lattice throws(ObservableError) in
        AnyObservable(try AveragePlaquette<Group>(on: lattice))
      },
      Entry("action", "Wilson action at unit coupling and its variance") {
        lattice throws(ObservableError) in
        AnyObservable(try WilsonActionDensity<Group>(on: lattice))
      },
      Entry("wilson-loops", "rectangular loops of all sizes and Creutz ratios", isDefault: true) {
        lattice throws(ObservableError) in
        AnyObservable(try WilsonLoops<Group>(on: lattice))
      },
      Entry("polyakov-loop", "Polyakov loop in every direction", isDefault: true) {
        lattice throws(ObservableError) in AnyObservable(PolyakovLoop<Group>(on: lattice))
      },
      Entry("topological-charge", "topological charge, 2D U1", isDefault: true) {
        lattice throws(ObservableError) in
        try Self.abelian("topological-charge") { () throws(ObservableError) in
          AnyObservable(try TopologicalCharge(on: lattice))
        }
      },
      Self.plaquetteTwoPoint(.timeSlices, "plaquette two-point function by time slices"),
      Self.plaquetteTwoPoint(.position, "plaquette two-point function at every separation"),
      Self.plaquetteTwoPoint(.momentum, "plaquette two-point function in momentum space"),
      Self.chargeTwoPoint(.timeSlices, "charge density two-point function by time slices, 2D U1"),
      Self.chargeTwoPoint(.position, "charge density two-point function in position space, 2D U1"),
      Self.chargeTwoPoint(.momentum, "charge density two-point function in momentum space, 2D U1"),
    ]
  }

  /// The words a user can type.
  public var names: [String] { entries.map(\.name) }

  /// The observable of a name.
  ///
  /// - Throws: `ObservableError.unknown` where there is none, and what the observable throws where
  ///   it is not defined for the group or the lattice.
  public func observable(named name: String, on lattice: Lattice) throws(ObservableError)
    -> AnyObservable<Group>
  {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .unknown(name, known: names)
    }
    return try entry.make(lattice)
  }

  /// The observables of several names, in their order, each once.
  ///
  /// - Throws: as ``observable(named:on:)``, for the first name that fails.
  public func observables(named names: [String], on lattice: Lattice) throws(ObservableError)
    -> [AnyObservable<Group>]
  {
    var result: [AnyObservable<Group>] = []
    for name in names where !result.contains(where: { $0.name == name }) {
      result.append(try observable(named: name, on: lattice))
    }
    return result
  }

  /// All observables that are defined for the group on a lattice.
  ///
  /// - Parameters:
  ///   - lattice: the lattice.
  ///   - onlyDefaults: whether to leave out those that are measured on request only.
  public func applicable(to lattice: Lattice, onlyDefaults: Bool = false) -> [AnyObservable<Group>]
  {
    entries.compactMap { entry in
      if onlyDefaults && !entry.isDefault { return nil }
      do throws(ObservableError) { return try entry.make(lattice) } catch { return nil }
    }
  }

  /// An observable of U(1), or the error that says so where the group is another one.
  @inlinable
  static func abelian(
    _ name: String, _ make: () throws(ObservableError) -> AnyObservable<U1>
  ) throws(ObservableError) -> AnyObservable<Group> {
    guard Group.self == U1.self else {
      throw .group(observable: name, expected: U1.name, given: Group.name)
    }
    return try make() as! AnyObservable<Group>
  }

  @inlinable
  static func plaquetteTwoPoint(_ form: TwoPointForm, _ summary: String) -> Entry {
    Entry("plaquette-" + form.suffix, summary) { lattice throws(ObservableError) in
      AnyObservable(try PlaquetteCorrelator<Group>(on: lattice, form: form))
    }
  }

  @inlinable
  static func chargeTwoPoint(_ form: TwoPointForm, _ summary: String) -> Entry {
    let name = "topological-charge-" + form.suffix
    return Entry(name, summary) { lattice throws(ObservableError) in
      try abelian(name) { () throws(ObservableError) in
        AnyObservable(try TopologicalChargeCorrelator(on: lattice, form: form))
      }
    }
  }
}
