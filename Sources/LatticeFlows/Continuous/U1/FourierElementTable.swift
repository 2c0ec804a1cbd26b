/// The elements of a Fourier basis, compiled: which products of modes and which harmonics they share.
struct FourierElementTable: Sendable {
  /// A global mode.
  struct Mode: Sendable {
    var kind: GlobalMode
    /// The coefficients of `cos jF` (odd modes) or `sin jF` (even ones) in `g'`, from `j = 1`.
    var slopes: [Double]
    /// Those of `sin jF` (odd modes) or `cos jF` (even ones) in `g`.
    var amplitudes: [Double]
    /// The harmonics that the mode multiplies in some element.
    var harmonics: [Int]
  }
  /// A product of three modes, 0 standing for the factor 1.
  struct Product: Hashable, Sendable {
    var first = 0
    var second = 0
    var third = 0
  }
  /// The derivative of a product with respect to a mode: a multiple of a product of two.
  struct Derivative: Sendable {
    var mode: Int
    var multiplicity: Double
    var first: Int
    var second: Int
  }
  struct Element: Sendable {
    /// The index of the product.
    var product: Int
    /// The index of the harmonic: `k - 1` for `sin kF`, `largest + k - 1` for `cos kF`.
    var harmonic: Int
    /// The derivatives of the product.
    var derivatives: Range<Int>
  }

  /// The modes; number 0 is the factor 1.
  private(set) var modes = [
    Mode(kind: .cosine(0), slopes: [], amplitudes: [], harmonics: [])
  ]
  private(set) var products: [Product] = []
  private(set) var derivatives: [Derivative] = []
  private(set) var elements: [Element] = []
  /// The largest `k` of a harmonic.
  let largest: Int
  /// The harmonics that occur, by index.
  private(set) var harmonics: [Int] = []
  /// The largest `k` of a power sum in a divergence.
  private(set) var divergenceSums = 1
  /// The largest `k` of a power sum in a column on a path without a tilt.
  private(set) var columnSums = 1

  init(_ list: [FourierElement]) {
    largest = list.map(\.harmonic).max() ?? 1
    var ranges: [Range<Int>] = []
    for element in list {
      let numbers = element.modes.map { kind in
        if let known = modes.firstIndex(where: { $0.kind == kind }) { return known }
        modes.append(
          Mode(kind: kind, slopes: kind.slopes, amplitudes: kind.amplitudes, harmonics: []))
        return modes.count - 1
      }
      let product = Product(numbers)
      let index: Int
      if let known = products.firstIndex(of: product) {
        index = known
      } else {
        index = products.count
        products.append(product)
        let start = derivatives.count
        for mode in Set(numbers).sorted() {
          var rest = numbers
          rest.remove(at: rest.firstIndex(of: mode)!)
          let two = Product(rest)
          derivatives.append(
            Derivative(
              mode: mode, multiplicity: Double(numbers.count { $0 == mode }), first: two.first,
              second: two.second))
        }
        ranges.append(start..<derivatives.count)
      }
      let harmonic = element.harmonic - 1 + (element.isSine ? 0 : largest)
      if !harmonics.contains(harmonic) { harmonics.append(harmonic) }
      for mode in Set(numbers) {
        if !modes[mode].harmonics.contains(harmonic) { modes[mode].harmonics.append(harmonic) }
        divergenceSums = max(divergenceSums, element.harmonic + modes[mode].slopes.count)
      }
      elements.append(
        Element(product: index, harmonic: harmonic, derivatives: ranges[index]))
    }
    divergenceSums = max(divergenceSums, largest)
    columnSums = max(divergenceSums, largest + 1)
  }
}

extension FourierElementTable.Product {
  init(_ numbers: [Int]) {
    if numbers.count > 0 { first = numbers[0] }
    if numbers.count > 1 { second = numbers[1] }
    if numbers.count > 2 { third = numbers[2] }
  }
}

/// The monomial coefficients of `cos kF` in `cos F`, and of `sin kF / sin F`: Chebyshev's polynomials.
struct ChebyshevTerms: Sendable {
  struct Term: Sendable {
    var harmonic: Int
    var power: Int
    var factor: Double
  }
  /// Of `T_k`, by the index of `cos kF`.
  private(set) var cosine: [Term] = []
  /// Of `U_{k-1}`, by the index of `sin kF`.
  private(set) var sine: [Term] = []
  /// The largest power.
  private(set) var degree = 0

  init(harmonics: [Int], largest: Int) {
    var first: [[Double]] = [[1], [0, 1]], second: [[Double]] = [[1], [0, 2]]
    for k in 2...(largest + 1) {
      for (kind, list) in [first, second].enumerated() {
        var next = [0] + list[k - 1].map { 2 * $0 }
        for (power, factor) in list[k - 2].enumerated() { next[power] -= factor }
        if kind == 0 { first.append(next) } else { second.append(next) }
      }
    }
    for harmonic in harmonics {
      let isSine = harmonic < largest
      let list = isSine ? second[harmonic] : first[harmonic - largest + 1]
      for (power, factor) in list.enumerated() where factor != 0 {
        degree = max(degree, power)
        let term = Term(harmonic: harmonic, power: power, factor: factor)
        if isSine { sine.append(term) } else { cosine.append(term) }
      }
    }
  }
}
