import Foundation

/// What `ensemble.json` says: the theory, where the configurations came from, and the conventions.
public struct EnsembleDescription: Codable, Sendable, Equatable {
  /// An action by name, with its couplings.
  public struct Action: Codable, Sendable, Equatable {
    /// The name, `wilson` for the plaquette action.
    public var name: String
    /// The couplings by name.
    public var couplings: [String: Double]

    /// An action of this name.
    public init(name: String, couplings: [String: Double]) {
      self.name = name
      self.couplings = couplings
    }
  }

  /// Where the configurations came from.
  public struct Provenance: Codable, Sendable, Equatable {
    /// The version of the program.
    public var version: String
    /// The command line.
    public var command: String
    /// The seed of the random numbers.
    public var seed: UInt64?
    /// The checksum of the model that proposed the configurations, if one did.
    public var modelChecksum: String?
    /// Where Markov chains started: `hot`, `cold`, or `mixed` for even chains hot, odd ones cold.
    public var start: String?

    /// A provenance.
    public init(
      version: String, command: String, seed: UInt64? = nil, modelChecksum: String? = nil,
      start: String? = nil
    ) {
      self.version = version
      self.command = command
      self.seed = seed
      self.modelChecksum = modelChecksum
      self.start = start
    }
  }

  /// The conventions of the numbers in the files.
  public static let standardConventions =
    "links U_mu(x) from x to x+mu; axis 1 of links.npy is mu, the last lattice axis runs fastest; "
    + "weight exp(-S), S = -(beta/N) sum_P Re tr P (U(1): -beta sum_P cos P); "
    + "log_weight = log of exp(-S) over the normalised proposal density with respect to the Haar "
    + "measure normalised to 1"

  /// Always `gaugeflow-ensemble`.
  public var format = "gaugeflow-ensemble"
  /// The version of the directory's layout.
  public var formatVersion = 1
  /// `U1`, `SU2`, `SU3`, ...
  public var group: String
  /// The extents of the lattice, 1 to 4 of them.
  public var lattice: [Int]
  /// The target action.
  public var action: Action
  /// The inverse coupling of the target.
  public var beta: Double
  /// The number of configurations when the file was last written; the arrays may hold more.
  public var count = 0
  /// The arrays that belong to the ensemble.
  public var files: [String] = ["links.npy"]
  /// Where the configurations came from.
  public var provenance: Provenance
  /// The conventions of the numbers in the files.
  public var conventions = Self.standardConventions

  /// The description of an ensemble of Wilson's action, or of the action given.
  public init(
    group: String, lattice: [Int], beta: Double, action: Action? = nil, provenance: Provenance
  ) {
    self.group = group
    self.lattice = lattice
    self.beta = beta
    self.action = action ?? Action(name: "wilson", couplings: ["beta": beta])
    self.provenance = provenance
  }

  /// The number of colours: 1 for `U1`, N for `SUN`; `nil` for another word.
  public var colors: Int? { Self.colors(of: group) }

  /// The number of colours of a group's name: 1 for `U1`, N for `SU2`, `SU3`, ... up to 64.
  public static func colors(of group: String) -> Int? {
    if group == "U1" { return 1 }
    guard group.hasPrefix("SU"), let n = Int(group.dropFirst(2)), (2...64).contains(n),
      group == "SU\(n)"
    else { return nil }
    return n
  }

  /// The number of dimensions.
  public var dimensions: Int { lattice.count }

  /// The number of sites.
  public var siteCount: Int { lattice.reduce(1, *) }

  /// The shape of a configuration in `links.npy`: `[D, L_0, ..]`, for SU(N) with `[N, N]` behind.
  public var configurationShape: [Int] {
    let n = colors ?? 1
    return [dimensions] + lattice + (n == 1 ? [] : [n, n])
  }

  /// The element type of `links.npy`: `float64` angles for U(1), `complex128` matrices for SU(N).
  public var linkElement: NPYElement { colors == 1 ? .float64 : .complex128 }

  /// The number of real numbers of a configuration.
  ///
  /// The links come in the order of the link index `mu * V + site`; each is one angle, or N x N
  /// complex numbers, row by row.
  public var valuesPerConfiguration: Int {
    configurationShape.reduce(linkElement.components, *)
  }

  /// Refuses a description that describes nothing.
  ///
  /// - Throws: `.badData` naming the key.
  public func validate(at location: String) throws(EnsembleIOError) {
    func check(_ holds: Bool, _ key: String, _ expected: String, _ found: String)
      throws(EnsembleIOError)
    {
      if !holds {
        throw .badData(
          "\(location): \(key)", expected: expected, found: EnsembleIOError.quoted(found))
      }
    }
    try check(format == "gaugeflow-ensemble", "format", "'gaugeflow-ensemble'", format)
    try check(formatVersion == 1, "format_version", "1", "\(formatVersion)")
    try check(colors != nil, "group", "U1 or SU2, SU3, ...", group)
    try check(
      (1...4).contains(lattice.count) && lattice.allSatisfy { (1...(1 << 20)).contains($0) }
        && lattice.reduce(1.0, { $0 * Double($1) }) < 1e12,
      "lattice", "1 to 4 positive extents", "\(lattice)")
    try check(beta.isFinite, "beta", "a finite number", "\(beta)")
    try check(
      action.couplings.values.allSatisfy(\.isFinite), "action.couplings", "finite numbers",
      "\(action.couplings)")
    try check(count >= 0, "count", "a count", "\(count)")
    let known = Set(EnsembleFiles.all)
    try check(
      Set(files).isSubset(of: known) && files.contains(EnsembleFiles.links), "files",
      "'links.npy' and some of \(EnsembleFiles.all.dropFirst().joined(separator: ", "))",
      files.joined(separator: ", "))
  }

  /// Whether configurations of the two ensembles may stand in one: the same group, lattice, action.
  public func isCompatible(with other: Self) -> Bool {
    group == other.group && lattice == other.lattice && action == other.action
      && beta == other.beta
  }
}

/// The names in the ensemble directory.
enum EnsembleFiles {
  static let description = "ensemble.json"
  static let links = "links.npy"
  static let logWeight = "log_weight.npy"
  static let chain = "chain.npy"
  static let all = [links, logWeight, chain]
}
