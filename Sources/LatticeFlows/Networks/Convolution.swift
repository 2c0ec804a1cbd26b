import LatticeFields

extension Stencil {
  /// The stencils of convolutions that end at `outputs` and begin at the sites `inputs`; each layer in
  /// between holds the sites that are needed.
  ///
  /// - Parameters:
  ///   - offsets: what a tap adds to the coordinates of a site.
  ///   - inputs: the index of each site that has features.
  static func convolution(
    lattice: Lattice, offsets: [[Int]], outputs: [Int], inputs: [Int: Int], layers: Int
  ) -> [Stencil] {
    func neighbour(_ site: Int, _ tap: Int) -> Int {
      lattice.site(at: zip(lattice.coordinates(of: site), offsets[tap]).map { $0 + $1 })
    }
    var stencils: [Stencil] = []
    var wanted = outputs
    for layer in (0..<layers).reversed() {
      // The compact indices of this layer's inputs.
      var index = layer == 0 ? inputs : [:]
      var next: [Int] = []
      let reads = wanted.map { site -> [(tap: Int, input: Int)] in
        offsets.indices.compactMap { tap in
          let source = neighbour(site, tap)
          if index[source] == nil, layer > 0 {
            index[source] = next.count
            next.append(source)
          }
          return index[source].map { (tap, $0) }
        }
      }
      stencils.append(
        Stencil(
          inputCount: layer == 0 ? inputs.count : next.count, taps: offsets.count, reads: reads))
      wanted = next
    }
    return stencils.reversed()
  }

  /// The offsets of a kernel of 3x3 sites in two dimensions, `mu` the slower direction.
  static func square(mu: Int) -> [[Int]] {
    (0..<9).map { tap in
      var offset = [0, 0]
      offset[mu] = tap / 3 - 1
      offset[1 - mu] = tap % 3 - 1
      return offset
    }
  }
}
