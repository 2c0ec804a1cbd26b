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

/// The operations of a ``WalkProgram`` at one site.
enum WalkKernel<let D: Int> {
  typealias Memory = UnsafeMutablePointer<RegisterLanes>
  typealias Vector = AdjointVector<D>
  @inline(__always) static var matrixSize: Int { D &* D &* registersPerPacket }
  @inline(__always) static var vectorSize: Int { D &* registersPerPacket }

  /// The matrices and neighbours of a site.
  struct Site {
    var x: Int
    var right: Int, leftSite: Int, above: Int, below: Int
    /// Whether the site is the last or the first of its line, where the seam is crossed.
    var isLast: Bool, isFirst: Bool
    var link: Memory, average: Memory, around: Memory, top: Memory
    /// The seam of the line.
    var seam: Memory

    @inline(__always)
    init(_ x: Int, _ memory: WalkMemory) {
      self.x = x
      let volume = memory.volume
      right = memory.forward[x]
      leftSite = memory.backward[x]
      above = memory.forward[volume &+ x]
      below = memory.backward[volume &+ x]
      let line = x / memory.line
      isLast = x &- line &* memory.line == memory.line &- 1
      isFirst = x == line &* memory.line
      link = memory.matrices + 3 &* matrixSize &* x
      average = link + matrixSize
      around = average + matrixSize
      seam = memory.seam + matrixSize &* line
      top =
        isLast
        ? memory.seamTop + matrixSize &* line : memory.matrices + 3 &* matrixSize &* above
    }
  }

  /// Applies a step: what comes in through the four links to what goes out.
  @inline(__always)
  static func step(
    _ letter: WalkElement.Letter, _ site: Site, _ incoming: PlaquetteMessages,
    _ outgoing: PlaquetteMessages, accumulates: Bool
  ) {
    @inline(__always) func start(_ p: Memory) -> Vector { accumulates ? Vector(p) : Vector() }
    var sum = start(outgoing.bottom)
    switch letter {
    case .straight:
      sum.add(site.around, times: incoming.top)
      sum.store(outgoing.bottom)
      sum = start(outgoing.top)
      sum.add(transpose: site.around, times: incoming.bottom)
      sum.store(outgoing.top)
      sum = start(outgoing.left)
      sum.add(site.average, times: incoming.right)
      sum.store(outgoing.left)
      sum = start(outgoing.right)
      sum.add(transpose: site.average, times: incoming.left)
      sum.store(outgoing.right)
    case .left:
      sum.add(incoming.left)
      sum.store(outgoing.bottom)
      sum = start(outgoing.left)
      sum.add(incoming.top)
      sum.store(outgoing.left)
      sum = start(outgoing.top)
      sum.add(site.top, times: incoming.right)
      sum.store(outgoing.top)
      sum = start(outgoing.right)
      sum.add(transpose: site.link, times: incoming.bottom)
      sum.store(outgoing.right)
    default:
      sum.add(site.link, times: incoming.right)
      sum.store(outgoing.bottom)
      sum = start(outgoing.left)
      sum.add(incoming.bottom)
      sum.store(outgoing.left)
      sum = start(outgoing.top)
      sum.add(incoming.left)
      sum.store(outgoing.top)
      sum = start(outgoing.right)
      sum.add(transpose: site.top, times: incoming.top)
      sum.store(outgoing.right)
    }
  }

  /// A step of vectors.
  @inline(__always)
  static func gather(
    _ letter: WalkElement.Letter, _ site: Site, _ memory: WalkMemory, _ part: Int, source: Int,
    target: Int, accumulates: Bool
  ) {
    let from = memory.fields[source]
    var incoming = PlaquetteMessages(
      bottom: from.base + (from.site &* site.below &+ from.top),
      right: from.base + (from.site &* site.right &+ from.left),
      top: from.base + (from.site &* site.above &+ from.bottom),
      left: from.base + (from.site &* site.leftSite &+ from.right))
    shift(&incoming, by: part)
    if site.isLast {
      cross(site.seam + part, incoming.top, to: memory.scratch + part, transposed: false)
      incoming.top = memory.scratch + part
    }
    if site.isFirst {
      let room = memory.scratch + (vectorSize &+ part)
      cross(site.seam + part, incoming.bottom, to: room, transposed: true)
      incoming.bottom = room
    }
    var outgoing = memory.fields[target].messages(site.x)
    shift(&outgoing, by: part)
    step(letter, shifted(site, by: part), incoming, outgoing, accumulates: accumulates)
  }

