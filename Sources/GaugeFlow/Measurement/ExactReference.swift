import ExactResults
import LatticeFields
import LatticeObservables

/// Exact finite-volume values of observables, where a theory has been solved: two dimensions.
public struct ExactReference: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// The solved theory.
  public let theory: any ExactTheory2D

  /// The exact results of a theory; nil where there are none.
  ///
  /// - Parameters:
  ///   - colors: the number of colours, 1 for U(1).
  ///   - lattice: the lattice.
  ///   - beta: the coupling of Wilson's action.
  public init?(colors: Int, lattice: Lattice, beta: Double) {
    guard lattice.dimension == 2 else { return nil }
    self.lattice = lattice
    do throws(ExactResultError) {
      theory =
        colors == 1
        ? try ExactU1(volume: lattice.volume, beta: beta)
        : try ExactSU(colors: colors, volume: lattice.volume, beta: beta)
    } catch {
      return nil
    }
  }

  /// The exact results where the group and the coupling of measured histories have them.
  public init?(for histories: MeasurementHistories) {
    guard let beta = histories.beta else { return nil }
    self.init(group: histories.groupName, lattice: histories.lattice, beta: beta)
  }

  /// The exact results of a group by its name; nil where there are none.
  public init?(group: String, lattice: Lattice, beta: Double) {
    guard let colors = colorsOfGroup(group) else { return nil }
    self.init(colors: colors, lattice: lattice, beta: beta)
  }

  /// The exact mean of a component of an observable; nil where it is not known.
  ///
  /// A Wilson loop has its value by the area `r t` that it encloses. Polyakov loops vanish by centre
  /// symmetry, the charge by reflection.
  public func mean(of component: String, in observable: String) -> Double? {
    switch (observable, component) {
    case ("plaquette", _), ("plaquette-correlator", "mean"): return theory.averagePlaquette
    case ("action", "action"): return -Double(lattice.volume) * theory.averagePlaquette
    case ("wilson-loops", _):
      let sides = component.split(separator: "x").compactMap { Int($0) }
      guard sides.count == 2 else { return nil }
      return loop(area: sides[0] * sides[1])
    case ("topological-charge", "charge"): return theory.colors == 1 ? 0 : nil
    case ("topological-charge", "charge_squared"):
      return (theory as? ExactU1)?.topologicalChargeSquared
    case ("polyakov-loop", _):
      return component.hasPrefix("re_") || component.hasPrefix("im_") ? 0 : nil
    default: return nil
    }
  }

  /// The exact value of a derived quantity whose components are all known.
  public func value(of quantity: DerivedQuantity, in history: ObservableHistory) -> Double? {
    var means: [Double] = []
    for index in quantity.indices {
      guard let mean = mean(of: history.components[index], in: history.name) else { return nil }
      means.append(mean)
    }
    let value = quantity.value(means)
    return value.isFinite ? value : nil
  }

  private func loop(area: Int) -> Double? {
    do throws(ExactResultError) { return try theory.wilsonLoop(area: area) } catch { return nil }
  }
}

/// The number of colours of `U1`, `SU2`, ...
private func colorsOfGroup(_ name: String) -> Int? {
  name == "U1" ? 1 : name.hasPrefix("SU") ? Int(name.dropFirst(2)) : nil
}
