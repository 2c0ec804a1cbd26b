import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The laws of the eigenvalue map for one group.
struct EigenvalueMapLaws<G: EigenframeGroup> {
  typealias Case = EigenvalueMapCase<G>
  let name: String
  let bins = 8
  let N = G.colors
  /// Sizes of the parameters: the identity, near it, ordinary, and beyond the clamps.
  let scales: [Double] = [0, 1e-3, 1, 4, 30]

  func generator(_ seed: UInt64) -> LaneGenerator {
    LaneGenerator(seed: seed, purpose: .verification, firstConfiguration: 1, step: 0)
  }

  /// Phases whose gaps are given up to their scale, the last one around the circle.
  func phases(gaps: [Lanes]) -> Buffer<Lanes> {
    let result = Buffer<Lanes>(count: N, repeating: .zero)
    var total = Lanes.zero, mean = Lanes.zero
    for gap in gaps { total += gap }
    for j in 1..<N {
      result[j] = result[j - 1] + 2 * Double.pi * gaps[j - 1] / total
      mean += result[j]
    }
    for j in 0..<N { result[j] -= mean / Double(N) }
    return result
  }

  /// Phases of Haar draws where `gap` is 1; otherwise each gap in turn that small, the last one
  /// included, and then all but one in turn.
  func phases(gap: Double, _ generator: inout LaneGenerator) -> [Buffer<Lanes>] {
    if gap == 1 {
      return (0..<4).map { _ in
        let result = Buffer<Lanes>(count: N, repeating: .zero)
        _ = G.Frame(of: G.haar(using: &generator), phases: result.pointer)
        return result
      }
    }
    var result: [Buffer<Lanes>] = []
    for isAlone in [true, false] {
      for place in 0..<N {
        let gaps = (0..<N).map { j in
          (1 + generator.uniform()) * ((j == place) == isAlone ? gap : 1.0)
        }
        result.append(phases(gaps: gaps))
      }
    }
    return result
  }

  func element(_ phases: Buffer<Lanes>, _ generator: inout LaneGenerator) -> G {
    let unused = Buffer<Lanes>(count: N, repeating: .zero)
    return G.Frame(of: G.haar(using: &generator), phases: unused.pointer)
      .element(phases: phases.pointer)
  }

  func smallestGap(_ phases: Buffer<Lanes>) -> Lanes {
    var smallest = 2 * Double.pi - (phases[N - 1] - phases[0])
    for j in 1..<N { smallest = min(smallest, phases[j] - phases[j - 1]) }
    return smallest
  }

  func distance(_ a: Buffer<Lanes>, _ b: Buffer<Lanes>) -> Lanes {
    var largest = Lanes.zero
    for j in 0..<a.count { largest = max(largest, abs(a[j] - b[j])) }
    return largest
  }

  func identity() {
    var generator = generator(1)
    let some = Case(bins: bins, scale: 0, seed: 1)
    for gap in [1, 1e-4, 1e-12, 0] {
      for phases in phases(gap: gap, &generator) {
        let (new, logDet) = some.apply(phases)
        #expect(distance(new, phases).max() < 1e-14, "\(name)")
        #expect(abs(logDet).max() < 1e-13 * Double(N), "\(name) gap \(gap)")
      }
    }
  }

  func inverse() throws {
    var generator = generator(2)
    for scale in scales {
      for gap in [1, 1e-2, 1e-4, 1e-6] {
        for seed in 1...3 as ClosedRange<UInt64> {
          let some = Case(bins: bins, scale: scale, seed: seed)
          for phases in phases(gap: gap, &generator) {
            let there = some.apply(phases)
            let back = try some.applyInverse(there.newPhases)
            try compare(some, scale, phases, there, back, "forward first")
            let start = try some.applyInverse(phases)
            let end = some.apply(start.phases)
            try compare(some, scale, start.phases, end, start, "inverse first")
            #expect(all(agree(some, scale, end.newPhases, phases, isImage: true)))
            // Still in the cell.
            #expect(all(smallestGap(there.newPhases) .> -1e-14))
          }
        }
      }
    }
  }

  /// Whether two sets of phases agree, or their images or preimages do: where the map is steep or flat
  /// only one of the two is determined to rounding.
  func agree(
    _ some: Case, _ scale: Double, _ a: Buffer<Lanes>, _ b: Buffer<Lanes>, isImage: Bool
  ) -> LaneMask {
    let tolerance = scale <= 1 ? 1e-12 : scale <= 4 ? 1e-9 : 1e-6
    return distance(a, b) .< Lanes(repeating: tolerance)
      .| (isImage ? LaneMask(repeating: false) : distance(some.apply(a).0, some.apply(b).0) .< 1e-12)
  }

