import LaneMath
import LatticeFields

@testable import LatticeFlows

/// A theory without interaction, `S = -β Σ_l cos θ_l`, and the fields `Z_l = sin kθ_l` of every
/// harmonic: what the fit and the integration of a flow can be checked on, as `Z = I_0(β)^links`.
///
/// It is not gauge invariant; nothing in the fit knows.
struct IndependentLinkBasis: VelocityBasis {
  typealias Group = U1

  final class State {
    var angles: [Lanes]
    var accumulated: [Lanes]
    init(_ count: Int) {
      angles = Array(repeating: .zero, count: count)
      accumulated = angles
    }
  }
  final class Workspace {
    var velocity: [Lanes]
    init(_ count: Int) { velocity = Array(repeating: .zero, count: count) }
  }

  let lattice: Lattice
  let harmonics: Int
  /// A factor on the divergence; anything but 1 is wrong.
  var divergenceFactor = 1.0

  var elementNames: [String] { (1...harmonics).map { "sin\($0)" } }
  func makeState() -> State { State(lattice.linkCount) }
  func makeWorkspace() -> Workspace { Workspace(lattice.linkCount) }
  func load(_ U: LinkField<U1>, into state: State) {
    state.angles = U.links.map(\.angle)
    state.accumulated = state.angles.map { _ in .zero }
  }
  func store(_ state: State, into U: inout LinkField<U1>) {
    U.links = state.angles.map { U1(angle: wrapAngle($0)) }
  }
  func copy(_ source: State, to target: State) {
    target.angles = source.angles
    target.accumulated = source.accumulated
  }
  func values(of state: State, at point: PathPoint, using workspace: Workspace) -> PathValues {
    let sum = state.angles.reduce(Lanes.zero) { $0 + sincos($1).cos }
    return PathValues(action: -point.beta * sum, rate: -point.betaRate * sum, plaquetteSum: sum)
  }
  func columns(
    of state: State, at point: PathPoint, using workspace: Workspace,
    into columns: UnsafeMutablePointer<Lanes>
  ) -> PathValues {
    for k in 1...harmonics {
      var column = Lanes.zero
      for angle in state.angles {
        let wave = sincos(Double(k) * angle)
        column +=
          divergenceFactor * Double(k) * wave.cos - point.beta * sincos(angle).sin * wave.sin
      }
      columns[k - 1] = column
    }
    return values(of: state, at: point, using: workspace)
  }
  func computeVelocity(
    of state: State, at point: PathPoint, coefficients: UnsafePointer<Double>,
    using workspace: Workspace
  ) -> Lanes {
    var divergence = Lanes.zero
    for link in state.angles.indices {
      var sum = Lanes.zero
      for k in 1...harmonics {
        let wave = sincos(Double(k) * state.angles[link])
        sum += coefficients[k - 1] * wave.sin
        divergence += divergenceFactor * Double(k) * coefficients[k - 1] * wave.cos
      }
      workspace.velocity[link] = sum
    }
    return divergence
  }
  func move(
    _ state: State, memory: Double, step: Double, weight: Double, using workspace: Workspace
  ) {
    for link in state.angles.indices {
      state.accumulated[link] =
        memory * state.accumulated[link] + step * workspace.velocity[link]
      state.angles[link] += weight * state.accumulated[link]
    }
  }
}
