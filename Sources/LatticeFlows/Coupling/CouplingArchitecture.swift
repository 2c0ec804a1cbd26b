import LatticeFields

/// What a coupling flow is made of: stages of layers, applied in order to Haar-distributed links.
public struct CouplingArchitecture: Sendable, Codable, Hashable {
  /// The kinds of coupling geometry: one line here and one file `..Geometry.swift` for each.
  public enum Geometry: String, Sendable, Codable, CaseIterable {
    /// The tree of `BlockGeometry`: from the torus down to single plaquettes.
    case blocks
    /// Stripes in two dimensions: single plaquettes, with a convolutional conditioner.
    case stripes
    /// Links of one direction and parity in any number of dimensions.
    case checkerboard
  }

  /// Layers of one kind.
  public struct Stage: Sendable, Codable, Hashable {
    /// The geometry.
    public var geometry: Geometry
    /// The number of layers; a tree of blocks has as many as it has levels.
    public var layers: Int
    /// The circle map.
    public var map: CouplingMapKind
    /// The channels of the hidden layers of the conditioner.
    public var hidden: [Int]
    /// The nonlinearity of the conditioner.
    public var activation: Activation
    /// Whether stripes see loops of two plaquettes beside single ones.
    public var pairLoops: Bool
    /// The harmonics `cos kφ, sin kφ` that blocks see of the flux around them; for SU(N) the powers
    /// `tr W^k` of loops.
    public var harmonics: Int
    /// Whether loops of SU(N) are measured from the root of a frozen loop around them and their passive
    /// neighbour; blocks always are.
    public var isCentred: Bool
    /// Whether every spectral layer of SU(N) is followed by a residual one of the same links.
    public var hasResidual: Bool
    /// The degree of the polynomials of the coupling that the biases of the conditioner are, 0 for a
    /// flow of one coupling; see `CouplingArchitecture.betaRange`.
    public var couplingDegree: Int

    /// Layers of one kind.
    public init(
      geometry: Geometry, layers: Int, map: CouplingMapKind, hidden: [Int],
      activation: Activation, pairLoops: Bool = true, harmonics: Int = 1,
      isCentred: Bool = false, hasResidual: Bool = false,
      couplingDegree: Int = 0
    ) {
      self.geometry = geometry
      self.layers = layers
      self.map = map
      self.hidden = hidden
      self.activation = activation
      self.pairLoops = pairLoops
      self.harmonics = harmonics
      self.isCentred = isCentred
      self.hasResidual = hasResidual
      self.couplingDegree = couplingDegree
    }
  }

  /// The stages in the order of application.
  public var stages: [Stage]
  /// The couplings that one model serves, or nil where it is made for one: conditioners then depend on
  /// `t = (2β - β_min - β_max)/(β_max - β_min)`.
  public private(set) var betaRange: ClosedRange<Double>?

  /// An architecture from its stages.
  public init(stages: [Stage]) { self.stages = stages }

  /// The same architecture for a range of couplings.
  ///
  /// - Parameter degree: of the dependence of every bias on the coupling.
  public func conditioned(onBetas range: ClosedRange<Double>, degree: Int = 2)
    -> CouplingArchitecture
  {
    var result = self
    result.betaRange = range
    for index in stages.indices { result.stages[index].couplingDegree = degree }
    return result
  }

  /// The coupling as the conditioners see it: -1 to 1 over the range, and 0 where there is none.
  func coupling(ofBeta beta: Double) -> Double {
    guard let range = betaRange, range.upperBound > range.lowerBound else { return 0 }
    return (2 * beta - range.lowerBound - range.upperBound) / (range.upperBound - range.lowerBound)
  }

  /// The same architecture for one coupling.
  public func unconditioned() -> CouplingArchitecture {
    var result = self
    result.betaRange = nil
    for index in stages.indices { result.stages[index].couplingDegree = 0 }
    return result
  }
}

// The presets, which the catalog gives their names.
extension CouplingArchitecture {
  /// The tree of blocks with splines of U(1): the default.
  public static let blocks = blocks(colors: 1)

  /// The tree of blocks with splines, as a group of so many colours needs it.
  public static func blocks(colors: Int) -> CouplingArchitecture {
    switch colors {
    case 1:
      CouplingArchitecture(stages: [
        Stage(
          geometry: .blocks, layers: 0, map: .spline(bins: 12), hidden: [8, 8], activation: .tanh,
          harmonics: 2)
      ])
    default:
      CouplingArchitecture(stages: [
        Stage(
          geometry: .blocks, layers: colors == 2 ? 3 : 4, map: .spline(bins: 8), hidden: [8, 8],
          activation: .tanh, harmonics: colors <= 3 ? 1 : 2)
      ])
    }
  }

