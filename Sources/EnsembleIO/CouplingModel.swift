import LatticeFields
import LatticeFlows

/// A trained coupling flow of any group with the theory that it was trained for: `model.safetensors`
/// of a model directory.
///
/// Tensors: `BLOCK/N.weight` of shape `[output, input, tap]` and `BLOCK/N.bias` of shape `[output]`
/// for layer `N` of the conditioner of each block of parameters, in double precision. Where the model
/// serves a range of couplings, biases are polynomials of degree `d` of
/// `t = (2β - β_min - β_max)/(β_max - β_min)`, of shape `[1 + d, output]`. The header holds, as text,
/// `format`, `group`, `lattice`, `beta`, `action`, `flow`, `architecture` (JSON, the range as
/// `beta_range` in it) and the SHA-256 of the content.
public struct CouplingModel: Sendable, Equatable {
  /// The name of the group.
  public var group: String
  /// The extents of the lattice that it was trained on.
  public var lattice: [Int]
  /// What the flow is made of.
  public var architecture: CouplingArchitecture
  /// The weights and biases by name.
  public var tensors: [String: SafetensorsFile.Tensor]
  /// The action it was trained for, with its couplings.
  public var action: EnsembleDescription.Action
  /// The coupling `β` it was trained for; the upper end where that was a range.
  public var beta: Double

  /// The name of the file in a model directory.
  public static let fileName = "model.safetensors"
  private static let format = "gaugeflow-coupling-model 1"

  /// A model from its parts.
  public init<Group: CouplingGroup>(flow: CouplingFlow<Group>, beta: Double) {
    group = Group.name
    lattice = flow.lattice.extents
    architecture = flow.architecture
    self.beta = beta
    action = EnsembleDescription.Action(name: "wilson", couplings: ["beta": beta])
    tensors = [:]
    for piece in Self.pieces(of: flow) {
      tensors[piece.name] = SafetensorsFile.Tensor(
        shape: piece.shape, values: .float64(Array(flow.parameters[piece.range])))
    }
  }

  /// The couplings that it serves, where it is conditioned on them.
  public var betaRange: ClosedRange<Double>? { architecture.betaRange }

  /// The number of parameters.
  public var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.values.count } }

  /// The flow, at the coupling of the model.
  ///
  /// - Throws: `.badData` where the group is another, the masks do not fit the lattice, or the tensors
  ///   are not those that the architecture needs.
  public func flow<Group: CouplingGroup>(
    as group: Group.Type
  ) throws(EnsembleIOError) -> CouplingFlow<Group> {
    guard self.group == Group.name else {
      throw .badData("model: group", expected: "'\(Group.name)'", found: "'\(self.group)'")
    }
    if let problem = architecture.problem(colors: Group.colors, dimension: lattice.count) {
      throw .badData("model: architecture", expected: problem.expected, found: problem.found)
    }
    var flow: CouplingFlow<Group>
    do throws(LatticeError) {
      flow = try CouplingFlow(lattice: Lattice(lattice), architecture: architecture)
    } catch {
      throw .badData("model", expected: "a lattice that the masks fit", found: error.description)
    }
    let pieces = Self.pieces(of: flow)
    guard tensors.count == pieces.count else {
      throw .badData("model", expected: "\(pieces.count) tensors", found: "\(tensors.count)")
    }
    var file = SafetensorsFile()
    file.tensors = tensors
    for piece in pieces {
      let values = try file.doubles(piece.name, shape: piece.shape)
      guard values.allSatisfy(\.isFinite) else {
        throw .badData("model: \(piece.name)", expected: "finite numbers", found: "others")
      }
      flow.parameters.replaceSubrange(piece.range, with: values)
    }
    if betaRange != nil { flow.beta = beta }
    return flow
  }

  /// The SHA-256 of the content.
  public func checksum() throws(EnsembleIOError) -> String { try file().checksum }

  /// The model as a file.
  public func file() throws(EnsembleIOError) -> SafetensorsFile {
    var file = SafetensorsFile()
    file.tensors = tensors
    file.metadata = [
      "format": Self.format, "group": group,
      "lattice": lattice.map(String.init).joined(separator: "x"), "beta": "\(beta)",
      "flow": "coupling", "action": String(decoding: try JSONFile.encode(action), as: UTF8.self),
      "architecture": String(decoding: try JSONFile.encode(architecture), as: UTF8.self),
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
    for (key, expected) in [("format", Self.format), ("flow", "coupling")] {
      let text = try file.text(key)
      guard text == expected else {
        throw .badData(path, expected: "\(key) '\(expected)'", found: EnsembleIOError.quoted(text))
      }
    }
    group = try file.text("group")
    guard let colors = EnsembleDescription.colors(of: group) else {
      throw .badData(
        "\(path): group", expected: "U1, SU2, SU3, ..", found: EnsembleIOError.quoted(group))
    }
    let text = try file.text("lattice")
    do throws(LatticeError) { lattice = try Lattice(parsing: text).extents } catch {
      throw .badData(
        "\(path): lattice", expected: "extents such as 16x16", found: EnsembleIOError.quoted(text))
    }
    guard let beta = Double(try file.text("beta")), beta.isFinite else {
      throw .badData(
        path, expected: "a finite beta", found: EnsembleIOError.quoted(try file.text("beta")))
    }
    self.beta = beta
    action = try JSONFile.decode(
      EnsembleDescription.Action.self, from: .init(try file.text("action").utf8), at: path)
    architecture = try JSONFile.decode(
      CouplingArchitecture.self, from: .init(try file.text("architecture").utf8), at: path)
    if let problem = architecture.problem(colors: colors, dimension: lattice.count) {
      throw .badData("\(path): architecture", expected: problem.expected, found: problem.found)
    }
    if let range = architecture.betaRange, !range.contains(beta) {
      throw .badData(
        "\(path): beta", expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(beta)")
    }
    tensors = file.tensors
  }

  /// The tensors of a flow and where they lie in its parameters.
  private static func pieces<Group: CouplingGroup>(
    of flow: CouplingFlow<Group>
  ) -> [(name: String, shape: [Int], range: Range<Int>)] {
    var result: [(name: String, shape: [Int], range: Range<Int>)] = []
    for block in flow.blocks {
      var start = block.range.lowerBound
      let terms = 1 + block.couplingDegree
      for layer in block.taps.indices {
        let (i, o, t) = (block.channels[layer], block.channels[layer + 1], block.taps[layer])
        let weights = start..<(start + o * i * t)
        result.append(("\(block.name)/\(layer).weight", [o, i, t], weights))
        start = weights.upperBound + terms * o
        result.append(
          (
            "\(block.name)/\(layer).bias", terms == 1 ? [o] : [terms, o], weights.upperBound..<start
          )
        )
      }
    }
    return result
  }
}
