import LatticeFlows

/// A fitted continuous flow with the theory that it was fitted for: `model.safetensors` of a model
/// directory.
///
/// Tensors: `times` of shape `[n + 1]`, the boundaries of the n intervals of the flow time; `steps`
/// of shape `[n]`, the integrator steps of each; `coefficients` of shape `[n, 3, elements]`, at the
/// start, the middle and the end of each. The header holds, as text, `format`, `group`, `lattice`,
/// `beta`, `action`, `flow`, `basis`, `elements` and `path` (JSON), `integrator`,
/// `integration_error`, `escort` where there is one; a tensor `volume_slopes` of the shape of the
/// coefficients where it was fitted on two volumes, and the SHA-256 of the content.
public struct RegressionModel: Sendable, Equatable {
  /// The name of the group.
  public var group: String
  /// The extents of the lattice that it was fitted on.
  public var lattice: [Int]
  /// The family of its velocity fields.
  public var basis: String
  /// The names of its velocity fields.
  public var elements: [String]
  /// The actions along which it transports.
  public var path: AnnealingPath
  /// The scheme that integrates it.
  public var integrator: LowStorageIntegrator
  /// The coefficients.
  public var intervals: [FlowInterval]
  /// The largest change of `log w` of a sample that was found when halving the integrator's steps.
  public var integrationError: Double
  /// The derivative of all coefficients with respect to `1/V`, in the order of the tensor, where the flow
  /// was fitted on two volumes.
  public var volumeSlopes: [Double]?
  /// The settings of the Markov chain update after each interval, for escorted annealing.
  public var escort: [String: String]?

  /// The name of the file in a model directory.
  public static let fileName = "model.safetensors"
  private static let format = "gaugeflow-regression-model 1"

  /// A model from its parts.
  public init(
    group: String, lattice: [Int], basis: String, elements: [String], path: AnnealingPath,
    integrator: LowStorageIntegrator, intervals: [FlowInterval], integrationError: Double,
    escort: [String: String]?
  ) {
    self.group = group
    self.lattice = lattice
    self.basis = basis
    self.elements = elements
    self.path = path
    self.integrator = integrator
    self.intervals = intervals
    self.integrationError = integrationError
    self.escort = escort
  }

  /// The coupling that it was fitted for.
  public var beta: Double { path.end }
  /// The number of coefficients.
  public var parameterCount: Int { 3 * elements.count * intervals.count }
  /// `regression`, or `escorted` where Markov steps go with the flow.
  public var flowName: String { escort == nil ? "regression" : "escorted" }

  /// The SHA-256 of the content.
  public func checksum() throws(EnsembleIOError) -> String { try file().checksum }

