import Foundation

/// A fitted way of annealing between two couplings, with the theory that it was fitted for:
/// `model.safetensors` of a model directory.
///
/// Tensors: `couplings` of shape `[n + 1]`, from the start to the target, and `detuning` of shape `[2]`,
/// for the late and for the early loops. The header holds, as text, `format`, `flow`, `group`,
/// `lattice`, `beta`, `from_beta`, `action`, `overrelaxation`, `thermalization`, `every`, `rounds`,
/// and the SHA-256 of the content.
public struct AnnealingModel: Sendable, Equatable {
  /// The name of the group.
  public var group: String
  /// The extents of the lattice.
  public var lattice: [Int]
  /// The couplings from the start to the target.
  public var couplings: [Double]
  /// The detuning of the heatbath, for the late and for the early loops.
  public var detuning: [Double]
  /// Overrelaxation sweeps after each step.
  public var overrelaxation: Int
  /// Updates of a chain at the first coupling before its first start.
  public var thermalization: Int
  /// Updates of a chain between starts.
  public var every: Int
  /// The number of starts from a chain.
  public var rounds: Int

  /// The name of the file in a model directory.
  public static let fileName = RegressionModel.fileName
  /// The format of the file.
  static let format = "gaugeflow-annealing-model 1"

  /// A model from its parts.
  public init(
    group: String, lattice: [Int], couplings: [Double], detuning: [Double], overrelaxation: Int,
    thermalization: Int, every: Int, rounds: Int
  ) {
    self.group = group
    self.lattice = lattice
    self.couplings = couplings
    self.detuning = detuning
    self.overrelaxation = overrelaxation
    self.thermalization = thermalization
    self.every = every
    self.rounds = rounds
  }

  /// The coupling of the target.
  public var beta: Double { couplings[couplings.count - 1] }

  /// The SHA-256 of the content.
  public func checksum() throws(EnsembleIOError) -> String { try file().checksum }

  /// The model as a file.
  public func file() throws(EnsembleIOError) -> SafetensorsFile {
    var file = SafetensorsFile()
    file.tensors = [
      "couplings": .init(shape: [couplings.count], values: .float64(couplings)),
      "detuning": .init(shape: [detuning.count], values: .float64(detuning)),
    ]
    let action = EnsembleDescription.Action(name: "wilson", couplings: ["beta": beta])
    file.metadata = [
      "format": Self.format, "flow": "escorted", "group": group,
      "lattice": lattice.map(String.init).joined(separator: "x"), "beta": "\(beta)",
      "from_beta": "\(couplings[0])",
      "action": String(decoding: try JSONFile.encode(action), as: UTF8.self),
      "overrelaxation": "\(overrelaxation)", "thermalization": "\(thermalization)",
      "every": "\(every)", "rounds": "\(rounds)",
    ]
    return file
  }

  /// Writes the model into a directory, in one step.
  ///
  /// - Throws: `.refusesToOverwrite` unless `overwrite`, `.inputOutput`.
  public func write(to directory: String, overwrite: Bool = true) throws(EnsembleIOError) {
    try AtomicFile.createDirectory(directory)
    try file().write(to: "\(directory)/\(Self.fileName)", overwrite: overwrite)
  }

  /// Reads the model of a directory.
  ///
  /// - Throws: `.missingInput` where there is none, `.badData` where it is damaged or of another kind.
  public init(reading directory: String) throws(EnsembleIOError) {
    let path =
      AtomicFile.isDirectory(directory) ? "\(directory)/\(Self.fileName)" : directory
    let file = try SafetensorsFile(path, requireChecksum: true)
    func integer(_ key: String, atLeast least: Int) throws(EnsembleIOError) -> Int {
      let text = try file.text(key)
      guard let value = Int(text), value >= least, value < 1 << 31 else {
        throw .badData(
          "\(path): \(key)", expected: "a whole number of at least \(least)",
          found: EnsembleIOError.quoted(text))
      }
      return value
    }
    let format = try file.text("format")
    guard format == Self.format else {
      throw .badData(path, expected: "format '\(Self.format)'", found: "'\(format)'")
    }
    guard let count = file.tensors["couplings"]?.values.count, count > 1 else {
      throw .badData("\(path): couplings", expected: "two or more", found: "fewer")
    }
    let couplings = try file.doubles("couplings", shape: [count])
    let detuning = try file.doubles("detuning", shape: [2])
    guard (couplings + detuning).allSatisfy(\.isFinite) else {
      throw .badData(path, expected: "finite numbers", found: "others")
    }
    self.init(
      group: try file.text("group"),
      lattice: try file.text("lattice").split(separator: "x").compactMap { Int($0) },
      couplings: couplings, detuning: detuning,
      overrelaxation: try integer("overrelaxation", atLeast: 0),
      thermalization: try integer("thermalization", atLeast: 0),
      every: try integer("every", atLeast: 1), rounds: try integer("rounds", atLeast: 1))
  }
}
