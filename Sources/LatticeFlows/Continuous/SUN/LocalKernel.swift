import LaneMath
import LatticeFields

/// One of the `2 (D - 1)` plaquettes on a link, as the way around it from one end of the link to the other.
///
///     ahead:   A = U_nu(x),       B = U_mu(x + nu),  C = U_nu(x + mu),       R = B C†,  T = A R
///     behind:  A = U_nu(x - nu),  B = U_mu(x - nu),  C = U_nu(x - nu + mu),  R = B C,   T = A† R
///
/// The plaquette that begins with the link is `P = U T†`.
struct LinkSide<Group: LocalGroup> {
  typealias Matrix = Group.Matrix
  /// The links `A`, `B`, `C`.
  var first = 0, far = 0, last = 0
  /// `T`.
  var path = Matrix.zero
  /// `R`.
  var rest = Matrix.zero
  /// `P`.
  var plaquette = Matrix.zero
  /// `P U`, where twisted loops need it.
  var twisted = Matrix.zero
  /// `tr P`.
  var x = Lanes.zero, y = Lanes.zero
}

/// The coefficients of fields of pairs: in the plane, and at a right angle.
struct LocalCoefficients {
  var loop = (next: 0.0, bent: 0.0)
  var twisted = (next: 0.0, bent: 0.0)
  var trace = (next: 0.0, bent: 0.0)
  var imaginaryTrace = (next: 0.0, bent: 0.0)

  @inline(__always)
  init(_ elements: [LocalElement], _ coefficients: UnsafePointer<Double>) {
    for (index, element) in elements.enumerated() {
      guard case .pair(let pair, let isBent) = element else { continue }
      let c = coefficients[index]
      switch (pair, isBent) {
      case (.loop, false): loop.next = c
      case (.loop, true): loop.bent = c
      case (.twisted, false): twisted.next = c
      case (.twisted, true): twisted.bent = c
      case (.trace, false): trace.next = c
      case (.trace, true): trace.bent = c
      case (.imaginaryTrace, false): imaginaryTrace.next = c
      case (.imaginaryTrace, true): imaginaryTrace.bent = c
      }
    }
  }
}

/// The work on the links of eight configurations.
///
/// Fields of pairs move the three links of `T_i` by a loop `T_i K_i†`, where `K_i` is a sum over the other
/// plaquettes `j` on the shared link `U`, none of which contains a link of `T_i`:
///
///     K_i = Σ_j c T_j + c' U T_j† U + c'' x_j U + i c''' y_j U
///
/// So one loop for each `i` serves all elements, and `div Z = 2 C_F Re tr T_i K_i†` for each of the three
/// links.
struct LocalKernel<Group: LocalGroup> {
  typealias Matrix = Group.Matrix
  typealias Side = LinkSide<Group>
  let links: UnsafePointer<Group>
  let velocity: UnsafeMutablePointer<Group.Algebra>
  let forces: UnsafeMutablePointer<Group.Algebra>
  let sides: UnsafeMutablePointer<Side>
  let forward: UnsafePointer<Int>, backward: UnsafePointer<Int>
  let volume: Int, dimension: Int, sideCount: Int
  let needs: LocalNeeds

  @inline(__always)
  init(_ workspace: LocalWorkspace<Group>, links: UnsafePointer<Group>) {
    self.links = links
    velocity = workspace.velocity.pointer
    forces = workspace.forces.pointer
    sides = workspace.sides.pointer
    forward = UnsafePointer(workspace.forward.pointer)
    backward = UnsafePointer(workspace.backward.pointer)
    volume = workspace.lattice.volume
    dimension = workspace.lattice.dimension
    sideCount = workspace.sides.count
    needs = workspace.needs
  }

  /// `2 C_F`.
  @inline(__always)
  private var doubleCasimir: Double { Double(Group.colors) - 1 / Double(Group.colors) }

