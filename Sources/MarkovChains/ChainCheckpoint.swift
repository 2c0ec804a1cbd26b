/// All that chains need to go on to the same bits, as numbers that any file format can hold.
///
/// Valid for the same lattice, kind of field, kernels, seed and plan; those are the caller's to keep.
public struct ChainCheckpoint: Sendable, Equatable {
  /// The number of chains.
  public var chains: Int
  /// The updates made of each chain.
  public var updates: Int
  /// The samples of each chain that were received.
  public var samples: Int
  /// The streams of random numbers used so far by each chain.
  public var requests: Int
  /// The links (the values of a scalar field), chain after chain, each in the order of an ensemble file.
  public var links: [Double]
  /// The density under the proposal of each chain, where it is known; else empty.
  public var logDensities: [Double]
  /// The parameters of each kernel that tuning may have changed.
  public var parameters: [[Double]]
  /// The numbers of updates and of proposals of each kernel.
  public var counts: [[Int]]
  /// The sums of each kernel's statistics, chain after chain.
  public var sums: [[Double]]

  /// A checkpoint from its parts.
  public init(
    chains: Int, updates: Int, samples: Int, requests: Int, links: [Double],
    logDensities: [Double], parameters: [[Double]], counts: [[Int]], sums: [[Double]]
  ) {
    self.chains = chains
    self.updates = updates
    self.samples = samples
    self.requests = requests
    self.links = links
    self.logDensities = logDensities
    self.parameters = parameters
    self.counts = counts
    self.sums = sums
  }
}
