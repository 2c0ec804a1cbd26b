import LaneMath

/// The loops of links that kernels on sub-lattices follow out of a block.
public enum LoopReach: Int, Sendable, Comparable, CaseIterable {
  /// Plaquettes.
  case plaquettes = 1
  /// Plaquettes and rectangles of two of them.
  case rectangles = 2

  /// The number of steps that a loop leads away from its links.
  @inlinable public var steps: Int { rawValue }
  /// Fewer steps are less.
  public static func < (a: LoopReach, b: LoopReach) -> Bool { a.rawValue < b.rawValue }
}

/// How the eight lanes carry one configuration: each lane is one block of the lattice.
///
///     x_mu = block_mu · (L_mu / b_mu) + y_mu,   lane = (block_0 b_1 + block_1) b_2 + ..,   Π b_mu = 8
///
/// A site in memory is a site `y` of all eight blocks. Kernels work on the block as they do on a
/// lattice. Around the block there is a border of images of links: those of the neighbouring blocks
/// that lie in a loop with a link of this block, copies of the links on the far side with their lanes
/// translated. The neighbour tables lead into the border, so staples and loops are computed by the
/// same code as on a whole lattice; what changes a link brings its images up to date.
///
/// Eight links are updated at a time, the same one of each block. They must not share a loop: blocks
/// are ``LoopReach/steps`` + 1 sites wide or more where the lattice is divided.
///
/// Sites of the block come first in memory, in lexicographic order, then those of the border, and last
/// one that stands for all sites that no kernel has business with. Links without a meaning are not
/// numbers.
public final class SublatticeLayout: Sendable {
  /// The whole lattice.
  public let lattice: Lattice
  /// The lattice of one block.
  public let block: Lattice
  /// The number of blocks in each direction, `b_mu`.
  public let blocks: [Int]
  /// The loops that the border serves.
  public let reach: LoopReach
  /// The number of sites in memory, those of the border included.
  public let volume: Int
  /// `forwardNeighbours[mu volume + y]` is the site `y + mu`.
  public let forwardNeighbours: [Int]
  /// `backwardNeighbours[mu volume + y]` is the site `y - mu`.
  public let backwardNeighbours: [Int]
  /// The images of link `mu V_block + y` are `images[imageStarts[link] ..< imageStarts[link + 1]]`.
  public let imageStarts: [Int32]
  /// The images of all links.
  public let images: [LinkImage]
  /// The images that loops beginning in the block reach, with the way back of what is added to them.
  let contributions: [LinkContribution]
  /// The site of the whole lattice of every lane and site of the block, `[lane V_block + y]`.
  let wholeSites: [Int32]

  /// The layout of a lattice in given numbers of blocks.
  ///
  /// Complexity: O(D V), once.
  ///
  /// - Throws: `LatticeError.blocks` where there are not eight blocks, they do not divide the lattice
  ///   or they are too small for the loops.
  public init(_ lattice: Lattice, blocks: [Int], reach: LoopReach = .plaquettes)
    throws(LatticeError)
  {
    guard blocks.count == lattice.dimension, Self.fits(lattice.extents, blocks, reach) else {
      throw .blocks(blocks, smallest: reach.steps + 1, extents: lattice.extents)
    }
    let block = try Lattice(zip(lattice.extents, blocks).map { $0 / $1 })
    let border = SublatticeBorder(block, blocks, reach)
    self.lattice = lattice
    self.block = block
    self.blocks = blocks
    self.reach = reach
    volume = border.volume
    forwardNeighbours = border.forwardNeighbours
    backwardNeighbours = border.backwardNeighbours
    (imageStarts, images) = border.images()
    contributions = border.contributions()
    wholeSites = Self.wholeSites(lattice, block, blocks)
  }

  /// The layout whose blocks have the smallest border; of several, that which divides no direction into
  /// many, and leading directions first.
  ///
  /// - Throws: `LatticeError.blocks` where no division into eight blocks fits.
  public convenience init(_ lattice: Lattice, reach: LoopReach = .plaquettes) throws(LatticeError) {
    var best: (blocks: [Int], border: Double)?
    for blocks in Self.divisions(lattice.dimension)
    where Self.fits(lattice.extents, blocks, reach) {
      let border = zip(lattice.extents, blocks).reduce(0.0) {
        $1.1 == 1 ? $0 : $0 + Double($1.1) / Double($1.0)
      }
      // Equal ones may differ by rounding.
      if let best, border > best.border + 1e-9 { continue }
      if let best, border > best.border - 1e-9, blocks.max()! >= best.blocks.max()! { continue }
      best = (blocks, border)
    }
    guard let best else {
      throw .blocks(nil, smallest: reach.steps + 1, extents: lattice.extents)
    }
    try self.init(lattice, blocks: best.blocks, reach: reach)
  }

  /// The number of links in memory.
  @inlinable public var linkCount: Int { block.dimension * volume }

  /// All ways to make eight blocks; leading directions are divided first.
  private static func divisions(_ dimension: Int) -> [[Int]] {
    var all: [[Int]] = [[]]
    for _ in 0..<dimension {
      all = all.flatMap { start in [8, 4, 2, 1].map { start + [$0] } }
    }
    return all.filter { $0.reduce(1, *) == laneCount }
  }

