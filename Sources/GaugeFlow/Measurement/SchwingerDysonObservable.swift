import LaneMath
import LatticeActions
import LatticeFields
import LatticeObservables

/// The Schwinger-Dyson identities as an observable: exactly 0 for configurations that have the
/// distribution of the action, whatever the group, the dimension and the coupling.
extension SchwingerDyson: Observable {
  /// The numbers whose means are 0.
  @inlinable public func measure(_ U: LinkField<Theory.Group>) -> [Lanes] { residuals(of: U) }
}

/// Observables that test a known action, beside those of the catalog, which know none.
public enum ActionObservables {
  /// The word of the Schwinger-Dyson identities.
  @inlinable public static var schwingerDyson: String { "schwinger-dyson" }
  /// The words a user can type.
  @inlinable public static var names: [String] { [schwingerDyson] }

  /// The exact mean of a component, in any theory; nil for another observable.
  public static func exactMean(in observable: String) -> Double? {
    observable == schwingerDyson ? 0 : nil
  }

  /// The observable of a name for an action.
  ///
  /// - Throws: `SchwingerDysonError` where the lattice has no plaquette that it can be made for.
  @inlinable
  public static func observable<Theory: GaugeAction>(
    named name: String, of action: Theory, on lattice: Lattice
  ) throws -> AnyObservable<Theory.Group>? {
    guard name == schwingerDyson else { return nil }
    return AnyObservable(try SchwingerDyson(action: action, on: lattice))
  }
}

extension ObservableCatalog {
  /// The observables of several names, those that test the action included.
  ///
  /// - Parameters:
  ///   - names: words of this catalog or of ``ActionObservables``.
  ///   - lattice: the lattice.
  ///   - beta: the coupling of Wilson's action that the configurations follow; nil where it is not
  ///     known.
  ///   - location: where the configurations come from, for errors.
  /// - Throws: `ObservableError`, `SchwingerDysonError`, and `MeasurementError.unknownCoupling` for an
  ///   observable that needs a coupling that is not known.
  @inlinable
  public func observables(
    named names: [String], on lattice: Lattice, beta: Double?, location: String
  ) throws -> [AnyObservable<Group>] {
    var result: [AnyObservable<Group>] = []
    for name in names where !result.contains(where: { $0.name == name }) {
      if ActionObservables.names.contains(name) {
        guard let beta else { throw MeasurementError.unknownCoupling(location: location) }
        let action = try WilsonAction<Group>(beta: beta)
        if let made = try ActionObservables.observable(named: name, of: action, on: lattice) {
          result.append(made)
        }
      } else {
        result.append(try observable(named: name, on: lattice))
      }
    }
    return result
  }
}
