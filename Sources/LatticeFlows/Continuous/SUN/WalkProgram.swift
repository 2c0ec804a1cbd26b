/// The order in which the fields of all words of a basis are made, shared parts once.
///
/// A word is cut into a prefix and a suffix. The transported seeds of all suffixes are made once. Where
/// only the sum `Σ c_i Z_i` is asked for, it is collected from the right ends of the prefixes to their
/// left ends: the letters are linear, so that words that begin alike share the work. Where every word
/// has a number of its own, the linear functionals `Z -> div Z - Z·∂S` are carried along the prefixes
/// instead, and each word costs one dot product.
struct WalkProgram: Sendable {
  /// What an instruction does at a site.
  enum Operation: UInt8, Sendable {
    /// A step of vectors: takes what comes in from the neighbours.
    case gather
    /// A step of functionals: hands the transposed on to the neighbours.
    case scatter
    /// A modification of vectors or functionals.
    case modify
    /// `Σ c_i Y_i`.
    case combine
    /// A functional is added.
    case add
    /// A functional applied to a vector.
    case dot
  }

  /// A part of the program: one operation at every site.
  struct Instruction: Sendable {
    var operation: Operation
    var letter = WalkElement.Letter.straight
    var source = 0
    var target = 0
    /// Whether the target is added to.
    var accumulates = false
    /// The terms of a combination.
    var terms = 0..<0
    /// The functional of the divergence; -1 for none. The element of a dot product.
    var functional = -1
  }

  /// A term of a combination.
  struct Term: Sendable {
    var element: Int
    var source: Int
  }

  /// What fields without steps hold at a plaquette: the same vector for all links but for transport.
  enum PlaquetteField: Hashable, Sendable {
    /// `b` itself.
    case b
    /// A seed.
    case seed(WalkElement.Seed)
    /// The divergence of a modification at the link, as a functional of the vector.
    case divergence(WalkElement.Letter)
  }

  /// One field of messages for each step and modification.
  private(set) var messageFieldCount = 0
  /// The fields that plaquettes hold; they are numbered first.
  let plaquetteFields: [PlaquetteField]
  /// The instructions of each pass over the sites.
  private(set) var passes: [[Instruction]] = []
  /// The terms of combinations.
  private(set) var terms: [Term] = []
  /// The field that the result is in (sums), or where the functional of the link is (columns).
  private(set) var root = 0

  private typealias Letters = [WalkElement.Letter]
  private struct Suffix: Hashable {
    var letters: Letters
    var seed: WalkElement.Seed
  }
  /// A word of an element, cut.
  struct CutWord {
    var element: Int
    var letters: [WalkElement.Letter]
    var seed: WalkElement.Seed
    var cut: Int
  }

  private init(plaquetteFields: [PlaquetteField]) { self.plaquetteFields = plaquetteFields }

  private func index(of field: PlaquetteField) -> Int {
    guard let index = plaquetteFields.firstIndex(of: field) else {
      preconditionFailure("no field for \(field)")
    }
    return index
  }

  private mutating func newField() -> Int {
    messageFieldCount += 1
    return plaquetteFields.count + messageFieldCount - 1
  }

  private mutating func append(_ instruction: Instruction, in pass: Int) {
    while passes.count < pass { passes.append([]) }
    passes[pass - 1].append(instruction)
  }

  /// The plaquette fields of a basis: `a` always.
  static func plaquetteFields(of elements: [WalkElement], colors: Int) -> [PlaquetteField] {
    var fields: [PlaquetteField] = [.seed(.a), .b]
    for element in elements {
      guard case .walk(let letters, let seed) = element.content else { continue }
      if !fields.contains(.seed(seed)) { fields.append(.seed(seed)) }
      if let first = letters.first, !first.isStep, !fields.contains(.divergence(first)) {
        fields.append(.divergence(first))
      }
    }
    return fields
  }

  /// The fields of suffixes, each in the pass of its length; the answer is the field and the pass.
  private mutating func addSuffixes(_ words: [CutWord]) -> [Suffix: (field: Int, pass: Int)] {
    var known: [Suffix: (field: Int, pass: Int)] = [:]
    for word in words.sorted(by: { $0.letters.count - $0.cut < $1.letters.count - $1.cut }) {
      for start in (word.cut...word.letters.count).reversed() {
        let suffix = Suffix(letters: Array(word.letters[start...]), seed: word.seed)
        if known[suffix] != nil { continue }
        guard let letter = suffix.letters.first else {
          known[suffix] = (index(of: .seed(word.seed)), 0)
          continue
        }
        let inner = known[Suffix(letters: Array(suffix.letters.dropFirst()), seed: word.seed)]!
        let target = newField()
        append(
          Instruction(operation: .gather, letter: letter, source: inner.field, target: target),
          in: inner.pass + 1)
        known[suffix] = (target, inner.pass + 1)
      }
    }
    return known
  }

  /// All prefixes of the cut words, from the longest.
  private static func prefixes(of words: [CutWord]) -> [Letters] {
    var all: Set<Letters> = [[]]
    for word in words { for end in 0...word.cut { all.insert(Array(word.letters[..<end])) } }
    return all.sorted {
      ($1.count, String($0.map(\.rawValue))) < ($0.count, String($1.map(\.rawValue)))
    }
  }

