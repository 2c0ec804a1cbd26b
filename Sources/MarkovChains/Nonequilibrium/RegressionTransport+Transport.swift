import LaneMath
import LatticeFields
import LatticeFlows

extension RegressionTransport: Transport {
  /// Carries the fields over the interval of a step.
  public func transport(_ U: inout LinkField<Group>, step: Int) -> Lanes {
    transport(&U, interval: step)
  }
}
