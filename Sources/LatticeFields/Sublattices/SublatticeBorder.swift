import LaneMath

/// The construction of the border around a block: which links of the neighbouring blocks it holds, and
/// the neighbour tables that lead there.
///
/// Coordinates here run from `-reach` to `extent + reach - 1` in a direction that is divided; in the
/// others the block is periodic by itself.
struct SublatticeBorder {
  let block: Lattice
  let blocks: [Int]
  let reach: LoopReach
  /// The number of sites in memory.
  let volume: Int
  let forwardNeighbours: [Int]
  let backwardNeighbours: [Int]
  private let links: [Link]

  /// A link in the border.
  private struct Link {
    let site: Int
    let mu: Int
    /// The site of the block that it is an image of, and how many blocks away.
    let owner: Int
    let shift: [Int]
    /// Whether a loop that begins in the block contains it.
    let isReachedForward: Bool
  }

  /// A rectangle through a link along `mu`: its size and first corner in the plane of `mu` and `nu`,
  /// seen from the link.
  private typealias Loop = (width: Int, height: Int, x: Int, y: Int)
  private static let plaquettes: [Loop] = [(1, 1, 0, 0), (1, 1, 0, -1)]
  private static let rectangles: [Loop] = [
    (2, 1, 0, 0), (2, 1, -1, 0), (2, 1, 0, -1), (2, 1, -1, -1), (1, 2, 0, 0), (1, 2, 0, -2),
  ]

  init(_ block: Lattice, _ blocks: [Int], _ reach: LoopReach) {
    let dimension = block.dimension, extents = block.extents
    let margins = blocks.map { $0 > 1 ? reach.steps : 0 }
    let padded = zip(extents, margins).map { $0 + 2 * $1 }
    let paddedVolume = padded.reduce(1, *)
    let strides = padded.indices.map { padded[($0 + 1)...].reduce(1, *) }
    let loops = Self.plaquettes + (reach == .rectangles ? Self.rectangles : [])

    func isInside(_ mu: Int, _ x: Int) -> Bool { margins[mu] == 0 || (x >= 0 && x < extents[mu]) }
    /// Whether a loop through a link contains a link of the block, and whether one begins there.
    func uses(of x: [Int], _ mu: Int) -> (any: Bool, forward: Bool) {
      var result = (any: false, forward: false)
      for nu in 0..<dimension where nu != mu {
        guard
          (0..<dimension).allSatisfy({ $0 == mu || $0 == nu || isInside($0, x[$0]) })
        else { continue }
        func isOurs(_ dx: Int, _ dy: Int) -> Bool {
          isInside(mu, x[mu] + dx) && isInside(nu, x[nu] + dy)
        }
        for (width, height, dx, dy) in loops {
          if isOurs(dx, dy) { result = (true, true) }
          for i in 0..<width where isOurs(dx + i, dy) || isOurs(dx + i, dy + height) {
            result.any = true
          }
          for j in 0..<height where isOurs(dx, dy + j) || isOurs(dx + width, dy + j) {
            result.any = true
          }
        }
      }
      return result
    }

    // Coordinates and numbers of the sites, those of the block first.
    var coordinates: [[Int]] = (0..<block.volume).map { block.coordinates(of: $0) }
    var numbers = [Int](repeating: -1, count: paddedVolume)
    func place(_ x: [Int]) -> Int {
      zip(zip(x, margins), strides).reduce(0) { $0 + ($1.0.0 + $1.0.1) * $1.1 }
    }
    for y in 0..<block.volume { numbers[place(coordinates[y])] = y }
    var links: [Link] = []
    var x = margins.map { -$0 }
    for index in 0..<paddedVolume {
      if numbers[index] < 0 {
        let site = coordinates.count
        var isUsed = false
        for mu in 0..<dimension {
          let use = uses(of: x, mu)
          guard use.any else { continue }
          isUsed = true
          let shift = zip(x, extents).map { $0 < 0 ? -1 : $0 < $1 ? 0 : 1 }
          links.append(
            Link(
              site: site, mu: mu, owner: block.site(at: x), shift: shift,
              isReachedForward: use.forward))
        }
        if isUsed {
          numbers[index] = site
          coordinates.append(x)
        }
      }
      for mu in (0..<dimension).reversed() {
        x[mu] += 1
        if x[mu] < extents[mu] + margins[mu] { break }
        x[mu] = -margins[mu]
      }
    }

    // One more site for all those that nobody should look at.
    let nowhere = coordinates.count, volume = nowhere + 1
    var forward = [Int](repeating: nowhere, count: dimension * volume), backward = forward
    for (site, x) in coordinates.enumerated() {
      let index = place(x)
      for mu in 0..<dimension {
        for (step, isForward) in [(1, true), (-1, false)] {
          var next = x[mu] + step
          if margins[mu] == 0 { next = (next + extents[mu]) % extents[mu] }
          guard next >= -margins[mu], next < extents[mu] + margins[mu] else { continue }
          let neighbour = numbers[index + (next - x[mu]) * strides[mu]]
          guard neighbour >= 0 else { continue }
          if isForward {
            forward[mu * volume + site] = neighbour
          } else {
            backward[mu * volume + site] = neighbour
          }
        }
      }
    }
    self.block = block
    self.blocks = blocks
    self.reach = reach
    self.volume = volume
    self.links = links
    forwardNeighbours = forward
    backwardNeighbours = backward
  }

  /// The images of every link of the block, link after link.
  func images() -> (starts: [Int32], images: [LinkImage]) {
    var starts = [Int32](repeating: 0, count: block.linkCount + 1)
    for link in links { starts[link.mu * block.volume + link.owner + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    var images = [LinkImage?](repeating: nil, count: links.count)
    for link in links {
      let owner = link.mu * block.volume + link.owner
      images[Int(next[owner])] = LinkImage(
        link: Int32(link.mu * volume + link.site),
        translation: LaneTranslation(blocks: blocks, by: link.shift))
      next[owner] += 1
    }
    return (starts, images.map { $0! })
  }

  /// The way back from the images that forward loops reach.
  func contributions() -> [LinkContribution] {
    links.filter(\.isReachedForward).map { link in
      LinkContribution(
        image: Int32(link.mu * volume + link.site), link: Int32(link.mu * volume + link.owner),
        translation: LaneTranslation(blocks: blocks, by: link.shift.map { -$0 }))
    }
  }
}