  private static func fits(_ extents: [Int], _ blocks: [Int], _ reach: LoopReach) -> Bool {
    blocks.allSatisfy { $0 > 0 } && blocks.reduce(1, *) == laneCount
      && zip(extents, blocks).allSatisfy {
        $1 == 1 || ($0 % $1 == 0 && $0 / $1 > reach.steps)
      }
  }

  private static func wholeSites(_ lattice: Lattice, _ block: Lattice, _ blocks: [Int]) -> [Int32] {
    var sites: [Int32] = []
    sites.reserveCapacity(lattice.volume)
    for lane in 0..<laneCount {
      var rest = lane
      var origin = blocks
      for mu in blocks.indices.reversed() {
        origin[mu] = rest % blocks[mu] * block.extents[mu]
        rest /= blocks[mu]
      }
      for y in 0..<block.volume {
        sites.append(Int32(lattice.site(at: zip(origin, block.coordinates(of: y)).map { $0 + $1 })))
      }
    }
    return sites
  }
}

extension SublatticeLayout: Hashable {
  /// Two layouts are equal where lattice, blocks and loops are.
  public static func == (a: SublatticeLayout, b: SublatticeLayout) -> Bool {
    a === b || (a.lattice == b.lattice && a.blocks == b.blocks && a.reach == b.reach)
  }
  /// Hashes lattice, blocks and loops.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(lattice)
    hasher.combine(blocks)
    hasher.combine(reach)
  }
}

extension SublatticeLayout: CustomStringConvertible {
  /// Such as `16x16 in 4x2 blocks of 4x8`.
  public var description: String {
    "\(lattice) in \(blocks.map(String.init).joined(separator: "x")) blocks of \(block)"
  }
}

/// A copy of a link in the border of a block.
@frozen
public struct LinkImage: Sendable, Hashable {
  /// The index of the copy in memory.
  public let link: Int32
  /// From the lanes of the link to those of the copy.
  public let translation: LaneTranslation
}

/// Where a number that was added to an image of a link belongs.
struct LinkContribution: Sendable, Hashable {
  /// The index of the image in memory.
  let image: Int32
  /// The index of the link in memory.
  let link: Int32
  /// From the lanes of the image to those of the link.
  let translation: LaneTranslation
}

extension SublatticeLayout {
  /// The images of links, for kernels; valid only inside `body`.
  @inlinable
  public func withImages<Result>(_ body: (LinkImages) -> Result) -> Result {
    imageStarts.withUnsafeBufferPointer { starts in
      images.withUnsafeBufferPointer { images in
        body(
          LinkImages(
            starts: starts.baseAddress!, images: images.baseAddress, sites: block.volume,
            volume: volume))
      }
    }
  }

  /// Adds what was added to images to the links themselves, and sets the images to zero.
  ///
  /// - Parameters:
  ///   - memory: so many `Lanes` for each link in memory.
  @usableFromInline
  func gatherContributions(_ memory: UnsafeMutablePointer<Lanes>, lanesPerLink count: Int) {
    for contribution in contributions {
      let image = memory + Int(contribution.image) &* count
      contribution.translation.add(
        image, to: memory + Int(contribution.link) &* count, count: count)
      image.update(repeating: .zero, count: count)
    }
  }
}

/// The memory of the tables of images.
@frozen
public struct LinkImages {
  @usableFromInline let starts: UnsafePointer<Int32>
  @usableFromInline let images: UnsafePointer<LinkImage>?
  @usableFromInline let sites: Int
  @usableFromInline let volume: Int

  @inlinable
  init(
    starts: UnsafePointer<Int32>, images: UnsafePointer<LinkImage>?, sites: Int, volume: Int
  ) {
    self.starts = starts
    self.images = images
    self.sites = sites
    self.volume = volume
  }

  /// Copies a link to its images.
  ///
  /// - Parameter memory: so many `Lanes` for each link in memory.
  @inlinable @inline(__always)
  public func update(
    _ y: Int, _ mu: Int, in memory: UnsafeMutableRawPointer, lanesPerLink count: Int
  ) {
    let entry = mu &* sites &+ y
    let first = starts[entry], last = starts[entry &+ 1]
    if first != last { copy(first, last, mu &* volume &+ y, memory, count) }
  }

  @usableFromInline
  func copy(
    _ first: Int32, _ last: Int32, _ link: Int, _ memory: UnsafeMutableRawPointer, _ count: Int
  ) {
    let lanes = memory.assumingMemoryBound(to: Lanes.self)
    for index in first..<last {
      let image = images![Int(index)]
      image.translation.copy(
        lanes + link &* count, to: lanes + Int(image.link) &* count, count: count)
    }
  }

  /// Copies all links to their images.
  @usableFromInline
  func updateAll(in memory: UnsafeMutableRawPointer, lanesPerLink count: Int, dimension: Int) {
    for mu in 0..<dimension {
      for y in 0..<sites { update(y, mu, in: memory, lanesPerLink: count) }
    }
  }
}
