import LaneMath
import LatticeFields

/// Eight configurations where all links in direction 1 are 1 but the last of each line, and their
/// plaquettes.
struct FixedLinks<Group: WalkGroup> {
  /// The gauge transformation that leads there.
  var transformation: UnsafeMutablePointer<Group>
  /// The links in direction 0.
  var links: UnsafeMutablePointer<Group>
  /// For each line its last link in direction 1.
  var seam: UnsafeMutablePointer<Group>
  /// For each line the upper link of its last plaquette, seen from below.
  var seamTop: UnsafeMutablePointer<Group>
  /// The plaquettes.
  var plaquettes: UnsafeMutablePointer<Group>

  /// Fixes the gauge.
  ///
  ///     g(s + 1) = g(s) U_1(s),   U_0'(s) = g(s) U_0(s) g(s + 0)†,   P = U_0'(s) U_0'(s + 1)†
  @inline(__always)
  func fix(_ U: UnsafePointer<Group>, _ memory: WalkMemory) {
    let volume = memory.volume, line = memory.line
    for first in stride(from: 0, to: volume, by: line) {
      transformation[first] = .identity
      for x in first..<(first &+ line &- 1) {
        transformation[x &+ 1] = transformation[x] * U[volume &+ x]
      }
      let last = first &+ line &- 1
      seam[first / line] = transformation[last] * U[volume &+ last]
    }
    for x in 0..<volume {
      links[x] = transformation[x] * U[x] * transformation[memory.forward[x]].adjoint
    }
    for first in stride(from: 0, to: volume, by: line) {
      let number = first / line
      for x in first..<(first &+ line &- 1) { plaquettes[x] = links[x] * links[x &+ 1].adjoint }
      let last = first &+ line &- 1
      let top =
        seam[number] * links[first] * seam[memory.forward[first] / line].adjoint
      seamTop[number] = top
      plaquettes[last] = links[last] * top.adjoint
    }
  }
}

extension WalkKernel {
  /// Fills the matrices and the fields of plaquettes.
  @inline(__always)
  static func prepare<Group: WalkGroup>(
    _ fixed: FixedLinks<Group>, _ memory: WalkMemory, _ fields: [WalkProgram.PlaquetteField]
  ) {
    let lineCount = memory.volume / memory.line
    for number in 0..<lineCount {
      Group.writeAdjointRepresentation(
        of: fixed.seam + number, to: lanes(memory.seam + matrixSize &* number))
      Group.writeAdjointRepresentation(
        of: fixed.seamTop + number, to: lanes(memory.seamTop + matrixSize &* number))
      let first = memory.line &* number
      // From the last to the first: the upper link is the lower one of the next plaquette.
      for x in stride(from: first &+ memory.line &- 1, through: first, by: -1) {
        let site = Site(x, memory)
        Group.writeAdjointRepresentation(of: fixed.links + x, to: lanes(site.link))
        Group.writeAdjointRepresentation(of: fixed.plaquettes + x, to: lanes(site.around))
        for index in 0..<matrixSize {
          site.average[index] = 0.5 * (site.link[index] + site.top[index])
          site.around[index] *= 0.5
        }
        for a in 0..<D {
          for part in 0..<registersPerPacket {
            site.around[(D &+ 1) &* registersPerPacket &* a &+ part] += 0.5
          }
        }
        writePlaquetteFields(fixed.plaquettes[x], site, memory, fields)
      }
    }
  }

  @inline(__always)
  static func lanes(_ p: Memory) -> UnsafeMutablePointer<Lanes> {
    UnsafeMutableRawPointer(p).assumingMemoryBound(to: Lanes.self)
  }

  /// Writes twice the coordinates of an algebra element, and transported along the lower link.
  @inline(__always)
  static func write<Algebra: LieAlgebra>(
    _ X: Algebra, at messages: PlaquetteMessages, _ site: Site
  ) {
    let target = lanes(messages.bottom)
    for a in 0..<D {
      let value = X[a]
      target[a] = value + value
    }
    for part in 0..<registersPerPacket {
      var sum = Vector()
      sum.add(transpose: site.link + part, times: messages.bottom + part)
      sum.store(messages.right + part)
    }
  }

