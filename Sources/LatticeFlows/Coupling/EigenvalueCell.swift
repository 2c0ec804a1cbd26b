import LaneMath

/// A point of the cell of eigenphases, in all the coordinates that an ``EigenvalueMap`` needs, in
/// memory that somebody else owns.
///
/// The cell: `θ_1 <= .. <= θ_N`, sum 0, `θ_N - θ_1 <= 2π`. Its walls are where a gap vanishes,
///
///     δ_j = θ_{j+1} - θ_j,   δ_N = 2π - (θ_N - θ_1),   all >= 0 with sum 2π
///
/// The box: `r = r_1` in `[0, 2π]`, of complement `δ_N`, and by breaking a stick of length `r` piece
/// by piece, `v_1, .., v_{N-2}` in `[0, 1]`,
///
///     r_j = δ_j + .. + δ_{N-1},   v_j = δ_j / r_j,   1 - v_j = r_{j+1} / r_j
///     |∂δ/∂(r, v)| = Π_{j <= N-2} r_j
///
/// Haar's density is `Π_{j<k} sin²(Δ_jk/2)` in the gaps, `Δ_jk = δ_j + .. + δ_{k-1}`; so the density in
/// the box is `e^P`, `P = Σ_{j <= N-2} log r_j + Σ_{j<k} 2 log sin(Δ_jk/2)`.
///
/// Every number is a sum, a product or a ratio of gaps, never a difference, so that it has the
/// relative precision of the gaps near every wall. Arrays count from 0; pairs come row by row, (1,2),
/// (1,3), .., (2,3), ..
struct EigenvalueCell {
  let colors: Int
  /// `δ`, N of them.
  let gaps: UnsafeMutablePointer<Lanes>
  /// `r_j`, N - 1 of them.
  let lengths: UnsafeMutablePointer<Lanes>
  /// `v_j`, N - 2 of them.
  let fractions: UnsafeMutablePointer<Lanes>
  /// `1 - v_j`.
  let complements: UnsafeMutablePointer<Lanes>
  /// `sin(Δ/2)` of every pair.
  let sines: UnsafeMutablePointer<Lanes>
  /// `cos(Δ/2)` of every pair.
  let cosines: UnsafeMutablePointer<Lanes>

  /// The `Lanes` of memory of a point.
  static func scratchCount(colors: Int) -> Int { colors * colors + 3 * colors }

  @inline(__always)
  init(colors: Int, memory: UnsafeMutablePointer<Lanes>) {
    self.colors = colors
    gaps = memory
    lengths = gaps + colors
    fractions = lengths + colors
    complements = fractions + (colors &- 1)
    sines = complements + (colors &- 1)
    cosines = sines + (colors &* (colors &- 1)) / 2
  }

  /// Sets gaps and box from phases; gaps are at least `smallest`, and made to sum to 2π.
  @inline(__always)
  func set(phases: UnsafePointer<Lanes>, smallest: Double) {
    let smallest = Lanes(repeating: smallest), last = colors &- 1
    gaps[last] = max(2 * Double.pi - (phases[last] - phases[0]), smallest)
    var sum = gaps[last]
    for j in 0..<last {
      gaps[j] = max(phases[j &+ 1] - phases[j], smallest)
      sum += gaps[j]
    }
    let factor = (2 * Double.pi) / sum
    for j in 0...last { gaps[j] *= factor }
    var length = gaps[last &- 1]
    lengths[last &- 1] = length
    var j = last &- 2
    while j >= 0 {
      let inner = length
      length += gaps[j]
      lengths[j] = length
      let inverse = 1 / length
      fractions[j] = gaps[j] * inverse
      complements[j] = inner * inverse
      j &-= 1
    }
  }

  /// Sets the gaps, and all lengths but the first, from `r` and its complement, which stand in
  /// `lengths[0]` and `gaps[N-1]`, and the fractions.
  @inline(__always)
  func setGaps() {
    for j in 0..<(colors &- 2) {
      gaps[j] = fractions[j] * lengths[j]
      lengths[j &+ 1] = complements[j] * lengths[j]
    }
    gaps[colors &- 2] = lengths[colors &- 2]
  }

