import LaneMath
import LatticeFields

/// The laws of a gauge group: that its operations are those of a group and its algebra, and that it
/// draws from the Haar measure.
///
/// Complexity: some 10⁵ operations of the group.
public func groupLaws<G: GaugeGroup>(of group: G.Type, seed: UInt64 = 1) -> [Law] {
  var generator = LaneGenerator(
    seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
  let rounding = "rounding of products of matrices of order-one entries"
  let exact = 1e-13 * Double(G.colors * G.colors)
  var unitarity = 0.0, inverse = 0.0, exponential = 0.0, associativity = 0.0, reversal = 0.0
  var stored = 0.0, nearest = 0.0, derivative = 0.0, matrixDerivative = 0.0
  let h = 1e-3
  for _ in 0..<64 {
    let a = G.haar(using: &generator), b = G.haar(using: &generator), c = G.haar(using: &generator)
    let X = G.Algebra.gaussian(using: &generator)
    unitarity = worse(unitarity, a.unitarityDefect.largest)
    inverse = worse(inverse, distance(a * a.adjoint, G.identity).largest)
    exponential = worse(
      exponential,
      distance(G.exp(X) * G.exp(Lanes(repeating: -1) * X), G.identity).largest)
    associativity = worse(associativity, distance((a * b) * c, a * (b * c)).largest)
    reversal = worse(reversal, distance((a * b).adjoint, b.adjoint * a.adjoint).largest)
    nearest = worse(nearest, distance(a.reunitarized, a).largest)

    var copy = G.identity
    let file = Buffer<Double>(count: G.scalarsPerLink, repeating: 0)
    for lane in 0..<laneCount {
      a.store(lane: lane, to: file.pointer)
      copy.load(lane: lane, from: file.pointer)
    }
    stored = worse(stored, distance(copy, a).largest)

    var M = G.zeroMatrix
    G.add(b, to: &M)
    G.add(c, to: &M)
    let projection = a.algebraProjection, matrixProjection = G.algebraProjection(of: a, times: M)
    for coordinate in 0..<G.Algebra.dimension {
      var T = G.Algebra.zero
      T[coordinate] = Lanes(repeating: 1)
      let slope = fourthOrderDifference(step: h) { -(G.exp($0 * T) * a).realTrace }
      let matrixSlope = fourthOrderDifference(step: h) {
        -G.realTrace(of: G.exp($0 * T) * a, times: M)
      }
      derivative = worse(derivative, abs(slope - projection[coordinate]).largest)
      matrixDerivative = worse(
        matrixDerivative, abs(matrixSlope - matrixProjection[coordinate]).largest)
    }
  }
  let differences = "h⁴/30 and rounding over h for h = 1e-3, on functions of order one"
  return [
    Law("U†U = 1 for Haar elements", residual: unitarity, tolerance: exact, reason: rounding),
    Law("U U† = 1", residual: inverse, tolerance: exact, reason: rounding),
    Law("exp(X) exp(-X) = 1", residual: exponential, tolerance: exact, reason: rounding),
    Law("(ab)c = a(bc)", residual: associativity, tolerance: exact, reason: rounding),
    Law("(ab)† = b†a†", residual: reversal, tolerance: exact, reason: rounding),
    Law("reunitarising changes nothing", residual: nearest, tolerance: exact, reason: rounding),
    Law("loading returns what was stored", residual: stored, tolerance: exact, reason: rounding),
    Law(
      "projection is the derivative of -Re tr U", residual: derivative,
      tolerance: 1e-10 * Double(G.colors), reason: differences),
    Law(
      "projection is the derivative of -Re tr UM", residual: matrixDerivative,
      tolerance: 1e-10 * Double(G.colors), reason: differences),
  ] + haarLaws(of: group, using: &generator)
}

/// The moments of the Haar measure that tell it from others.
private func haarLaws<G: GaugeGroup>(of group: G.Type, using generator: inout LaneGenerator)
  -> [Law]
{
  // <Re tr U> = 0; <|tr U|²> = 1 for every SU(N) and U(N): one invariant in N ⊗ N̄.
  let packets = 2048
  var first = Lanes.zero, firstSquare = Lanes.zero, second = Lanes.zero, secondSquare = Lanes.zero
  for _ in 0..<packets {
    let U = G.haar(using: &generator)
    let trace = U.realTrace
    let square = trace * trace + U.imaginaryTrace * U.imaginaryTrace
    first += trace
    firstSquare += trace * trace
    second += square
    secondSquare += square * square
  }
  let count = Double(packets * laneCount)
  func deviation(_ sum: Lanes, _ squares: Lanes, _ expected: Double) -> Double {
    let mean = sum.sum() / count
    let variance = Swift.max(squares.sum() / count - mean * mean, 0)
    // Where the variance is rounding only, the statement is exact.
    return Swift.abs(mean - expected) / ((variance / count).squareRoot() + 1e-12)
  }
  return [
    Law(
      "Haar: mean of Re tr U is 0, in standard errors",
      residual: deviation(first, firstSquare, 0), tolerance: statisticalTolerance,
      reason: statisticalReason),
    Law(
      "Haar: mean of |tr U|² is 1, in standard errors",
      residual: deviation(second, secondSquare, 1), tolerance: statisticalTolerance,
      reason: statisticalReason),
  ]
}

/// Deviations of normal variables that occur with probability 1e-5.
let statisticalTolerance = 4.42
/// Where `statisticalTolerance` comes from.
let statisticalReason = "false-alarm rate 1e-5 of a normal variable"

/// `f'(0)` with an error of order `step⁴`.
func fourthOrderDifference(step h: Double, of f: (Lanes) -> Lanes) -> Lanes {
  let near = f(Lanes(repeating: h)) - f(Lanes(repeating: -h))
  let far = f(Lanes(repeating: 2 * h)) - f(Lanes(repeating: -2 * h))
  return (8 * near - far) / (12 * h)
}
