import LatticeFields

/// A coupling that splits the flux of a block of plaquettes between its two halves.
///
///     +-------+-------+      the loop around the whole block   frozen: the conditioner sees it
///     |       |       |      the loop around the first half    active: mapped on the circle
///     |   A   |   P   |      the loop around the second half   passive
///     |       |       |      the links inside the block move so that each plaquette of a half
///     +-------+-------+      takes an equal share of the change of its half
///
/// A tree of splits, from the whole torus down to single plaquettes, maps `V - 1` loops, as many
/// as there are independent plaquettes; all blocks of a level are independent and are updated at
/// once. Since plaquettes share the change of a block equally, the angles that the finer splits will
/// map, measured from their share of the flux around them, are left as they are: the levels do not
/// disturb each other, and gradients stay small (moving a single link of the common side instead
/// gave gradients of 10 to 20 times the norm at β = 7). Each layer starts from a flux that is Haar-distributed given the block around it, and for
/// an action that is a sum over plaquettes the conditional distribution depends on the block's flux
/// alone: so the tree can represent the target exactly, at any volume, and a split of given areas is
/// the same on every lattice on which it occurs. Any extents are allowed, odd ones too.
struct BlockGeometry {
  /// The areas of the two halves; the split of the closed torus is a kind of its own, as there the
  /// flux of the whole is zero.
  struct Split: Hashable, Comparable, Sendable {
    var first: Int
    var second: Int
    var isClosed: Bool

    var area: Int { first + second }
    /// How the split is named in a model file.
    var name: String { "\(first)+\(second)" + (isClosed ? " closed" : "") }

    static func < (a: Split, b: Split) -> Bool {
      (a.area, a.first, a.isClosed ? 1 : 0) < (b.area, b.first, b.isClosed ? 1 : 0)
    }
  }

  /// A rectangle of plaquettes.
  private struct Block {
    var origin: [Int]
    var extents: [Int]
    var area: Int { extents[0] * extents[1] }

    func sites(_ lattice: Lattice) -> [Int] {
      (0..<extents[0]).flatMap { i in
        (0..<extents[1]).map { j in lattice.site(at: [origin[0] + i, origin[1] + j]) }
      }
    }

    /// The halves across the longer side, and the direction of that side.
    func halves() -> (Block, Block, Int) {
      let direction = extents[0] >= extents[1] ? 0 : 1
      var first = self, second = self
      first.extents[direction] = (extents[direction] + 1) / 2
      second.extents[direction] -= first.extents[direction]
      second.origin[direction] += first.extents[direction]
      return (first, second, direction)
    }

    /// The motion of links inside the block with flux `1/area` through each plaquette of the first
    /// half and `-1/area` through each of the second.
    ///
    /// Links across `direction` at a distance `k` from the side carry flux from column `k` to
    /// column `k - 1`: the running sum of what the columns before take.
    func pattern(_ lattice: Lattice, direction: Int) -> [Int: Double] {
      let (first, second, _) = halves()
      let width = extents[1 - direction], length = extents[direction]
      let middle = first.extents[direction]
      // U_1 has coefficient +1 in the plaquette before it, U_0 coefficient -1.
      let sign = direction == 0 ? 1.0 : -1.0
      var pattern: [Int: Double] = [:]
      for k in 1..<length {
        let carried =
          Double(Swift.min(k, middle)) / Double(first.area)
          - Double(Swift.max(0, k - middle)) / Double(second.area)
        for row in 0..<width {
          var x = origin
          x[direction] += k
          x[1 - direction] += row
          pattern[lattice.link(lattice.site(at: x), 1 - direction)] = sign * carried
        }
      }
      return pattern
    }
  }

  /// The splits of a lattice in the order in which they are applied, each with its geometry.
  static func make(
    lattice: Lattice, harmonics: Int, hiddenLayers: Int
  ) throws(LatticeError) -> [(split: Split, geometry: CouplingGeometry)] {
    guard lattice.dimension == 2 else {
      throw .dimension(pattern: "block tree", expected: 2, extents: lattice.extents)
    }
    var result: [(split: Split, geometry: CouplingGeometry)] = []
    var level = [Block(origin: [0, 0], extents: lattice.extents)]
    while level.contains(where: { $0.area > 1 }) {
      var geometries: [Split: CouplingGeometry] = [:]
      var next: [Block] = []
      for block in level {
        guard block.area > 1 else {
          next.append(block)
          continue
        }
        let (first, second, direction) = block.halves()
        let split = Split(
          first: first.area, second: second.area, isClosed: block.area == lattice.volume)
        var geometry = geometries[split] ?? CouplingGeometry()
        geometry.appendInvariant(
          lattice.boundary(of: block.sites(lattice)), site: geometry.activeLoops.count, channel: 0)
        geometry.appendActive(
          lattice.boundary(of: first.sites(lattice)),
          along: block.pattern(lattice, direction: direction), centre: geometry.activeLoops.count,
          fraction: Double(first.area) / Double(block.area))
        geometries[split] = geometry
        next += [first, second]
      }
      for split in geometries.keys.sorted(by: >) {
        var geometry = geometries[split]!
        geometry.harmonics = harmonics
        geometry.featureChannels = 2 * harmonics
        let count = geometry.activeLoops.count
        geometry.stencils = (0...hiddenLayers).map { _ in
          Stencil(inputCount: count, taps: 1, reads: (0..<count).map { [(0, $0)] })
        }
        result.append((split, geometry))
      }
      level = next
    }
    return result
  }
}
