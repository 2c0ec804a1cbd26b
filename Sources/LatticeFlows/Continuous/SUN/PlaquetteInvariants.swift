/// What local fields of a plaquette are made of, and what they have for a divergence.
///
/// With `x + iy = tr P`, `a = vec P`, `b = vec iP`, the left derivatives along a link that `P` starts with
/// are `∂x = -½ a` and `∂y = ½ b`, and `div a = 2 C_F x`, `div b = -2 C_F y` for that link.
struct PlaquetteInvariants<Number: SIMD> where Number.Scalar == Double {
  /// `Re tr P` and `Im tr P`.
  var x, y: Number
  /// `a·a`, `a·b` and `b·b`.
  var aa, ab, bb: Number
  /// `2 C_F`.
  let doubleCasimir: Double

  @inline(__always)
  init(x: Number, y: Number, aa: Number, ab: Number, bb: Number, colors: Int) {
    self.x = x
    self.y = y
    self.aa = aa
    self.ab = ab
    self.bb = bb
    doubleCasimir = Double(colors) - 1 / Double(colors)
  }

  /// The factor of `a`, or of `b`, and the divergence on one link.
  @inline(__always)
  func value(_ seed: WalkElement.Seed) -> (factor: Number, divergence: Number) {
    let zero = Number.zero, one = Number(repeating: 1)
    return switch seed {
    case .a: alongA(one, zero, zero)
    case .xa: alongA(x, one, zero)
    case .xxa: alongA(x * x, 2 * x, zero)
    case .yya: alongA(y * y, zero, 2 * y)
    case .yb: alongB(y, zero, one)
    case .xyb: alongB(x * y, y, x)
    }
  }

  /// `f a`: `2 C_F x f - ½ f_x a·a + ½ f_y a·b`.
  @inline(__always)
  private func alongA(_ f: Number, _ fx: Number, _ fy: Number) -> (Number, Number) {
    (f, doubleCasimir * x * f - 0.5 * fx * aa + 0.5 * fy * ab)
  }

  /// `f b`: `-2 C_F y f - ½ f_x a·b + ½ f_y b·b`.
  @inline(__always)
  private func alongB(_ f: Number, _ fx: Number, _ fy: Number) -> (Number, Number) {
    (f, -doubleCasimir * y * f - 0.5 * fx * ab + 0.5 * fy * bb)
  }
}
