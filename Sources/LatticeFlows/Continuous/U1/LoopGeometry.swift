import LaneMath
import LatticeFields
import LatticeFourier

/// All translations of one loop, as one plaquette or the difference of two that share a link.
///
///     Λ(x) = ε_a F_a(x_a) - ε_b F_b(x_b)
///
/// A plaquette seen from a link in direction `mu` lies on the side of `+nu` or `-nu`:
/// `P_{mu,+nu}(x) = F_{mu nu}(x)` and `P_{mu,-nu}(x) = -F_{mu nu}(x - nu)`, both containing the link with
/// a plus sign. The difference of two is a rectangle where they are opposite, and a chair where they are
/// at a right angle; the sum passes the common link twice.
struct LoopFamily: Sendable {
  /// A plaquette field, the sign with which it enters, and the direction by which its site lies behind; -1
  /// for the site itself.
  struct Side: Sendable {
    var plane: Int
    var sign: Double
    var behind: Int
  }
  var loop: LoopClass
  var a: Side
  /// Absent for a plaquette.
  var b: Side?

  /// All families of a class.
  static func all(_ loop: LoopClass, dimension: Int) -> [LoopFamily] {
    if loop == .plaquette {
      return (0..<planes(dimension).count).map {
        LoopFamily(loop: loop, a: Side(plane: $0, sign: 1, behind: -1))
      }
    }
    var families: [LoopFamily] = []
    for mu in 0..<dimension {
      var sides: [(nu: Int, side: Side)] = []
      for nu in 0..<dimension where nu != mu {
        let plane = planes(dimension).firstIndex { $0 == (min(mu, nu), max(mu, nu)) }!
        let sign = mu < nu ? 1.0 : -1
        sides.append((nu, Side(plane: plane, sign: sign, behind: -1)))
        sides.append((nu, Side(plane: plane, sign: -sign, behind: nu)))
      }
      for i in sides.indices {
        for j in sides.indices where j > i {
          guard loop.isBent == (sides[i].nu != sides[j].nu) else { continue }
          var second = sides[j].side
          if loop == .twistedRectangle || loop == .twistedChair { second.sign = -second.sign }
          families.append(LoopFamily(loop: loop, a: sides[i].side, b: second))
        }
      }
    }
    return families
  }

  /// The planes `mu < nu`, in the order of plaquette fields.
  static func planes(_ dimension: Int) -> [(Int, Int)] {
    (0..<dimension).flatMap { mu in ((mu + 1)..<max(mu + 1, dimension)).map { (mu, $0) } }
  }

  /// The links of the loop at the first site, with their signs: a link met twice counts twice.
  func links(on lattice: Lattice) -> [(link: Int, sign: Double)] {
    func plaquette(_ side: Side, _ factor: Double) -> [(link: Int, sign: Double)] {
      let (mu, nu) = Self.planes(lattice.dimension)[side.plane]
      let x = side.behind < 0 ? 0 : lattice.backward(0, side.behind)
      return [
        (lattice.link(x, mu), factor), (lattice.link(lattice.forward(x, mu), nu), factor),
        (lattice.link(lattice.forward(x, nu), mu), -factor), (lattice.link(x, nu), -factor),
      ]
    }
    return plaquette(a, a.sign) + (b.map { plaquette($0, -$0.sign) } ?? [])
  }

  /// `κ = (A K A^T)_ΛΛ`, the same for all translations.
  ///
  /// - Parameter kernel: `K(x)`, which acts on every direction of links alike.
  func selfOverlap(on lattice: Lattice, kernel: [Double]) -> Double {
    let links = links(on: lattice), volume = lattice.volume
    var total = 0.0
    for (l, sign) in links {
      for (m, other) in links where l / volume == m / volume {
        let here = lattice.coordinates(of: l % volume), there = lattice.coordinates(of: m % volume)
        total += sign * other * kernel[lattice.site(at: zip(here, there).map { $0 - $1 })]
      }
    }
    return total
  }
}

/// `(k̂²)^{p}` as a multiplier of the modes of a real field, the constant mode left out of negative
/// powers, and as a function of the distance.
struct MomentumPower: Sendable {
  /// `2p`.
  let power: Int
  /// The multiplier of every stored mode.
  let multipliers: [Double]
  /// `K(x)`.
  let kernel: [Double]

  init(_ power: Int, _ transform: FourierTransform) {
    self.power = power
    multipliers = momentumSquares(transform.lattice).map { square in
      if power == 0 { return 1 }
      var value = 1.0
      for _ in 0..<(power.magnitude / 2) { value *= square }
      return power > 0 ? value : value > 0 ? 1 / value : 0
    }
    let modes = Buffer<ModeLanes>(count: transform.modeCount, repeating: .zero)
    let field = Buffer<Lanes>(count: transform.lattice.volume, repeating: .zero)
    for k in multipliers.indices {
      modes[k] = ModeLanes(ComplexLanes(Lanes(repeating: multipliers[k]), .zero))
    }
    transform.inverse(modes, into: field)
    kernel = field.elements.map { $0[0] }
  }
}
