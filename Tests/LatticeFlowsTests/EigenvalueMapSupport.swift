import LaneMath
import LatticeFields

@testable import LatticeFlows

/// An eigenvalue map with parameters and memory, acting on elements of a group.
struct EigenvalueMapCase<G: EigenframeGroup> {
  let map: EigenvalueMap
  let parameters: Buffer<FloatLanes>
  private let scratch: Buffer<Lanes>
  private let floatScratch: Buffer<FloatLanes>

  init(bins: Int, scale: Double, seed: UInt64) {
    map = EigenvalueMap(colors: G.colors, bins: bins)
    parameters = Buffer(count: map.parameterCount, repeating: .zero)
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    for k in 0..<parameters.count { parameters[k] = (scale * generator.normal()).single }
    // What lies in the memory before does not matter.
    scratch = Buffer(count: map.scratchCount, repeating: Lanes(repeating: .nan))
    floatScratch = Buffer(
      count: map.floatScratchCount, repeating: FloatLanes(repeating: .nan))
  }

  func apply(_ phases: Buffer<Lanes>) -> (newPhases: Buffer<Lanes>, logDet: Lanes) {
    let new = Buffer<Lanes>(count: G.colors, repeating: .zero)
    let logDet = map.apply(
      phases.pointer, parameters: parameters.pointer, to: new.pointer, scratch: scratch.pointer,
      floatScratch: floatScratch.pointer)
    return (new, logDet)
  }

  func applyInverse(_ newPhases: Buffer<Lanes>) throws(InversionFailure)
    -> (phases: Buffer<Lanes>, logDet: Lanes)
  {
    let phases = Buffer<Lanes>(count: G.colors, repeating: .zero)
    let logDet = try map.applyInverse(
      newPhases.pointer, parameters: parameters.pointer, to: phases.pointer,
      scratch: scratch.pointer, floatScratch: floatScratch.pointer)
    return (phases, logDet)
  }

  /// The coordinates at `X`, and the derivatives with respect to the parameters.
  func pullback(
    _ phases: Buffer<Lanes>, _ newPhases: Buffer<Lanes>, _ coordinates: Buffer<Lanes>, b: Lanes
  ) -> (coordinates: Buffer<Lanes>, parameters: Buffer<FloatLanes>) {
    let result = copy(coordinates)
    let gradient = Buffer<FloatLanes>(
      count: map.parameterCount, repeating: FloatLanes(repeating: .nan))
    map.pullback(
      phases.pointer, newPhases: newPhases.pointer, parameters: parameters.pointer,
      coordinates: result.pointer, b: b, parameterGradient: gradient.pointer,
      scratch: scratch.pointer, floatScratch: floatScratch.pointer)
    return (result, gradient)
  }

  /// The coordinates at `X'`, and the derivatives with respect to the parameters.
  func pushScore(
    _ phases: Buffer<Lanes>, _ newPhases: Buffer<Lanes>, _ coordinates: Buffer<Lanes>
  ) -> (coordinates: Buffer<Lanes>, parameters: Buffer<FloatLanes>) {
    let result = copy(coordinates)
    let gradient = Buffer<FloatLanes>(
      count: map.parameterCount, repeating: FloatLanes(repeating: .nan))
    map.pushScore(
      phases.pointer, newPhases: newPhases.pointer, parameters: parameters.pointer,
      coordinates: result.pointer, parameterGradient: gradient.pointer,
      scratch: scratch.pointer, floatScratch: floatScratch.pointer)
    return (result, gradient)
  }

  /// The map of group elements.
  @inline(never)
  func image(of U: G) -> (element: G, logDet: Lanes) {
    let phases = Buffer<Lanes>(count: G.colors, repeating: .zero)
    let frame = G.Frame(of: U, phases: phases.pointer)
    let (new, logDet) = apply(phases)
    return (frame.element(phases: new.pointer), logDet)
  }

  func copy(_ buffer: Buffer<Lanes>) -> Buffer<Lanes> {
    let result = Buffer<Lanes>(count: buffer.count, repeating: .zero)
    for k in 0..<buffer.count { result[k] = buffer[k] }
    return result
  }

  /// Where the points of the last evaluation lie in their splines.
  private var bins: [RationalQuadraticSpline.Bin] {
    let space = EigenvalueMap.Workspace(map, scratch.pointer)
    return (0..<G.colors - 1).map { space.locations[$0].location.bin }
  }

  /// After an evaluation, the distance of all points from the inner knots of their splines.
  var distanceFromKnots: Lanes {
    let far = Lanes(repeating: 1)
    return bins.reduce(far) {
      let left = select($1.x0 .== 0, far, $1.xi * $1.width)
      return min($0, min(left, select($1.isLast, far, $1.rest * $1.width)))
    }
  }