  /// Sets sines and cosines from the gaps.
  ///
  /// Beyond π the distance is measured the other way around the circle: `sin(Δ/2)` is then as precise
  /// where `Δ` is close to 2π as where it is close to 0.
  @inline(__always)
  func setSines() {
    let last = colors &- 1
    var pair = 0
    var before = Lanes.zero
    for j in 0..<last {
      var distance = Lanes.zero
      for k in (j &+ 1)...last {
        distance += gaps[k &- 1]
        let after = k == last ? gaps[last] : lengths[k] + gaps[last]
        let around = before + after
        let (sine, cosine) = sincos(0.5 * min(distance, around))
        sines[pair] = sine
        cosines[pair] = select(distance .> around, -cosine, cosine)
        pair &+= 1
      }
      before += gaps[j]
    }
  }

  /// Writes the phases: the running sums of the gaps, with sum zero.
  @inline(__always)
  func storePhases(to phases: UnsafeMutablePointer<Lanes>) {
    let last = colors &- 1
    var sum = Lanes.zero
    for j in 0..<last { sum = multiplyAdd(Lanes(repeating: Double(last &- j)), gaps[j], sum) }
    var phase = sum * (-1 / Double(colors))
    phases[0] = phase
    for j in 0..<last {
      phase += gaps[j]
      phases[j &+ 1] = phase
    }
  }

  // Covectors. In frame coordinates of the algebra, those of the derivative of a function F have
  // `∂F/∂θ_j = 2 x_j`; a covector of the gaps δ_1, .., δ_{N-1} (δ_N depends on them) has
  // `2 x_j = c_{j-1} - c_j`.

  /// The covector of the gaps with the given diagonal frame coordinates, whose trace does not count.
  @inline(__always)
  func gapCovector(
    ofDiagonal x: UnsafePointer<Lanes>, to c: UnsafeMutablePointer<Lanes>
  ) {
    let last = colors &- 1
    var mean = x[0]
    for j in 1...last { mean += x[j] }
    mean *= 1 / Double(colors)
    var sum = Lanes.zero
    var j = last
    while j > 0 {
      sum += 2 * (x[j] - mean)
      c[j &- 1] = sum
      j &-= 1
    }
  }

  /// The diagonal frame coordinates of a covector of the gaps.
  @inline(__always)
  func storeDiagonal(ofGapCovector c: UnsafePointer<Lanes>, to x: UnsafeMutablePointer<Lanes>) {
    var previous = Lanes.zero
    for j in 0..<(colors &- 1) {
      x[j] = 0.5 * (previous - c[j])
      previous = c[j]
    }
    x[colors &- 1] = 0.5 * previous
  }

  /// Adds `b ∂/∂δ Σ_{j<k} 2 log sin(Δ_jk/2)` to a covector of the gaps.
  @inline(__always)
  private func addSineGradient(_ b: Lanes, to c: UnsafeMutablePointer<Lanes>) {
    let last = colors &- 1
    var row = 0
    for j in 0..<last {
      // Gap number i counts for all pairs (j, k) with k > i.
      var sum = Lanes.zero
      var k = last
      while k > j {
        let pair = row &+ k &- j &- 1
        sum += cosines[pair] / sines[pair]
        c[k &- 1] = multiplyAdd(b, sum, c[k &- 1])
        k &-= 1
      }
      row &+= last &- j
    }
  }

  /// Replaces a covector of the gaps by that of the box, `(r, v_1, .., v_{N-2})`, with `b dP` added.
  @inline(__always)
  func convertToBox(_ c: UnsafeMutablePointer<Lanes>, addingPotential b: Lanes) {
    addSineGradient(b, to: c)
    var ofLength = c[colors &- 2]
    var j = colors &- 3
    while j >= 0 {
      let ofFraction = lengths[j] * (c[j] - ofLength)
      ofLength =
        multiplyAdd(fractions[j], c[j], complements[j] * ofLength) + b / lengths[j]
      c[j &+ 1] = ofFraction
      j &-= 1
    }
    c[0] = ofLength
  }

  /// Subtracts `b dP` from a covector of the box and replaces it by that of the gaps.
  @inline(__always)
  func convertToGaps(_ c: UnsafeMutablePointer<Lanes>, subtractingPotential b: Lanes) {
    var ofLength = c[0]
    for j in 0..<(colors &- 2) {
      let inverse = 1 / lengths[j]
      let ofFraction = c[j &+ 1] * inverse
      ofLength = negativeMultiplyAdd(b, inverse, ofLength)
      c[j] = multiplyAdd(complements[j], ofFraction, ofLength)
      ofLength = negativeMultiplyAdd(fractions[j], ofFraction, ofLength)
    }
    c[colors &- 2] = ofLength
    addSineGradient(-b, to: c)
  }
}