  /// The plaquettes on a link; those behind follow those ahead, so that partners in a plane are next
  /// to each other.
  @inline(__always)
  func prepareSides(_ x: Int, _ mu: Int) {
    let U = links[mu &* volume &+ x].fieldMatrix
    var index = 0
    for nu in 0..<dimension where nu != mu {
      let ahead = sides + index, behind = sides + (index &+ 1)
      let y = backward[nu &* volume &+ x]
      ahead.pointee.first = nu &* volume &+ x
      ahead.pointee.far = mu &* volume &+ forward[nu &* volume &+ x]
      ahead.pointee.last = nu &* volume &+ forward[mu &* volume &+ x]
      behind.pointee.first = nu &* volume &+ y
      behind.pointee.far = mu &* volume &+ y
      behind.pointee.last = nu &* volume &+ forward[mu &* volume &+ y]
      ahead.pointee.rest = matrix(ahead.pointee.far).timesAdjoint(of: matrix(ahead.pointee.last))
      ahead.pointee.path = matrix(ahead.pointee.first) * ahead.pointee.rest
      behind.pointee.rest = matrix(behind.pointee.far) * matrix(behind.pointee.last)
      behind.pointee.path = matrix(behind.pointee.first).adjoint * behind.pointee.rest
      index &+= 2
    }
    for i in 0..<sideCount {
      let P = U.timesAdjoint(of: sides[i].path)
      sides[i].plaquette = P
      sides[i].x = P.realTrace
      sides[i].y = P.imaginaryTrace
      if needs.twisted { sides[i].twisted = P * U }
    }
  }

  @inline(__always)
  func matrix(_ link: Int) -> Matrix { links[link].fieldMatrix }

  /// `vec M`.
  @inline(__always)
  func vec(_ M: Matrix) -> Group.Algebra {
    Lanes(repeating: 2) * Group.algebraProjection(of: M)
  }

  @inline(__always)
  func invariants(_ side: UnsafeMutablePointer<Side>, _ a: Group.Algebra, _ b: Group.Algebra)
    -> PlaquetteInvariants<Lanes>
  {
    PlaquetteInvariants(
      x: side.pointee.x, y: side.pointee.y, aa: a.dot(a), ab: a.dot(b), bb: b.dot(b),
      colors: Group.colors)
  }

  /// The sum of `a` over the plaquettes on every link.
  @inline(__always)
  func computeForces() {
    for mu in 0..<dimension {
      for x in 0..<volume {
        prepareSides(x, mu)
        var sum = Matrix.zero
        for i in 0..<sideCount {
          sum.add(sides[i].plaquette, scaledBy: Lanes(repeating: 1))
        }
        forces[mu &* volume &+ x] = vec(sum)
      }
    }
  }

  /// Adds `Σ_i c_i Z_i` to the velocity, and returns its divergence.
  @inline(__always)
  func addVelocity(
    _ pairs: LocalCoefficients, _ elements: [LocalElement], _ coefficients: UnsafePointer<Double>
  ) -> Lanes {
    var divergence = Lanes.zero
    for mu in 0..<dimension {
      for x in 0..<volume {
        prepareSides(x, mu)
        if needs.locals {
          divergence += addLocals(mu &* volume &+ x, elements, coefficients)
        }
        if needs.pairs { divergence += addPairs(mu &* volume &+ x, pairs) }
      }
    }
    return divergence
  }

  /// The local fields of the plaquettes on a link.
  @inline(__always)
  private func addLocals(
    _ link: Int, _ elements: [LocalElement], _ coefficients: UnsafePointer<Double>
  ) -> Lanes {
    var sum = Matrix.zero, divergence = Lanes.zero
    for i in 0..<sideCount {
      let side = sides + i
      let turned = side.pointee.plaquette.turned
      let values = invariants(side, vec(side.pointee.plaquette), vec(turned))
      var alpha = Lanes.zero, beta = Lanes.zero
      for (index, element) in elements.enumerated() {
        guard case .plaquette(let seed) = element else { continue }
        let (factor, rate) = values.value(seed)
        let c = Lanes(repeating: coefficients[index])
        if seed.isAlongB {
          beta = multiplyAdd(c, factor, beta)
        } else {
          alpha = multiplyAdd(c, factor, alpha)
        }
        divergence = multiplyAdd(c, rate, divergence)
      }
      sum.add(side.pointee.plaquette, scaledBy: alpha)
      if Group.colors > 2 { sum.add(turned, scaledBy: beta) }
    }
    velocity[link] = velocity[link] + vec(sum)
    return divergence
  }

