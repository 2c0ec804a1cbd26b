import LaneMath

/// A map of SU(N) that moves eigenvalues and keeps eigenvectors, and so commutes with conjugation:
///
///     X = V e^{iθ} V†  ->  X' = V e^{iθ'} V†
///
/// (arXiv:2008.05456; the coordinates of the cell of eigenphases are those of ``EigenvalueCell``).
/// The box is mapped onto itself, and so is the cell, walls to walls:
///
///     r'   = h_0(r)              a spline of [0, 2π]
///     v_j' = h_j(v_j; τ)         splines of [0, 1] with raw parameters A_j + B_j τ,  τ = cos(r/2)
///     log|det| = log h_0'(r) + Σ_j log h_j'(v_j) + P(r', v') - P(r, v)
///
/// the determinant being that with respect to Haar's measure, and `e^P` Haar's density in the box.
///
/// Parameters: those of `h_0`; then `A_1`, `B_1`, `A_2`, `B_2`, ..; all zero is the identity. Each is
/// `3 bins + 1` numbers, of ``IntervalSpline``. `A_j + B_j τ` is formed in double precision, so that
/// the map is as smooth in `r` as it is in `v`.
///
/// Smoothness: where two eigenvalues coincide the map has a derivative. Where three or more do, as at
/// the unit element for N > 2, it is continuous and stretches distances by bounded factors, but its
/// derivative and log-det depend on the direction one comes from, and the derivatives of the log-det
/// grow like the inverse of the distance. Such elements have probability zero, with a density that
/// vanishes like the 6th power of the gaps.
///
/// Phases are N `Lanes`, those of a ``LatticeFields/SpectralFrame``; its `element(phases:)` turns the
/// new ones into `X'`. Derivatives are N² `Lanes`, coordinates of the algebra in that frame.
///
/// Accuracy: new gaps and log-det are precise to rounding relative to the gaps, at every wall; gaps
/// have the absolute precision of the phases. Derivatives are those at the point whose gaps are at
/// least 1e-7. They are finite everywhere; next to a single wall they are off by some 1e-7 times the
/// second derivatives where a gap is below 1e-7, and by some 1e-16 over the gap elsewhere (inverse
/// gaps cancel). Near a corner where several gaps are below 1e-7 they are those of some direction.
struct EigenvalueMap: Sendable {
  let colors: Int
  let first: IntervalSpline
  let other: IntervalSpline

  /// Below this a gap counts as this much: far below any gap that is not zero.
  private static let smallestGap = 1e-200
  /// Below this a gap counts as this much for derivatives, where inverse gaps cancel.
  static let smallestGapOfDerivatives = 1e-7

  init(colors: Int, bins: Int) {
    precondition(colors >= 2, "an eigenvalue map of \(colors) colours: at least 2")
    self.colors = colors
    first = IntervalSpline(bins: bins, length: 2 * Double.pi)
    other = IntervalSpline(bins: bins, length: 1)
  }

  /// The number of parameters of one spline.
  @inline(__always) var block: Int { first.parameterCount }
  var parameterCount: Int { (1 + 2 * (colors - 2)) * block }
  /// The `Lanes` of scratch space that the functions need.
  var scratchCount: Int {
    2 * EigenvalueCell.scratchCount(colors: colors)
      + (colors - 1) * (1 + first.scratchCount + Workspace.lanes)
  }
  /// None: what is made of the parameters is made in double precision.
  var floatScratchCount: Int { 0 }

  /// `A_j + B_j τ`.
  struct Parameters: SplineParameters {
    let constant: UnsafePointer<FloatLanes>
    let linear: UnsafePointer<FloatLanes>
    let tau: Lanes
    @inline(__always)
    subscript(k: Int) -> Lanes { multiplyAdd(linear[k].double, tau, constant[k].double) }
  }

  /// The parameters of `h_j`, from 1.
  @inline(__always)
  func parameters(_ j: Int, of all: UnsafePointer<FloatLanes>, tau: Lanes) -> Parameters {
    let constant = all + (2 &* j &- 1) &* block
    return Parameters(constant: constant, linear: constant + block, tau: tau)
  }

  /// The scratch space, laid out.
  struct Workspace {
    let old: EigenvalueCell
    let new: EigenvalueCell
    /// A covector of gaps or box.
    let covector: UnsafeMutablePointer<Lanes>
    /// The splines' scratch space, one after the other.
    let splines: UnsafeMutablePointer<Lanes>
    /// Where the points lie in their splines' bins.
    let locations: UnsafeMutablePointer<Place>

    struct Place: BitwiseCopyable {
      var location: IntervalSpline.Location
      var derivative: Lanes
      var logDerivativeSlope: Lanes
    }
    static var lanes: Int { MemoryLayout<Place>.stride / MemoryLayout<Lanes>.stride }

