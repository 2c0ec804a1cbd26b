import LaneMath
import LatticeFields
import LatticeFourier

/// Velocities of U(1) links in two to four dimensions that are sums over small loops.
///
///     Z = Σ_i c_i (k̂²)^{p_i} A_i^T sin(n_i A_i θ),    div Z = Σ_i c_i κ_i n_i Σ_Λ cos(n_i θ_Λ)
///
/// `A` takes link angles `θ` to the angles of the loops `Λ` of a class: plaquettes, rectangles of two
/// plaquettes, chairs, which are rectangles bent at a right angle, and both twisted, so that the two
/// plaquettes pass their common link in the same direction. A power of the lattice momentum
/// `k̂² = Σ_mu 4 sin²(k_mu/2)` acts on every direction of links alike; `(k̂²)^{-1}` on plaquettes is the
/// map that trivialises free photons. The divergence is exact because a translation-invariant kernel
/// meets every loop with the same self-overlap `κ = (A (k̂²)^p A^T)_ΛΛ`.
///
/// Elements are named by their loop, harmonic and power joined by `*`: `plaquette*sin1`,
/// `chair*sin2*k^-2`. The path is linear, or tilted in two dimensions.
///
/// Shape: a state holds links. Gauge-equivariant.
///
/// Complexity: O(V) for each family of loops and harmonic, and `D` Fourier transforms for each power
/// and `D` back.
public struct LoopBasis: VelocityBasis {
  /// U(1).
  public typealias Group = U1

  /// The lattice.
  public let lattice: Lattice
  /// The names of the elements.
  public let elementNames: [String]
  let elements: [LoopElement]
  /// The powers that occur.
  let powers: [MomentumPower]
  /// The power of each element.
  let elementPowers: [Int]
  let families: [LoopFamily]
  /// `κ` by family, then power.
  let selfOverlaps: [Double]
  /// The largest harmonic.
  let harmonics: Int
  let transform: FourierTransform

  /// Elements for a number of dimensions: `sin1` to `sin3` of all loops, with `k^-2` and without.
  ///
  /// The twisted loops matter most after the plaquettes: they and the others of two plaquettes make up
  /// what a product of two plaquettes can be. Other powers of the momentum help little.
  public static func standardElements(dimension: Int) -> [String] {
    ["*k^-2", ""].flatMap { power in
      LoopClass.allCases.filter { dimension > 2 || !$0.isBent }.flatMap { loop in
        (1...3).map { "\(loop.name)*sin\($0)\(power)" }
      }
    }
  }

  /// A basis.
  ///
  /// - Parameters:
  ///   - lattice: a lattice of two to four dimensions.
  ///   - elements: names of elements; nil for the standard ones.
  /// - Throws: `U1BasisError` where the lattice has one dimension, or two and an element has chairs, and
  ///   for a name that is unknown or repeated.
  public init(lattice: Lattice, elements: [String]? = nil) throws(U1BasisError) {
    guard lattice.dimension > 1 else {
      throw .dimension(basis: "loop basis", expected: "2 to 4", extents: lattice.extents)
    }
    let names = elements ?? Self.standardElements(dimension: lattice.dimension)
    guard !names.isEmpty else { throw .noElements }
    var list: [LoopElement] = []
    var known: Set<LoopElement> = []
    for name in names {
      let element = try LoopElement(named: name)
      guard known.insert(element).inserted else { throw .repeatedElement(element.name) }
      guard !element.loop.isBent || lattice.dimension > 2 else {
        throw .dimension(basis: name, expected: "3 or 4", extents: lattice.extents)
      }
      list.append(element)
    }
    let transform = FourierTransform(lattice)
    let powers = Set(list.map(\.power)).sorted().map { MomentumPower($0, transform) }
    let loops = LoopClass.allCases.filter { loop in list.contains { $0.loop == loop } }
    let families = loops.flatMap { LoopFamily.all($0, dimension: lattice.dimension) }
    self.lattice = lattice
    self.elements = list
    self.powers = powers
    self.families = families
    self.transform = transform
    elementNames = list.map(\.name)
    elementPowers = list.map { element in powers.firstIndex { $0.power == element.power }! }
    selfOverlaps = families.flatMap { family in
      powers.map { family.selfOverlap(on: lattice, kernel: $0.kernel) }
    }
    harmonics = list.map(\.harmonic).max()!
  }

