import EnsembleIO
import LatticeFields
import LatticeObservables

/// Gauge configurations that lie somewhere and are read a few at a time.
///
/// A new file format is a new source; `EnsembleReader` is the source of ensemble directories.
public protocol ConfigurationSource {
  /// Where the configurations lie, for errors.
  var location: String { get }
  /// The gauge group, such as `U1`.
  var groupName: String { get }
  /// The extents of the lattice.
  var latticeExtents: [Int] { get }
  /// The coupling of Wilson's action whose distribution the configurations have, weights included;
  /// nil where it is not known.
  var targetBeta: Double? { get }
  /// The name of the action, for errors; nil where it is not known.
  var actionName: String? { get }
  /// Where its Markov chains started, `hot`, `cold` or `mixed`; nil where that is not known.
  var chainStart: String? { get }
  /// The number of configurations.
  var count: Int { get }
  /// Reads configurations that follow each other, each link by link as in an ensemble file.
  func read(_ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>)
    throws(EnsembleIOError)
  /// The log weights of all configurations; nil where they are not weighted.
  func logWeights() throws(EnsembleIOError) -> [Double]?
  /// The Markov chain of every configuration; nil where they are independent.
  func chains() throws(EnsembleIOError) -> [Int]?
}

extension ConfigurationSource {
  /// Not known.
  public var actionName: String? { nil }
  /// Not known.
  public var chainStart: String? { nil }
}

extension EnsembleReader: ConfigurationSource {
  /// The directory.
  public var location: String { directory }
  /// The group in `ensemble.json`.
  public var groupName: String { description.group }
  /// The lattice in `ensemble.json`.
  public var latticeExtents: [Int] { description.lattice }
  /// The action in `ensemble.json` with its couplings.
  public var actionName: String? {
    let action = description.action
    return action.couplings.sorted { $0.key < $1.key }
      .reduce(action.name) { $0 + ", \($1.key) \($1.value)" }
  }
  /// The start in the provenance of `ensemble.json`.
  public var chainStart: String? { description.provenance.start }
  /// The coupling in `ensemble.json`, where the action is Wilson's.
  public var targetBeta: Double? { description.action.name == "wilson" ? description.beta : nil }
}

/// Configurations in one NPY file, as an ensemble has them but with nothing around.
///
/// Shape: `(count, D, L_0, .., L_{D-1})`, real angles of U(1); or `(count, D, L_0, .., L_{D-1}, N, N)`,
/// complex matrices of SU(N). They are taken as one Markov chain in the order of the file, which is
/// right for independent ones as well.
public struct ArraySource: ConfigurationSource {
  /// The file.
  public let location: String
  /// `U1`, or `SU2`, `SU3`, .. by the size of the matrices.
  public let groupName: String
  /// The extents in the file's shape.
  public let latticeExtents: [Int]
  /// The coupling that the caller knows.
  public let targetBeta: Double?
  private let file: NPYFile

  /// Opens a file.
  ///
  /// - Throws: `EnsembleIOError` where the file is missing or not an array of links.
  public init(_ path: String, beta: Double? = nil) throws(EnsembleIOError) {
    file = try NPYFile(path)
    let shape = file.header.shape
    let isComplex = file.header.element.components == 2
    let isReal = [.float64, .float32].contains(file.header.element)
    let colors = isComplex ? shape.last ?? 0 : 1
    let lattice = shape.dropFirst(2).dropLast(isComplex ? 2 : 0)
    guard isComplex || isReal, (1...4).contains(lattice.count), shape[1] == lattice.count,
      !isComplex || (colors >= 2 && shape[shape.count - 2] == colors)
    else {
      throw EnsembleIOError(
        .badData, at: path,
        expected: "real angles of shape (count, D, L_0, .., L_{D-1}) or complex matrices of shape "
          + "(count, D, L_0, .., L_{D-1}, N, N)",
        found: "\(file.header.element) of shape \(shape)")
    }
    location = path
    groupName = isComplex ? "SU\(colors)" : U1.name
    latticeExtents = Array(lattice)
    targetBeta = beta
  }

  /// The first extent of the array.
  public var count: Int { file.count }

  /// Reads rows of the array.
  public func read(
    _ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>
  ) throws(EnsembleIOError) {
    try file.read(rows: range, into: buffer)
    if let bad = buffer.firstIndex(where: { !$0.isFinite }) {
      throw EnsembleIOError(
        .badData,
        at: "\(location): configuration \(range.lowerBound + bad / file.valuesPerRow)",
        expected: "finite numbers", found: "\(buffer[bad])")
    }
  }

  /// None.
  public func logWeights() -> [Double]? { nil }
  /// One chain.
  public func chains() -> [Int]? { Array(repeating: 0, count: count) }
}
