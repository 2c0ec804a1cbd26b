import LatticeFields
import Testing

@Suite struct LatticeTests {
  @Test("A site and its coordinates name each other", arguments: someExtents)
  func roundTrip(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    #expect(lattice.volume == extents.reduce(1, *))
    for site in 0..<lattice.volume {
      let x = lattice.coordinates(of: site)
      #expect(lattice.site(at: x) == site)
      #expect(lattice.site(at: zip(x, extents).map { $0 - 3 * $1 }) == site)
      #expect(lattice.parity(of: site) == x.reduce(0, +) % 2)
    }
  }

  @Test("The last coordinate is the fastest")
  func order() throws {
    let lattice = try Lattice([3, 4, 5])
    #expect(lattice.site(at: [0, 0, 1]) == 1)
    #expect(lattice.site(at: [0, 1, 0]) == 5)
    #expect(lattice.site(at: [1, 0, 0]) == 20)
    #expect(lattice.link(7, 2) == 127)
  }

  @Test(
    "Neighbours differ by one step, and a step back undoes a step forward", arguments: someExtents)
  func neighbours(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    for site in 0..<lattice.volume {
      for mu in extents.indices {
        var x = lattice.coordinates(of: site)
        x[mu] += 1
        #expect(lattice.forward(site, mu) == lattice.site(at: x))
        x[mu] -= 2
        #expect(lattice.backward(site, mu) == lattice.site(at: x))
        #expect(lattice.backward(lattice.forward(site, mu), mu) == site)
        for nu in extents.indices {
          #expect(
            lattice.forward(lattice.forward(site, mu), nu)
              == lattice.forward(lattice.forward(site, nu), mu))
        }
      }
    }
  }

  @Test("An extent of 1 makes a site its own neighbour, an extent of 2 joins both sides")
  func degenerate() throws {
    let lattice = try Lattice([1, 2])
    for site in 0..<2 {
      #expect(lattice.forward(site, 0) == site)
      #expect(lattice.forward(site, 1) == 1 - site)
      #expect(lattice.backward(site, 1) == 1 - site)
    }
  }

  @Test("Links and plaquettes are counted")
  func counts() throws {
    #expect(try Lattice([4, 6]).plaquetteCount == 24)
    #expect(try Lattice([2, 2, 2, 2]).plaquetteCount == 96)
    #expect(try Lattice([5]).plaquetteCount == 0)
    #expect(try Lattice([3, 3, 3]).linkCount == 81)
  }

  @Test("Extents are read as they are written", arguments: ["8", "8x8", "4x4x4x8", "3x5x7", "1x1"])
  func parsing(text: String) throws {
    #expect(try Lattice(parsing: text).description == text)
  }

  @Test(
    "Text that is not extents gets one line that repeats it",
    arguments: ["", "8x", "x8", "8xx8", "axb", "8 x 8", "8X8", "8,8", "1e3"])
  func notExtents(text: String) {
    #expect(throws: LatticeError.text(text)) { try Lattice(parsing: text) }
    #expect(
      LatticeError.text(text).description
        == "lattice: expected extents like 8x8 or 4x4x4x8, given '\(text)'")
  }

  @Test(
    "Extents that make no lattice are refused",
    arguments: [[], [0], [4, -1], [2, 2, 2, 2, 2], [1 << 40], [1 << 32, 1 << 32], [.max, .max]])
  func refused(extents: [Int]) {
    #expect(throws: LatticeError.extents(extents)) { try Lattice(extents) }
  }

  @Test("Every error is one line that says what was expected and given")
  func errorTexts() {
    #expect(
      LatticeError.extents([0, 3]).description
        == "lattice: expected 1 to 4 positive extents, given 0x3")
    #expect(
      LatticeError.extents([]).description
        == "lattice: expected 1 to 4 positive extents, given none")
    #expect(
      LatticeError.period(pattern: "stripes", direction: 1, period: 4, extents: [8, 6]).description
        == "stripes: expected extent 1 to be a multiple of 4, given lattice 8x6")
    #expect(
      LatticeError.dimension(pattern: "charge", expected: 2, extents: [4, 4, 4]).description
        == "charge: expected 2 dimensions, given lattice 4x4x4")
  }

  @Test("Lattices are equal where their extents are")
  func equality() throws {
    #expect(try Lattice([4, 6]) == Lattice([4, 6]))
    #expect(try Lattice([4, 6]) != Lattice([6, 4]))
  }
}