  /// The model as a file.
  public func file() throws(EnsembleIOError) -> SafetensorsFile {
    var file = SafetensorsFile()
    let times = intervals.map(\.start) + [intervals.last?.end ?? 0]
    file.tensors = [
      "times": .init(shape: [times.count], values: .float64(times)),
      "steps": .init(
        shape: [intervals.count], values: .int64(intervals.map { Int64($0.steps) })),
      "coefficients": .init(
        shape: [intervals.count, 3, elements.count],
        values: .float64(intervals.flatMap { $0.coefficients.flatMap { $0 } })),
    ]
    if let volumeSlopes {
      file.tensors["volume_slopes"] = .init(
        shape: [intervals.count, 3, elements.count], values: .float64(volumeSlopes))
    }
    let action = EnsembleDescription.Action(name: "wilson", couplings: ["beta": beta])
    func json(_ value: some Encodable) throws(EnsembleIOError) -> String {
      String(decoding: try JSONFile.encode(value), as: UTF8.self)
    }
    file.metadata = [
      "format": Self.format, "flow": flowName, "group": group,
      "lattice": lattice.map(String.init).joined(separator: "x"), "beta": "\(beta)",
      "action": try json(action), "basis": basis, "elements": try json(elements),
      "path": try json(path), "integrator": integrator.name,
      "integration_error": "\(integrationError)",
    ]
    if let escort { file.metadata["escort"] = try json(escort) }
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
    let format = try file.text("format")
    guard format == Self.format else {
      throw .badData(path, expected: "format '\(Self.format)'", found: "'\(format)'")
    }
    let group = try file.text("group"), integratorName = try file.text("integrator")
    guard let integrator = LowStorageIntegrator(named: integratorName) else {
      throw .badData(
        "\(path): integrator",
        expected: LowStorageIntegrator.all.map(\.name).joined(separator: " or "),
        found: EnsembleIOError.quoted(integratorName))
    }
    let lattice = try file.text("lattice")
    let extents = lattice.split(separator: "x").compactMap { Int($0) }
    guard !extents.isEmpty, extents.map(String.init).joined(separator: "x") == lattice else {
      throw .badData(
        "\(path): lattice", expected: "extents such as 16x16",
        found: EnsembleIOError.quoted(lattice))
    }
    let elements = try JSONFile.decode(
      [String].self, from: .init(try file.text("elements").utf8), at: path)
    let annealing = try JSONFile.decode(
      AnnealingPath.self, from: .init(try file.text("path").utf8), at: path)
    guard let error = Double(try file.text("integration_error")), error >= 0 else {
      throw .badData(
        "\(path): integration_error", expected: "a number",
        found: EnsembleIOError.quoted(try file.text("integration_error")))
    }
    let tensor = file.tensors["steps"]
    guard case .int64(let steps)? = tensor?.values, tensor?.shape == [steps.count],
      !steps.isEmpty, steps.allSatisfy({ (1...100_000).contains($0) })
    else { throw .badData("\(path): steps", expected: "positive numbers", found: "others") }
    let times = try file.doubles("times", shape: [steps.count + 1])
    guard times.first == 0, times.last == 1, zip(times, times.dropFirst()).allSatisfy(<) else {
      throw .badData("\(path): times", expected: "numbers that rise from 0 to 1", found: "\(times)")
    }
    let count = elements.count
    let values = try file.doubles("coefficients", shape: [steps.count, 3, count])
    guard values.allSatisfy(\.isFinite), annealing.start.isFinite, annealing.end.isFinite,
      annealing.start != annealing.end
    else { throw .badData(path, expected: "finite numbers", found: "others") }
    let escort = try file.metadata["escort"].map { text throws(EnsembleIOError) in
      try JSONFile.decode([String: String].self, from: .init(text.utf8), at: path)
    }
    self.init(
      group: group, lattice: extents, basis: try file.text("basis"), elements: elements,
      path: annealing, integrator: integrator,
      intervals: steps.indices.map { i in
        FlowInterval(
          start: times[i], end: times[i + 1], steps: Int(steps[i]),
          coefficients: (0..<3).map {
            Array(values[((3 * i + $0) * count)..<((3 * i + $0 + 1) * count)])
          })
      }, integrationError: error, escort: escort)
    if file.tensors["volume_slopes"] != nil {
      let slopes = try file.doubles("volume_slopes", shape: [steps.count, 3, count])
      guard slopes.allSatisfy(\.isFinite) else {
        throw .badData("\(path): volume_slopes", expected: "finite numbers", found: "others")
      }
      volumeSlopes = slopes
    }
  }

  /// The intervals on a lattice of another volume: the coefficients continued linearly in `1/V` where the
  /// flow was fitted on two volumes, and as they are where it was not.
  public func intervals(volume: Int) -> [FlowInterval] {
    let own = lattice.reduce(1, *)
    guard let volumeSlopes, volume != own else { return intervals }
    let change = 1 / Double(volume) - 1 / Double(own)
    var result = intervals
    var index = 0
    for i in result.indices {
      for node in 0..<3 {
        for element in elements.indices {
          result[i].coefficients[node][element] += change * volumeSlopes[index]
          index += 1
        }
      }
    }
    return result
  }
}
