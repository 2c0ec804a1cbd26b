import EnsembleIO
import Foundation
import MarkovChains

/// The state of Markov chains as files of a checkpoint.
struct MarkovChainState {
  /// The options that decide the bits, by name.
  let settings: [String: String]
  /// The number of configurations in the ensemble.
  let count: Int
  /// The state of the chains.
  let chains: ChainCheckpoint

  private static let fileName = "chains.safetensors"

  private struct Numbers: Codable {
    var chains: Int
    var updates: Int
    var samples: Int
    var requests: Int
    var count: Int
    var parameters: [[Double]]
    var counts: [[Int]]
  }

  init(settings: [String: String], count: Int, chains: ChainCheckpoint) {
    self.settings = settings
    self.count = count
    self.chains = chains
  }

  /// The files to save.
  var files: [String: Data] {
    get throws(EnsembleIOError) {
      var file = SafetensorsFile()
      func add(_ name: String, _ values: [Double]) {
        file.tensors[name] = .init(shape: [values.count], values: .float64(values))
      }
      add("links", chains.links)
      add("log_densities", chains.logDensities)
      for (kernel, sums) in chains.sums.enumerated() { add("sums_\(kernel)", sums) }
      let numbers = Numbers(
        chains: chains.chains, updates: chains.updates, samples: chains.samples,
        requests: chains.requests, count: count, parameters: chains.parameters,
        counts: chains.counts)
      file.metadata["state"] = String(decoding: try JSONFile.encode(numbers), as: UTF8.self)
      for (key, value) in settings { file.metadata["setting." + key] = value }
      return [Self.fileName: file.encoded()]
    }
  }

  /// Reads what was saved.
  init(_ files: [String: Data], at directory: String) throws(EnsembleIOError) {
    let path = "\(directory)/\(Self.fileName)"
    guard let data = files[Self.fileName] else {
      throw EnsembleIOError(
        .badData, at: directory, expected: "\(Self.fileName) in the checkpoint", found: "none")
    }
    let file = try SafetensorsFile(parsing: data, at: path, requireChecksum: true)
    let numbers = try JSONFile.decode(
      Numbers.self, from: Data(try file.text("state").utf8), at: path)
    var sums: [[Double]] = []
    for kernel in numbers.counts.indices { sums.append(try file.doubles("sums_\(kernel)")) }
    var settings: [String: String] = [:]
    for (key, value) in file.metadata where key.hasPrefix("setting.") {
      settings[String(key.dropFirst("setting.".count))] = value
    }
    self.settings = settings
    count = numbers.count
    chains = ChainCheckpoint(
      chains: numbers.chains, updates: numbers.updates, samples: numbers.samples,
      requests: numbers.requests, links: try file.doubles("links"),
      logDensities: try file.doubles("log_densities"),
      parameters: numbers.parameters, counts: numbers.counts, sums: sums)
  }

  /// Refuses to go on with other options than the run began with.
  func require(_ wanted: [String: String], at directory: String) throws(EnsembleIOError) {
    for key in Set(settings.keys).union(wanted.keys).sorted() where settings[key] != wanted[key] {
      throw EnsembleIOError(
        .badData, at: directory,
        expected: "--\(key) \(settings[key] ?? "absent") as the run began",
        found: "\(wanted[key] ?? "none")")
    }
  }
}
