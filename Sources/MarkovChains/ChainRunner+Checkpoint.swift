import LaneMath
import LatticeFields

extension ChainRunner {
  /// The state of all chains.
  public func checkpoint() -> ChainCheckpoint {
    let size = Field.scalarsPerConfiguration(on: lattice)
    var links = [Double](repeating: 0, count: chains * size)
    var logDensities: [Double] = []
    var sums = kernels.entries.map { _ in [Double]() }
    links.withUnsafeMutableBufferPointer { links in
      for packet in packets {
        for lane in 0..<packet.lanes {
          let first = (packet.firstChain + lane) * size
          packet.state.U.store(
            lane: lane, into: UnsafeMutableBufferPointer(rebasing: links[first..<(first + size)]))
          if let density = packet.state.cachedLogDensity { logDensities.append(density[lane]) }
          for kernel in sums.indices {
            sums[kernel] += packet.statistics[kernel].values(lane: lane)
          }
        }
      }
    }
    let statistics = packets[0].statistics
    return ChainCheckpoint(
      chains: chains, updates: updates, samples: samples,
      requests: packets[0].streams.requests, links: links,
      logDensities: logDensities, parameters: kernels.entries.map { $0.kernel.tunedParameters },
      counts: statistics.map { [$0.updates, $0.proposals] }, sums: sums)
  }

  /// Puts all chains into the state of a checkpoint.
  ///
  /// - Throws: `ChainError.checkpoint` where it is of another number of chains, lattice, field or
  ///   list of kernels; the chains are then unchanged.
  public mutating func restore(_ checkpoint: ChainCheckpoint) throws(ChainError) {
    let size = Field.scalarsPerConfiguration(on: lattice)
    func require(_ what: String, _ expected: Int, _ given: Int) throws(ChainError) {
      guard given == expected else {
        throw .checkpoint(expected: "\(expected) \(what)", given: "\(given)")
      }
    }
    try require("chains", chains, checkpoint.chains)
    try require("numbers of links", chains * size, checkpoint.links.count)
    try require("kernels", kernels.entries.count, checkpoint.parameters.count)
    try require("kernels", kernels.entries.count, checkpoint.counts.count)
    try require("kernels", kernels.entries.count, checkpoint.sums.count)
    for kernel in checkpoint.counts.indices {
      try require("counts", 2, checkpoint.counts[kernel].count)
      try require("sums", chains * LaneStatistics.valueCount, checkpoint.sums[kernel].count)
    }
    if !checkpoint.logDensities.isEmpty {
      try require("densities", chains, checkpoint.logDensities.count)
    }
    guard checkpoint.updates >= 0, checkpoint.samples >= 0, checkpoint.requests >= 0,
      checkpoint.requests < 1 << 32
    else {
      throw .checkpoint(
        expected: "counters in 0 ..< 2^32",
        given: "\(checkpoint.updates), \(checkpoint.samples) and \(checkpoint.requests)")
    }
    for link in checkpoint.links where !link.isFinite {
      throw .checkpoint(expected: "finite links", given: "\(link)")
    }
    let kernels = try kernels.withTunedParameters(checkpoint.parameters)

    self.kernels = kernels
    updates = checkpoint.updates
    samples = checkpoint.samples
    checkpoint.links.withUnsafeBufferPointer { links in
      for packet in packets.indices {
        packets[packet].streams.requests = checkpoint.requests
        packets[packet].state.fieldsChanged()
        var density = Lanes.zero
        var statistics = checkpoint.counts.map { counts in
          var statistics = LaneStatistics()
          statistics.updates = counts[0]
          statistics.proposals = counts[1]
          return statistics
        }
        for lane in 0..<packets[packet].lanes {
          let chain = packets[packet].firstChain + lane
          packets[packet].state.U.load(
            lane: lane,
            from: UnsafeBufferPointer(rebasing: links[(chain * size)..<((chain + 1) * size)]))
          if !checkpoint.logDensities.isEmpty { density[lane] = checkpoint.logDensities[chain] }
          let first = chain * LaneStatistics.valueCount
          for kernel in statistics.indices {
            statistics[kernel].setValues(
              checkpoint.sums[kernel][first..<(first + LaneStatistics.valueCount)], lane: lane)
          }
        }
        packets[packet].statistics = statistics
        if !checkpoint.logDensities.isEmpty {
          packets[packet].state.cachedLogDensity = density
        }
      }
    }
  }
}

extension KernelSequence {
  /// The sequence with the tuned parameters of a checkpoint.
  func withTunedParameters(_ parameters: [[Double]]) throws(ChainError) -> KernelSequence {
    var result = KernelSequence()
    for (entry, parameters) in zip(entries, parameters) {
      result = result.appending(
        try entry.kernel.withTunedParameters(parameters), entry.repetitions)
    }
    return result
  }
}