    @inline(__always)
    init(_ map: EigenvalueMap, _ scratch: UnsafeMutablePointer<Lanes>) {
      let count = EigenvalueCell.scratchCount(colors: map.colors)
      old = EigenvalueCell(colors: map.colors, memory: scratch)
      new = EigenvalueCell(colors: map.colors, memory: scratch + count)
      covector = scratch + 2 &* count
      splines = covector + (map.colors &- 1)
      locations = UnsafeMutableRawPointer(
        splines + (map.colors &- 1) &* map.first.scratchCount
      ).assumingMemoryBound(to: Place.self)
    }
  }

  /// Writes the new phases and returns `log|det|` with respect to Haar's measure.
  func apply(
    _ phases: UnsafePointer<Lanes>, parameters: UnsafePointer<FloatLanes>,
    to newPhases: UnsafeMutablePointer<Lanes>, scratch: UnsafeMutablePointer<Lanes>,
    floatScratch: UnsafeMutablePointer<FloatLanes>
  ) -> Lanes {
    let space = Workspace(self, scratch)
    let derivative = evaluate(
      phases, parameters: parameters, smallestGap: Self.smallestGap, space: space)
    space.new.storePhases(to: newPhases)
    return logDeterminant(space, derivative: derivative)
  }

  /// Sets the old and the new point and returns the product of the splines' derivatives.
  @inline(__always)
  func evaluate(
    _ phases: UnsafePointer<Lanes>, parameters: UnsafePointer<FloatLanes>, smallestGap: Double,
    space: Workspace
  ) -> Lanes {
    let old = space.old, new = space.new, last = colors &- 1
    old.set(phases: phases, smallest: smallestGap)
    let location = first.locate(
      old.lengths[0], complement: old.gaps[last],
      parameters: PlainParameters(pointer: parameters), scratch: space.splines)
    let image = first.image(location)
    space.locations[0] = Workspace.Place(
      location: location, derivative: image.derivative,
      logDerivativeSlope: image.logDerivativeSlope)
    new.lengths[0] = image.value
    new.gaps[last] = image.complement
    var derivative = image.derivative
    if colors > 2 {
      let tau = cos(0.5 * old.lengths[0])
      for j in 1..<last {
        let location = other.locate(
          old.fractions[j &- 1], complement: old.complements[j &- 1],
          parameters: self.parameters(j, of: parameters, tau: tau),
          scratch: space.splines + j &* other.scratchCount)
        let image = other.image(location)
        space.locations[j] = Workspace.Place(
          location: location, derivative: image.derivative,
          logDerivativeSlope: image.logDerivativeSlope)
        new.fractions[j &- 1] = image.value
        new.complements[j &- 1] = image.complement
        derivative *= image.derivative
      }
    }
    new.setGaps()
    return derivative
  }

  /// The log-det from both points, gaps and box, and the product of the splines' derivatives.
  @inline(__always)
  private func logDeterminant(_ space: Workspace, derivative: Lanes) -> Lanes {
    let old = space.old, new = space.new
    old.setSines()
    new.setSines()
    var product = derivative
    var result = Lanes.zero
    var pair = 0
    for j in 0..<(colors &- 1) {
      for _ in j..<(colors &- 1) {
        let ratio = new.sines[pair] / old.sines[pair]
        product *= ratio * ratio
        pair &+= 1
      }
      if j < colors &- 2 { product *= new.lengths[j] / old.lengths[j] }
      // One logarithm a row: a ratio may be 1e6, the product of a row's must not overflow.
      result += log(product)
      product = Lanes(repeating: 1)
    }
    return result
  }

  /// Writes the phases that `apply` maps to `newPhases`, and returns the log-det of `apply` there.
  ///
  /// - Throws: `InversionFailure` where the residual of a spline stays above its tolerance.
  func applyInverse(
    _ newPhases: UnsafePointer<Lanes>, parameters: UnsafePointer<FloatLanes>,
    to phases: UnsafeMutablePointer<Lanes>, scratch: UnsafeMutablePointer<Lanes>,
    floatScratch: UnsafeMutablePointer<FloatLanes>
  ) throws(InversionFailure) -> Lanes {
    let space = Workspace(self, scratch)
    let old = space.old, new = space.new, last = colors &- 1
    new.set(phases: newPhases, smallest: Self.smallestGap)
    let preimage = try first.invert(
      new.lengths[0], complement: new.gaps[last],
      parameters: PlainParameters(pointer: parameters), scratch: space.splines)
    old.lengths[0] = preimage.value
    old.gaps[last] = preimage.complement
    var derivative = preimage.derivative
    if colors > 2 {
      let tau = cos(0.5 * preimage.value)
      for j in 1..<last {
        let preimage = try other.invert(
          new.fractions[j &- 1], complement: new.complements[j &- 1],
          parameters: self.parameters(j, of: parameters, tau: tau), scratch: space.splines)
        old.fractions[j &- 1] = preimage.value
        old.complements[j &- 1] = preimage.complement
        derivative *= preimage.derivative
      }
    }
    old.setGaps()
    old.storePhases(to: phases)
    return logDeterminant(space, derivative: derivative)
  }
}
