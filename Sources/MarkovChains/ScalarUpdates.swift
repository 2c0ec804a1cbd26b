import LaneMath
import LatticeActions
import LatticeFields

/// The distribution of one site of φ⁴ theory given its neighbours, and its Gaussian envelope.
///
///     p(φ) ∝ exp(-a φ² - λ φ⁴ + 2hφ),     a = 2D + m²,   h = Σ_mu [φ(x+mu) + φ(x-mu)]
///
/// For every number `c`, `λ φ⁴ = 2λc φ² - λc² + λ (φ² - c)²`, so `p` is a Gaussian of precision
/// `A = a + 2λc` and mean `h/A`, times `exp[-λ (φ² - c)²]`, which is at most 1. The envelope is
/// tightest where `c = h²/A² + 1/(2A)` is its own `<φ²>`:
///
///     A³ - a A² - λ A - 2λ h² = 0.
///
/// Newton's iteration from above finds the one positive root well enough; whatever `A > 0` it ends
/// with, `c = (A - a)/(2λ)` makes the decomposition exact.
@usableFromInline
struct SiteEnvelope {
  private let a: Double
  private let lambda: Double
  private let inverseTwoLambda: Double

  @usableFromInline
  init(_ action: PhiFourAction, dimension: Int) {
    a = 2 * Double(dimension) + action.massSquared
    lambda = action.lambda
    inverseTwoLambda = lambda > 0 ? 0.5 / lambda : 0
  }

  /// The precision `A` and the number `c` for a neighbour sum.
  @inline(__always)
  func parameters(_ h: Lanes) -> (precision: Lanes, c: Lanes) {
    guard lambda > 0 else { return (Lanes(repeating: a), .zero) }
    let twoLambdaSquare = 2 * lambda * (h * h)
    var A: Lanes
    if a < 0 {
      let root = sqrt(
        multiplyAdd(Lanes(repeating: -4 * a), twoLambdaSquare, Lanes(repeating: lambda * lambda)))
      A = (lambda + root) / (-2 * a)
      A = min(A, Self.upperBound(twoLambdaSquare, lambda))
    } else {
      A = a + Self.upperBound(twoLambdaSquare, lambda)
    }
    for _ in 0..<3 {
      let square = A * A
      let slope = 3 * square - (2 * a * A + lambda)
      let value = square * (A - a) - multiplyAdd(A, Lanes(repeating: lambda), twoLambdaSquare)
      A -= value / slope
    }
    return (A, (A - a) * inverseTwoLambda)
  }

  /// `√λ + (2λh²)^(1/3)`: above the root for `a <= 0`, and `a` more than it for `a > 0`.
  @inline(__always)
  private static func upperBound(_ twoLambdaSquare: Lanes, _ lambda: Double) -> Lanes {
    // The smallest number keeps the logarithm finite at h = 0.
    let logarithm = log(max(twoLambdaSquare, Lanes(repeating: 1e-300)))
    return lambda.squareRoot() + exp(logarithm * (1.0 / 3))
  }

  /// A value from `p`, by rejection from the envelope; lanes that have theirs draw no more.
  @inline(__always)
  func heatbath(_ h: Lanes, using generator: inout LaneGenerator) -> Lanes {
    let (precision, c) = parameters(h)
    let mean = h / precision
    let width = sqrt(0.5 / precision)
    var result = mean
    // A field that is not a number stays so, and is reported by whoever reads it.
    var pending = (precision .> 0) .& (abs(h) .< .infinity)
    while any(pending) {
      let (first, second) = generator.normalPair(where: pending)
      let (u, v) = generator.uniformPair(where: pending)
      let one = multiplyAdd(width, first, mean), two = multiplyAdd(width, second, mean)
      let takesOne = u .< weight(one, c), takesTwo = v .< weight(two, c)
      result = select(pending, select(takesOne, one, two), result)
      pending = pending .& .!(takesOne .| takesTwo)
    }
    return result
  }

