import LatticeFields
import LatticeFlows

/// A trained coupling flow with the theory that it was trained for: `model.safetensors` of a model
/// directory.
///
/// Tensors: `BLOCK/N.weight` of shape `[output, input, tap]` and `BLOCK/N.bias` of shape `[output]`
/// for layer `N` of the conditioner of each block of parameters, in double precision. The header
/// holds, as text, `format`, `group`, `lattice`, `beta`, `action`, `flow`, `architecture` (JSON) and
/// the SHA-256 of the tensors.
public struct CouplingModel: Sendable {
  /// The flow.
  public var flow: CouplingFlow<U1>
  /// The action it was trained for, with its couplings.
  public var action: EnsembleDescription.Action
  /// The coupling `β` it was trained for.
  public var beta: Double

  /// The name of the file in a model directory.
  public static let fileName = "model.safetensors"
  private static let format = "gaugeflow-coupling-model 1"

  /// A model from its parts.
  public init(flow: CouplingFlow<U1>, beta: Double) {
    self.flow = flow
    self.beta = beta
    action = EnsembleDescription.Action(name: "wilson", couplings: ["beta": beta])
  }

  /// The SHA-256 of the parameters.
  public func checksum() throws(EnsembleIOError) -> String { try file().checksum }

  /// The model as a file.
  public func file() throws(EnsembleIOError) -> SafetensorsFile {
    var file = SafetensorsFile()
    for piece in Self.pieces(of: flow) {
      file.tensors[piece.name] = SafetensorsFile.Tensor(
        shape: piece.shape, values: .float64(Array(flow.parameters[piece.range])))
    }
    file.metadata = [
      "format": Self.format, "group": "U1", "lattice": flow.lattice.description,
      "beta": "\(beta)", "flow": "coupling",
      "action": String(decoding: try JSONFile.encode(action), as: UTF8.self),
      "architecture": String(decoding: try JSONFile.encode(flow.architecture), as: UTF8.self),
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
  /// - Throws: `.missingInput` where there is none, `.badData` where it is damaged, of another group,
  ///   or does not hold the tensors that its architecture needs.
  public init(reading directory: String) throws(EnsembleIOError) {
    let path =
      AtomicFile.isDirectory(directory) ? "\(directory)/\(Self.fileName)" : directory
    let file = try SafetensorsFile(path, requireChecksum: true)
    func field(_ key: String, _ expected: String) throws(EnsembleIOError) -> String {
      let text = try file.text(key)
      guard expected.isEmpty || text == expected else {
        throw .badData(path, expected: "\(key) '\(expected)'", found: "'\(text)'")
      }
      return text
    }
    _ = try field("format", Self.format)
    _ = try field("group", "U1")
    _ = try field("flow", "coupling")
    let lattice = try field("lattice", "")
    guard let beta = Double(try field("beta", "")), beta.isFinite else {
      throw .badData(path, expected: "a finite beta", found: "'\(try field("beta", ""))'")
    }
    let action = try JSONFile.decode(
      EnsembleDescription.Action.self, from: .init(try field("action", "").utf8), at: path)
    let architecture = try JSONFile.decode(
      CouplingArchitecture.self, from: .init(try field("architecture", "").utf8), at: path)
    if let problem = architecture.problem() {
      throw .badData("\(path): architecture", expected: problem.expected, found: problem.found)
    }
    var flow: CouplingFlow<U1>
    do throws(LatticeError) {
      flow = try CouplingFlow<U1>(lattice: Lattice(parsing: lattice), architecture: architecture)
    } catch {
      throw .badData(path, expected: "a lattice that the masks fit", found: error.description)
    }
    let pieces = Self.pieces(of: flow)
    guard file.tensors.count == pieces.count else {
      throw .badData(
        path, expected: "\(pieces.count) tensors", found: "\(file.tensors.count)")
    }
    for piece in pieces {
      let values = try file.doubles(piece.name, shape: piece.shape)
      guard values.allSatisfy(\.isFinite) else {
        throw .badData("\(path): \(piece.name)", expected: "finite numbers", found: "others")
      }
      flow.parameters.replaceSubrange(piece.range, with: values)
    }
    self.flow = flow
    self.action = action
    self.beta = beta
  }

  /// The tensors of a flow and where they lie in its parameters.
  private static func pieces(of flow: CouplingFlow<U1>)
    -> [(name: String, shape: [Int], range: Range<Int>)]
  {
    var result: [(name: String, shape: [Int], range: Range<Int>)] = []
    for block in flow.blocks {
      var start = block.range.lowerBound
      for layer in block.taps.indices {
        let (i, o, t) = (block.channels[layer], block.channels[layer + 1], block.taps[layer])
        let weights = start..<(start + o * i * t)
        result.append(("\(block.name)/\(layer).weight", [o, i, t], weights))
        start = weights.upperBound + o
        result.append(("\(block.name)/\(layer).bias", [o], weights.upperBound..<start))
      }
    }
    return result
  }
}
