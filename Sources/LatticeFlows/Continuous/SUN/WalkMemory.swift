import LaneMath
import LatticeFields

/// Where the messages of a field are: from a site to the next, and for the four links of a plaquette.
struct MessageLayout {
  /// The first message.
  var base: UnsafeMutablePointer<RegisterLanes>
  /// From a site to the next, in registers.
  var site: Int
  /// The messages through the bottom, right, top and left link, in registers.
  var bottom: Int, right: Int, top: Int, left: Int

  @inline(__always)
  func messages(_ x: Int) -> PlaquetteMessages {
    let p = base + site &* x
    return PlaquetteMessages(bottom: p + bottom, right: p + right, top: p + top, left: p + left)
  }
}

/// The vectors at the four links of a plaquette.
struct PlaquetteMessages {
  var bottom, right, top, left: UnsafeMutablePointer<RegisterLanes>
}

/// What the passes over the sites work on. Links in direction 1 are 1 by a gauge transformation, but for
/// the last of each line: the seam.
///
/// Frames: vectors on the bottom, top and left link of the plaquette at `s` are at `s`, those on the
/// right link at `s + 0`.
struct WalkMemory {
  /// For each site the transport along the lower link, its average with that along the upper one, and
  /// the average of 1 and the transport around the plaquette.
  var matrices: UnsafeMutablePointer<RegisterLanes>
  /// For each line the transport along the upper link of the last plaquette.
  var seamTop: UnsafeMutablePointer<RegisterLanes>
  /// For each line the transport from its beginning back to its end.
  var seam: UnsafeMutablePointer<RegisterLanes>
  /// `Re tr P` and `Im tr P`.
  var x: UnsafeMutablePointer<RegisterLanes>, y: UnsafeMutablePointer<RegisterLanes>
  /// Neighbours of sites as in `Lattice`.
  var forward: UnsafePointer<Int>, backward: UnsafePointer<Int>
  /// All fields, those of plaquettes first.
  var fields: UnsafeMutablePointer<MessageLayout>
  /// For each site the rectangles to the right and up.
  var rectangles: UnsafeMutablePointer<RegisterLanes>
  /// Room for a matrix and four vectors.
  var scratch: UnsafeMutablePointer<RegisterLanes>
  /// The symmetric structure constants.
  var constants: UnsafePointer<SymmetricStructureConstant>
  var constantCount: Int
  var volume: Int
  /// The number of sites of a line, in direction 1.
  var line: Int
  var colors: Int
}

/// Vectors of the adjoint representation of dimension `D` on one register.
struct AdjointVector<let D: Int> {
  typealias Memory = UnsafeMutablePointer<RegisterLanes>
  var components: InlineArray<D, RegisterLanes>

  @inline(__always)
  init() { components = InlineArray(repeating: .zero) }

  @inline(__always)
  init(_ p: Memory) { components = InlineArray { p[registersPerPacket &* $0] } }

  @inline(__always)
  func store(_ p: Memory) {
    for a in 0..<D { p[registersPerPacket &* a] = components[unchecked: a] }
  }

  @inline(__always)
  mutating func add(_ p: Memory) {
    for a in 0..<D { components[unchecked: a] += p[registersPerPacket &* a] }
  }

  @inline(__always)
  mutating func add(_ factor: RegisterLanes, _ p: Memory) {
    for a in 0..<D {
      components[unchecked: a] = registerMultiplyAdd(
        factor, p[registersPerPacket &* a], components[unchecked: a])
    }
  }

  /// Adds `M v`.
  @inline(__always)
  mutating func add(_ M: Memory, times v: Memory) {
    for b in 0..<D {
      let value = v[registersPerPacket &* b]
      for a in 0..<D {
        components[unchecked: a] = registerMultiplyAdd(
          M[(D &* a &+ b) &* registersPerPacket], value, components[unchecked: a])
      }
    }
  }

  /// Adds `M^T v`.
  @inline(__always)
  mutating func add(transpose M: Memory, times v: Memory) {
    for b in 0..<D {
      let value = v[registersPerPacket &* b]
      for a in 0..<D {
        components[unchecked: a] = registerMultiplyAdd(
          M[(D &* b &+ a) &* registersPerPacket], value, components[unchecked: a])
      }
    }
  }

  /// `v·w`, added.
  @inline(__always)
  static func dot(_ v: Memory, _ w: Memory, adding sum: RegisterLanes) -> RegisterLanes {
    var even = sum, odd = RegisterLanes.zero
    for a in 0..<(D / 2) {
      let i = 2 &* a &* registersPerPacket
      even = registerMultiplyAdd(v[i], w[i], even)
      odd = registerMultiplyAdd(v[i &+ registersPerPacket], w[i &+ registersPerPacket], odd)
    }
    if D % 2 == 1 {
      let i = (D &- 1) &* registersPerPacket
      even = registerMultiplyAdd(v[i], w[i], even)
    }
    return even + odd
  }
}
