import LaneMath
import LatticeFields

/// Unit quaternions `a_0 + i σ·a`, that is SU(2): the smallest group whose elements do not commute,
/// so that an order of factors that is wrong shows.
///
/// Generators `T_a = i σ_a / 2`.
struct QuaternionGroup: GaugeGroup {
  typealias Matrix = QuaternionGroup
  typealias Algebra = QuaternionAlgebra
  var a0, a1, a2, a3: Lanes

  static var name: String { "Quaternion" }
  static var colors: Int { 2 }
  static var isAbelian: Bool { false }
  static var identity: Self { Self(a0: .one, a1: .zero, a2: .zero, a3: .zero) }
  static var zeroMatrix: Self { Self(a0: .zero, a1: .zero, a2: .zero, a3: .zero) }

  static func * (a: Self, b: Self) -> Self {
    Self(
      a0: a.a0 * b.a0 - a.a1 * b.a1 - a.a2 * b.a2 - a.a3 * b.a3,
      a1: a.a0 * b.a1 + a.a1 * b.a0 - a.a2 * b.a3 + a.a3 * b.a2,
      a2: a.a0 * b.a2 + a.a2 * b.a0 - a.a3 * b.a1 + a.a1 * b.a3,
      a3: a.a0 * b.a3 + a.a3 * b.a0 - a.a1 * b.a2 + a.a2 * b.a1)
  }
  var adjoint: Self { Self(a0: a0, a1: -a1, a2: -a2, a3: -a3) }
  var realTrace: Lanes { 2 * a0 }
  var imaginaryTrace: Lanes { .zero }
  var norm: Lanes { sqrt(a0 * a0 + a1 * a1 + a2 * a2 + a3 * a3) }
  var unitarityDefect: Lanes { abs(norm * norm - 1) }
  var reunitarized: Self { Self(a0: a0 / norm, a1: a1 / norm, a2: a2 / norm, a3: a3 / norm) }

  static func exp(_ X: Algebra) -> Self {
    let length = sqrt(X.dot(X)) + 1e-300
    let (sine, cosine) = sincos(0.5 * length)
    let ratio = sine / length
    return Self(a0: cosine, a1: ratio * X.x, a2: ratio * X.y, a3: ratio * X.z)
  }
  var algebraProjection: Algebra { Algebra(x: a1, y: a2, z: a3) }
  static func haar(using generator: inout LaneGenerator) -> Self {
    let (first, second) = generator.normalPair()
    let (third, fourth) = generator.normalPair()
    return Self(a0: first, a1: second, a2: third, a3: fourth).reunitarized
  }

  static func add(_ element: Self, to sum: inout Matrix) {
    sum.a0 += element.a0
    sum.a1 += element.a1
    sum.a2 += element.a2
    sum.a3 += element.a3
  }
  static func add(_ other: Self, scaledBy factor: Lanes, to sum: inout Matrix) {
    sum.a0 += factor * other.a0
    sum.a1 += factor * other.a1
    sum.a2 += factor * other.a2
    sum.a3 += factor * other.a3
  }
  static func algebraProjection(of U: Self, times M: Matrix) -> Algebra {
    (U * M).algebraProjection
  }
  static func realTrace(of U: Self, times M: Matrix) -> Lanes { (U * M).realTrace }

  static var scalarsPerLink: Int { 4 }
  func store(lane: Int, to pointer: UnsafeMutablePointer<Double>) {
    for (index, part) in [a0, a1, a2, a3].enumerated() { pointer[index] = part[lane] }
  }
  mutating func load(lane: Int, from pointer: UnsafePointer<Double>) {
    a0[lane] = pointer[0]
    a1[lane] = pointer[1]
    a2[lane] = pointer[2]
    a3[lane] = pointer[3]
  }
}

/// Three real coordinates.
struct QuaternionAlgebra: LieAlgebra {
  var x, y, z: Lanes
  static var dimension: Int { 3 }
  static var zero: Self { Self(x: .zero, y: .zero, z: .zero) }
  static func + (a: Self, b: Self) -> Self { Self(x: a.x + b.x, y: a.y + b.y, z: a.z + b.z) }
  static func - (a: Self, b: Self) -> Self { Self(x: a.x - b.x, y: a.y - b.y, z: a.z - b.z) }
  static func * (factor: Lanes, X: Self) -> Self {
    Self(x: factor * X.x, y: factor * X.y, z: factor * X.z)
  }
  func dot(_ other: Self) -> Lanes { x * other.x + y * other.y + z * other.z }
  static func gaussian(using generator: inout LaneGenerator) -> Self {
    Self(x: generator.normal(), y: generator.normal(), z: generator.normal())
  }
  subscript(coordinate: Int) -> Lanes {
    get { coordinate == 0 ? x : coordinate == 1 ? y : z }
    set {
      if coordinate == 0 {
        x = newValue
      } else if coordinate == 1 {
        y = newValue
      } else {
        z = newValue
      }
    }
  }
}

extension SIMD8 where Scalar == Double {
  /// 1 in every lane.
  static var one: Self { Self(repeating: 1) }
  /// The largest magnitude over lanes; not a number if a lane is not.
  var largestMagnitude: Double {
    (0..<8).reduce(0) { self[$1].isNaN || $0.isNaN ? .nan : Swift.max($0, Swift.abs(self[$1])) }
  }
  /// The lanes in another order.
  func permuted(_ order: [Int]) -> Self {
    var result = self
    for lane in 0..<8 { result[lane] = self[order[lane]] }
    return result
  }
}

extension LinkField {
  /// A field drawn from the Haar measure with a fixed seed.
  static func random(_ extents: [Int], seed: UInt64 = 1) throws -> LinkField {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    return LinkField(hotStart: try Lattice(extents), using: &generator)
  }

  /// The field after a random gauge transformation.
  func gaugeTransformed(seed: UInt64 = 2) -> LinkField {
    var generator = LaneGenerator(
      seed: seed, purpose: .gaugeTransformation, firstConfiguration: 0, step: 0)
    var result = self
    result.transform(by: (0..<lattice.volume).map { _ in Group.haar(using: &generator) })
    return result
  }

  /// The field whose lane `l` is lane `order[l]` of this one, by way of the file order.
  func permuted(_ order: [Int]) -> LinkField {
    var result = self
    let values = UnsafeMutableBufferPointer<Double>.allocate(
      capacity: links.count * Group.scalarsPerLink)
    defer { values.deallocate() }
    for lane in 0..<8 {
      store(lane: order[lane], into: values)
      result.load(lane: lane, from: UnsafeBufferPointer(values))
    }
    return result
  }
}

/// Rounding of some thousand operations on numbers of order 1.
let rounding = 1e-12
/// Odd, unequal, and degenerate extents in every number of dimensions.
let someExtents: [[Int]] = [
  [1], [2], [7], [4, 4], [3, 5], [1, 4], [2, 2], [8, 3], [3, 2, 4], [1, 1, 3], [2, 3, 1, 4],
  [3, 2, 2, 3],
]
/// Those with plaquettes.
let planarExtents = someExtents.filter { $0.count > 1 }
/// An order of lanes without fixed points.
let laneOrder = [3, 0, 6, 1, 7, 2, 5, 4].map { ($0 + 1) % 8 }
