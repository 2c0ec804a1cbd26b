/// What random numbers are for: streams of different purposes never share a number.
///
/// A module that needs a purpose of its own adds a static constant in an extension, with a raw
/// value of 64 or more that no other one uses.
@frozen
public struct RandomPurpose: RawRepresentable, Hashable, Sendable {
  /// The word that enters the counter.
  public var rawValue: UInt32

  /// The purpose with the given word.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Drawing from the prior.
  public static var prior: RandomPurpose { .init(rawValue: 1) }
  /// Momenta of molecular dynamics.
  public static var momenta: RandomPurpose { .init(rawValue: 2) }
  /// Accepting or rejecting.
  public static var metropolis: RandomPurpose { .init(rawValue: 3) }
  /// Proposals of local updates.
  public static var proposal: RandomPurpose { .init(rawValue: 4) }
  /// Heatbath updates.
  public static var heatbath: RandomPurpose { .init(rawValue: 5) }
  /// Hot starts.
  public static var start: RandomPurpose { .init(rawValue: 6) }
  /// Bootstrap resampling.
  public static var bootstrap: RandomPurpose { .init(rawValue: 7) }
  /// Initial values of network parameters.
  public static var initialization: RandomPurpose { .init(rawValue: 8) }
  /// Batches of a training run.
  public static var training: RandomPurpose { .init(rawValue: 9) }
  /// Direct samplers of exactly solved theories.
  public static var exactSampling: RandomPurpose { .init(rawValue: 10) }
  /// Random gauge transformations.
  public static var gaugeTransformation: RandomPurpose { .init(rawValue: 11) }
  /// Changes of the winding number.
  public static var winding: RandomPurpose { .init(rawValue: 12) }
  /// Checks of a model, and tests.
  public static var verification: RandomPurpose { .init(rawValue: 13) }
  /// Shuffling the order of a data set.
  public static var shuffling: RandomPurpose { .init(rawValue: 14) }
}
