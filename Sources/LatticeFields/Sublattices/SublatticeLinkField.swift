import LaneMath

/// A gauge field of one configuration, each lane one block of the lattice.
///
/// For one chain on a large lattice: eight links are updated at a time, and the memory is that of one
/// configuration and its borders. It is a field like ``LinkField`` for Markov chains; observables
/// want the configuration itself, which ``copy(to:lane:)`` puts into a lane of a `LinkField`.
///
/// Shape: `memory[mu volume + site]`, `volume` that of the ``SublatticeLayout``. Kernels change links
/// through `withLinkView` or keep the images in the border up to date themselves.
///
/// Complexity: a border costs one copy of a link for each of its images, about `0.6 Σ b_mu/L_mu`
/// (the sum over the divided directions) of the links in the border of plaquettes in four dimensions.
public struct SublatticeLinkField<Group: GaugeGroup>: Sendable {
  /// The layout.
  public let layout: SublatticeLayout
  @usableFromInline var memory: [Group]

  /// The number of `Lanes` in a link.
  @inlinable @inline(__always)
  static var lanesPerLink: Int { MemoryLayout<Group>.stride / MemoryLayout<Lanes>.stride }

  /// The cold start: every link is the unit element.
  public init(coldStart layout: SublatticeLayout) {
    self.layout = layout
    let count = layout.linkCount
    memory = Array(unsafeUninitializedCapacity: count) { memory, initialized in
      // Links of the border that no loop needs stay without a value: using one is seen at once.
      UnsafeMutableRawPointer(memory.baseAddress!).bindMemory(
        to: Lanes.self, capacity: count * Self.lanesPerLink
      ).initialize(repeating: Lanes(repeating: .nan), count: count * Self.lanesPerLink)
      for mu in 0..<layout.block.dimension {
        for y in 0..<layout.block.volume { memory[mu * layout.volume + y] = Group.identity }
      }
      initialized = count
    }
    updateImages()
  }

  /// The hot start: every link is drawn from the Haar measure, each block from the stream of its lane.
  @inlinable
  public init(hotStart layout: SublatticeLayout, using generator: inout LaneGenerator) {
    self.init(coldStart: layout)
    forEachLink { $0.pointee = Group.haar(using: &generator) }
    updateImages()
  }

  /// One configuration of a field.
  ///
  /// - Precondition: the layout is one of the field's lattice.
  public init(_ U: LinkField<Group>, lane: Int = 0, layout: SublatticeLayout) {
    precondition(
      U.lattice == layout.lattice, "layout of \(layout.lattice) for a field on \(U.lattice)")
    self.init(coldStart: layout)
    var values = [Double](repeating: 0, count: Self.scalarsPerConfiguration(on: U.lattice))
    values.withUnsafeMutableBufferPointer { U.store(lane: lane, into: $0) }
    values.withUnsafeBufferPointer { load(lane: 0, from: $0) }
  }

  /// Copies the configuration to a lane of a field.
  ///
  /// - Precondition: the field is on the same lattice.
  public func copy(to U: inout LinkField<Group>, lane: Int = 0) {
    precondition(U.lattice == lattice, "configuration on \(lattice) for a field on \(U.lattice)")
    var values = [Double](repeating: 0, count: Self.scalarsPerConfiguration(on: lattice))
    values.withUnsafeMutableBufferPointer { store(lane: 0, into: $0) }
    values.withUnsafeBufferPointer { U.load(lane: lane, from: $0) }
  }

  /// The average of `Re tr P / N` over all plaquettes of the configuration.
  @inlinable public var averagePlaquette: Double { plaquetteTraces() }

  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  func plaquetteTraces() -> Double {
    let sum = layout.forwardNeighbours.withUnsafeBufferPointer { forward in
      memory.withUnsafeBufferPointer { U in
        Group.plaquetteTraceSum(
          U.baseAddress!, forward.baseAddress!, volume: layout.volume,
          sites: layout.block.volume, dimension: layout.block.dimension)
      }
    }
    return sum.laneSum / Double(Group.colors * Swift.max(1, lattice.plaquetteCount))
  }

