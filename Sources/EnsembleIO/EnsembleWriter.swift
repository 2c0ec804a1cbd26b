import Foundation

/// Writes an ensemble directory, one configuration or one packet at a time.
///
/// Configurations gather in memory and are committed when about `chunkByteCount` bytes are there,
/// when ten seconds have passed, and by `flush()` and `close()`. A crash at any moment leaves a
/// readable prefix. When the disk is full, what fits is committed, the call throws, and the rest
/// stays in memory, so that `flush()` can be called again.
public final class EnsembleWriter {
  /// The directory.
  public let directory: String
  /// What `ensemble.json` says.
  public private(set) var description: EnsembleDescription
  /// Whether every configuration has a log weight.
  public let isWeighted: Bool
  /// Whether every configuration belongs to a Markov chain.
  public let isChained: Bool

  let links: NPYAppender
  private let logWeight: NPYAppender?
  private let chain: NPYAppender?
  private let chunkByteCount: Int
  private var lastFlush = ContinuousClock.now
  private static let interval = Duration.seconds(10)

  /// The number of configurations, those in memory included.
  public var count: Int { links.count }

  /// The number of configurations that a reader finds.
  public var committedCount: Int {
    min(
      links.committedCount, logWeight?.committedCount ?? .max, chain?.committedCount ?? .max)
  }

  /// The number of real numbers of a configuration.
  public var valuesPerConfiguration: Int { description.valuesPerConfiguration }

  /// Begins an ensemble.
  ///
  /// - Parameters:
  ///   - directory: The directory; created if it is not there.
  ///   - description: The theory and provenance; its `count` and `files` are set here.
  ///   - weighted: Whether every configuration comes with a log weight.
  ///   - chained: Whether every configuration comes with the number of its Markov chain.
  ///   - overwrite: Whether an ensemble in this directory is replaced.
  ///   - chunkByteCount: How many bytes gather before they are committed.
  /// - Throws: `.refusesToOverwrite` if the directory holds an ensemble, `.badData` for an impossible
  ///   description, `.inputOutput`.
  public init(
    creating directory: String, description: EnsembleDescription, weighted: Bool, chained: Bool,
    overwrite: Bool = false, chunkByteCount: Int = 1 << 20
  ) throws(EnsembleIOError) {
    var description = description
    description.count = 0
    description.files = EnsembleFiles.all.filter {
      $0 == EnsembleFiles.links || ($0 == EnsembleFiles.logWeight && weighted)
        || ($0 == EnsembleFiles.chain && chained)
    }
    try description.validate(at: directory)
    let names = [EnsembleFiles.description] + EnsembleFiles.all
    if let name = names.first(where: { AtomicFile.exists("\(directory)/\($0)") }) {
      guard overwrite else {
        throw EnsembleIOError(
          .refusesToOverwrite, at: directory, expected: "a directory without an ensemble",
          found: "\(name) (--force replaces it, --resume goes on)")
      }
      for name in names { try AtomicFile.remove("\(directory)/\(name)") }
    }
    try AtomicFile.createDirectory(directory)
    self.directory = directory
    self.description = description
    self.chunkByteCount = chunkByteCount
    isWeighted = weighted
    isChained = chained
    links = try NPYAppender(
      creating: "\(directory)/\(EnsembleFiles.links)", element: description.linkElement,
      rowShape: description.configurationShape)
    logWeight =
      weighted
      ? try NPYAppender(
        creating: "\(directory)/\(EnsembleFiles.logWeight)", element: .float64, rowShape: []) : nil
    chain =
      chained
      ? try NPYAppender(
        creating: "\(directory)/\(EnsembleFiles.chain)", element: .int32, rowShape: []) : nil
    // Last, so that wherever there is a description its arrays are there too.
    try JSONFile.write(description, to: "\(directory)/\(EnsembleFiles.description)")
  }

