import LatticeFields

extension CouplingFlow {
  /// A flow of another lattice, or of another range of couplings, that begins with the parameters of a
  /// trained one, to be trained further.
  ///
  /// Blocks of parameters that both have are taken over, that of a closed torus from the open block of
  /// the same areas where need be; the splits of larger blocks begin as the identity, the weights of their
  /// hidden layers drawn from the seed. Biases that are polynomials of
  /// the coupling are written in the coupling of the new range, cut off at its degree; those of a flow
  /// of one coupling are evaluated there.
  ///
  /// - Parameters:
  ///   - architecture: that of `other` but for the range of couplings.
  ///   - beta: the coupling where the new flow is for one and `other` for a range.
  /// - Throws: `TransferError` where the masks do not fit, or no block is common to both.
  public init(
    lattice: Lattice, architecture: CouplingArchitecture, seed: UInt64,
    startingFrom other: CouplingFlow, beta: Double
  ) throws(TransferError) {
    do throws(LatticeError) {
      try self.init(lattice: lattice, architecture: architecture, seed: seed)
    } catch { throw .lattice(error) }
    // t_other = slope t + shift
    let change: (slope: Double, shift: Double)
    if let range = architecture.betaRange, other.architecture.betaRange != nil {
      let low = other.architecture.coupling(ofBeta: range.lowerBound)
      let high = other.architecture.coupling(ofBeta: range.upperBound)
      change = ((high - low) / 2, (high + low) / 2)
    } else {
      change = (0, other.architecture.coupling(ofBeta: beta))
    }
    let trained = Dictionary(uniqueKeysWithValues: other.blocks.map { ($0.name, $0) })
    var common = 0
    for block in blocks {
      let open = block.name.hasSuffix(" closed") ? String(block.name.dropLast(7)) : block.name
      guard let source = trained[block.name] ?? trained[open],
        source.channels == block.channels, source.taps == block.taps
      else {
        resetOutputs(of: block)
        continue
      }
      common += 1
      copy(source, of: other, to: block, change: change)
    }
    if common == 0, let first = blocks.first {
      throw .untrained(
        split: first.name, lattice: lattice, trained: other.blocks.map { $0.name })
    }
  }

  /// Makes a block the identity: the last layer of its network is zero.
  private mutating func resetOutputs(of block: ParameterBlock) {
    let inputs = block.channels[block.channels.count - 2] * block.taps.last!
    let count = block.channels.last! * (inputs + 1 + block.couplingDegree)
    for place in (block.range.upperBound - count)..<block.range.upperBound { parameters[place] = 0 }
  }

  private mutating func copy(
    _ source: ParameterBlock, of other: CouplingFlow, to block: ParameterBlock,
    change: (slope: Double, shift: Double)
  ) {
    var from = source.range.lowerBound, to = block.range.lowerBound
    for layer in block.taps.indices {
      let outputs = block.channels[layer + 1]
      let weights = outputs * block.channels[layer] * block.taps[layer]
      for index in 0..<weights { parameters[to + index] = other.parameters[from + index] }
      from += weights
      to += weights
      for output in 0..<outputs {
        let polynomial = substituted(
          (0...source.couplingDegree).map { other.parameters[from + $0 * outputs + output] },
          change)
        for degree in 0...block.couplingDegree {
          parameters[to + degree * outputs + output] =
            degree < polynomial.count ? polynomial[degree] : 0
        }
      }
      from += (1 + source.couplingDegree) * outputs
      to += (1 + block.couplingDegree) * outputs
    }
  }
}

/// The coefficients of `p(slope t + shift)`.
private func substituted(
  _ coefficients: [Double], _ change: (slope: Double, shift: Double)
) -> [Double] {
  var result = [0.0]
  for coefficient in coefficients.reversed() {
    var next = [Double](repeating: 0, count: result.count + 1)
    for (degree, value) in result.enumerated() {
      next[degree] += change.shift * value
      next[degree + 1] += change.slope * value
    }
    next[0] += coefficient
    result = next
  }
  return result
}
