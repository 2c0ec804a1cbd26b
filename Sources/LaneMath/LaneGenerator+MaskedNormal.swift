extension LaneGenerator {
  /// Two independent normal numbers of mean 0 and variance 1; only the lanes of the mask advance, and
  /// only their numbers may be used. What rejection methods need, lane by lane.
  ///
  /// The numbers of a lane are those of ``normalPair()`` at the same draw.
  @inlinable @inline(__always)
  public mutating func normalPair(where mask: LaneMask) -> (Lanes, Lanes) {
    let (u, v) = uniformPair(where: mask)
    let radius = sqrt(-2 * logOfUniform(u))
    let (s, c) = sincos(turns: v)
    return (radius * c, radius * s)
  }
}