  /// The derivative of a function of the image along generator `a`, by differences of fourth order,
  /// and the lanes in which no knot lies within the four steps.
  func derivative<Value>(
    at U: G, along a: Int, step h: Double, _ value: (G, Lanes) -> Value,
    combine: (Value, Value, Double) -> Value
  ) -> (value: Value, isSmooth: LaneMask) {
    _ = image(of: U)
    let here = bins
    var isSmooth = LaneMask(repeating: true)
    let slope = slope(h) {
      let (element, logDet) = image(of: moved(U, a, $0))
      // A bin is 1e-3 of the interval wide; knots that depend on τ move by about h.
      for (a, b) in zip(here, bins) { isSmooth = isSmooth .& (abs(a.x0 - b.x0) .< 3e-4) }
      return value(element, logDet)
    } combine: {
      combine($0, $1, $2)
    }
    return (slope, isSmooth)
  }

  /// `log|det|` of the Jacobian in left derivatives, by differences: column `a` is the derivative of
  /// `log(f(e^{εT_a} U) f(U)†)`; with the uncertainty that is left by rounding, and the lanes without
  /// knots in the steps.
  func denseLogDet(at U: G, step h: Double)
    -> (value: Lanes, uncertainty: Lanes, isSmooth: LaneMask)
  {
    let n = G.Algebra.dimension
    let base = image(of: U).element.adjoint
    var columns: [G.Algebra] = []
    var isSmooth = LaneMask(repeating: true)
    for a in 0..<n {
      let column = derivative(at: U, along: a, step: h) { element, _ in
        element.timesLogarithm(base)
      } combine: {
        $0.adding(Lanes(repeating: $2), $1)
      }
      columns.append(column.value)
      isSmooth = isSmooth .& column.isSmooth
    }
    var result = Lanes.zero, uncertainty = Lanes.zero
    for lane in 0..<laneCount {
      var matrix: [[Double]] = []
      for row in 0..<n { matrix.append((0..<n).map { columns[$0][row][lane] }) }
      // Elements are known to some 1e-15.
      let (value, error) = logAbsoluteDeterminant(matrix, error: 1e-15 / h)
      result[lane] = value
      uncertainty[lane] = error
    }
    return (result, uncertainty, isSmooth)
  }

  /// `e^{εT_a} U`.
  @inline(never)
  func moved(_ U: G, _ a: Int, _ epsilon: Double) -> G {
    var X = G.Algebra.zero
    X[a] = Lanes(repeating: epsilon)
    return G.exp(X) * U
  }
}

extension GaugeGroup {
  /// The largest distance of two elements, entry by entry in the algebra's coordinates.
  @inline(never)
  func distance(to other: Self) -> Lanes {
    let ratio = self * other.adjoint
    let X = ratio.algebraProjection
    return max(abs(ratio.realTrace - Double(Self.colors)), 2 * LaneMath.sqrt(X.dot(X)))
  }
}

extension SpectralGroup {
  /// `log(self other)`.
  @inline(never)
  func timesLogarithm(_ other: Self) -> Algebra { (self * other).logarithm }
}

/// The derivative at 0 with an error of `h⁴/30` fifth derivatives; `combine(a, b, w)` is `a + w b`.
func slope<Value>(
  _ h: Double, _ value: (Double) -> Value, combine: (Value, Value, Double) -> Value
) -> Value {
  let up = value(h), down = value(-h), far = value(2 * h), near = value(-2 * h)
  let zero = combine(up, up, -1)
  var sum = combine(zero, up, 8 / (12 * h))
  sum = combine(sum, down, -8 / (12 * h))
  sum = combine(sum, far, -1 / (12 * h))
  return combine(sum, near, 1 / (12 * h))
}

/// By elimination with row pivots; and what an error of the entries makes of it.
func logAbsoluteDeterminant(_ rows: [[Double]], error: Double) -> (Double, Double) {
  var m = rows
  var result = Lanes.zero
  var uncertainty = 0.0
  for k in m.indices {
    let pivot = (k..<m.count).max { abs(m[$0][k]) < abs(m[$1][k]) }!
    m.swapAt(k, pivot)
    result += LaneMath.log(Lanes(repeating: abs(m[k][k])))
    uncertainty += error / abs(m[k][k])
    for i in k + 1..<Swift.max(k + 1, m.count) {
      let factor = m[i][k] / m[k][k]
      for j in k..<m.count { m[i][j] -= factor * m[k][j] }
    }
  }
  return (result[0], uncertainty)
}
