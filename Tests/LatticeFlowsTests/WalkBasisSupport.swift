import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// A basis whose workspace holds the velocity of links.
protocol LinkVelocityBasis: VelocityBasis {
  /// The velocity that was computed last, `[mu V + site]`.
  static func velocity(in workspace: Workspace) -> Buffer<Group.Algebra>
}

extension WalkBasis: LinkVelocityBasis {
  static func velocity(in workspace: WalkWorkspace<Group>) -> Buffer<Group.Algebra> {
    workspace.velocity
  }
}

extension LocalBasis: LinkVelocityBasis {
  static func velocity(in workspace: LocalWorkspace<Group>) -> Buffer<Group.Algebra> {
    workspace.velocity
  }
}

/// What the laws of velocities of SU(N) links have in common.
enum WalkLaws<Group: WalkGroup> {
  /// Links between order and disorder, `exp(width ξ)` with normal `ξ`; Haar where the width is nil.
  static func links(_ lattice: Lattice, width: Double? = nil, seed: UInt64 = 1) -> LinkField<Group>
  {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    guard let width else { return LinkField(hotStart: lattice, using: &generator) }
    var U = LinkField<Group>(coldStart: lattice)
    for link in U.links.indices {
      U.links[link] = Group.exp(Lanes(repeating: width) * .gaussian(using: &generator))
    }
    return U
  }

  /// The columns and the values of the path.
  static func columns<Basis: LinkVelocityBasis>(
    _ basis: Basis, _ U: LinkField<Group>, beta: Double
  ) -> (columns: [Lanes], values: PathValues) where Basis.Group == Group {
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    basis.load(U, into: state)
    var columns = Array(repeating: Lanes.zero, count: basis.count)
    let point = PathPoint(time: 0.5, beta: beta, betaRate: 1)
    let values = columns.withUnsafeMutableBufferPointer {
      basis.columns(of: state, at: point, using: workspace, into: $0.baseAddress!)
    }
    return (columns, values)
  }

  /// The velocity and its divergence.
  static func velocity<Basis: LinkVelocityBasis>(
    _ basis: Basis, _ U: LinkField<Group>, _ coefficients: [Double]
  ) -> (velocity: [Group.Algebra], divergence: Lanes) where Basis.Group == Group {
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    basis.load(U, into: state)
    let divergence = basis.computeVelocity(
      of: state, at: PathPoint(time: 0.5, beta: 1, betaRate: 1), coefficients: coefficients,
      using: workspace)
    return (Array(Basis.velocity(in: workspace).elements), divergence)
  }

  /// The divergence of the only element of a basis from fourth-order differences over all links and
  /// generators in the first lane, and the sum of the magnitudes of the velocities and of what is added
  /// (each term is zero where a word has no divergence).
  ///
  /// Each lane moves another coordinate of the same configuration.
  static func divergence<Basis: LinkVelocityBasis>(
    byDifferences basis: Basis, _ U: LinkField<Group>
  ) -> (value: Double, scale: Double) where Basis.Group == Group {
    // Truncation and rounding are both below 1e-11 of the scale.
    let shift = 2e-3
    let dimension = Group.Algebra.dimension
    var base = U
    var numbers = Array(repeating: 0.0, count: U.links.count * Group.scalarsPerLink)
    numbers.withUnsafeMutableBufferPointer { U.store(lane: 0, into: $0) }
    for lane in 0..<laneCount {
      numbers.withUnsafeBufferPointer { base.load(lane: lane, from: $0) }
    }
    let state = basis.makeState(), workspace = basis.makeWorkspace()
    let point = PathPoint(time: 0.5, beta: 1, betaRate: 1)
    let coordinates = (0..<U.links.count).flatMap { link in (0..<dimension).map { (link, $0) } }
    var value = 0.0, scale = 0.0
    for first in stride(from: 0, to: coordinates.count, by: laneCount) {
      let batch = Array(coordinates[first..<min(first + laneCount, coordinates.count)])
      var slopes = Array(repeating: 0.0, count: batch.count)
      for (steps, weight) in [(1.0, 8.0), (-1, -8), (2, -1), (-2, 1)] {
        var moved = base
        for (lane, (link, generator)) in batch.enumerated() {
          var X = Group.Algebra.zero
          X[generator][lane] = steps * shift
          moved.links[link] = Group.exp(X) * moved.links[link]
        }
        basis.load(moved, into: state)
        _ = basis.computeVelocity(
          of: state, at: point, coefficients: [1], using: workspace)
        for (lane, (link, generator)) in batch.enumerated() {
          let Z = Basis.velocity(in: workspace)[link][generator][lane]
          slopes[lane] += weight * Z / (12 * shift)
          scale += 0.25 * abs(Z)
        }
      }
      value += slopes.reduce(0, +)
      scale += slopes.reduce(0) { $0 + abs($1) }
    }
    return (value, scale)
  }

  /// The relative errors of both divergences that a basis gives for its only element, against
  /// differences.
  static func divergenceError<Basis: LinkVelocityBasis>(_ basis: Basis, _ U: LinkField<Group>)
    -> Double where Basis.Group == Group
  {
    let expected = divergence(byDifferences: basis, U)
    let sum = velocity(basis, U, [1]).divergence[0]
    let column = columns(basis, U, beta: 0).columns[0][0]
    return max(abs(sum - expected.value), abs(column - expected.value)) / expected.scale
  }

  /// The smallest lattice for an element, not square.
  static func lattice(for name: String, transposed: Bool) throws -> Lattice {
    let word = name.split(separator: ":")[0]
    let isLocal = name.allSatisfy { "abxy".contains($0) }, isRectangle = name == "rectangle"
    let steps = word.filter { "Slr".contains($0) }.count
    let least = isLocal ? 2 : isRectangle ? 3 : steps + 2
    return try Lattice(transposed ? [least, least + 1] : [least + 1, least])
  }
}

/// The largest difference between numbers in all lanes, over the largest of the numbers.
func relativeDifference(_ a: [Lanes], _ b: [Lanes]) -> Double {
  var difference = 0.0, scale = 0.0
  for (x, y) in zip(a, b) {
    for lane in 0..<laneCount {
      difference = max(difference, abs(x[lane] - y[lane]))
      scale = max(scale, abs(x[lane]), abs(y[lane]))
    }
  }
  return scale > 0 ? difference / scale : 0
}
