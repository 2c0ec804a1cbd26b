/// A sum that carries its rounding errors along (Knuth's two-sum, as in Ogita, Rump and Oishi).
///
/// Accuracy: one rounding of the result plus a term of second order in the number of entries.
struct CompensatedSum {
  private var total = 0.0
  private var correction = 0.0

  /// Adds one term.
  @inline(__always)
  mutating func add(_ term: Double) {
    let next = total + term
    let added = next - total
    correction += (total - (next - added)) + (term - added)
    total = next
  }

  /// The sum so far.
  var value: Double { total + correction }
}

/// The compensated sum of a function of every entry of several chains.
@inline(__always)
func compensatedSum(_ chains: [[Double]], of term: (Double) -> Double = { $0 }) -> Double {
  var sum = CompensatedSum()
  for chain in chains {
    chain.withUnsafeBufferPointer { entries in
      for entry in entries { sum.add(term(entry)) }
    }
  }
  return sum.value
}

/// The compensated sum of a function of every entry.
@inline(__always)
func compensatedSum(_ entries: [Double], of term: (Double) -> Double = { $0 }) -> Double {
  compensatedSum([entries], of: term)
}
