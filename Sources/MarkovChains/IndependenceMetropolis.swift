import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows

/// Independence Metropolis: fields drawn from a proposal `q`, a flow for example, accepted with
/// probability `min(1, w'/w)`, `w = exp(-S)/q`.
///
/// Exact for every proposal whose support is everything; the acceptance tells how good it is.
///
/// Complexity: one sample and one action. Where another kernel has changed the fields, one evaluation
/// of the proposal's density as well.
public struct IndependenceMetropolis<Field: LatticeField>: MarkovKernel {
  /// The proposal.
  public let proposal: any Proposal<Field>
  /// The action.
  public let action: any Action<Field>
  /// `independence`.
  public var name: String { "independence" }

  /// An independence Metropolis kernel for chains on a lattice.
  ///
  /// - Throws: `ChainError.proposalLattice` where the proposal is on another lattice.
  public init(proposal: any Proposal<Field>, action: any Action<Field>, on lattice: Lattice)
    throws(ChainError)
  {
    guard proposal.lattice == lattice else {
      throw .proposalLattice(proposal: proposal.lattice, chain: lattice)
    }
    self.proposal = proposal
    self.action = action
  }

  /// The number of links or sites.
  public func linkUpdates(on lattice: Lattice) -> Int { Field.elementCount(on: lattice) }

  /// One proposal.
  ///
  /// - Throws: `ChainError.inversion` where `log q` of the present fields is not known and cannot be
  ///   computed.
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    throws(ChainError) -> UpdateInfo
  {
    let action = action
    let before = state.action(of: action)
    let densityBefore: Lanes
    if let known = state.cachedLogDensity {
      densityBefore = known
    } else {
      do throws(InversionFailure) {
        densityBefore = try proposal.logDensity(of: state.U)
      } catch { throw .inversion(error) }
    }
    if state.other == nil { state.save() }
    let seed = streams.nextSeed(.proposal)
    let densityAfter = proposal.sample(
      into: &state.other!, seed: seed, firstConfiguration: streams.firstChain)
    let after = action.value(of: state.other!)
    let deltaH = (after + densityAfter) - (before + densityBefore)
    let accepted = metropolisDecision(deltaH, using: &streams)
    state.takeOther(where: accepted)
    state.fieldsChanged(action: select(accepted, after, before))
    state.cachedLogDensity = select(accepted, densityAfter, densityBefore)
    return UpdateInfo(acceptance: indicator(accepted), deltaH: deltaH)
  }
}

/// A Markov chain over samples that were drawn before.
public struct MetropolisChain: Sendable, Equatable {
  /// The sample at which the chain stands after each proposal; a rejection repeats the last one.
  public let indices: [Int]
  /// The fraction of proposals that were accepted; the first sample, where the chain starts, is none.
  public let acceptanceRate: Double
}

/// Independence Metropolis over independent samples of a proposal, from their weights alone.
///
///     accept sample i with probability min(1, w_i / w_current)
///
/// The chain starts at the first sample. A weight of zero (`-∞`) or one that is not a number is never
/// accepted, and left at the first chance.
///
/// Complexity: O(n).
///
/// - Parameters:
///   - logWeights: `log w` of each sample, in the order in which they were drawn.
///   - seed: fixes the accept decisions.
///   - chain: the number of the chain, where several are made with one seed.
public func metropolisChain(logWeights: [Double], seed: UInt64, chain: Int = 0) -> MetropolisChain {
  var walk = IndependenceWalk(seed: seed, chain: chain)
  let indices = logWeights.map { walk.propose($0) }
  return MetropolisChain(indices: indices, acceptanceRate: walk.acceptanceRate)
}

/// The accept decisions of independence Metropolis, one proposal at a time; what `metropolisChain`
/// makes of a whole series.
public struct IndependenceWalk: Sendable {
  private var generator: ScalarGenerator
  private var logWeight = -Double.infinity
  /// The proposal at which the chain stands.
  public private(set) var current = 0
  /// The number of proposals so far.
  public private(set) var count = 0
  private var accepted = 0

  /// A chain before its first proposal.
  public init(seed: UInt64, chain: Int = 0) {
    generator = ScalarGenerator(seed: seed, purpose: .metropolis, index: chain)
  }

  /// The fraction of proposals that were accepted; the first, where the chain starts, is none.
  public var acceptanceRate: Double { count > 1 ? Double(accepted) / Double(count - 1) : 0 }

  /// Proposes the next sample, of weight `exp(proposed)`, and returns the one at which the chain
  /// stands then.
  public mutating func propose(_ proposed: Double) -> Int {
    defer { count += 1 }
    guard count > 0 else {
      logWeight = proposed
      return 0
    }
    let u = generator.uniform()
    let isHopeless = logWeight.isNaN || logWeight == -.infinity
    // exp is needed only where the weight decreases.
    if proposed > -.infinity
      && (isHopeless || proposed >= logWeight
        || u < exp(Lanes(repeating: proposed - logWeight))[0])
    {
      current = count
      logWeight = proposed
      accepted += 1
    }
    return current
  }
}
