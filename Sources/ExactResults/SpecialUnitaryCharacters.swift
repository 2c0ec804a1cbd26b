/// The characters of SU(N) in the expansion of the one-plaquette weight.
///
/// A representation is its Young diagram lambda_1 >= ... >= lambda_N = 0, and
///
///     d_lambda c_lambda = sum_n det_{ij} I_{lambda_i - i + j + n}(beta/N),   n in Z
///
/// (Weyl's integration formula for U(N); the sum over n projects onto determinant one). The Bessel
/// functions are a totally positive sequence, so every determinant is positive and elimination
/// needs no pivots.
struct SpecialUnitaryCharacters {
  let colors: Int
  let bessel: BesselSequence
  private var matrix: [DoubleDouble]

  init(colors: Int, beta: Double) {
    self.colors = colors
    bessel = BesselSequence(argument: beta / Double(colors))
    matrix = [DoubleDouble](repeating: DoubleDouble(0), count: colors * colors)
  }

  /// The number of representations that is still summed in a few seconds (at N = 6).
  static let largestCount = 40_000

  /// log of the factor taken out of every coefficient.
  var logScale: Double { Double(colors) * bessel.logScale }

  /// The dimension of a representation, prod_{i<j} (lambda_i - lambda_j + j - i) / (j - i).
  static func dimension(_ diagram: [Int]) -> Double {
    var dimension = 1.0
    for i in diagram.indices {
      for j in (i + 1)..<max(i + 1, diagram.count) {
        dimension *= Double(diagram[i] - diagram[j] + j - i) / Double(j - i)
      }
    }
    return dimension
  }

  /// exp(-logScale) d_lambda c_lambda.
  mutating func coefficient(_ diagram: [Int]) -> DoubleDouble {
    let center = -Int((Double(diagram.reduce(0, +)) / Double(colors)).rounded())
    var sum = determinant(diagram, shift: center)
    for direction in [1, -1] {
      var n = center + direction
      while true {
        let term = determinant(diagram, shift: n)
        sum = sum + term
        if term.high <= 1e-17 * sum.high { break }
        n += direction
      }
    }
    return sum
  }

  private mutating func determinant(_ diagram: [Int], shift: Int) -> DoubleDouble {
    let size = colors
    return matrix.withUnsafeMutableBufferPointer { matrix in
      bessel.values.withUnsafeBufferPointer { values in
        for i in 0..<size {
          for j in 0..<size {
            let order = abs(diagram[i] - i + j + shift)
            matrix[i * size + j] = order < values.count ? values[order] : DoubleDouble(0)
          }
        }
        var product = DoubleDouble(1)
        for k in 0..<size {
          let pivot = matrix[k * size + k]
          guard pivot.high > 0 else { return DoubleDouble(0) }
          product = product * pivot
          if k == size - 1 { break }
          let reciprocal = DoubleDouble(1) / pivot
          for i in (k + 1)..<size {
            let factor = matrix[i * size + k] * reciprocal
            for j in (k + 1)..<size {
              matrix[i * size + j] = matrix[i * size + j] - factor * matrix[k * size + j]
            }
          }
        }
        return product
      }
    }
  }

  /// All representations that contribute at a volume, and their neighbours under fusion with the
  /// fundamental.
  ///
  /// - Throws: `ExactResultError.volume` where more than `largestCount` would be needed.
  static func expansion(colors: Int, volume: Int, beta: Double) throws(ExactResultError)
    -> CharacterExpansion
  {
    var single = SpecialUnitaryCharacters(colors: colors, beta: beta)
    var double = SpecialUnitaryCharacters(colors: colors, beta: 2 * beta)
    let trivial = [Int](repeating: 0, count: colors)
    let (one, two) = (single.coefficient(trivial), double.coefficient(trivial))
    var diagrams = [trivial]
    var dimensions = [1.0]
    var index = [trivial: 0]
    var expansion = CharacterExpansion(
      logTrivial: single.logScale + one.logarithm,
      logTrivialDoubled: double.logScale + two.logarithm,
      logRatios: [0], logRatiosDoubled: [0], fusions: [])
    var logFundamental = 0.0
    var expands = [true]
    var next = 0
    while next < diagrams.count {
      defer { next += 1 }
      guard expands[next] else { continue }
      guard diagrams.count <= largestCount else {
        throw .volume(
          expected:
            "more plaquettes at this beta (over \(largestCount) representations contribute)",
          found: volume)
      }
      let diagram = diagrams[next]
      for neighbour in neighbours(of: diagram) where index[neighbour] == nil {
        let dimension = dimension(neighbour)
        let size = DoubleDouble(dimension)
        let logRatio: Double
        var logRatioDoubled: Double?
        if let known = index[conjugate(neighbour)] {
          logRatio = expansion.logRatios[known]
          logRatioDoubled = expansion.logRatiosDoubled[known]
        } else {
          logRatio = (single.coefficient(neighbour) / (one * size)).logarithm
        }
        if next == 0 && logFundamental == 0 { logFundamental = logRatio }
        func doubled() -> Double {
          if let known = logRatioDoubled { return known }
          let value = (double.coefficient(neighbour) / (two * size)).logarithm
          logRatioDoubled = value
          return value
        }
        let expand = CharacterExpansion.contributes(
          logRatio: logRatio, logRatioDoubled: doubled(), logFundamental: logFundamental,
          volume: volume)
        let matters = CharacterExpansion.power(volume - 1, logRatio) > -CharacterExpansion.cutoff
        index[neighbour] = diagrams.count
        diagrams.append(neighbour)
        dimensions.append(dimension)
        expands.append(expand)
        expansion.logRatios.append(logRatio)
        expansion.logRatiosDoubled.append(matters ? doubled() : -.infinity)
      }
    }
    let logColors = Scalar.log(Double(colors))
    for (inner, diagram) in diagrams.enumerated() {
      for row in 0..<colors {
        guard let outer = addingBox(to: diagram, row: row).flatMap({ index[$0] }) else { continue }
        let logWeight = Scalar.log(dimensions[inner] / dimensions[outer]) - logColors
        expansion.fusions.append(.init(inner: inner, outer: outer, logWeight: logWeight))
      }
    }
    return expansion
  }

  /// lambda with one more box in a row, full columns removed; nil where that is no diagram.
  private static func addingBox(to diagram: [Int], row: Int) -> [Int]? {
    if row > 0 && diagram[row - 1] == diagram[row] { return nil }
    var result = diagram
    result[row] += 1
    if row == diagram.count - 1 { for i in result.indices { result[i] -= 1 } }
    return result
  }

  private static func conjugate(_ diagram: [Int]) -> [Int] {
    diagram.reversed().map { diagram[0] - $0 }
  }

  /// The representations in lambda x f and lambda x f*.
  private static func neighbours(of diagram: [Int]) -> [[Int]] {
    let reflected = conjugate(diagram)
    return diagram.indices.compactMap { addingBox(to: diagram, row: $0) }
      + diagram.indices.compactMap { addingBox(to: reflected, row: $0) }.map(conjugate)
  }
}