  /// The fields of the pairs on a link.
  @inline(__always)
  private func addPairs(_ link: Int, _ c: LocalCoefficients) -> Lanes {
    let U = matrix(link), one = Lanes(repeating: 1), minus = Lanes(repeating: -1)
    let totals = sums()
    var traces = Lanes.zero
    for i in 0..<sideCount {
      let side = sides + i, partner = sides + (i ^ 1)
      let loop = Lanes(repeating: c.loop.bent), twist = Lanes(repeating: c.twisted.bent)
      var K = Matrix.zero
      K.add(partner.pointee.path, scaledBy: Lanes(repeating: c.loop.next))
      if dimension > 2 {
        var others = totals.path
        others.add(side.pointee.path, scaledBy: minus)
        others.add(partner.pointee.path, scaledBy: minus)
        K.add(others, scaledBy: loop)
      }
      if needs.twisted {
        K.add(partner.pointee.twisted, scaledBy: Lanes(repeating: c.twisted.next))
        if dimension > 2 {
          var others = totals.twisted
          others.add(side.pointee.twisted, scaledBy: minus)
          others.add(partner.pointee.twisted, scaledBy: minus)
          K.add(others, scaledBy: twist)
        }
      }
      let bent = bentTraces(i, totals)
      K.add(U, scaledBy: c.trace.next * partner.pointee.x + c.trace.bent * bent.x)
      if Group.colors > 2 {
        K.add(
          U.turned,
          scaledBy: c.imaginaryTrace.next * partner.pointee.y + c.imaginaryTrace.bent * bent.y)
      }
      traces += side.pointee.path.realTrace(timesAdjointOf: K)
      let back = K.adjoint
      let A = matrix(side.pointee.first), C = matrix(side.pointee.last)
      if i & 1 == 0 {
        push(vec(side.pointee.path * back), to: side.pointee.first, one)
        push(vec(side.pointee.rest * (back * A)), to: side.pointee.far, one)
        push(vec(back * side.pointee.path), to: side.pointee.last, minus)
      } else {
        let far = vec(side.pointee.rest * back.timesAdjoint(of: A))
        push(far, to: side.pointee.first, minus)
        push(far, to: side.pointee.far, one)
        push(
          vec((C * back) * (A.adjoint * matrix(side.pointee.far))), to: side.pointee.last, one)
      }
    }
    return 3 * doubleCasimir * traces
  }

  @inline(__always)
  private func push(_ v: Group.Algebra, to link: Int, _ sign: Lanes) {
    velocity[link] = velocity[link].adding(sign, v)
  }

  /// Sums over all plaquettes on the link.
  private struct Totals {
    var path = Matrix.zero, twisted = Matrix.zero
    var x = Lanes.zero, y = Lanes.zero
  }

  @inline(__always)
  private func sums() -> Totals {
    var totals = Totals()
    for i in 0..<sideCount {
      totals.x += sides[i].x
      totals.y += sides[i].y
      guard dimension > 2 else { continue }
      totals.path.add(sides[i].path, scaledBy: Lanes(repeating: 1))
      if needs.twisted {
        totals.twisted.add(sides[i].twisted, scaledBy: Lanes(repeating: 1))
      }
    }
    return totals
  }

  /// The traces of the plaquettes at right angles to one of them, summed.
  @inline(__always)
  private func bentTraces(_ i: Int, _ totals: Totals) -> (x: Lanes, y: Lanes) {
    let partner = i ^ 1
    return (totals.x - sides[i].x - sides[partner].x, totals.y - sides[i].y - sides[partner].y)
  }
}