  /// The reflection in the mean of the envelope, `φ -> 2h/A - φ`, accepted by the rest of `p`.
  @inline(__always)
  func overrelaxed(
    _ value: Lanes, _ h: Lanes, using generator: inout LaneGenerator
  ) -> (value: Lanes, accepted: LaneMask) {
    let (precision, c) = parameters(h)
    let candidate = 2 * h / precision - value
    let before = value * value - c, after = candidate * candidate - c
    let accepted = generator.uniform() .< exp(lambda * (before * before - after * after))
    return (select(accepted, candidate, value), accepted)
  }

  /// The proposal `φ + shift`, accepted with probability `min(1, exp(-ΔS))`.
  @inline(__always)
  func metropolis(
    _ value: Lanes, _ h: Lanes, shift: Lanes, _ uniform: Lanes
  ) -> (value: Lanes, accepted: LaneMask) {
    let candidate = value + shift
    // ΔS = (φ' - φ) [(φ' + φ) (a + λ (φ'² + φ²)) - 2h]
    let squares = multiplyAdd(candidate, candidate, value * value)
    let stiffness = multiplyAdd(squares, Lanes(repeating: lambda), Lanes(repeating: a))
    let deltaS = shift * multiplyAdd(candidate + value, stiffness, -2 * h)
    let accepted = uniform .< exp(-deltaS)
    return (select(accepted, candidate, value), accepted)
  }

  @inline(__always)
  private func weight(_ value: Lanes, _ c: Lanes) -> Lanes {
    let rest = value * value - c
    return exp(-lambda * (rest * rest))
  }
}

/// Heatbath of φ⁴ theory: every site in turn is drawn anew from its distribution given its
/// neighbours, exactly, by rejection from the Gaussian that fits it best.
///
/// Sites are visited in their order, which needs no checkerboard because the 8 lanes are 8
/// configurations: extents of 2 and more are allowed, odd ones too.
///
/// Complexity: one or two Gaussian candidates for each site in most cases; deep in the broken phase
/// more. Allocates nothing.
public struct ScalarHeatbath: MarkovKernel {
  /// A scalar field.
  public typealias Field = ScalarField
  /// The action.
  public let action: PhiFourAction
  /// `heatbath`.
  public var name: String { "heatbath" }

  /// A heatbath for chains on a lattice.
  ///
  /// - Throws: `ChainError.extent` where a site would be its own neighbour.
  public init(action: PhiFourAction, on lattice: Lattice) throws(ChainError) {
    try requireNeighbours("heatbath", lattice)
    self.action = action
  }

  /// The number of sites.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.volume }

  /// One sweep.
  public func step(_ state: inout ChainState<ScalarField>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    var generator = streams.next(.heatbath)
    let site = SiteEnvelope(action, dimension: state.U.lattice.dimension)
    state.U.withScalarView { field in
      for x in 0..<field.volume {
        field.values[x] = site.heatbath(field.neighbourSum(at: x), using: &generator)
      }
    }
    state.fieldsChanged()
    return UpdateInfo()
  }
}

/// Overrelaxation of φ⁴ theory: every site in turn is offered its reflection in the mean of the
/// Gaussian that fits its distribution best, and takes it with the probability that the rest of the
/// distribution asks for.
///
/// The reflection depends on the neighbours alone and is its own inverse, so detailed balance is
/// exact. It is not ergodic where every proposal is accepted (`λ = 0`): it serves in a sequence with
/// another kernel.
///
/// Complexity: O(D V). Allocates nothing.
public struct ScalarOverrelaxation: MarkovKernel {
  /// A scalar field.
  public typealias Field = ScalarField
  /// The action.
  public let action: PhiFourAction
  /// `overrelaxation`.
  public var name: String { "overrelaxation" }

  /// Overrelaxation for chains on a lattice.
  ///
  /// - Throws: `ChainError.extent` where a site would be its own neighbour.
  public init(action: PhiFourAction, on lattice: Lattice) throws(ChainError) {
    try requireNeighbours("overrelaxation", lattice)
    self.action = action
  }

  /// The number of sites.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.volume }