  @inline(__always)
  static func writePlaquetteFields<Group: WalkGroup>(
    _ P: Group, _ site: Site, _ memory: WalkMemory, _ fields: [WalkProgram.PlaquetteField]
  ) {
    let a = memory.fields[0].messages(site.x), b = memory.fields[1].messages(site.x)
    write(P.algebraProjection, at: a, site)
    write(P.hermitianProjection, at: b, site)
    let step = registersPerPacket
    lanes(memory.x)[site.x] = P.realTrace
    lanes(memory.y)[site.x] = P.imaginaryTrace
    guard fields.count > 2 else { return }
    // vec P² in the frames of the lower and the right link.
    let p = memory.scratch, pRight = p + vectorSize
    if Group.colors > 3 {
      write(
        (P * P).algebraProjection, at: PlaquetteMessages(bottom: p, right: pRight, top: p, left: p),
        site)
    }
    for part in 0..<step {
      let x = memory.x[step &* site.x &+ part], y = memory.y[step &* site.x &+ part]
      if Group.colors == 2 {
        writeSum(p + part, (x, a.bottom + part), (.zero, b.bottom + part))
        writeSum(pRight + part, (x, a.right + part), (.zero, b.right + part))
      } else if Group.colors == 3 {
        writeSum(p + part, (x - 1, a.bottom + part), (y, b.bottom + part))
        writeSum(pRight + part, (x - 1, a.right + part), (y, b.right + part))
      }
      let square = Vector.dot(a.bottom + part, a.bottom + part, adding: .zero)
      for index in fields.indices.dropFirst(2) {
        let (alpha, beta, gamma) = coefficients(
          fields[index], x: x, y: y, square: square, colors: Group.colors)
        let out = memory.fields[index].messages(site.x)
        writeSum(
          out.bottom + part, (alpha, a.bottom + part), (beta, b.bottom + part),
          (gamma, p + part))
        writeSum(
          out.right + part, (alpha, a.right + part), (beta, b.right + part),
          (gamma, pRight + part))
      }
    }
  }

  @inline(__always)
  static func writeSum(_ out: Memory, _ terms: (RegisterLanes, Memory)...) {
    var sum = Vector()
    for (factor, v) in terms { sum.add(factor, v) }
    sum.store(out)
  }

  /// A field of a plaquette as `α a + β b + γ vec P²`.
  @inline(__always)
  static func coefficients(
    _ field: WalkProgram.PlaquetteField, x: RegisterLanes, y: RegisterLanes, square: RegisterLanes,
    colors: Int
  ) -> (alpha: RegisterLanes, beta: RegisterLanes, gamma: RegisterLanes) {
    let inverse = 1 / Double(colors), casimir = 0.5 * (Double(colors) - inverse)
    let zero = RegisterLanes.zero, half = RegisterLanes(repeating: 0.5)
    switch field {
    case .b: return (zero, 2 * half, zero)
    case .seed(.a): return (2 * half, zero, zero)
    case .seed(.xa): return (x, zero, zero)
    case .seed(.yb): return (zero, y, zero)
    case .seed(.xxa): return (x * x, zero, zero)
    case .seed(.yya): return (y * y, zero, zero)
    case .seed(.xyb): return (zero, x * y, zero)
    case .divergence(.trace): return (-half, zero, zero)
    case .divergence(.square): return (2 * casimir * x, -inverse * y, half)
    case .divergence(.traceSquare):
      return (2 * casimir * x * x - 0.5 * square, -inverse * x * y, 0.5 * x)
    case .divergence(.hermitianSquare): return (inverse * x, -2 * casimir * y, -half)
    case .divergence(.anticommutator):
      return (RegisterLanes(repeating: -0.5 * (casimir - 0.5 * inverse)), zero, zero)
    case .divergence: preconditionFailure("a step has no divergence")
    }
  }

  /// The vectors of the rectangles of two plaquettes, from each site to the right and up.
  ///
  /// - Returns: the sum of their `Re tr`.
  @inline(__always)
  static func prepareRectangles<Group: WalkGroup>(
    _ fixed: FixedLinks<Group>, _ memory: WalkMemory
  ) -> Lanes {
    var traces = Lanes.zero
    for x in 0..<memory.volume {
      let line = x / memory.line
      let isLast = x &- line &* memory.line == memory.line &- 1
      let above = memory.forward[memory.volume &+ x]
      let P = fixed.plaquettes[x]
      let top = isLast ? fixed.seamTop[line] : fixed.links[above]
      let across = fixed.links[x] * fixed.plaquettes[memory.forward[x]] * top.adjoint
      let next =
        isLast
        ? fixed.seam[line] * fixed.plaquettes[above] * fixed.seam[line].adjoint
        : fixed.plaquettes[above]
      let up = P * next
      traces += across.realTrace + up.realTrace
      let target = lanes(memory.rectangles + 2 &* vectorSize &* x)
      let first = across.algebraProjection, second = up.algebraProjection
      for a in 0..<D {
        target[a] = first[a] + first[a]
        target[D &+ a] = second[a] + second[a]
      }
    }
    return traces
  }
}