  /// Plaquette couplings of stripes with splines and loops of two plaquettes.
  public static func plaquettes(layers: Int = 16, colors: Int = 1) -> CouplingArchitecture {
    CouplingArchitecture(stages: [
      Stage(
        geometry: .stripes, layers: layers, map: .spline(bins: 8), hidden: [8, 8],
        activation: colors == 1 ? .leakyReLU : .tanh, isCentred: colors > 1)
    ])
  }

  /// The flow of the tutorial arXiv:2101.08176: 16 layers of mixtures of two non-compact projections,
  /// networks 2-8-8-3 of 3x3 kernels; 15,280 parameters. U(1) only.
  public static let tutorial = CouplingArchitecture(stages: [
    Stage(
      geometry: .stripes, layers: 16, map: .projection(components: 2), hidden: [8, 8],
      activation: .leakyReLU, pairLoops: false)
  ])

  /// Splines of single plaquettes on checkerboards of links, in any dimension: every link is updated
  /// four times.
  public static func checkerboard(colors: Int, dimension: Int) -> CouplingArchitecture {
    CouplingArchitecture(stages: [
      Stage(
        geometry: .checkerboard, layers: 8 * dimension, map: .spline(bins: 8), hidden: [8, 8],
        activation: .tanh, isCentred: colors > 1)
    ])
  }

  /// Residual steps on checkerboards of links, in any dimension: every link is updated twice. SU(N)
  /// only.
  public static func residual(dimension: Int) -> CouplingArchitecture {
    CouplingArchitecture(stages: [
      Stage(
        geometry: .checkerboard, layers: 4 * dimension, map: .residual, hidden: [8],
        activation: .tanh)
    ])
  }
}

extension CouplingArchitecture {
  /// What is impossible about an architecture for a group of so many colours and a lattice of a
  /// dimension, as expected and found, or nil.
  public func problem(colors: Int, dimension: Int) -> (expected: String, found: String)? {
    if stages.isEmpty { return ("at least one stage", "none") }
    let group = colors == 1 ? "U(1)" : "SU(\(colors))"
    for stage in stages {
      switch stage.map {
      case .spline(let bins) where !(2...64).contains(bins):
        return ("2 to 64 bins of a spline", "\(bins)")
      case .projection(let components) where !(1...64).contains(components):
        return ("1 to 64 components of a projection", "\(components)")
      case .projection where colors > 1:
        return ("the map spline or residual for \(group)", "projection")
      case .residual where colors == 1:
        return ("the map spline or projection for \(group)", "residual")
      default: break
      }
      if stage.hasResidual, colors == 1 { return ("no residual layers for \(group)", "some") }
      switch stage.geometry {
      case .blocks, .stripes:
        if dimension != 2 {
          return ("an architecture for \(dimension) dimensions", stage.geometry.rawValue)
        }
      case .checkerboard:
        if dimension < 2 { return ("2 dimensions or more", "\(dimension)") }
      }
      let layers = stage.geometry == .blocks ? 0...64 : 1...1024
      if !layers.contains(stage.layers) {
        return (
          "\(layers.lowerBound) to \(layers.upperBound) layers of \(stage.geometry.rawValue)",
          "\(stage.layers)"
        )
      }
      if stage.hidden.count > 8 || !stage.hidden.allSatisfy({ (1...1024).contains($0) }) {
        return ("up to 8 hidden layers of 1 to 1024 channels", "\(stage.hidden)")
      }
      if !(1...16).contains(stage.harmonics) { return ("1 to 16 harmonics", "\(stage.harmonics)") }
      if !(0...8).contains(stage.couplingDegree) {
        return ("polynomials of the coupling up to degree 8", "\(stage.couplingDegree)")
      }
    }
    if let range = betaRange,
      !range.lowerBound.isFinite || !range.upperBound.isFinite || range.isEmpty
        || range.lowerBound == range.upperBound
    {
      return ("a range of two finite couplings", "\(range)")
    }
    return nil
  }
}

extension CouplingArchitecture.Stage {
  private enum CodingKeys: String, CodingKey {
    case geometry, layers, map, hidden, activation, pairLoops, harmonics
    case isCentred, hasResidual, couplingDegree
  }

  /// Reads a stage; what models of earlier versions do not name has its default.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      geometry: try values.decode(CouplingArchitecture.Geometry.self, forKey: .geometry),
      layers: try values.decode(Int.self, forKey: .layers),
      map: try values.decode(CouplingMapKind.self, forKey: .map),
      hidden: try values.decode([Int].self, forKey: .hidden),
      activation: try values.decode(Activation.self, forKey: .activation),
      pairLoops: try values.decode(Bool.self, forKey: .pairLoops),
      harmonics: try values.decode(Int.self, forKey: .harmonics),
      isCentred: try values.decodeIfPresent(Bool.self, forKey: .isCentred) ?? false,
      hasResidual: try values.decodeIfPresent(Bool.self, forKey: .hasResidual) ?? false,
      couplingDegree: try values.decodeIfPresent(Int.self, forKey: .couplingDegree) ?? 0)
  }
}
