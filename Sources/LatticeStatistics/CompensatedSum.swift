/// A sum that carries its rounding error along (Neumaier's variant of Kahan summation).
///
/// Accuracy: two roundings of the result plus a term of second order in the number of entries.
struct CompensatedSum {
  private var total = 0.0
  private var correction = 0.0

  /// Adds one term.
  mutating func add(_ term: Double) {
    let next = total + term
    correction += abs(total) >= abs(term) ? (total - next) + term : (term - next) + total
    total = next
  }

  /// The sum so far.
  var value: Double { total + correction }
}

extension Sequence<Double> {
  /// The compensated sum of all elements.
  func compensatedSum() -> Double {
    var sum = CompensatedSum()
    for element in self { sum.add(element) }
    return sum.value
  }
}
