import LaneMath
import LatticeFields

extension WalkKernel {
  /// Writes the functional `Z -> -Z·∂S` of one plaquette's messages: a multiple of the sum of both
  /// plaquettes at each link.
  static func writeGradient(_ target: Int, scale: Double, _ memory: WalkMemory) {
    let scale = RegisterLanes(repeating: scale)
    for x in 0..<memory.volume {
      let site = Site(x, memory)
      for part in 0..<registersPerPacket {
        let own = messages(0, site, memory, part), out = messages(target, site, memory, part)
        let a = memory.fields[0]
        @inline(__always)
        func write(_ out: Memory, _ v: Memory, _ w: Memory, transport: Memory?, transposed: Bool) {
          var sum = Vector()
          if let transport {
            let room = memory.scratch + part
            cross(transport + part, w, to: room, transposed: transposed)
            sum.add(-scale, room)
          } else {
            sum.add(-scale, w)
          }
          sum.add(scale, v)
          sum.store(out)
        }
        write(
          out.bottom, own.bottom, a.messages(site.below).top + part,
          transport: site.isFirst ? site.seam : nil, transposed: true)
        write(
          out.top, own.top, a.messages(site.above).bottom + part,
          transport: site.isLast ? site.seam : nil, transposed: false)
        write(
          out.left, own.left, a.messages(site.leftSite).right + part, transport: nil,
          transposed: false)
        write(
          out.right, own.right, a.messages(site.right).left + part, transport: nil,
          transposed: false)
      }
    }
  }

  /// The field of rectangles at a plaquette: those to the right and up from its site, and those to the
  /// right and up that end in it.
  @inline(__always)
  static func rectangleMessages(_ site: Site, _ memory: WalkMemory, _ part: Int)
    -> PlaquetteMessages
  {
    let room = memory.scratch + part
    let out = PlaquetteMessages(
      bottom: room + 2 &* vectorSize, right: room + 3 &* vectorSize, top: room + 4 &* vectorSize,
      left: room + 5 &* vectorSize)
    let loops = memory.rectangles + part
    let across = loops + 2 &* vectorSize &* site.x, up = across + vectorSize
    let before = loops + 2 &* vectorSize &* site.leftSite
    var below = loops + (2 &* site.below &+ 1) &* vectorSize
    let other = Site(site.leftSite, memory)
    // From the right link of the plaquette below to that of this one.
    var corner = Vector()
    corner.add(
      transpose: memory.matrices + (3 &* matrixSize &* site.below &+ part), times: below)
    corner.store(out.right)
    if site.isFirst {
      let line = site.right / memory.line
      cross(memory.seam + matrixSize &* line + part, out.right, to: room, transposed: true)
      Vector(room).store(out.right)
      cross(site.seam + part, below, to: room, transposed: true)
      below = room
    }
    var sum = Vector(across)
    sum.add(below)
    var top = sum
    sum.add(up)
    sum.store(out.left)
    top.add(transpose: other.top + part, times: before)
    top.store(out.top)
    sum = Vector(up)
    sum.add(transpose: other.link + part, times: before)
    sum.store(out.bottom)
    var right = Vector(out.right)
    right.add(transpose: site.link + part, times: out.bottom)
    right.store(out.right)
    sum.add(across)
    sum.store(out.bottom)
    return out
  }

  /// `x`, `y`, `a·a`, `a·b` and `b·b` of a plaquette.
  @inline(__always)
  static func invariants(_ site: Site, _ memory: WalkMemory, _ part: Int)
    -> PlaquetteInvariants<RegisterLanes>
  {
    let a = memory.fields[0].messages(site.x).bottom + part
    let b = memory.fields[1].messages(site.x).bottom + part
    return PlaquetteInvariants(
      x: memory.x[registersPerPacket &* site.x &+ part],
      y: memory.y[registersPerPacket &* site.x &+ part],
      aa: Vector.dot(a, a, adding: .zero), ab: Vector.dot(a, b, adding: .zero),
      bb: Vector.dot(b, b, adding: .zero), colors: memory.colors)
  }

