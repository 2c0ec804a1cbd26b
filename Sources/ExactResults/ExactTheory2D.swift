/// Two-dimensional lattice gauge theory on a periodic torus, solved.
///
///     weight exp[(beta/N) sum_P Re tr P]     (U(1): N = 1)
///
/// with the Haar measure normalised to one. Everything follows from the characters of the group:
/// after the links are integrated only V = L0 L1, the number of plaquettes, is left of the
/// lattice. Values hold for every torus of that volume.
///
/// A new group is a type that gives its `CharacterExpansion`.
///
/// Accuracy: 1e-12 relative or better over V <= 1e6, beta <= 100, N <= 6; no value over- or
/// underflows before the result itself does.
public protocol ExactTheory2D: Sendable {
  /// The number of plaquettes V.
  var volume: Int { get }
  /// The coupling.
  var beta: Double { get }
  /// The number of colours N; 1 for U(1).
  var colors: Int { get }
  /// The character expansion of the one-plaquette weight.
  var characters: CharacterExpansion { get }
}

extension ExactTheory2D {
  /// log Z.
  ///
  ///     Z = sum_lambda c_lambda^V
  public var logPartitionFunction: Double {
    Double(volume) * characters.logTrivial + characters.logSum(volume: volume)
  }

  /// <Re tr P>/N, the average plaquette; also d log Z / d beta / V.
  public var averagePlaquette: Double { characters.loop(area: 1, volume: volume) }

  /// The effective sample size, in (0, 1], of a proposal that has learned nothing.
  ///
  ///     ESS = <w>^2 / <w^2> = [sum c^V]^2 / (c_0^(V-1) sum c^(V-1) c(2 beta))
  ///
  /// The proposal draws V-1 plaquettes from the one-plaquette law and takes the last as the
  /// constraint leaves it; its weight is w = exp[(beta/N) Re tr P_V].
  public var learningFreeEffectiveSampleSize: Double {
    Scalar.exp(
      2 * characters.logTrivial - characters.logTrivialDoubled
        + 2 * characters.logSum(volume: volume)
        - characters.logSumOfSquaredWeights(volume: volume))
  }

  /// The probability that direct sampling accepts: V-1 plaquettes drawn from the one-plaquette
  /// law, and the last accepted with probability exp[(beta/N) Re tr P_V - beta].
  public var directSamplingAcceptance: Double {
    Scalar.exp(characters.logTrivial + characters.logSum(volume: volume) - beta)
  }

  /// <Re tr W>/N of a contractible loop that encloses `area` plaquettes.
  ///
  ///     <tr W>/N = sum N_{lambda f}^mu (d_lambda / (N d_mu)) c_lambda^A c_mu^(V-A) / Z
  ///
  /// - Throws: `ExactResultError.area` unless 0 <= area <= V.
  public func wilsonLoop(area: Int) throws(ExactResultError) -> Double {
    guard (0...volume).contains(area) else {
      throw .area(expected: "0 ... \(volume) plaquettes", found: area)
    }
    return characters.loop(area: area, volume: volume)
  }
}

/// Checks what all theories share.
func checkTorus(volume: Int, beta: Double, largestBeta: Double) throws(ExactResultError) {
  guard (1...(1 << 40)).contains(volume) else {
    throw .volume(expected: "1 ... 2^40 plaquettes", found: volume)
  }
  guard beta >= 0 && beta <= largestBeta else {
    throw .beta(expected: "0 ... \(largestBeta)", found: beta)
  }
}
