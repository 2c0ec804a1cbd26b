import Foundation

/// Reads an ensemble directory, configuration by configuration.
///
/// The number of configurations is what all its arrays have committed, so an ensemble that is still
/// being written, or whose writer was stopped, can be read. Memory is bounded by what is asked for.
public final class EnsembleReader {
  /// The directory.
  public let directory: String
  /// What `ensemble.json` says; `count` is what the arrays hold.
  public let description: EnsembleDescription
  private let links: NPYFile
  private let logWeight: NPYFile?
  private let chain: NPYFile?

  /// The number of configurations.
  public var count: Int { description.count }
  /// The number of real numbers of a configuration.
  public var valuesPerConfiguration: Int { description.valuesPerConfiguration }
  /// Whether the configurations have weights.
  public var isWeighted: Bool { logWeight != nil }
  /// Whether the configurations belong to Markov chains.
  public var isChained: Bool { chain != nil }

  /// Opens an ensemble.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - acceptPrefix: Take what is left of arrays that were cut off, instead of refusing them.
  /// - Throws: `.missingInput`, `.badData` naming the file and what is wrong with it.
  public init(_ directory: String, acceptPrefix: Bool = false) throws(EnsembleIOError) {
    let path = "\(directory)/\(EnsembleFiles.description)"
    var description = try JSONFile.read(EnsembleDescription.self, from: path)
    try description.validate(at: path)
    self.directory = directory
    let files = description.files
    func open(
      _ name: String, _ element: NPYElement, _ shape: [Int]
    ) throws(EnsembleIOError) -> NPYFile? {
      guard files.contains(name) else { return nil }
      let file = try NPYFile("\(directory)/\(name)", acceptPrefix: acceptPrefix)
      try file.require([element], rowShape: shape)
      return file
    }
    guard
      let links = try open(
        EnsembleFiles.links, description.linkElement, description.configurationShape)
    else { throw .badData(path, expected: "'links.npy' among the files", found: "none") }
    self.links = links
    logWeight = try open(EnsembleFiles.logWeight, .float64, [])
    chain = try open(EnsembleFiles.chain, .int32, [])
    let count = min(links.count, logWeight?.count ?? .max, chain?.count ?? .max)
    // The count of the description is written last, so the arrays can only hold more.
    guard count >= description.count || acceptPrefix else {
      throw .badData(
        directory, expected: "\(description.count) configurations", found: "\(count) in the arrays")
    }
    description.count = count
    self.description = description
  }

  /// Reads configurations that follow each other.
  ///
  /// - Parameters:
  ///   - range: Which ones; they must exist.
  ///   - buffer: Room for exactly `range.count * valuesPerConfiguration` numbers.
  /// - Throws: `.badData` if a number is not finite, naming the configuration; `.inputOutput`.
  /// - Complexity: one read; allocates nothing.
  public func read(
    _ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>
  ) throws(EnsembleIOError) {
    precondition(range.upperBound <= count, "configurations \(range) of \(count)")
    try links.read(rows: range, into: buffer)
    if let bad = buffer.firstIndex(where: { !$0.isFinite }) {
      let k = range.lowerBound + bad / valuesPerConfiguration
      throw .badData(
        "\(links.path): configuration \(k)", expected: "finite numbers", found: "\(buffer[bad])")
    }
  }

  /// One configuration, or several that follow each other.
  public func configurations(_ range: Range<Int>) throws(EnsembleIOError) -> [Double] {
    var result = [Double](repeating: 0, count: range.count * valuesPerConfiguration)
    var failure: EnsembleIOError?
    result.withUnsafeMutableBufferPointer { buffer in
      do throws(EnsembleIOError) {
        try read(range, into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result
  }

  /// The log weights of all configurations; `nil` where they are not weighted.
  ///
  /// - Throws: `.badData` for a weight that is not a number or infinite; minus infinity, a weight of
  ///   zero, is allowed.
  public func logWeights() throws(EnsembleIOError) -> [Double]? {
    guard let logWeight else { return nil }
    let values = Array(try logWeight.values().prefix(count))
    if let bad = values.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
      throw .badData(
        "\(logWeight.path): configuration \(bad)", expected: "a finite log weight",
        found: "\(values[bad])")
    }
    return values
  }

  /// The Markov chain of every configuration; `nil` where they are independent.
  public func chains() throws(EnsembleIOError) -> [Int]? {
    guard let chain else { return nil }
    let values = Array(try chain.integers().prefix(count))
    if let bad = values.firstIndex(where: { $0 < 0 }) {
      throw .badData(
        "\(chain.path): configuration \(bad)", expected: "the number of a chain",
        found: "\(values[bad])")
    }
    return values
  }
}