  /// Adds local fields and rectangles to the messages of the sum; without words it is written.
  ///
  /// - Parameter results: the divergence of the local fields is added.
  static func addLocal(
    _ local: [(seed: WalkElement.Seed, element: Int)], rectangle: Int?, isFirst: Bool, root: Int,
    _ memory: WalkMemory, coefficients: UnsafePointer<Double>,
    results: UnsafeMutablePointer<RegisterLanes>
  ) {
    for x in 0..<memory.volume {
      let site = Site(x, memory)
      for part in 0..<registersPerPacket {
        let values = invariants(site, memory, part)
        var alpha = RegisterLanes.zero, beta = RegisterLanes.zero, divergence = RegisterLanes.zero
        for (seed, element) in local {
          let (factor, rate) = values.value(seed)
          let c = RegisterLanes(repeating: coefficients[element])
          if seed.isAlongB {
            beta = registerMultiplyAdd(c, factor, beta)
          } else {
            alpha = registerMultiplyAdd(c, factor, alpha)
          }
          divergence = registerMultiplyAdd(c, rate, divergence)
        }
        results[part] = registerMultiplyAdd(
          4 * RegisterLanes(repeating: 1), divergence, results[part])
        let a = messages(0, site, memory, part), b = messages(1, site, memory, part)
        let out = messages(root, site, memory, part)
        var loops = out
        var weight = RegisterLanes.zero
        if let rectangle {
          loops = rectangleMessages(site, memory, part)
          weight = RegisterLanes(repeating: coefficients[rectangle])
        }
        @inline(__always)
        func add(_ p: Memory, _ a: Memory, _ b: Memory, _ loop: Memory) {
          var sum = isFirst ? Vector() : Vector(p)
          sum.add(alpha, a)
          if memory.colors > 2 { sum.add(beta, b) }
          if rectangle != nil { sum.add(weight, loop) }
          sum.store(p)
        }
        add(out.bottom, a.bottom, b.bottom, loops.bottom)
        add(out.right, a.right, b.right, loops.right)
        add(out.top, a.top, b.top, loops.top)
        add(out.left, a.left, b.left, loops.left)
      }
    }
  }

  /// Columns of local fields, and the gradient part of rectangles.
  static func addLocalColumns(
    _ local: [(seed: WalkElement.Seed, element: Int)], rectangle: Int?, root: Int,
    _ memory: WalkMemory, columns: UnsafeMutablePointer<RegisterLanes>
  ) {
    for x in 0..<memory.volume {
      let site = Site(x, memory)
      for part in 0..<registersPerPacket {
        let values = invariants(site, memory, part)
        let functional = messages(root, site, memory, part)
        let alongA = dot(messages(0, site, memory, part), functional, adding: .zero)
        let alongB = dot(messages(1, site, memory, part), functional, adding: .zero)
        for (seed, element) in local {
          let (factor, rate) = values.value(seed)
          columns[registersPerPacket &* element &+ part] += registerMultiplyAdd(
            factor, seed.isAlongB ? alongB : alongA, 4 * rate)
        }
        if let rectangle {
          let index = registersPerPacket &* rectangle &+ part
          columns[index] = dot(
            rectangleMessages(site, memory, part), functional, adding: columns[index])
        }
      }
    }
  }

  /// The velocity of links from the messages of both their plaquettes, in the gauge of the
  /// configuration.
  @inline(__always)
  static func fold<Group: WalkGroup>(
    _ root: Int, _ fixed: FixedLinks<Group>, _ memory: WalkMemory,
    into velocity: UnsafeMutablePointer<Group.Algebra>
  ) {
    let size = MemoryLayout<Group.Algebra>.stride / MemoryLayout<RegisterLanes>.stride
    let target = UnsafeMutableRawPointer(velocity).assumingMemoryBound(to: RegisterLanes.self)
    let field = memory.fields[root]
    let rotation = memory.scratch + 6 &* vectorSize
    for x in 0..<memory.volume {
      let site = Site(x, memory)
      if !site.isFirst {
        Group.writeAdjointRepresentation(of: fixed.transformation + x, to: lanes(rotation))
      }
      for part in 0..<registersPerPacket {
        let own = messages(root, site, memory, part)
        var below = field.messages(site.below).top + part
        if site.isFirst {
          cross(site.seam + part, below, to: memory.scratch + part, transposed: true)
          below = memory.scratch + part
        }
        let before = field.messages(site.leftSite).right + part
        let minus = RegisterLanes(repeating: -1)
        for mu in 0..<2 {
          var sum = Vector(mu == 0 ? own.bottom : before)
          sum.add(minus, mu == 0 ? below : own.left)
          let out = target + (size &* (memory.volume &* mu &+ x) &+ part)
          if !site.isFirst {
            let room = memory.scratch + (vectorSize &+ part)
            sum.store(room)
            sum = Vector()
            sum.add(transpose: rotation + part, times: room)
          }
          sum.store(out)
        }
      }
    }
  }
}
