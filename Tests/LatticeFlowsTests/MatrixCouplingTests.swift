import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// Small architectures of SU(N): every geometry and map, with its smallest lattice.
let matrixArchitectures: [(name: String, extents: [Int], stage: CouplingArchitecture.Stage)] = [
  (
    "blocks", [4, 3],
    .init(
      geometry: .blocks, layers: 3, map: .spline(bins: 4), hidden: [5], activation: .tanh,
      hasResidual: true)
  ),
  (
    "stripes", [4, 4],
    .init(
      geometry: .stripes, layers: 2, map: .spline(bins: 4), hidden: [4], activation: .tanh,
      isCentred: true)
  ),
  (
    "stripes of the literature", [4, 4],
    .init(
      geometry: .stripes, layers: 2, map: .spline(bins: 5), hidden: [4], activation: .leakyReLU,
      pairLoops: false, harmonics: 2)
  ),
  (
    "checkerboard", [2, 4, 2],
    .init(
      geometry: .checkerboard, layers: 4, map: .spline(bins: 3), hidden: [4], activation: .tanh,
      isCentred: true)
  ),
  (
    "residual", [2, 2, 2, 2],
    .init(geometry: .checkerboard, layers: 5, map: .residual, hidden: [3], activation: .tanh)
  ),
]

/// A flow of SU(N) whose networks have outputs of about the given size.
func makeMatrixFlow<Group: CouplingGroup>(
  _ group: Group.Type, _ index: Int, scale: Double, seed: UInt64 = 1
) throws -> CouplingFlow<Group> {
  let (_, extents, stage) = matrixArchitectures[index]
  var flow = try CouplingFlow<Group>(
    lattice: try Lattice(extents), architecture: CouplingArchitecture(stages: [stage]), seed: seed)
  // A new flow has a last layer of a tenth of the usual size: about 0.1 at its outputs.
  for block in flow.blocks {
    let last = block.channels.count - 1
    let inputs = block.channels[last - 1] * block.taps[last - 1]
    let count = block.channels[last] * (inputs + 1)
    for k in (block.range.upperBound - count)..<block.range.upperBound {
      flow.parameters[k] *= 10 * scale
    }
  }
  return flow
}

/// The laws of coupling layers of SU(N).
struct MatrixCouplingTests {
  /// Fields on which layers are tried.
  enum Start: CaseIterable {
    /// Haar-distributed links.
    case random
    /// Links within 0.01 of the unit element: all eigenvalues of all loops are nearly degenerate.
    case nearlyDegenerate
  }

  static let cases: [(Int, Double, Start)] = matrixArchitectures.indices.flatMap { index in
    let ways: [(Double, Start)] = [
      (1e-2, .random), (1, .random), (8, .random), (1, .nearlyDegenerate),
    ]
    return ways.map { (index, $0.0, $0.1) }
  }

  private func field<Group: SpectralGroup>(
    _ group: Group.Type, _ lattice: Lattice, _ start: Start, seed: UInt64 = 3
  ) -> LinkField<Group> {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    var U = LinkField<Group>(hotStart: lattice, using: &generator)
    if start == .nearlyDegenerate {
      for link in U.links.indices {
        U.links[link] = Group.exp(
          Lanes(repeating: 0.01) * Group.Algebra.gaussian(using: &generator))
      }
    }
    return U
  }

  /// `log|det|` of the differential of each active link's map, by sixth-order differences of its
  /// logarithm; all other rows are those of the unit matrix, as frozen links come out bit by bit.
  private func denseLogDet<Group: SpectralGroup>(
    of layer: CouplingTransport<Group>, at U: LinkField<Group>, link: Int, step h: Double
  ) -> Lanes {
    let n = Group.Algebra.dimension
    var image = U
    _ = layer.apply(to: &image)
    let back = image.links[link].adjoint
    var matrix = [Lanes](repeating: .zero, count: n * n)
    for column in 0..<n {
      for (k, weight) in [(1.0, 45.0), (2, -9), (3, 1)] {
        for sign in [1.0, -1] {
          var X = Group.Algebra.zero
          X[column] = Lanes(repeating: sign * k * h)
          var moved = U
          moved.links[link] = Group.exp(X) * moved.links[link]
          _ = layer.apply(to: &moved)
          let change = (moved.links[link] * back).logarithm
          for row in 0..<n {
            matrix[row * n + column] += (sign * weight / (60 * h)) * change[row]
          }
        }
      }
    }
    var result = Lanes.zero
    for lane in 0..<laneCount {
      var m = matrix.map { $0[lane] }
      for p in 0..<n {
        let best = (p..<n).max { abs(m[$0 * n + p]) < abs(m[$1 * n + p]) }!
        if best != p { for c in 0..<n { m.swapAt(best * n + c, p * n + c) } }
        result[lane] += LaneMath.log(Lanes(repeating: abs(m[p * n + p])))[0]
        for r in (p + 1)..<max(p + 1, n) {
          let factor = m[r * n + p] / m[p * n + p]
          for c in p..<n { m[r * n + c] -= factor * m[p * n + c] }
        }
      }
    }
    return result
  }

