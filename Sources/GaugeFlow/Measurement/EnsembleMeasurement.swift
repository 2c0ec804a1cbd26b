import EnsembleIO
import LaneMath
import LatticeFields
import LatticeObservables

/// Measures observables on configurations that are read a few at a time.
///
/// Memory: one block of configurations and the histories, whatever the size of the files. Packets
/// of 8 configurations are measured in parallel; results do not depend on the number of threads.
public struct EnsembleMeasurement<Group: GaugeGroup> {
  /// The observables, all made for one lattice.
  public let observables: [AnyObservable<Group>]
  /// The lattice.
  public let lattice: Lattice
  /// Whether plaquette sums are kept, which reweighting in the coupling needs.
  public let keepsPlaquetteSums: Bool
  /// The most threads to use.
  public var threads: Int
  @usableFromInline static var blockByteCount: Int { 32 << 20 }

  /// Prepares measuring.
  @inlinable
  public init(
    _ observables: [AnyObservable<Group>], on lattice: Lattice, keepsPlaquetteSums: Bool = false,
    threads: Int
  ) {
    self.observables = observables
    self.lattice = lattice
    self.keepsPlaquetteSums = keepsPlaquetteSums
    self.threads = threads
  }

  /// The histories before the first configuration.
  ///
  /// - Parameter beta: the coupling of the configurations; nil where it is not known.
  public func emptyHistories(beta: Double?) -> MeasurementHistories {
    MeasurementHistories(
      groupName: Group.name, lattice: lattice, beta: beta,
      observables: observables.map { ObservableHistory(of: $0) })
  }

  /// Measures all configurations of a source and appends them to histories.
  ///
  /// - Parameters:
  ///   - source: configurations of the same group, lattice and coupling as the histories.
  ///   - histories: from `emptyHistories(beta:)`.
  ///   - progress: called with the number of configurations of this source that are done; false
  ///     stops.
  /// - Returns: whether all were measured; where not, nothing is appended.
  /// - Throws: `MeasurementError`, `EnsembleIOError`.
  @inlinable
  public func measure(
    _ source: any ConfigurationSource, into histories: inout MeasurementHistories,
    progress: (Int) -> Bool = { _ in true }
  ) throws -> Bool {
    try checkTheory(of: source, &histories)
    let logWeights = try source.logWeights()
    let chains = try source.chains()
    let size = lattice.linkCount * Group.scalarsPerLink
    let packetsPerBlock = Swift.max(
      threads, Swift.min(64, Self.blockByteCount / (8 * size * laneCount)))
    let block = packetsPerBlock * laneCount
    let table = ValueTable(
      components: observables.map(\.components.count), extra: keepsPlaquetteSums,
      count: source.count)
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(
      capacity: Swift.min(block, source.count) * size)
    defer { buffer.deallocate() }
    let defects = Buffer<Lanes>(count: Swift.max(1, packetsPerBlock), repeating: .zero)
    var first = 0
    while first < source.count {
      let range = first..<Swift.min(first + block, source.count)
      let values = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * size)])
      try source.read(range, into: values)
      let packets = (range.count + laneCount - 1) / laneCount
      forEachPacket(count: packets, threads: threads) { packet in
        let begin = packet * laneCount
        let lanes = Swift.min(laneCount, range.count - begin)
        var U = LinkField<Group>(coldStart: lattice)
        for lane in 0..<lanes {
          let start = (begin + lane) * size
          U.load(
            lane: lane,
            from: UnsafeBufferPointer(rebasing: values[start..<(start + size)]))
        }
        defects.pointer[packet] = U.groupDefect
        for lane in 0..<lanes {
          let start = (begin + lane) * size
          let defect = U.storageDefect(
            lane: lane, of: UnsafeBufferPointer(rebasing: values[start..<(start + size)]))
          if !(defect <= largestGroupDefect) { defects.pointer[packet][lane] = defect }
        }
        for (index, observable) in observables.enumerated() {
          table.set(observable.measure(U), observable: index, at: range.lowerBound + begin, lanes)
        }
        if keepsPlaquetteSums { table.setExtra(U.plaquetteSum, range.lowerBound + begin, lanes) }
      }
      try checkMembership(range, defects, of: source)
      first = range.upperBound
      if !progress(first), first < source.count { return false }
    }
    try histories.append(
      values: table.values, plaquetteSums: table.extraValues, logWeights: logWeights,
      chains: chains, from: source.location)
    return true
  }

  /// Refuses configurations whose links are no elements of the group.
  @usableFromInline
  func checkMembership(
    _ range: Range<Int>, _ defects: Buffer<Lanes>, of source: any ConfigurationSource
  ) throws(MeasurementError) {
    for index in 0..<range.count {
      let defect = defects[index / laneCount][index % laneCount]
      if !(defect <= largestGroupDefect) {
        throw .matrix(
          group: Group.name, defect: defect,
          location: "\(source.location): configuration \(range.lowerBound + index)")
      }
    }
  }

  /// Refuses a source of another theory.
  @usableFromInline
  func checkTheory(of source: any ConfigurationSource, _ histories: inout MeasurementHistories)
    throws(MeasurementError)
  {
    guard source.groupName == Group.name else {
      throw .group(expected: Group.name, found: source.groupName, location: source.location)
    }
    guard source.latticeExtents == lattice.extents else {
      throw .theory(
        expected: "lattice \(lattice)",
        found: source.latticeExtents.map(String.init).joined(separator: "x"),
        location: source.location)
    }
    if histories.count == 0 {
      histories.actionName = source.actionName
    } else if source.actionName != histories.actionName {
      throw .theory(
        expected: histories.actionName ?? "no known action",
        found: source.actionName ?? "no known action", location: source.location)
    }
    guard source.targetBeta == histories.beta else {
      func word(_ beta: Double?) -> String { beta.map { "beta \($0)" } ?? "no beta" }
      throw .theory(
        expected: word(histories.beta), found: word(source.targetBeta), location: source.location)
    }
    guard source.count > 0 else { throw .empty(location: source.location) }
  }
}

