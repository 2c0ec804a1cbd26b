import LatticeFields

extension LinkGeometry {
  /// A step of a tree of blocks in two dimensions: the holonomies of the two halves of each block of a
  /// level, given that of the block.
  ///
  ///     +---<---+---<---+      W    the loop around the whole block          frozen: conditions, centres
  ///     |       |       |      W_A  the loop around one half                 active
  ///     |   B   ^   A   |      W_B  the loop around the other, W = W_B W_A   passive
  ///     |       |       |      the first link of the common side moves
  ///     +--->---o--->---+      all loops begin at the corner o that it starts from
  ///
  /// From the torus, cut open to one block, down to single plaquettes: `V - 1` links move, as many as there
  /// are independent plaquettes. Given its boundary, the interior of a block of the Haar measure is as
  /// random as can be, and stays so where a link of a common side is multiplied: so each level finds
  /// its blocks Haar-distributed. For an action that is a sum over plaquettes the distribution of `W_A`
  /// given everything outside is a function of `W_A` and `W` alone,
  ///
  ///     p(W_A | W) ∝ f_A(W_A) f_B(W W_A†),   f_n the n-fold convolution of the weight of a plaquette,
  ///
  /// the same wherever the same areas occur, at any volume. Any extents of 2 and more are allowed.
  struct BlockSplit: Sendable {
    /// The areas of the halves, the active one first.
    var areas: (active: Int, passive: Int)
    var geometry: LinkGeometry
    /// How the split is named in a model file.
    var name: String { "\(areas.active)+\(areas.passive)" }
  }

  /// A rectangle of plaquettes.
  private struct Block {
    var origin: [Int]
    var extents: [Int]
    var area: Int { extents[0] * extents[1] }
  }

  /// The splits of a lattice in the order in which they are applied, each with its geometry.
  static func blocks(
    lattice: Lattice, hiddenLayers: Int
  ) throws(LatticeError) -> [BlockSplit] {
    guard lattice.dimension == 2 else {
      throw .dimension(pattern: "block tree", expected: 2, extents: lattice.extents)
    }
    for (direction, extent) in lattice.extents.enumerated() where extent < 2 {
      throw .period(
        pattern: "block tree", direction: direction, period: 2, extents: lattice.extents)
    }
    var result: [BlockSplit] = []
    var level = [Block(origin: [0, 0], extents: lattice.extents)]
    while level.contains(where: { $0.area > 1 }) {
      var splits: [String: BlockSplit] = [:]
      var next: [Block] = []
      for block in level {
        guard block.area > 1 else {
          next.append(block)
          continue
        }
        let direction = block.extents[0] >= block.extents[1] ? 0 : 1
        var first = block, second = block
        first.extents[direction] = (block.extents[direction] + 1) / 2
        second.extents[direction] -= first.extents[direction]
        second.origin[direction] += first.extents[direction]
        // Across direction 0 the half before the common side is the active one, across direction 1 the
        // half behind: in both the common side is walked forwards, the area to its left.
        let (active, passive) = direction == 0 ? (first, second) : (second, first)
        let areas = (active: active.area, passive: passive.area)
        var split =
          splits["\(areas)"] ?? BlockSplit(areas: areas, geometry: LinkGeometry())
        split.geometry.append(
          block, active: active, passive: passive, direction: direction, lattice: lattice)
        splits["\(areas)"] = split
        next += [first, second]
      }
      for var split in splits.values.sorted(by: { $0.areas > $1.areas }) {
        let count = split.geometry.active.count
        split.geometry.stencils = (0...hiddenLayers).map { _ in
          Stencil(inputCount: count, taps: 1, reads: (0..<count).map { [(0, $0)] })
        }
        result.append(split)
      }
      level = next
    }
    return result
  }

  /// Adds the split of one block.
  private mutating func append(
    _ block: Block, active: Block, passive: Block, direction: Int, lattice: Lattice
  ) {
    // Across direction 0: o is at the bottom of the common side, A lies to its left, B to its right.
    // Across direction 1: o is at the left end of the common side, A above it, B below.
    let corner = lattice.site(
      at: direction == 0
        ? [passive.origin[0], block.origin[1]] : [block.origin[0], active.origin[1]])
    let (w, h) = (block.extents[0], block.extents[1])
    let a = active.extents[direction], b = passive.extents[direction]
    func steps(_ runs: (Int, Int)...) -> [PathStep] {
      lattice.path(from: corner, runs.flatMap { Array(repeating: $0.0, count: $0.1) })
    }
    let loop: [PathStep], around: [PathStep]
    if direction == 0 {
      loop = steps((2, h), (-1, a), (-2, h), (1, a))
      around = steps((1, b), (2, h), (-1, w), (-2, h), (1, a))
    } else {
      loop = steps((1, w), (2, a), (-1, w), (-2, a))
      around = steps((-2, b), (1, w), (2, h), (-1, w), (-2, a))
    }
    let back = around.reversed().map(\.reversed)
    let path = paths.append(loop), centre = paths.append(around)
    let number = self.active.count
    self.active.append(
      Active(
        link: loop[0].link, path: path, centre: centre,
        fraction: Double(active.area) / Double(block.area),
        terms: [path, paths.append(loop + back), paths.append(loop + around)]))
    invariants.append(Invariant(path: centre, site: number, slot: 0))
  }
}
