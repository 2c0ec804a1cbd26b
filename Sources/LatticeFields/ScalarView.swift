import LaneMath

/// The memory of a scalar field and of its neighbour tables, for kernels that visit site after site.
///
/// Valid only inside ``ScalarField/withScalarView(_:)`` and ``ScalarField/withReadOnlyView(_:)``.
@frozen
public struct ScalarView {
  /// The values, `values[site]`.
  public let values: UnsafeMutablePointer<Lanes>
  /// `forward[mu V + x]` is the site `x + mu`.
  public let forward: UnsafePointer<Int>
  /// `backward[mu V + x]` is the site `x - mu`.
  public let backward: UnsafePointer<Int>
  /// The number of sites, `V`.
  public let volume: Int
  /// The number of dimensions, `D`.
  public let dimension: Int

  /// A view of given memory.
  @inlinable
  init(
    values: UnsafeMutablePointer<Lanes>, forward: UnsafePointer<Int>, backward: UnsafePointer<Int>,
    volume: Int, dimension: Int
  ) {
    self.values = values
    self.forward = forward
    self.backward = backward
    self.volume = volume
    self.dimension = dimension
  }

  /// `Σ_mu [φ(x + mu) + φ(x - mu)]`.
  @inlinable @inline(__always)
  public func neighbourSum(at x: Int) -> Lanes {
    var sum = Lanes.zero
    for mu in 0..<dimension {
      let index = mu &* volume &+ x
      sum += values[forward[index]] + values[backward[index]]
    }
    return sum
  }
}

extension ScalarField {
  /// Calls `body` with the memory of the field, to be changed in place.
  @inlinable
  public mutating func withScalarView<Result>(_ body: (ScalarView) -> Result) -> Result {
    let lattice = lattice
    return values.withUnsafeMutableBufferPointer { values in
      Self.view(values.baseAddress!, lattice, body)
    }
  }

  /// Calls `body` with the memory of the field, which it leaves as it is.
  @inlinable
  public func withReadOnlyView<Result>(_ body: (ScalarView) -> Result) -> Result {
    values.withUnsafeBufferPointer { values in
      Self.view(UnsafeMutablePointer(mutating: values.baseAddress!), lattice, body)
    }
  }

  @inlinable
  static func view<Result>(
    _ values: UnsafeMutablePointer<Lanes>, _ lattice: Lattice, _ body: (ScalarView) -> Result
  ) -> Result {
    lattice.forwardNeighbours.withUnsafeBufferPointer { forward in
      lattice.backwardNeighbours.withUnsafeBufferPointer { backward in
        body(
          ScalarView(
            values: values, forward: forward.baseAddress!, backward: backward.baseAddress!,
            volume: lattice.volume, dimension: lattice.dimension))
      }
    }
  }
}
