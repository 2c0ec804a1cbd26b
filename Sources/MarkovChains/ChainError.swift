import LatticeActions
import LatticeFields
import LatticeFlows

/// Why a Markov chain cannot be made, or cannot go on.
public enum ChainError: Error, CustomStringConvertible {
  /// A parameter of an algorithm is outside its range.
  case parameter(name: String, expected: String, value: Double)
  /// The lattice has an extent on which the algorithm is not valid.
  case extent(algorithm: String, smallest: Int, lattice: Lattice)
  /// A checkerboard needs even extents.
  case oddExtent(Lattice)
  /// The algorithm moves whole configurations, and the lanes are blocks of one.
  case sublattices(algorithm: String)
  /// A layout of sub-lattices is made for smaller loops than the algorithm follows.
  case reach(algorithm: String, expected: LoopReach, given: LoopReach)
  /// The algorithm moves the links themselves, and the chain is in the variables of a map.
  case variables(algorithm: String)
  /// The algorithm is defined in another number of dimensions.
  case dimension(algorithm: String, expected: Int, lattice: Lattice)
  /// The algorithm is defined for another group.
  case group(algorithm: String, expected: String, given: String)
  /// A proposal is on another lattice than the chain.
  case proposalLattice(proposal: Lattice, chain: Lattice)
  /// The density of the chain's field under the proposal cannot be computed.
  case inversion(InversionFailure)
  /// A checkpoint does not belong to the chains that are to go on.
  case checkpoint(expected: String, given: String)
  /// The chain's field or action is not a finite number.
  case notFinite(what: String, chain: Int)

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .parameter(let name, let expected, let value):
      "\(name): expected \(expected), given \(value)"
    case .extent(let algorithm, let smallest, let lattice):
      "\(algorithm): expected extents of \(smallest) or more, given lattice \(lattice)"
    case .oddExtent(let lattice):
      "checkerboard: expected even extents, of every block where there are sub-lattices, "
        + "given lattice \(lattice)"
    case .sublattices(let algorithm):
      "\(algorithm): expected lanes that are configurations, given sub-lattices"
    case .reach(let algorithm, let expected, let given):
      "\(algorithm): expected a layout of sub-lattices for \(expected), given one for \(given)"
    case .variables(let algorithm):
      "\(algorithm): expected hmc alone in the variables of a model"
    case .dimension(let algorithm, let expected, let lattice):
      "\(algorithm): expected \(expected) dimensions, given lattice \(lattice)"
    case .group(let algorithm, let expected, let given):
      "\(algorithm): expected group \(expected), given \(given)"
    case .proposalLattice(let proposal, let chain):
      "independence Metropolis: expected a proposal on \(chain), given one on \(proposal)"
    case .inversion(let failure): "\(failure)"
    case .checkpoint(let expected, let given):
      "checkpoint: expected \(expected), given \(given)"
    case .notFinite(let what, let chain):
      "chain \(chain): expected a finite \(what), found one that is not a number"
    }
  }
}