  /// The program for sums with coefficients.
  static func sum(_ words: [CutWord], plaquetteFields: [PlaquetteField]) -> WalkProgram {
    var program = WalkProgram(plaquetteFields: plaquetteFields)
    guard !words.isEmpty else {
      program.root = program.newField()
      return program
    }
    let suffixes = program.addSuffixes(words)
    let prefixes = prefixes(of: words)
    var nodes: [Letters: (field: Int, pass: Int)] = [:]
    for prefix in prefixes {
      let target = program.newField()
      var pass = 1
      var accumulates = false
      let own = words.filter { Array($0.letters[..<$0.cut]) == prefix }.map {
        word -> (term: Term, pass: Int) in
        let suffix = suffixes[
          Suffix(letters: Array(word.letters[word.cut...]), seed: word.seed)]!
        return (Term(element: word.element, source: suffix.field), suffix.pass)
      }
      let children = prefixes.filter { $0.count == prefix.count + 1 && $0.starts(with: prefix) }
      for (_, ready) in own { pass = max(pass, ready) }
      for child in children {
        pass = max(pass, nodes[child]!.pass + (child.last!.isStep ? 1 : 0))
      }
      if !own.isEmpty {
        let first = program.terms.count
        program.terms += own.map(\.term)
        program.append(
          Instruction(
            operation: .combine, target: target, terms: first..<program.terms.count), in: pass)
        accumulates = true
      }
      for child in children {
        let letter = child.last!
        var instruction = Instruction(
          operation: letter.isStep ? .gather : .modify, letter: letter,
          source: nodes[child]!.field, target: target, accumulates: accumulates)
        if prefix.isEmpty, !letter.isStep {
          instruction.functional = program.index(of: .divergence(letter))
        }
        program.append(instruction, in: pass)
        accumulates = true
      }
      nodes[prefix] = (target, pass)
    }
    program.root = nodes[[]]!.field
    return program
  }

  /// The program for one number for each word.
  static func columns(_ words: [CutWord], plaquetteFields: [PlaquetteField]) -> WalkProgram {
    var program = WalkProgram(plaquetteFields: plaquetteFields)
    guard !words.isEmpty else {
      program.root = program.newField()
      return program
    }
    let suffixes = program.addSuffixes(words)
    // The functional and the pass in which it can be read.
    var nodes: [Letters: (field: Int, pass: Int)] = [:]
    for prefix in prefixes(of: words).reversed() {
      let field = program.newField()
      guard let letter = prefix.last else {
        program.root = field
        nodes[prefix] = (field, 1)
        continue
      }
      let parent = nodes[Array(prefix.dropLast())]!
      if letter.isStep {
        program.append(
          Instruction(
            operation: .scatter, letter: letter.mirrored, source: parent.field, target: field),
          in: parent.pass)
        nodes[prefix] = (field, parent.pass + 1)
      } else {
        program.append(
          Instruction(
            operation: .modify, letter: letter, source: parent.field, target: field),
          in: parent.pass)
        if prefix.count == 1 {
          program.append(
            Instruction(
              operation: .add, source: program.index(of: .divergence(letter)), target: field),
            in: parent.pass)
        }
        nodes[prefix] = (field, parent.pass)
      }
    }
    for word in words {
      let suffix = suffixes[Suffix(letters: Array(word.letters[word.cut...]), seed: word.seed)]!
      let functional = nodes[Array(word.letters[..<word.cut])]!
      program.append(
        Instruction(
          operation: .dot, source: suffix.field, target: functional.field,
          functional: word.element), in: max(suffix.pass, functional.pass))
    }
    return program
  }

  /// Cuts every word where the sum of all steps is smallest, one word after the other until nothing
  /// changes.
  static func cut(_ elements: [WalkElement]) -> [CutWord] {
    var words: [CutWord] = []
    for (index, element) in elements.enumerated() {
      for (letters, seed) in element.walks {
        words.append(
          CutWord(element: index, letters: letters, seed: seed, cut: smallestCut(letters)))
      }
    }
    // How many words need each prefix and suffix.
    var uses: [Part: Int] = [:]
    func change(_ word: CutWord, by amount: Int) {
      for end in 0...word.cut { uses[.prefix(Array(word.letters[..<end])), default: 0] += amount }
      for start in word.cut...word.letters.count {
        uses[.suffix(Array(word.letters[start...]), word.seed), default: 0] += amount
      }
    }
    for word in words { change(word, by: 1) }
    for _ in 0..<4 {
      var hasChanged = false
      for index in words.indices {
        let before = words[index].cut
        change(words[index], by: -1)
        var best = before, lowest = Int.max
        for cut in smallestCut(words[index].letters)...words[index].letters.count {
          words[index].cut = cut
          var cost = 0
          for end in 0...cut {
            let part = Array(words[index].letters[..<end])
            if uses[.prefix(part), default: 0] == 0 { cost += Part.cost(of: part.last) }
          }
          for start in cut...words[index].letters.count {
            let part = Array(words[index].letters[start...])
            if uses[.suffix(part, words[index].seed), default: 0] == 0 {
              cost += Part.cost(of: part.first)
            }
          }
          if cost < lowest || (cost == lowest && cut == before) { (best, lowest) = (cut, cost) }
        }
        words[index].cut = best
        change(words[index], by: 1)
        hasChanged = hasChanged || best != before
      }
      if !hasChanged { break }
    }
    return words
  }

  /// The first place for a cut: the suffix has two steps at most and no modification.
  private static func smallestCut(_ letters: [WalkElement.Letter]) -> Int {
    var start = letters.count
    while start > 0, letters.count - start < 2, letters[start - 1].isStep { start -= 1 }
    return start
  }

  private enum Part: Hashable {
    case prefix([WalkElement.Letter])
    case suffix([WalkElement.Letter], WalkElement.Seed)

    /// Products of a matrix and a vector, and memory.
    static func cost(of letter: WalkElement.Letter?) -> Int {
      switch letter {
      case nil: 0
      case .straight: 7
      case .left, .right: 5
      default: 4
      }
    }
  }
}
