import LaneMath

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
