import LaneMath

/// The couplings `λ_0, λ_1, .., λ_n` of an annealing run.
public struct AnnealingSchedule: Sendable, Hashable {
  /// The couplings, the first being that of the start.
  public let couplings: [Double]

  /// The number of steps, `n`.
  public var steps: Int { couplings.count - 1 }
  /// The coupling of the start.
  public var start: Double { couplings[0] }
  /// The coupling of the end.
  public var end: Double { couplings[steps] }

  /// Any couplings.
  ///
  /// - Throws: `ChainError.parameter` for fewer than two of them, or one that is not finite.
  public init(couplings: [Double]) throws(ChainError) {
    guard couplings.count >= 2, couplings.count < 1 << 31 else {
      throw .parameter(
        name: "annealing couplings", expected: "2 or more", value: Double(couplings.count))
    }
    for coupling in couplings where !coupling.isFinite {
      throw .parameter(name: "annealing coupling", expected: "a finite number", value: coupling)
    }
    self.couplings = couplings
  }

  /// Equal steps.
  ///
  ///     λ_t = λ_0 + (λ_n - λ_0) t/n
  ///
  /// - Throws: `ChainError.parameter` for no step, or couplings that are not finite.
  public static func linear(from start: Double, to end: Double, steps: Int) throws(ChainError)
    -> AnnealingSchedule
  {
    try requireSteps(steps)
    return try AnnealingSchedule(
      couplings: (0...steps).map { t in
        t == steps ? end : start + (end - start) * (Double(t) / Double(steps))
      })
  }

  /// Steps that dissipate equally, which makes the variance of slow annealing least.
  ///
  ///     Var log w = Σ_t Γ(λ_t) (dλ_t)²,   dλ ∝ 1/√Γ(λ)
  ///
  /// Γ, the friction, is the variance of `-S` times twice its integrated autocorrelation time
  /// under the steps of the run; ``DetuningFit`` measures it. Between the given couplings `√Γ`
  /// is interpolated linearly, beyond them it is constant.
  ///
  /// - Parameter friction: couplings in increasing order with their friction, positive numbers.
  /// - Throws: `ChainError.parameter` where these are not as they should be.
  public static func equalDissipation(
    from start: Double, to end: Double, steps: Int,
    friction: [(coupling: Double, friction: Double)]
  ) throws(ChainError) -> AnnealingSchedule {
    try requireSteps(steps)
    guard !friction.isEmpty else {
      throw .parameter(name: "frictions", expected: "1 or more", value: 0)
    }
    for (index, entry) in friction.enumerated() {
      guard entry.friction > 0, entry.friction.isFinite, entry.coupling.isFinite else {
        throw .parameter(
          name: "friction", expected: "a positive finite number", value: entry.friction)
      }
      guard index == 0 || friction[index - 1].coupling < entry.coupling else {
        throw .parameter(
          name: "coupling of a friction", expected: "one above the last", value: entry.coupling)
      }
    }
    // The thermodynamic length on a fine grid, and where it has grown by equal parts.
    let grid = 64 * Swift.max(steps, friction.count)
    let width = (end - start) / Double(grid)
    var lengths = [0.0]
    for i in 0..<grid {
      let middle = start + (Double(i) + 0.5) * width
      lengths.append(lengths[i] + root(friction, at: middle))
    }
    var couplings = [start]
    var cell = 0
    for t in 1..<Swift.max(1, steps) {
      let length = lengths[grid] * (Double(t) / Double(steps))
      while lengths[cell + 1] < length { cell += 1 }
      let fraction = (length - lengths[cell]) / (lengths[cell + 1] - lengths[cell])
      couplings.append(start + (Double(cell) + fraction) * width)
    }
    return try AnnealingSchedule(couplings: couplings + [end])
  }

  /// `√Γ` at a coupling.
  private static func root(
    _ friction: [(coupling: Double, friction: Double)], at coupling: Double
  ) -> Double {
    guard let upper = friction.firstIndex(where: { $0.coupling > coupling }) else {
      return friction[friction.count - 1].friction.squareRoot()
    }
    guard upper > 0 else { return friction[0].friction.squareRoot() }
    let (a, b) = (friction[upper - 1], friction[upper])
    let fraction = (coupling - a.coupling) / (b.coupling - a.coupling)
    return (1 - fraction) * a.friction.squareRoot() + fraction * b.friction.squareRoot()
  }

  private static func requireSteps(_ steps: Int) throws(ChainError) {
    guard steps > 0, steps < 1 << 31 else {
      throw .parameter(name: "annealing steps", expected: "1 or more", value: Double(steps))
    }
  }
}