  func compare(
    _ some: Case, _ scale: Double, _ phases: Buffer<Lanes>,
    _ there: (newPhases: Buffer<Lanes>, logDet: Lanes),
    _ back: (phases: Buffer<Lanes>, logDet: Lanes), _ what: String
  ) throws {
    #expect(
      all(agree(some, scale, back.phases, phases, isImage: false)),
      "\(name) \(what), scale \(scale): \(distance(back.phases, phases))")
    guard scale <= 4 else { return }
    // What the distance of the two points, and a rounding of the phases, make of the log-det.
    let zero = Buffer<Lanes>(count: N * N, repeating: .zero)
    let slope = some.pullback(phases, there.newPhases, zero, b: Lanes(repeating: 1)).coordinates
    var size = Lanes.zero
    for j in 0..<N { size += 2 * abs(slope[j]) }
    let tolerance = 1e-11 + 8 * size * (distance(back.phases, phases) + 1e-15)
    let difference = abs(there.logDet - back.logDet)
    #expect(all(difference .< tolerance), "\(name) \(what), scale \(scale): \(difference)")
  }

  func logDet() {
    var generator = generator(3)
    var smooth = 0, total = 0
    for scale in [1e-3, 1, 4] {
      for gap in [1, 1e-4, 1e-6] {
        for phases in phases(gap: gap, &generator) {
          let some = Case(bins: bins, scale: scale, seed: 4)
          let U = element(phases, &generator)
          let exact = some.image(of: U).logDet
          // The map is smooth on the scale of the gaps, between knots; of two steps the better.
          var excess = Lanes(repeating: .infinity)
          var isSmooth = LaneMask(repeating: false)
          for h in gap == 1 ? [1e-4, 1e-5] : [0.01 * gap, 0.001 * gap] {
            let dense = some.denseLogDet(at: U, step: h)
            // Small pivots are less certain than they seem where the map is very steep elsewhere.
            let amount = abs(dense.value - exact) - (scale <= 1 ? 30 : 300) * dense.uncertainty
            excess = min(excess, select(dense.isSmooth, amount, Lanes(repeating: .infinity)))
            isSmooth = isSmooth .| dense.isSmooth
          }
          #expect(
            all((excess .< 1e-6) .| .!isSmooth),
            "\(name) scale \(scale) gap \(gap): \(excess) of \(exact)")
          total += laneCount
          for lane in 0..<laneCount where isSmooth[lane] { smooth += 1 }
        }
      }
    }
    #expect(smooth > total * 3 / 4, "\(name): \(smooth) of \(total)")
  }

  func equivariance() {
    var generator = generator(5)
    let some = Case(bins: bins, scale: 1, seed: 6)
    for gap in [1, 1e-4, 1e-6, 1e-10, 0] {
      for (index, phases) in phases(gap: gap, &generator).enumerated() {
        let U = element(phases, &generator), g = G.haar(using: &generator)
        let (image, logDet) = some.image(of: U)
        let (turned, turnedLogDet) = some.image(of: g * U * g.adjoint)
        #expect(turned.distance(to: g * image * g.adjoint).max() < 1e-12, "\(name) gap \(gap)")
        // Where three eigenvalues coincide the log-det depends on the direction one comes from: close
        // by, it has derivatives of 1/gap, and gaps are known to 1e-15.
        let isCorner = gap < 1 && index >= N && N > 2
        let change = abs(logDet - turnedLogDet).max()
        #expect(
          change < (isCorner ? 1e-11 + 1e-13 / gap : 1e-11), "\(name) gap \(gap): \(change)")
      }
    }
    // The centre moves along the cell's vertices: every central element stays where it is.
    for power in 0..<N {
      let angle = 2 * Double.pi / Double(N)
      let phases = Buffer<Lanes>(count: N, repeating: .zero)
      for j in 0..<N {
        phases[j] = Lanes(repeating: angle * Double(j < power ? power - N : power))
      }
      let (new, _) = some.apply(phases)
      #expect(distance(new, phases).max() < 1e-14, "\(name) centre \(power)")
    }
  }

  /// `F(U') + b log|det|`, `F = -Re tr(U' M)`.
  func pullback() {
    var generator = generator(7)
    var smooth = 0, total = 0
    for scale in [1e-3, 1, 2] {
      for gap in [1, 1e-4, 1e-6] {
        for phases in phases(gap: gap, &generator) {
          let some = Case(bins: bins, scale: scale, seed: 8)
          let U = element(phases, &generator)
          let weight = generator.normal(), b = generator.normal()
          var M = G.zeroMatrix, sum = G.zeroMatrix
          G.add(G.haar(using: &generator), to: &sum)
          G.add(sum, scaledBy: weight, to: &M)
          let frame = G.Frame(of: U, phases: phases.pointer)
          let (new, _) = some.apply(phases)
          let coordinates = Buffer<Lanes>(count: N * N, repeating: .zero)
          let image = frame.element(phases: new.pointer)
          frame.storeCoordinates(
            of: G.algebraProjection(of: image, times: M), to: coordinates.pointer)
          // Without and with the log-det: at tiny gaps differences see the latter with few digits.
          for withLogDet in [false, true] {
            let amount = withLogDet ? b : .zero
            let result = some.pullback(phases, new, coordinates, b: amount)
            let gradient = frame.algebra(coordinates: result.coordinates.pointer)
            let length = 1 + LaneMath.sqrt(gradient.dot(gradient))
            for a in 0..<G.Algebra.dimension {
              var best = Lanes(repeating: .infinity)
              var isSmooth = LaneMask(repeating: false)
              for h in gap == 1 ? [1e-3, 1e-4, 1e-5] : [0.03 * gap, 0.01 * gap, 0.001 * gap] {
                let difference = some.derivative(at: U, along: a, step: h) { element, logDet in
                  amount * logDet - G.realTrace(of: element, times: M)
                } combine: {
                  $0 + $2 * $1
                }
                let error = abs(difference.value - gradient[a])
                best = min(
                  best, select(difference.isSmooth, error, Lanes(repeating: .infinity)))
                isSmooth = isSmooth .| difference.isSmooth
              }
              // Rounding of gaps, over gaps in the log-det, over the step.
              let tolerance = gap > 1e-5 ? 1e-5 : withLogDet ? 3e-2 : 1e-5
              #expect(
                all((best .< tolerance * length) .| .!isSmooth),
                "\(name) scale \(scale) gap \(gap) \(withLogDet) direction \(a): \(best)")
              total += laneCount
              for lane in 0..<laneCount where isSmooth[lane] { smooth += 1 }
            }
            if withLogDet { parameterGradient(some, phases, frame, M, b, result.parameters) }
          }
        }
      }
    }
    #expect(smooth > total * 3 / 4, "\(name): \(smooth) of \(total)")
  }

  func parameterGradient(
    _ some: Case, _ phases: Buffer<Lanes>, _ frame: G.Frame, _ M: G.Matrix, _ b: Lanes,
    _ gradient: Buffer<FloatLanes>
  ) {
    _ = some.apply(phases)
    // Knots move with the parameters and may pass the point.
    let isSmooth = some.distanceFromKnots .> Lanes(repeating: 1e-5)
    for k in 0..<some.map.parameterCount {
      let saved = some.parameters[k]
      func value(_ raw: FloatLanes) -> Lanes {
        some.parameters[k] = raw
        let (new, logDet) = some.apply(phases)
        return b * logDet - G.realTrace(of: frame.element(phases: new.pointer), times: M)
      }
      var best = Lanes(repeating: .infinity)
      for h in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as [Float] {
        let up = saved + h, down = saved - h, up2 = saved + 2 * h, down2 = saved - 2 * h
        // The steps that single precision made of h and 2 h.
        let near = (value(up) - value(down)) / (up.double - down.double)
        let far = (value(up2) - value(down2)) / (up2.double - down2.double)
        best = min(best, abs((4 * near - far) / 3 - gradient[k].double))
      }
      some.parameters[k] = saved
      let isRight = best .< 1e-4 * (1 + abs(gradient[k].double))
      #expect(all(isRight .| .!isSmooth), "\(name) \(k): \(best)")
    }
  }

  /// `J^T a + d log|det| = s`, and the same derivatives with respect to parameters.
  func score() {
    var generator = generator(9)
    for scale in [0, 1e-3, 1, 4] {
      for gap in [1, 1e-4, 1e-6, 1e-7, 1e-9, 0] {
        for phases in phases(gap: gap, &generator) {
          let some = Case(bins: bins, scale: scale, seed: 10)
          let coordinates = Buffer<Lanes>(count: N * N, repeating: .zero)
          let frame = G.Frame(of: element(phases, &generator), phases: phases.pointer)
          let X = G.Algebra.gaussian(using: &generator)
          frame.storeCoordinates(of: X, to: coordinates.pointer)
          let (new, _) = some.apply(phases)
          let pushed = some.pushScore(phases, new, coordinates)
          let back = some.pullback(phases, new, pushed.coordinates, b: Lanes(repeating: 1))
          // Covectors of gaps reach 1e7, and those at X' what the inverse of J makes of it.
          var size = Lanes(repeating: 1e7)
          for k in 0..<N * N { size = max(size, abs(pushed.coordinates[k])) }
          let error = distance(back.coordinates, coordinates)
          #expect(
            all(error .< 1e-13 * size), "\(name) scale \(scale) gap \(gap): \(error) \(size)")
          for k in 0..<some.map.parameterCount {
            let a = pushed.parameters[k].double, b = back.parameters[k].double
            // Single precision.
            #expect(
              all(abs(a - b) .< 1e-5 * (1 + abs(a))), "\(name) \(k) \(scale) \(gap): \(a) \(b)")
          }
        }
      }
    }
  }

  /// Derivatives stay finite, and are those of points nearby, at degenerate eigenvalues.
  func degenerate() throws {
    for scale in scales {
      let some = Case(bins: bins, scale: scale, seed: 11)
      var generator = generator(12)
      let coordinates = Buffer<Lanes>(count: N * N, repeating: .zero)
      for k in 0..<N * N { coordinates[k] = generator.normal() }
      let b = generator.normal()
      var draws: [Double: [Buffer<Lanes>]] = [:]
      let seeds = generator
      for gap in [0, 1e-12, 1e-8, 1e-6, 1e-5] {
        var same = seeds
        draws[gap] = phases(gap: gap, &same)
      }
      for index in 0..<2 * N {
        var results: [Double: Buffer<Lanes>] = [:]
        for gap in draws.keys {
          let phases = draws[gap]![index]
          let (new, logDet) = some.apply(phases)
          let result = some.pullback(phases, new, coordinates, b: b)
          let pushed = some.pushScore(phases, new, coordinates)
          let back = try some.applyInverse(phases)
          var sum = logDet + back.logDet
          for k in 0..<N * N { sum += result.coordinates[k] + pushed.coordinates[k] }
          for k in 0..<some.map.parameterCount {
            sum += result.parameters[k].double + pushed.parameters[k].double
          }
          #expect(abs(sum).max() < .infinity, "\(name) scale \(scale) gap \(gap): \(sum)")
          #expect(all(sum .== sum))
          results[gap] = result.coordinates
        }
        // Where two eigenvalues coincide; where three do, the derivative depends on the direction.
        guard scale <= 1, index < N || N == 2 else { continue }
        let largest = 1e-5
        let slope = distance(results[largest]!, results[0]!) / largest
        for (gap, result) in results {
          let change = distance(result, results[0]!)
          // Gaps are at least 1e-7; inverse ones, 1e7, cancel to rounding.
          let allowed = (3 * slope + 10) * (gap + 1e-7)
          #expect(all(change .< allowed), "\(name) gap \(gap): \(change) > \(allowed)")
        }
      }
    }
  }

  /// What one lane answers, to the bit, whatever the others hold.
  func lanes() {
    var generator = generator(13)
    let some = Case(bins: bins, scale: 2, seed: 14)
    let alone = Case(bins: bins, scale: 2, seed: 14)
    let phases = phases(gap: 1, &generator)[0]
    let coordinates = Buffer<Lanes>(count: N * N, repeating: .zero)
    for k in 0..<N * N { coordinates[k] = generator.normal() }
    let (new, logDet) = some.apply(phases)
    let result = some.pullback(phases, new, coordinates, b: logDet)
    for lane in 0..<laneCount {
      func isolated(_ x: Buffer<Lanes>) -> Buffer<Lanes> {
        let copy = some.copy(x)
        for k in 0..<x.count { copy[k] = Lanes(repeating: x[k][lane]) }
        return copy
      }
      for k in 0..<some.map.parameterCount {
        alone.parameters[k] = FloatLanes(repeating: some.parameters[k][lane])
      }
      let (newAlone, logDetAlone) = alone.apply(isolated(phases))
      #expect(logDetAlone[0] == logDet[lane])
      for j in 0..<N { #expect(newAlone[j][0] == new[j][lane]) }
      let resultAlone = alone.pullback(
        isolated(phases), newAlone, isolated(coordinates), b: logDetAlone)
      for k in 0..<N * N {
        #expect(resultAlone.coordinates[k][0] == result.coordinates[k][lane])
      }
    }
  }
}
