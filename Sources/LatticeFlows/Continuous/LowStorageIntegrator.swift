import LaneMath

/// An explicit Runge-Kutta scheme that needs one accumulated velocity, as data: on a Lie group every stage
/// is one product with an exponential.
///
///     K_s = A_s K_{s-1} + h Z(U_{s-1}, t + c_s h),    U_s = exp(B_s K_s) U_{s-1},    A_1 = 0
///
/// Williamson, J. Comput. Phys. 35 (1980) 48; on Lie groups Bazavov and Chott, arXiv:2007.04225.
public struct LowStorageIntegrator: Sendable, Hashable {
  /// The name, as a model file has it.
  public let name: String
  /// The order: the error of a trajectory is proportional to this power of the step.
  public let order: Int
  /// `A_s`.
  public let memories: [Double]
  /// `B_s`.
  public let weights: [Double]
  /// `c_s`.
  public let times: [Double]

  /// The number of stages.
  public var stages: Int { weights.count }

  /// Three stages of third order: the scheme in use for the gradient flow (Lüscher, arXiv:1006.4518).
  public static let luescher3 = LowStorageIntegrator(
    name: "luescher3", order: 3, memories: [0, -17.0 / 32, -32.0 / 27],
    weights: [1.0 / 4, 8.0 / 9, 3.0 / 4], times: [0, 1.0 / 4, 2.0 / 3])

  /// Five stages of fourth order: Carpenter and Kennedy, NASA TM-109112 (1994).
  public static let carpenterKennedy4 = LowStorageIntegrator(
    name: "carpenter-kennedy4", order: 4,
    memories: [
      0, -567_301_805_773.0 / 1_357_537_059_087, -2_404_267_990_393.0 / 2_016_746_695_238,
      -3_550_918_686_646.0 / 2_091_501_179_385, -1_275_806_237_668.0 / 842_570_457_699,
    ],
    weights: [
      1_432_997_174_477.0 / 9_575_080_441_755, 5_161_836_677_717.0 / 13_612_068_292_357,
      1_720_146_321_549.0 / 2_090_206_949_498, 3_134_564_353_537.0 / 4_481_467_310_338,
      2_277_821_191_437.0 / 14_882_151_754_819,
    ],
    times: [
      0, 1_432_997_174_477.0 / 9_575_080_441_755, 2_526_269_341_429.0 / 6_820_363_962_896,
      2_006_345_519_317.0 / 3_224_310_063_776, 2_802_321_613_138.0 / 2_924_317_926_251,
    ])

  /// All schemes.
  public static let all: [LowStorageIntegrator] = [luescher3, carpenterKennedy4]

  /// The scheme of a name; nil where there is none.
  public init?(named name: String) {
    guard let known = Self.all.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  init(name: String, order: Int, memories: [Double], weights: [Double], times: [Double]) {
    self.name = name
    self.order = order
    self.memories = memories
    self.weights = weights
    self.times = times
  }
}
