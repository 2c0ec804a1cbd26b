import LaneMath
import LatticeFields

/// A group of matrices whose links coupling layers transport by their eigenvalues and by staples.
protocol MatrixCouplingGroup: CouplingGroup, EigenframeGroup {
  /// The left derivative of `re Re tr W + im Im tr W`.
  static func traceGradient(of W: Self, re: Lanes, im: Lanes) -> Algebra
}

extension SU2: MatrixCouplingGroup {
  @inline(__always)
  static func traceGradient(of W: SU2, re: Lanes, im: Lanes) -> SU2Algebra {
    -re * W.algebraProjection
  }
}

extension SU: MatrixCouplingGroup where Self: CouplingGroup {
  /// `Re tr(T_a (re - i im) W)`.
  @inline(__always)
  static func traceGradient(of W: SU, re: Lanes, im: Lanes) -> SUNAlgebra<N> {
    var M = W.matrix
    let factor = ComplexLanes(-re, im)
    for i in 0..<N { for j in 0..<N { M[i, j] = M[i, j] * factor } }
    return SUNAlgebra(projecting: M)
  }
}

/// What a conditioner sees of frozen loops: `Re tr W^k / N` and, for three colours and more,
/// `Im tr W^k / N`, for `k = 1 .. powers`.
///
/// For SU(2) the first trace, for SU(3) the two numbers of `tr W` are all there is to know of a loop
/// that is gauge invariant; for more colours higher powers add to it.
struct TraceFeatures: Sendable {
  let geometry: LinkGeometry
  let powers: Int
  /// The channels of one loop.
  let channelsPerLoop: Int
  private let inverseColors: Double

  init(geometry: LinkGeometry, powers: Int, colors: Int) {
    self.geometry = geometry
    self.powers = powers
    channelsPerLoop = powers * (colors == 2 ? 1 : 2)
    inverseColors = 1 / Double(colors)
  }

  /// The channels of the network's input.
  var channels: Int { geometry.slots * channelsPerLoop }

  /// Writes the features of all frozen loops.
  @inline(__always)
  func write<Group: MatrixCouplingGroup>(
    of U: UnsafePointer<Group>, to features: UnsafeMutablePointer<FloatLanes>
  ) {
    let stride = paddedChannels(channels)
    features.update(repeating: .zero, count: geometry.stencils[0].inputCount * stride)
    for invariant in geometry.invariants {
      let W: Group = geometry.paths.product(of: invariant.path, U)
      var place = features + (invariant.site &* stride &+ invariant.slot &* channelsPerLoop)
      var power = W
      for k in 0..<powers {
        if k > 0 { power = power * W }
        place[0] = (inverseColors * power.realTrace).single
        if Group.colors > 2 {
          place[1] = (inverseColors * power.imaginaryTrace).single
          place += 2
        } else {
          place += 1
        }
      }
    }
  }

  /// Adds `sign` times the derivatives that come back from the network to the links.
  @inline(__always)
  func scatter<Group: MatrixCouplingGroup>(
    _ gradient: UnsafePointer<FloatLanes>, sign: Double, _ U: UnsafePointer<Group>,
    to field: UnsafeMutablePointer<Group.Algebra>
  ) {
    let stride = paddedChannels(channels)
    for invariant in geometry.invariants {
      let W: Group = geometry.paths.product(of: invariant.path, U)
      var place = gradient + (invariant.site &* stride &+ invariant.slot &* channelsPerLoop)
      var power = W
      var total = Group.Algebra.zero
      for k in 0..<powers {
        if k > 0 { power = power * W }
        let factor = sign * inverseColors * Double(k &+ 1)
        let re = factor * place[0].double
        if Group.colors > 2 {
          total = total + Group.traceGradient(of: power, re: re, im: factor * place[1].double)
          place += 2
        } else {
          total = total + Group.traceGradient(of: power, re: re, im: .zero)
          place += 1
        }
      }
      geometry.paths.scatter(total, of: invariant.path, U, to: field)
    }
  }
}
