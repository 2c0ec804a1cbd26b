import LaneMath
import LatticeFields
import MarkovChains

extension SU2: HeatbathGroup {
  public static func heatbath(
    _ link: Self, staple A: Matrix, coupling: Double, using generator: inout LaneGenerator
  ) -> Self { fatalError() }
  public static func overrelaxed(_ link: Self, staple A: Matrix) -> Self { fatalError() }
}
extension SU: HeatbathGroup {
  public static func heatbath(
    _ link: Self, staple A: Matrix, coupling: Double, using generator: inout LaneGenerator
  ) -> Self { fatalError() }
  public static func overrelaxed(_ link: Self, staple A: Matrix) -> Self { fatalError() }
}