/// Values by observable, component and configuration; every configuration has one writer.
@usableFromInline
final class ValueTable: @unchecked Sendable {
  private let components: [Int]
  private let offsets: [Int]
  private let hasExtra: Bool
  private let count: Int
  private let pointer: UnsafeMutablePointer<Double>

  @usableFromInline
  init(components: [Int], extra: Bool, count: Int) {
    self.components = components
    self.count = count
    hasExtra = extra
    var offsets = [0]
    for number in components { offsets.append(offsets[offsets.count - 1] + number) }
    self.offsets = offsets
    let total = (offsets[offsets.count - 1] + (extra ? 1 : 0)) * count
    pointer = .allocate(capacity: total)
    pointer.initialize(repeating: 0, count: total)
  }
  deinit { pointer.deallocate() }

  @usableFromInline
  func set(_ values: [Lanes], observable: Int, at configuration: Int, _ lanes: Int) {
    for (component, value) in values.enumerated() {
      let row = pointer + (offsets[observable] + component) * count + configuration
      for lane in 0..<lanes { row[lane] = value[lane] }
    }
  }

  @usableFromInline
  func setExtra(_ value: Lanes, _ configuration: Int, _ lanes: Int) {
    let row = pointer + offsets[offsets.count - 1] * count + configuration
    for lane in 0..<lanes { row[lane] = value[lane] }
  }

  @usableFromInline var values: [[[Double]]] {
    components.enumerated().map { observable, number in
      (0..<number).map { component in
        let row = pointer + (offsets[observable] + component) * count
        return Array(UnsafeBufferPointer(start: row, count: count))
      }
    }
  }

  @usableFromInline var extraValues: [Double] {
    guard hasExtra else { return [] }
    return Array(
      UnsafeBufferPointer(start: pointer + offsets[offsets.count - 1] * count, count: count))
  }
}