extension LocalKernel {
  /// Adds the columns `div Z_i - Z_i·∂S` of all elements; the forces have been computed.
  @inline(__always)
  func addColumns(
    _ elements: [LocalElement], beta: Double, to columns: UnsafeMutablePointer<Lanes>
  ) {
    for mu in 0..<dimension {
      for x in 0..<volume {
        prepareSides(x, mu)
        if needs.locals { addLocalColumns(mu &* volume &+ x, elements, beta: beta, to: columns) }
        if needs.pairs { addPairColumns(mu &* volume &+ x, elements, beta: beta, to: columns) }
      }
    }
  }

  /// `div Z - (β/2N) Z·F` with the force `F`.
  @inline(__always)
  private func addLocalColumns(
    _ link: Int, _ elements: [LocalElement], beta: Double, to columns: UnsafeMutablePointer<Lanes>
  ) {
    let scale = -0.5 * beta / Double(Group.colors)
    let F = forces[link]
    for i in 0..<sideCount {
      let side = sides + i
      let a = vec(side.pointee.plaquette), b = vec(side.pointee.plaquette.turned)
      let values = invariants(side, a, b)
      let alongA = scale * a.dot(F), alongB = scale * b.dot(F)
      for (index, element) in elements.enumerated() {
        guard case .plaquette(let seed) = element else { continue }
        let (factor, rate) = values.value(seed)
        columns[index] += multiplyAdd(factor, seed.isAlongB ? alongB : alongA, rate)
      }
    }
  }

  /// All columns of pairs are `Re tr G_i K_i†` with one matrix for each plaquette on the link,
  ///
  ///     G = (6 C_F + (β/N) H) T
  ///
  /// where `H = Σ_a H_a T_a` is the sum of the forces on the three links of `T`, carried to its
  /// beginning.
  @inline(__always)
  private func addPairColumns(
    _ link: Int, _ elements: [LocalElement], beta: Double, to columns: UnsafeMutablePointer<Lanes>
  ) {
    let U = matrix(link), totals = sums()
    let scale = Lanes(repeating: beta / Double(Group.colors))
    let casimir = Lanes(repeating: 3 * doubleCasimir)
    for i in 0..<sideCount {
      let side = sides + i, partner = sides + (i ^ 1)
      let A = matrix(side.pointee.first), C = matrix(side.pointee.last)
      let FA = force(side.pointee.first), FB = force(side.pointee.far)
      let FC = force(side.pointee.last)
      let T = side.pointee.path
      var G: Matrix
      if i & 1 == 0 {
        G = FA * T + A * (FB * side.pointee.rest) - T * FC
      } else {
        G =
          A.adjoint * ((FB - FA) * side.pointee.rest + matrix(side.pointee.far) * (FC * C))
      }
      var sum = Matrix.zero
      sum.add(G, scaledBy: scale)
      sum.add(T, scaledBy: casimir)
      G = sum
      let x = G.realTrace(timesAdjointOf: U), y = G.realTrace(timesAdjointOf: U.turned)
      let bent = bentTraces(i, totals)
      for (index, element) in elements.enumerated() {
        guard case .pair(let pair, let isBent) = element else { continue }
        switch pair {
        case .loop:
          columns[index] += G.realTrace(
            timesAdjointOf: isBent
              ? totals.path - T - partner.pointee.path : partner.pointee.path)
        case .twisted:
          columns[index] += G.realTrace(
            timesAdjointOf: isBent
              ? totals.twisted - side.pointee.twisted - partner.pointee.twisted
              : partner.pointee.twisted)
        case .trace: columns[index] += x * (isBent ? bent.x : partner.pointee.x)
        case .imaginaryTrace: columns[index] += y * (isBent ? bent.y : partner.pointee.y)
        }
      }
    }
  }

  @inline(__always)
  private func force(_ link: Int) -> Matrix { Group.fieldMatrix(of: forces[link]) }
}