  /// A step of functionals: the transposed of ``gather(_:_:_:_:source:target:accumulates:)`` with the
  /// mirrored letter.
  @inline(__always)
  static func scatter(
    _ letter: WalkElement.Letter, _ site: Site, _ memory: WalkMemory, _ part: Int, source: Int,
    target: Int
  ) {
    var incoming = memory.fields[source].messages(site.x)
    shift(&incoming, by: part)
    let to = memory.fields[target]
    var outgoing = PlaquetteMessages(
      bottom: to.base + (to.site &* site.below &+ to.top),
      right: to.base + (to.site &* site.right &+ to.left),
      top: to.base + (to.site &* site.above &+ to.bottom),
      left: to.base + (to.site &* site.leftSite &+ to.right))
    shift(&outgoing, by: part)
    let above = outgoing.top, below = outgoing.bottom
    if site.isLast { outgoing.top = memory.scratch + part }
    if site.isFirst { outgoing.bottom = memory.scratch + (vectorSize &+ part) }
    step(letter, shifted(site, by: part), incoming, outgoing, accumulates: false)
    if site.isLast { cross(site.seam + part, outgoing.top, to: above, transposed: true) }
    if site.isFirst { cross(site.seam + part, outgoing.bottom, to: below, transposed: false) }
  }

  /// Transport across the seam.
  @inline(never)
  static func cross(_ seam: Memory, _ v: Memory, to w: Memory, transposed: Bool) {
    var sum = Vector()
    if transposed { sum.add(transpose: seam, times: v) } else { sum.add(seam, times: v) }
    sum.store(w)
  }

  @inline(__always)
  static func shift(_ messages: inout PlaquetteMessages, by part: Int) {
    if registersPerPacket == 1 { return }
    messages.bottom += part
    messages.right += part
    messages.top += part
    messages.left += part
  }

  @inline(__always)
  static func shifted(_ site: Site, by part: Int) -> Site {
    if registersPerPacket == 1 { return site }
    var site = site
    site.link += part
    site.average += part
    site.around += part
    site.top += part
    return site
  }

  /// A modification of one vector `Y`, where `a` and `b` are in its frame.
  @inline(__always)
  static func modify(
    _ letter: WalkElement.Letter, _ Y: Memory, a: Memory, b: Memory, x: RegisterLanes,
    _ memory: WalkMemory, into Z: Memory, accumulates: Bool
  ) {
    var sum = accumulates ? Vector(Z) : Vector()
    switch letter {
    case .trace: sum.add(x, Y)
    case .square: sum.add(Vector.dot(a, Y, adding: .zero), a)
    case .traceSquare: sum.add(x * Vector.dot(a, Y, adding: .zero), a)
    case .hermitianSquare: sum.add(Vector.dot(b, Y, adding: .zero), b)
    default:
      sum.add((1 / Double(memory.colors)) * x, Y)
      sum.store(Z)
      anticommute(Y, b, memory, into: Z)
      return
    }
    sum.store(Z)
  }

  /// Adds `½ d_abc b_b Y_c`.
  @inline(never)
  static func anticommute(_ Y: Memory, _ b: Memory, _ memory: WalkMemory, into Z: Memory) {
    for index in 0..<memory.constantCount {
      let term = memory.constants[index]
      let value = (0.5 * term.value) * b[registersPerPacket &* term.b]
      let c = registersPerPacket &* term.a
      Z[c] = registerMultiplyAdd(value, Y[registersPerPacket &* term.c], Z[c])
    }
  }

