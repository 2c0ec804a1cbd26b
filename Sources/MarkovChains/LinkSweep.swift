import LaneMath
import LatticeActions
import LatticeFields

/// A kernel that updates link after link by what stands around it: it works wherever neighbour tables
/// lead, on fields of 8 configurations and, by ``SublatticeSweep``, on those of one configuration.
public protocol LinkSweep<Group>: MarkovKernel where Field == LinkField<Group> {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// The loops that an update of a link follows.
  var reach: LoopReach { get }
  /// One sweep over the links of a view.
  func sweep(_ U: LinkView<Group>, using streams: inout ChainStreams) -> UpdateInfo
}

/// A sweep over a field whose lanes are the blocks of one configuration.
///
/// The same link of each block is updated at a time. None of the eight is in the staples of another, so
/// that this is a sweep over the links of the configuration in some order, with all its properties.
/// Each block has a stream of random numbers of its own.
public struct SublatticeSweep<Base: LinkSweep>: MarkovKernel {
  /// Links in sub-lattices.
  public typealias Field = SublatticeLinkField<Base.Group>
  /// The sweep over the links of a block.
  public let base: Base
  /// The layout of the fields.
  public let layout: SublatticeLayout
  /// The name of the sweep.
  public var name: String { base.name }

  /// A sweep for chains in a layout.
  ///
  ///     try SublatticeSweep(on: layout) { try Heatbath(action: action, on: $0) }
  ///
  /// - Parameter make: makes the sweep over a block; it is given the lattice of a block.
  /// - Throws: what `make` throws; `ChainError.reach` where the layout is made for smaller loops.
  @inlinable
  public init(on layout: SublatticeLayout, _ make: (Lattice) throws(ChainError) -> Base)
    throws(ChainError)
  { try self.init(try make(layout.block), layout) }

  @usableFromInline
  init(_ base: Base, _ layout: SublatticeLayout) throws(ChainError) {
    guard base.reach <= layout.reach else {
      throw .reach(algorithm: base.name, expected: base.reach, given: layout.reach)
    }
    self.base = base
    self.layout = layout
  }

  /// The links of the whole lattice, as the sweep counts them.
  public func linkUpdates(on lattice: Lattice) -> Int { base.linkUpdates(on: lattice) }

  /// One sweep; the acceptance is that of the whole configuration.
  @inlinable
  public func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    precondition(state.U.layout == layout, "sweep of \(layout) for a field on \(state.U.layout)")
    let info = state.U.withLinkView(reach: base.reach) { base.sweep($0, using: &streams) }
    state.fieldsChanged()
    let acceptance = info.acceptance.laneSum / Double(laneCount)
    return UpdateInfo(acceptance: Lanes(repeating: acceptance))
  }

  /// The sweep with its parameter tuned.
  public func tuned(acceptance: Double, target: Double?) -> SublatticeSweep {
    SublatticeSweep(tuned: base.tuned(acceptance: acceptance, target: target), layout)
  }
  /// The parameters of the sweep.
  public var tunedParameters: [Double] { base.tunedParameters }
  /// The sweep with the parameters.
  public func withTunedParameters(_ parameters: [Double]) throws(ChainError) -> SublatticeSweep {
    SublatticeSweep(tuned: try base.withTunedParameters(parameters), layout)
  }
  private init(tuned base: Base, _ layout: SublatticeLayout) {
    self.base = base
    self.layout = layout
  }
}

extension ChainState {
  /// One sweep over 8 configurations.
  @inlinable @inline(__always)
  mutating func sweep<Sweep: LinkSweep>(_ sweep: Sweep, using streams: inout ChainStreams)
    -> UpdateInfo where Field == LinkField<Sweep.Group>
  {
    let info = U.withLinkView { sweep.sweep($0, using: &streams) }
    fieldsChanged()
    return info
  }
}

/// The order in which a sweep visits the links.
public struct LinkOrder: Sendable, Hashable {
  /// The orders to choose from.
  public enum Kind: String, Sendable, CaseIterable {
    /// Site by site, all directions of a site in turn.
    ///
    /// It allows any extents, odd ones too, and reads a link from memory a third as often as a sweep
    /// direction by direction.
    case siteBySite = "site-by-site"
    /// Direction by direction, and in each the even sites, then the odd ones.
    ///
    /// The links of a colour are in no plaquette of each other: for actions of plaquettes, the answer does
    /// not depend on the order within a colour, and overrelaxation gives the same bits on a whole
    /// lattice and on its blocks.
    case checkerboard
  }
  /// Which one.
  public let kind: Kind
  /// The even sites, then the odd ones, of a checkerboard.
  @usableFromInline let sites: [Int]

  /// An order on a lattice.
  ///
  /// - Throws: `ChainError.oddExtent` for a checkerboard on a lattice with an odd extent.
  public init(_ kind: Kind, on lattice: Lattice) throws(ChainError) {
    self.kind = kind
    guard kind == .checkerboard else {
      sites = []
      return
    }
    guard lattice.extents.allSatisfy({ $0 % 2 == 0 }) else { throw .oddExtent(lattice) }
    let even = (0..<lattice.volume).filter { lattice.parity(of: $0) == 0 }
    let odd = (0..<lattice.volume).filter { lattice.parity(of: $0) == 1 }
    sites = even + odd
  }

  /// Calls `body` with every site and direction.
  @inlinable @inline(__always)
  func visit(_ count: Int, _ dimension: Int, _ body: (_ x: Int, _ mu: Int) -> Void) {
    let isCheckerboard = kind == .checkerboard
    precondition(
      !isCheckerboard || sites.count == count,
      "a checkerboard of \(sites.count) sites for a field of \(count)")
    sites.withUnsafeBufferPointer { sites in
      // One loop for both, because what is called is large.
      let outer = isCheckerboard ? dimension : count, inner = isCheckerboard ? count : dimension
      for i in 0..<outer {
        for j in 0..<inner {
          body(isCheckerboard ? sites[j] : i, isCheckerboard ? i : j)
        }
      }
    }
  }
}
