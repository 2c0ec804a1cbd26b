/// Which inputs each output of a convolution reads, for any set of sites on any lattice.
///
///     output[o] = Σ_{(tap, i) read by o} W[tap] input[i]
///
/// Only sites that matter are in it: a coupling layer asks for outputs at its active sites, and the
/// stencil of each earlier layer shrinks to what those need. A missing pair (an input that is known
/// to be zero) costs nothing.
///
/// Rows that read the same taps are computed three at a time, so that one load of a weight serves
/// three sites; see `StencilKernels.swift`.
struct Stencil: Sendable {
  /// The number of input sites.
  let inputCount: Int
  /// The number of output sites.
  let outputCount: Int
  /// The number of taps, 9 for a 3x3 convolution.
  let taps: Int
  /// For outputs from inputs.
  let forward: Tiles
  /// For the derivative with respect to inputs from that with respect to outputs.
  let transposed: Tiles
  /// The pairs `(input, output)` of tap `t` are at `pairOffsets[t] ..< pairOffsets[t + 1]`.
  let pairOffsets: [Int]
  let pairInputs: [Int32]
  let pairOutputs: [Int32]

  /// A stencil from the pairs that each output reads.
  ///
  /// - Parameters:
  ///   - reads: for each output, `(tap, input)` in increasing order of the tap.
  init(inputCount: Int, taps: Int, reads: [[(tap: Int, input: Int)]]) {
    self.inputCount = inputCount
    self.taps = taps
    outputCount = reads.count
    forward = Tiles(rows: reads.map { $0.map { ($0.tap, $0.input) } })
    var written: [[(Int, Int)]] = Array(repeating: [], count: inputCount)
    var byTap: [[(input: Int, output: Int)]] = Array(repeating: [], count: taps)
    for (output, row) in reads.enumerated() {
      for (tap, input) in row {
        written[input].append((tap, output))
        byTap[tap].append((input, output))
      }
    }
    transposed = Tiles(rows: written.map { $0.sorted { $0.0 < $1.0 } })
    pairOffsets = byTap.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    pairInputs = byTap.flatMap { $0.map { Int32($0.input) } }
    pairOutputs = byTap.flatMap { $0.map { Int32($0.output) } }
  }

  /// Rows with equal taps, three to a tile.
  struct Tiles: Sendable {
    /// Three rows for each tile; the last tile of a group repeats its last row.
    var rows: [Int32] = []
    /// The entries of tile `i` are at `offsets[i] ..< offsets[i + 1]`.
    var offsets: [Int] = [0]
    /// Four numbers for each entry: the tap, and the sources of the three rows.
    var entries: [Int32] = []

    var count: Int { offsets.count - 1 }

    init(rows reads: [[(Int, Int)]]) {
      var groups: [[Int]: [Int]] = [:]
      var order: [[Int]] = []
      for (row, read) in reads.enumerated() {
        let pattern = read.map { $0.0 }
        if groups[pattern] == nil { order.append(pattern) }
        groups[pattern, default: []].append(row)
      }
      for pattern in order {
        let members = groups[pattern]!
        for start in stride(from: 0, to: members.count, by: 3) {
          let three = (0..<3).map { members[min(start + $0, members.count - 1)] }
          rows += three.map { Int32($0) }
          for entry in pattern.indices {
            entries.append(Int32(pattern[entry]))
            entries += three.map { Int32(reads[$0][entry].1) }
          }
          offsets.append(entries.count / 4)
        }
      }
    }
  }
}
