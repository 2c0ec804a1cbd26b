import CLanes

/// A translation among the eight lanes, where the lanes are the blocks of a periodic lattice.
///
///     y[l] = x[lane of the block that lies `shift` blocks from block l]
///
/// The blocks number `b_0 x b_1 x ..`, eight in all, so 2x2x2, 4x2, 2x4 or 8 in the directions that
/// are divided; they are numbered with the last direction fastest, and periodic.
///
/// It is the one operation that crosses lanes: for fields whose lanes are parts of one configuration.
@frozen
public struct LaneTranslation: Sendable, Hashable {
  @usableFromInline let code: Int32

  /// The translation by so many blocks in each direction.
  ///
  /// - Precondition: the product of `blocks` is 8, each is 1, 2, 4 or 8, and there is a shift for each
  ///   of them.
  public init(blocks: [Int], by shift: [Int]) {
    precondition(
      blocks.allSatisfy { $0 > 0 } && blocks.reduce(1, *) == laneCount
        && shift.count == blocks.count, "translation by \(shift) among \(blocks) blocks")
    var lane = 0
    for (count, step) in zip(blocks, shift) { lane = lane * count + (step % count + count) % count }
    let kind =
      switch blocks.filter({ $0 > 1 }) {
      case [8]: 0
      case [4, 2]: 1
      case [2, 4]: 2
      default: 3
      }
    code = lane == 0 ? 0 : Int32(laneCount * kind + lane)
  }

  /// The translation of a number.
  @inlinable
  public func callAsFunction(_ x: Lanes) -> Lanes {
    var result = Lanes.zero
    withUnsafePointer(to: x) { cl_translate($0, &result, 1, code) }
    return result
  }

  /// Copies so many numbers, translated. The memory does not overlap.
  @inlinable
  public func copy(
    _ from: UnsafePointer<Lanes>, to: UnsafeMutablePointer<Lanes>, count: Int
  ) { cl_translate(from, to, count, code) }

  /// Adds so many numbers, translated. The memory does not overlap.
  @inlinable
  public func add(
    _ from: UnsafePointer<Lanes>, to: UnsafeMutablePointer<Lanes>, count: Int
  ) { cl_add_translated(from, to, count, code) }
}
