/// A non-negative finite number as decimal digits, for printing without Foundation.
///
/// The digits are the shortest that give the number back, so rounding here rounds what a reader
/// would see, not the binary expansion.
struct DecimalDigits {
  /// The digits, most significant first; the first is not zero, except for the number zero.
  private var digits: [Int]
  /// The power of ten of the first digit.
  private(set) var leadingPlace: Int

  /// The digits of a non-negative finite number.
  init(_ number: Double) {
    precondition(number >= 0 && number.isFinite, "expected a non-negative number, found \(number)")
    var mantissa: [Int] = []
    var point: Int?
    var exponent = 0
    let text = number.description
    if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      exponent = Int(text[text.index(after: mark)...]) ?? 0
      Self.read(text[..<mark], into: &mantissa, point: &point)
    } else {
      Self.read(text[...], into: &mantissa, point: &point)
    }
    digits = mantissa
    leadingPlace = exponent + (point ?? mantissa.count) - 1
    normalize()
  }

  /// Whether the number is zero.
  var isZero: Bool { digits == [0] }

  private static func read(_ text: Substring, into digits: inout [Int], point: inout Int?) {
    for character in text {
      if character == "." {
        point = digits.count
      } else if let digit = character.wholeNumberValue {
        digits.append(digit)
      }
    }
  }

  private mutating func normalize() {
    if let first = digits.firstIndex(where: { $0 != 0 }) {
      digits.removeFirst(first)
      leadingPlace -= first
    } else {
      digits = [0]
      leadingPlace = 0
    }
  }

  /// Rounds (half up) so that the last digit stands at the given power of ten.
  mutating func round(toPlace place: Int) {
    let kept = leadingPlace - place + 1
    guard kept < digits.count, !isZero else { return }
    guard kept >= 0 else {
      digits = [0]
      leadingPlace = 0
      return
    }
    let up = digits[kept] >= 5
    digits.removeSubrange(kept...)
    if up {
      var position = kept - 1
      while position >= 0, digits[position] == 9 {
        digits[position] = 0
        position -= 1
      }
      if position >= 0 {
        digits[position] += 1
      } else {
        digits.insert(1, at: 0)
        leadingPlace += 1
      }
    }
    if digits.isEmpty { digits = [0] }
    normalize()
  }

  /// The number times a power of ten.
  func shifted(by places: Int) -> DecimalDigits {
    var result = self
    if !isZero { result.leadingPlace += places }
    return result
  }

  /// The number in fixed-point notation down to a place of at most 0.
  func fixed(toPlace place: Int) -> String {
    var text = ""
    for position in stride(from: max(leadingPlace, 0), through: place, by: -1) {
      if position == -1 { text += "." }
      let index = leadingPlace - position
      text += digits.indices.contains(index) ? "\(digits[index])" : "0"
    }
    return text
  }
}