  /// One sweep.
  public func step(_ state: inout ChainState<ScalarField>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    var generator = streams.next(.proposal)
    let site = SiteEnvelope(action, dimension: state.U.lattice.dimension)
    let accepted = state.U.withScalarView { field in
      var accepted = Lanes.zero
      for x in 0..<field.volume {
        let update = site.overrelaxed(
          field.values[x], field.neighbourSum(at: x), using: &generator)
        field.values[x] = update.value
        accepted += indicator(update.accepted)
      }
      return accepted
    }
    let proposals = Double(state.U.lattice.volume)
    state.fieldsChanged()
    return UpdateInfo(acceptance: accepted / proposals)
  }
}

/// Local Metropolis of φ⁴ theory: every site in turn is offered `φ + δ`, `δ` uniform in
/// `(-window, window)`, with probability `min(1, exp(-ΔS))`. Several hits use the neighbour sum
/// again.
///
/// Complexity: O(D V) and `hits` proposals for each site. Allocates nothing.
public struct ScalarMetropolis: MarkovKernel {
  /// A scalar field.
  public typealias Field = ScalarField
  /// The action.
  public let action: PhiFourAction
  /// The half-width of the proposal.
  public let window: Double
  /// The number of proposals for each site in a sweep.
  public let hits: Int
  /// `metropolis`.
  public var name: String { "metropolis" }

  /// A local Metropolis kernel for chains on a lattice.
  ///
  /// - Throws: `ChainError.extent` where a site would be its own neighbour; `ChainError.parameter`
  ///   where the window is not positive and finite or there is no hit.
  public init(action: PhiFourAction, on lattice: Lattice, window: Double = 1, hits: Int = 1)
    throws(ChainError)
  {
    try requireNeighbours("metropolis", lattice)
    try Self.require(window: window)
    guard hits > 0 else {
      throw .parameter(name: "metropolis hits", expected: "1 or more", value: Double(hits))
    }
    self.init(valid: action, window, hits)
  }

  private init(valid action: PhiFourAction, _ window: Double, _ hits: Int) {
    self.action = action
    self.window = window
    self.hits = hits
  }

  private static func require(window: Double) throws(ChainError) {
    guard window > 0, window.isFinite else {
      throw .parameter(
        name: "metropolis window", expected: "a positive finite number", value: window)
    }
  }

  /// The sites times the hits.
  public func linkUpdates(on lattice: Lattice) -> Int { lattice.volume * hits }

  /// One sweep.
  public func step(_ state: inout ChainState<ScalarField>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    var generator = streams.next(.proposal)
    let site = SiteEnvelope(action, dimension: state.U.lattice.dimension)
    let width = Lanes(repeating: 2 * window)
    let accepted = state.U.withScalarView { field in
      var accepted = Lanes.zero
      for x in 0..<field.volume {
        let h = field.neighbourSum(at: x)
        for _ in 0..<hits {
          let (u, v) = generator.uniformPair()
          let update = site.metropolis(field.values[x], h, shift: width * (u - 0.5), v)
          field.values[x] = update.value
          accepted += indicator(update.accepted)
        }
      }
      return accepted
    }
    let proposals = Double(state.U.lattice.volume * hits)
    state.fieldsChanged()
    return UpdateInfo(acceptance: accepted / proposals)
  }

  /// The kernel with its window multiplied by `exp(2 (acceptance - target))`, target 0.5 by default.
  public func tuned(acceptance: Double, target: Double?) -> ScalarMetropolis {
    let factor = exp(Lanes(repeating: 2 * (acceptance - (target ?? 0.5))))[0]
    return ScalarMetropolis(
      valid: action, Swift.min(1e4, Swift.max(1e-4, window * factor)), hits)
  }

  /// The window.
  public var tunedParameters: [Double] { [window] }

  /// The kernel with the window.
  public func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> ScalarMetropolis {
    try requireParameters(parameters, count: 1, of: name)
    try Self.require(window: parameters[0])
    return ScalarMetropolis(valid: action, parameters[0], hits)
  }
}

/// Checks that no site of the lattice is its own neighbour.
private func requireNeighbours(_ algorithm: String, _ lattice: Lattice) throws(ChainError) {
  guard lattice.extents.allSatisfy({ $0 >= 2 }) else {
    throw .extent(algorithm: algorithm, smallest: 2, lattice: lattice)
  }
}