  /// Goes on with an ensemble; what is not complete in all its arrays is cut off.
  ///
  /// - Parameters:
  ///   - directory: The directory of an ensemble.
  ///   - expected: If given, the theory that the ensemble must have.
  ///   - kept: If given, keep at most so many configurations: the count of the checkpoint that
  ///     production goes on from.
  ///   - chunkByteCount: How many bytes gather before they are committed.
  /// - Throws: `.missingInput`, `.badData` if the ensemble is damaged or of another theory.
  public init(
    resuming directory: String, matching expected: EnsembleDescription? = nil,
    keeping kept: Int? = nil, chunkByteCount: Int = 1 << 20
  ) throws(EnsembleIOError) {
    let path = "\(directory)/\(EnsembleFiles.description)"
    let description = try JSONFile.read(EnsembleDescription.self, from: path)
    try description.validate(at: path)
    if let expected, !expected.isCompatible(with: description) {
      func words(_ d: EnsembleDescription) -> String {
        "\(d.group) \(d.lattice.map(String.init).joined(separator: "x")) beta \(d.beta) "
          + d.action.name
      }
      throw .badData(directory, expected: words(expected), found: words(description))
    }
    let shapes: [(String, NPYElement, [Int])] = [
      (EnsembleFiles.links, description.linkElement, description.configurationShape),
      (EnsembleFiles.logWeight, .float64, []), (EnsembleFiles.chain, .int32, []),
    ]
    var count = kept ?? Int.max
    for (name, _, _) in shapes where description.files.contains(name) {
      let file = "\(directory)/\(name)"
      count = min(count, try NPYFile(file).count)
    }
    func open(_ index: Int) throws(EnsembleIOError) -> NPYAppender? {
      let (name, element, shape) = shapes[index]
      guard description.files.contains(name) else { return nil }
      return try NPYAppender(
        resuming: "\(directory)/\(name)", element: element, rowShape: shape, keeping: count)
    }
    self.directory = directory
    self.description = description
    self.chunkByteCount = chunkByteCount
    guard let links = try open(0) else {
      throw .badData(path, expected: "'links.npy' among the files", found: "none")
    }
    self.links = links
    logWeight = try open(1)
    chain = try open(2)
    isWeighted = logWeight != nil
    isChained = chain != nil
  }

  /// Appends configurations that follow each other in memory.
  ///
  /// - Parameters:
  ///   - values: The links in file order, see `EnsembleDescription.valuesPerConfiguration`; for one
  ///     configuration or several.
  ///   - logWeights: One per configuration in a weighted ensemble, else empty.
  ///   - chains: One per configuration in an ensemble of chains, else empty.
  /// - Throws: `.inputOutput`; the configurations are then in memory still and `flush()` may be
  ///   called again.
  public func append(
    links values: UnsafeBufferPointer<Double>, logWeights: [Double] = [], chains: [Int32] = []
  ) throws(EnsembleIOError) {
    let number = values.count / valuesPerConfiguration
    precondition(
      number * valuesPerConfiguration == values.count,
      "\(values.count) numbers are no whole number of configurations of \(valuesPerConfiguration)")
    precondition(
      logWeights.count == (isWeighted ? number : 0) && chains.count == (isChained ? number : 0),
      "\(number) configurations with \(logWeights.count) log weights and \(chains.count) chains")
    links.append(values)
    logWeight?.append(logWeights)
    chain?.append(integers: chains)
    if links.pendingByteCount >= chunkByteCount
      || ContinuousClock.now - lastFlush > Self.interval
    {
      try commit()
    }
  }

  /// Appends configurations that follow each other in memory.
  public func append(
    links values: [Double], logWeights: [Double] = [], chains: [Int32] = []
  ) throws(EnsembleIOError) {
    var failure: EnsembleIOError?
    values.withUnsafeBufferPointer { buffer in
      do throws(EnsembleIOError) {
        try append(links: buffer, logWeights: logWeights, chains: chains)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Commits everything, the count in `ensemble.json` included.
  ///
  /// - Throws: `.inputOutput`; call again when there is room.
  public func flush() throws(EnsembleIOError) {
    try commit()
    try writeDescription()
  }

  /// Commits everything and closes the files.
  public func close() throws(EnsembleIOError) {
    try links.close()
    try logWeight?.close()
    try chain?.close()
    try writeDescription()
  }

  private func commit() throws(EnsembleIOError) {
    lastFlush = .now
    // The small arrays first: when the disk is full they are the ones that may still fit.
    try logWeight?.flush()
    try chain?.flush()
    try links.flush()
  }

  private func writeDescription() throws(EnsembleIOError) {
    guard description.count != committedCount else { return }
    var updated = description
    updated.count = committedCount
    try JSONFile.write(updated, to: "\(directory)/\(EnsembleFiles.description)")
    description = updated
  }
}
