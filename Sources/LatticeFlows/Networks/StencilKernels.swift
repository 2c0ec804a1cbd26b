import LaneMath

// The three kernels of a convolution on packets: outputs, derivatives with respect to inputs (the
// same kernel with transposed weights), derivatives with respect to weights.
//
// Activations lie as [site][channel] of FloatLanes, the channels padded to a multiple of 4; weights
// as [tap][input channel][output channel padded to 4]. A tile of 3 sites and 4 output channels keeps
// 12 accumulators in registers and does 12 fused multiply-adds for 7 loads.

/// The number of channels that are stored for `channels`: the next multiple of 4.
@inline(__always) func paddedChannels(_ channels: Int) -> Int { (channels + 3) & ~3 }

/// `output[row][c] = bias[c] + Σ_entries Σ_k weights[tap][k][c] input[source][k]` for all rows.
@inline(__always)
func applyStencil(
  _ tiles: borrowing Stencil.Tiles, input: UnsafePointer<FloatLanes>, inputChannels: Int,
  weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
  output: UnsafeMutablePointer<FloatLanes>, outputChannels: Int
) {
  let inputStride = paddedChannels(inputChannels), outputStride = paddedChannels(outputChannels)
  let tapStride = inputChannels &* outputStride
  tiles.rows.withUnsafeBufferPointer { rows in
    tiles.offsets.withUnsafeBufferPointer { offsets in
      tiles.entries.withUnsafeBufferPointer { entries in
        for tile in 0..<(offsets.count &- 1) {
          let y0 = output + Int(rows[3 &* tile]) &* outputStride
          let y1 = output + Int(rows[3 &* tile &+ 1]) &* outputStride
          let y2 = output + Int(rows[3 &* tile &+ 2]) &* outputStride
          let first = offsets[tile], last = offsets[tile &+ 1]
          var block = 0
          while block < outputStride {
            var a0 = FloatLanes.zero, a1 = a0, a2 = a0, a3 = a0
            if let bias {
              a0 = FloatLanes(repeating: bias[block])
              a1 = FloatLanes(repeating: bias[block &+ 1])
              a2 = FloatLanes(repeating: bias[block &+ 2])
              a3 = FloatLanes(repeating: bias[block &+ 3])
            }
            var b0 = a0, b1 = a1, b2 = a2, b3 = a3
            var c0 = a0, c1 = a1, c2 = a2, c3 = a3
            var entry = first
            while entry < last {
              let e = 4 &* entry
              var w = weights + (Int(entries[e]) &* tapStride &+ block)
              let x0 = input + Int(entries[e &+ 1]) &* inputStride
              let x1 = input + Int(entries[e &+ 2]) &* inputStride
              let x2 = input + Int(entries[e &+ 3]) &* inputStride
              var k = 0
              while k < inputChannels {
                let p = x0[k], q = x1[k], r = x2[k]
                let w0 = FloatLanes(repeating: w[0]), w1 = FloatLanes(repeating: w[1])
                a0 = multiplyAdd(p, w0, a0)
                b0 = multiplyAdd(q, w0, b0)
                c0 = multiplyAdd(r, w0, c0)
                a1 = multiplyAdd(p, w1, a1)
                b1 = multiplyAdd(q, w1, b1)
                c1 = multiplyAdd(r, w1, c1)
                let w2 = FloatLanes(repeating: w[2]), w3 = FloatLanes(repeating: w[3])
                a2 = multiplyAdd(p, w2, a2)
                b2 = multiplyAdd(q, w2, b2)
                c2 = multiplyAdd(r, w2, c2)
                a3 = multiplyAdd(p, w3, a3)
                b3 = multiplyAdd(q, w3, b3)
                c3 = multiplyAdd(r, w3, c3)
                w += outputStride
                k &+= 1
              }
              entry &+= 1
            }
            y0[block] = a0
            y0[block &+ 1] = a1
            y0[block &+ 2] = a2
            y0[block &+ 3] = a3
            y1[block] = b0
            y1[block &+ 1] = b1
            y1[block &+ 2] = b2
            y1[block &+ 3] = b3
            y2[block] = c0
            y2[block &+ 1] = c1
            y2[block &+ 2] = c2
            y2[block &+ 3] = c3
            block &+= 4
          }
        }
      }
    }
  }
}

/// Adds `Σ_pairs Σ_lanes input[i][k] outputGradient[o][c]` to `gradient[tap][k][c]`, and
/// `Σ_o Σ_lanes outputGradient[o][c]` to `biasGradient[c]`.
///
/// `gradient` has `paddedChannels(inputChannels)` rows for each tap.
@inline(__always)
func accumulateWeightGradient(
  _ stencil: borrowing Stencil, input: UnsafePointer<FloatLanes>, inputChannels: Int,
  outputGradient: UnsafePointer<FloatLanes>, outputChannels: Int,
  gradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>
) {
  let inputStride = paddedChannels(inputChannels), outputStride = paddedChannels(outputChannels)
  stencil.pairInputs.withUnsafeBufferPointer { inputs in
    stencil.pairOutputs.withUnsafeBufferPointer { outputs in
      stencil.pairOffsets.withUnsafeBufferPointer { offsets in
        for tap in 0..<(offsets.count &- 1) {
          let first = offsets[tap], last = offsets[tap &+ 1]
          if first == last { continue }
          var k = 0
          while k < inputChannels {
            var block = 0
            while block < outputStride {
              var a0 = FloatLanes.zero, a1 = a0, a2 = a0, a3 = a0
              var b0 = a0, b1 = a0, b2 = a0, b3 = a0
              var pair = first
              while pair < last {
                let x = input + (Int(inputs[pair]) &* inputStride &+ k)
                let y = outputGradient + (Int(outputs[pair]) &* outputStride &+ block)
                let p = x[0], q = x[1]
                let y0 = y[0], y1 = y[1], y2 = y[2], y3 = y[3]
                a0 = multiplyAdd(p, y0, a0)
                a1 = multiplyAdd(p, y1, a1)
                a2 = multiplyAdd(p, y2, a2)
                a3 = multiplyAdd(p, y3, a3)
                b0 = multiplyAdd(q, y0, b0)
                b1 = multiplyAdd(q, y1, b1)
                b2 = multiplyAdd(q, y2, b2)
                b3 = multiplyAdd(q, y3, b3)
                pair &+= 1
              }
              let total = sums(a0, a1, a2, a3, b0, b1, b2, b3)
              let g = gradient + ((tap &* inputStride &+ k) &* outputStride &+ block)
              g[0] += total[0]
              g[1] += total[1]
              g[2] += total[2]
              g[3] += total[3]
              let h = g + outputStride
              h[0] += total[4]
              h[1] += total[5]
              h[2] += total[6]
              h[3] += total[7]
              block &+= 4
            }
            k &+= 2
          }
        }
      }
    }
  }
  var block = 0
  while block < outputStride {
    var a0 = FloatLanes.zero, a1 = a0, a2 = a0, a3 = a0
    for output in 0..<stencil.outputCount {
      let y = outputGradient + (output &* outputStride &+ block)
      a0 += y[0]
      a1 += y[1]
      a2 += y[2]
      a3 += y[3]
    }
    let zero = FloatLanes.zero
    let total = sums(a0, a1, a2, a3, zero, zero, zero, zero)
    for c in 0..<4 { biasGradient[block &+ c] += total[c] }
    block &+= 4
  }
}