  /// Memory for eight configurations.
  public func makeState() -> LoopState { LoopState(self) }
  /// Memory to compute in.
  public func makeWorkspace() -> LoopWorkspace { LoopWorkspace(self) }

  /// Takes the angles of links; the accumulated velocity is reset.
  public func load(_ U: LinkField<U1>, into state: LoopState) {
    precondition(
      U.lattice == lattice, "configurations on \(U.lattice), the basis is on \(lattice)")
    for link in 0..<lattice.linkCount { state.links[link] = U.links[link].angle }
    state.accumulated.fill(.zero)
  }

  /// The links, their angles in `(-π, π]`.
  public func store(_ state: LoopState, into U: inout LinkField<U1>) {
    precondition(
      U.lattice == lattice, "configurations on \(U.lattice), the basis is on \(lattice)")
    for link in 0..<lattice.linkCount {
      U.links[link] = U1(angle: wrapAngle(state.links[link]))
    }
  }

  /// Copies a state, accumulated velocity included.
  public func copy(_ source: LoopState, to target: LoopState) {
    target.links.pointer.update(from: source.links.pointer, count: lattice.linkCount)
    target.accumulated.pointer.update(from: source.accumulated.pointer, count: lattice.linkCount)
  }

  /// One stage of a Runge-Kutta step of the links.
  public func move(
    _ state: LoopState, memory: Double, step: Double, weight: Double,
    using workspace: LoopWorkspace
  ) {
    let K = state.accumulated.pointer, links = state.links.pointer
    let Z = workspace.velocity.pointer
    let step = Lanes(repeating: step), weight = Lanes(repeating: weight)
    for l in 0..<lattice.linkCount {
      let velocity = multiplyAdd(step, Z[l], memory * K[l])
      K[l] = velocity
      links[l] = multiplyAdd(weight, velocity, links[l])
    }
  }
}

/// Eight configurations on the way, as angles of links.
public final class LoopState {
  let links: Buffer<Lanes>
  let accumulated: Buffer<Lanes>

  init(_ basis: LoopBasis) {
    links = Buffer(count: basis.lattice.linkCount, repeating: .zero)
    accumulated = Buffer(count: basis.lattice.linkCount, repeating: .zero)
  }
}

/// Scratch memory of a loop basis: sines and cosines of plaquettes, forces on them, and modes.
public final class LoopWorkspace {
  /// By plane and site.
  let cosines: Buffer<Lanes>
  let sines: Buffer<Lanes>
  /// By power, plane and site: forces on plaquettes, or curls of smeared gradients.
  let plaquettes: Buffer<Lanes>
  /// A field of links and its modes, by direction.
  let fields: [Buffer<Lanes>]
  let modes: [Buffer<ModeLanes>]
  let scratchModes: Buffer<ModeLanes>
  let velocity: Buffer<Lanes>
  /// By power and harmonic: what multiplies the sine of a loop.
  let factors: Buffer<Double>
  /// By harmonic: what multiplies the cosine.
  let weights: Buffer<Double>
  /// By harmonic, and by power and harmonic.
  let cosineSums: Buffer<Lanes>
  let sineSums: Buffer<Lanes>

  init(_ basis: LoopBasis) {
    let lattice = basis.lattice, planes = lattice.plaquetteCount, powers = basis.powers.count
    func make(_ count: Int) -> Buffer<Lanes> { Buffer(count: count, repeating: .zero) }
    cosines = make(planes)
    sines = make(planes)
    plaquettes = make(powers * planes)
    fields = (0..<lattice.dimension).map { _ in make(lattice.volume) }
    modes = (0..<lattice.dimension).map { _ in
      Buffer(count: basis.transform.modeCount, repeating: .zero)
    }
    scratchModes = Buffer(count: basis.transform.modeCount, repeating: .zero)
    velocity = make(lattice.linkCount)
    factors = Buffer(count: powers * basis.harmonics, repeating: 0)
    weights = Buffer(count: basis.harmonics, repeating: 0)
    cosineSums = make(basis.harmonics)
    sineSums = make(powers * basis.harmonics)
  }
}