  /// One pass over the sites.
  ///
  /// - Parameters:
  ///   - coefficients: one for each element, for combinations.
  ///   - results: the divergence of modifications at the link for sums; one number for each element for
  ///     columns.
  static func run(
    _ instructions: [WalkProgram.Instruction], _ terms: [WalkProgram.Term], _ memory: WalkMemory,
    coefficients: UnsafePointer<Double>, results: UnsafeMutablePointer<RegisterLanes>
  ) {
    instructions.withUnsafeBufferPointer { instructions in
      terms.withUnsafeBufferPointer { terms in
        for x in 0..<memory.volume {
          let site = Site(x, memory)
          for part in 0..<registersPerPacket {
            for instruction in instructions {
              run(
                instruction, terms, site, memory, part, coefficients: coefficients,
                results: results + part)
            }
          }
        }
      }
    }
  }

  @inline(__always)
  static func run(
    _ instruction: WalkProgram.Instruction, _ terms: UnsafeBufferPointer<WalkProgram.Term>,
    _ site: Site, _ memory: WalkMemory, _ part: Int, coefficients: UnsafePointer<Double>,
    results: Memory
  ) {
    let source = instruction.source, target = instruction.target
    switch instruction.operation {
    case .gather:
      gather(
        instruction.letter, site, memory, part, source: source, target: target,
        accumulates: instruction.accumulates)
    case .scatter:
      scatter(instruction.letter, site, memory, part, source: source, target: target)
    case .combine:
      combine(terms, instruction.terms, site, memory, part, target: target, coefficients)
    case .modify:
      let Y = messages(source, site, memory, part), Z = messages(target, site, memory, part)
      let a = messages(0, site, memory, part), b = messages(1, site, memory, part)
      let trace = memory.x[registersPerPacket &* site.x &+ part]
      let accumulates = instruction.accumulates
      @inline(__always) func each(_ Y: Memory, _ Z: Memory, _ a: Memory, _ b: Memory) {
        modify(
          instruction.letter, Y, a: a, b: b, x: trace, memory, into: Z, accumulates: accumulates)
      }
      each(Y.bottom, Z.bottom, a.bottom, b.bottom)
      each(Y.right, Z.right, a.right, b.right)
      each(Y.top, Z.top, a.top, b.top)
      each(Y.left, Z.left, a.left, b.left)
      if instruction.functional >= 0 {
        results[0] = dot(
          messages(instruction.functional, site, memory, part), Y, adding: results[0])
      }
    case .add:
      let v = messages(source, site, memory, part), w = messages(target, site, memory, part)
      @inline(__always) func each(_ v: Memory, _ w: Memory) {
        var sum = Vector(w)
        sum.add(v)
        sum.store(w)
      }
      each(v.bottom, w.bottom)
      each(v.right, w.right)
      each(v.top, w.top)
      each(v.left, w.left)
    case .dot:
      let result = results + registersPerPacket &* instruction.functional
      result[0] = dot(
        messages(source, site, memory, part), messages(target, site, memory, part),
        adding: result[0])
    }
  }

  @inline(__always)
  static func messages(_ field: Int, _ site: Site, _ memory: WalkMemory, _ part: Int)
    -> PlaquetteMessages
  {
    var messages = memory.fields[field].messages(site.x)
    shift(&messages, by: part)
    return messages
  }

  @inline(__always)
  static func dot(
    _ v: PlaquetteMessages, _ w: PlaquetteMessages, adding sum: RegisterLanes
  ) -> RegisterLanes {
    let upper = Vector.dot(v.top, w.top, adding: Vector.dot(v.right, w.right, adding: .zero))
    return Vector.dot(v.bottom, w.bottom, adding: Vector.dot(v.left, w.left, adding: sum)) + upper
  }

  @inline(__always)
  static func combine(
    _ terms: UnsafeBufferPointer<WalkProgram.Term>, _ range: Range<Int>, _ site: Site,
    _ memory: WalkMemory, _ part: Int, target: Int, _ coefficients: UnsafePointer<Double>
  ) {
    let out = messages(target, site, memory, part)
    @inline(__always) func each(_ p: Memory, _ at: (PlaquetteMessages) -> Memory) {
      var sum = Vector()
      for index in range {
        let term = terms[index]
        sum.add(
          RegisterLanes(repeating: coefficients[term.element]),
          at(messages(term.source, site, memory, part)))
      }
      sum.store(p)
    }
    each(out.bottom) { $0.bottom }
    each(out.right) { $0.right }
    each(out.top) { $0.top }
    each(out.left) { $0.left }
  }
}