  /// Calls `body` for the memory of every link of the block; the images are not brought up to date.
  @inlinable @inline(__always)
  mutating func forEachLink(_ body: (UnsafeMutablePointer<Group>) -> Void) {
    let volume = layout.volume, sites = layout.block.volume, dimension = layout.block.dimension
    memory.withUnsafeMutableBufferPointer { memory in
      for mu in 0..<dimension {
        let first = memory.baseAddress! + mu &* volume
        for y in 0..<sites { body(first + y) }
      }
    }
  }

  /// Copies all links to their images in the border.
  @inlinable
  public mutating func updateImages() {
    let layout = layout
    memory.withUnsafeMutableBytes { memory in
      layout.withImages {
        $0.updateAll(
          in: memory.baseAddress!, lanesPerLink: Self.lanesPerLink,
          dimension: layout.block.dimension)
      }
    }
  }

  /// Calls `body` with the links in memory, those of the border included.
  @inlinable
  public mutating func withMemory<Result>(
    _ body: (UnsafeMutableBufferPointer<Group>) -> Result
  ) -> Result { memory.withUnsafeMutableBufferPointer { body($0) } }

  /// Calls `body` with the links in memory, those of the border included.
  @inlinable
  public func withMemory<Result>(_ body: (UnsafeBufferPointer<Group>) -> Result) -> Result {
    memory.withUnsafeBufferPointer { body($0) }
  }
}

extension SublatticeLinkField: LatticeField {
  /// Algebra elements on the links of the blocks.
  public typealias Momenta = SublatticeAlgebraField<Group>

  /// `links of`, the name of the group, and `in sub-lattices`.
  public static var name: String { "links of \(Group.name) in sub-lattices" }
  /// 1.
  @inlinable public static var configurationsPerPacket: Int { 1 }
  /// The whole lattice.
  @inlinable public var lattice: Lattice { layout.lattice }

  /// Momenta in the layout of the field.
  @inlinable public func zeroMomenta() -> SublatticeAlgebraField<Group> {
    SublatticeAlgebraField(zero: layout)
  }

  /// A field with every link drawn from the Haar measure, in the layout of this one.
  @inlinable
  public func hotStart(using generator: inout LaneGenerator) -> SublatticeLinkField {
    SublatticeLinkField(hotStart: layout, using: &generator)
  }

  /// The cold start in the layout with the smallest border.
  ///
  /// - Precondition: the lattice can be divided, see ``SublatticeLayout/init(_:reach:)``.
  public init(coldStart lattice: Lattice) {
    self.init(coldStart: SublatticeLayout(dividing: lattice))
  }

  /// The hot start in the layout with the smallest border.
  ///
  /// - Precondition: the lattice can be divided, see ``SublatticeLayout/init(_:reach:)``.
  @inlinable
  public init(hotStart lattice: Lattice, using generator: inout LaneGenerator) {
    self.init(hotStart: SublatticeLayout(dividing: lattice), using: &generator)
  }