  /// The same with the step that the next one agrees with best: knots of splines and walls of the cell
  /// of eigenphases spoil long steps, rounding short ones.
  private func denseLogDet<Group: SpectralGroup>(
    of layer: CouplingTransport<Group>, at U: LinkField<Group>, link: Int
  ) -> (value: Lanes, doubt: Lanes) {
    let values = [1e-2, 2e-3, 4e-4, 1e-4, 2e-5].map {
      denseLogDet(of: layer, at: U, link: link, step: $0)
    }
    var result = values[0], doubt = Lanes(repeating: .infinity)
    for (a, b) in zip(values, values.dropFirst()) {
      let better = abs(a - b) .< doubt
      result = select(better, b, result)
      doubt = select(better, abs(a - b), doubt)
    }
    return (result, doubt)
  }

  /// Log-det, inverse and frozen links of every layer.
  private func check<Group: SpectralGroup & CouplingGroup>(
    _ group: Group.Type, _ index: Int, _ scale: Double, _ start: Start
  ) throws {
    let flow = try makeMatrixFlow(group, index, scale: scale)
    let name = "\(Group.name) \(matrixArchitectures[index].name) scale \(scale) \(start)"
    #expect(flow.maskContradictions().isEmpty)
    let U = field(group, flow.lattice, start)
    var good = 0, all = 0
    for number in 0..<flow.layerCount where number < (Group.colors == 4 ? 2 : 5) {
      let single = flow.layer(number), layer = CouplingTransport(single)
      var image = U
      let logDet = layer.apply(to: &image)
      let active = single.layers[0].movedLinks
      for link in U.links.indices where !active.contains(link) {
        let isSame = withUnsafeBytes(of: image.links[link]) { a in
          withUnsafeBytes(of: U.links[link]) { a.elementsEqual($0) }
        }
        #expect(isSame, "\(name), layer \(number): frozen link \(link) moved")
      }
      var dense = Lanes.zero, doubt = Lanes.zero
      for link in active.sorted() {
        let own = denseLogDet(of: layer, at: U, link: link)
        dense += own.value
        doubt += own.doubt
      }
      for lane in 0..<laneCount {
        all += 1
        let error = abs(dense[lane] - logDet[lane])
        if doubt[lane] < 1e-7 {
          good += 1
          // 1e-10 for each link, and what the differences themselves are not sure of; with slopes from
          // 1e-3 to 1e3 these are worse than they know.
          #expect(
            error < (scale > 2 ? 1e-7 : 1e-10) * Double(active.count) + 3 * doubt[lane],
            "\(name), layer \(number): \(error), differences are sure to \(doubt[lane])")
        }
      }
      var back = image
      let inverse = try layer.applyInverse(to: &back)
      // The inverse magnifies rounding by the inverse of the smallest slope.
      let tolerance = scale > 2 ? 1e-4 : 1e-9
      #expect(
        (abs(inverse + logDet) / (1 + abs(logDet))).max() < tolerance,
        "\(name): \(inverse + logDet)")
      var distance = 0.0
      for link in U.links.indices {
        let rest = (back.links[link] * U.links[link].adjoint).logarithm
        distance = max(distance, rest.dot(rest).max().squareRoot())
      }
      #expect(distance < tolerance, "\(name), layer \(number): \(distance) after the inverse")
    }
    // Where a knot or a wall lies within 1e-5 of a phase no step is short enough, which the sum over
    // all links of a layer often meets; the other lanes are enough to see a wrong formula.
    let least = scale > 2 ? 0 : all / 4
    #expect(good >= least, "\(name): differences are sure in \(good) of \(all)")
  }

  @Test("Log-det against a dense Jacobian, and the inverse, SU(2)", arguments: cases.indices)
  func jacobianSU2(number: Int) throws {
    let (index, scale, start) = Self.cases[number]
    try check(SU2.self, index, scale, start)
  }

  @Test("Log-det against a dense Jacobian, and the inverse, SU(3)", arguments: cases.indices)
  func jacobianSU3(number: Int) throws {
    let (index, scale, start) = Self.cases[number]
    try check(SU3.self, index, scale, start)
  }

  @Test("Log-det against a dense Jacobian, and the inverse, SU(4)", arguments: cases.indices)
  func jacobianSU4(number: Int) throws {
    let (index, scale, start) = Self.cases[number]
    try check(SU4.self, index, scale, start)
  }
}
