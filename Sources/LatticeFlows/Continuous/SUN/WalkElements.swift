import LatticeFields

/// Lists of elements of a ``WalkBasis``.
///
/// A word is a walk from plaquette to plaquette, seen from the link that it moves: the leftmost letter
/// acts on the plaquette at the link, the seed is the plaquette where the walk ends. In two dimensions
/// transported plaquettes decorrelate with a factor of about 3 for each step, and the walks are a
/// series for the inverse of the Laplacian that a flow along the coupling needs.
public enum WalkElements {
  /// 40 elements for SU(3), selected from the catalog on an 8 x 8 lattice with Markov chains up to β = 6,
  /// the best first.
  public static let su3 =
    [
      "a", "MSll", "xa", "Ql", "SSll", "xxa", "yb", "Sll", "llSS", "SlSS", "SSSl", "SSlS", "lSSS",
      "SSSS", "ql", "lQl", "MlSl", "lSrr", "MllS", "QllS", "MSlS", "MlrS", "lSlr", "lSlS", "SQll",
      "xyb", "Bl", "QSlS", "MSSl", "QSSl", "Mlrr", "MSS", "Sllr", "MlSS", "SSS", "QlSS", "MSSS",
      "yya", "SS:xA", "lSrS",
    ]

  /// 45 elements for SU(2), selected from the catalog on an 8 x 8 lattice with Markov chains up to β = 2.7,
  /// the best first.
  public static let su2 =
    [
      "a", "MSll", "xa", "QS", "SSll", "Sll", "llSS", "xxa", "SlSS", "SSSl", "MSlS", "SQS", "ql",
      "lSSS", "SSSS", "lSrr", "QllS", "MllS", "Ql", "MlSl", "SllS", "lSlS", "SQl", "lSSl", "SQlS",
      "MSSl", "QlSl", "lSrl", "MlSS", "lSS", "QlSS", "MSSS", "MSS", "Mlrr", "MSl", "SS:xA",
      "Slrr", "MlS", "S:xA", "lS:xA", "Qlrl", "SlSr", "Slrl", "lrlS", "MlSr",
    ]

  /// All local fields and walks up to a length, without and with a modification: what a selection
  /// starts from.
  ///
  /// Plain walks have all lengths up to the maximal one. Modifications are for walks of up to three
  /// steps: `M` and `Q` at the link, `Q` after the first step; for up to two steps `q` at the link, other
  /// seeds, and but for SU(2) `X` (there the same as `M`) and `B`.
  ///
  /// - Parameters:
  ///   - colors: the `N` of SU(N).
  ///   - maximalLength: the largest number of steps; lattices must have extents of two more.
  public static func catalog(colors: Int, maximalLength: Int = 4) -> [String] {
    let isReal = colors == 2
    var names = isReal ? ["a", "xa", "xxa"] : ["a", "xa", "yb", "xxa", "yya", "xyb"]
    names.append("rectangle")
    let walks = (1...max(1, maximalLength)).map { plainWalks(length: $0) }
    names += walks.joined()
    let short = Array(walks.prefix(2).joined()), middle = Array(walks.prefix(3).joined())
    for letter in ["M", "Q"] { names += middle.map { letter + $0 } }
    for letter in isReal ? ["q"] : ["q", "X", "B"] { names += short.map { letter + $0 } }
    names += middle.filter { $0.count > 1 }.map { $0.prefix(1) + "Q" + $0.dropFirst() }
    for seed in isReal ? ["xA", "xxA"] : ["xA", "yB"] { names += short.map { $0 + ":" + seed } }
    return names
  }

  /// ``catalog(colors:maximalLength:)`` for the colours of a group.
  public static func catalog<Group: GaugeGroup>(for group: Group.Type, maximalLength: Int = 4)
    -> [String]
  { catalog(colors: Group.colors, maximalLength: maximalLength) }

  /// The walks of a length up to mirror images, without three equal turns; the first turn is to the
  /// left.
  static func plainWalks(length: Int) -> [String] {
    var walks = [""]
    for _ in 0..<length {
      walks = walks.flatMap { walk in
        ["S", "l", "r"].map { walk + $0 }.filter {
          !$0.hasSuffix("lll") && !$0.hasSuffix("rrr") && ($0.contains("l") || !$0.contains("r"))
        }
      }
    }
    return walks
  }
}