  /// Moves every link along its algebra element, `U <- exp(time X) U`.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public mutating func advance(by time: Double, along X: SublatticeAlgebraField<Group>) {
    precondition(X.layout == layout, "velocities on \(X.layout) for a field on \(layout)")
    let time = Lanes(repeating: time)
    let volume = layout.volume, sites = layout.block.volume
    memory.withUnsafeMutableBufferPointer { U in
      X.elements.withUnsafeBufferPointer { X in
        guard let U = U.baseAddress, let X = X.baseAddress else { return }
        for mu in 0..<layout.block.dimension {
          for link in (mu &* volume)..<(mu &* volume &+ sites) {
            Group.advance(U + link, by: time, along: X + link)
          }
        }
      }
    }
    updateImages()
  }

  /// Brings every link back to the group.
  @specialized(where Group == U1)
  @specialized(where Group == SU2)
  @specialized(where Group == SU3)
  @inlinable
  public mutating func removeRounding() {
    forEachLink { $0.pointee.reunitarize() }
    updateImages()
  }

  /// The number of links of the whole lattice.
  @inlinable public static func elementCount(on lattice: Lattice) -> Int { lattice.linkCount }

  /// The links of the whole lattice times the numbers of a link.
  @inlinable
  public static func scalarsPerConfiguration(on lattice: Lattice) -> Int {
    lattice.linkCount * Group.scalarsPerLink
  }

  /// Copies the configuration into file order.
  ///
  /// - Precondition: `lane` is 0.
  public func store(lane: Int, into values: UnsafeMutableBufferPointer<Double>) {
    let size = requireRoom(lane, values.count)
    memory.withUnsafeBufferPointer { memory in
      forEachWholeLink { link, block, whole in
        memory[link].store(lane: block, to: values.baseAddress! + whole * size)
      }
    }
  }

  /// Copies the configuration from file order; the inverse of `store(lane:into:)`.
  ///
  /// - Precondition: `lane` is 0.
  public mutating func load(lane: Int, from values: UnsafeBufferPointer<Double>) {
    let size = requireRoom(lane, values.count)
    var memory = memory
    self.memory = []
    memory.withUnsafeMutableBufferPointer { memory in
      forEachWholeLink { link, block, whole in
        memory[link].load(lane: block, from: values.baseAddress! + whole * size)
      }
    }
    self.memory = memory
    updateImages()
  }

  private func requireRoom(_ lane: Int, _ count: Int) -> Int {
    precondition(lane == 0, "configuration \(lane) of a field that holds one")
    precondition(
      count == lattice.linkCount * Group.scalarsPerLink,
      "\(count) numbers, a configuration has \(lattice.linkCount * Group.scalarsPerLink)")
    return Group.scalarsPerLink
  }

  /// The link in memory, the lane and the link of the whole lattice, for all of it.
  private func forEachWholeLink(_ body: (_ link: Int, _ lane: Int, _ whole: Int) -> Void) {
    let sites = layout.block.volume
    for mu in 0..<layout.block.dimension {
      for lane in 0..<laneCount {
        for y in 0..<sites {
          body(
            mu * layout.volume + y, lane,
            mu * lattice.volume + Int(layout.wholeSites[lane * sites + y]))
        }
      }
    }
  }

  /// Calls `body` with the memory of the links, those of the border included.
  @inlinable
  public func withLanes<Result>(_ body: (UnsafeBufferPointer<Lanes>) -> Result) -> Result {
    let count = memory.count * Self.lanesPerLink
    return memory.withUnsafeBytes { bytes in
      body(
        UnsafeBufferPointer(
          start: bytes.baseAddress!.assumingMemoryBound(to: Lanes.self), count: count))
    }
  }

  /// Calls `body` with the memory of the links, those of the border included, to be changed in place.
  @inlinable
  public mutating func withMutableLanes<Result>(
    _ body: (UnsafeMutableBufferPointer<Lanes>) -> Result
  ) -> Result {
    let count = memory.count * Self.lanesPerLink
    return memory.withUnsafeMutableBytes { bytes in
      body(
        UnsafeMutableBufferPointer(
          start: bytes.baseAddress!.assumingMemoryBound(to: Lanes.self), count: count))
    }
  }
}

extension SublatticeLayout {
  /// The layout with the smallest border, for plaquettes.
  ///
  /// - Precondition: there is one; ``SublatticeLayout/init(_:reach:)`` says it with an error.
  @usableFromInline
  convenience init(dividing lattice: Lattice) {
    do { try self.init(lattice) } catch { preconditionFailure("\(error)") }
  }
}
