import LatticeFields
import Testing

@Suite struct EigenvalueMapTests {
  @Test("Zero parameters give the identity, at degenerate eigenvalues too")
  func identity() {
    EigenvalueMapLaws<SU2>(name: "SU2").identity()
    EigenvalueMapLaws<SU<3>>(name: "SU3").identity()
    EigenvalueMapLaws<SU<4>>(name: "SU4").identity()
  }

  @Test("The inverse undoes the map, and the map the inverse, with the same log-det")
  func inverse() throws {
    try EigenvalueMapLaws<SU2>(name: "SU2").inverse()
    try EigenvalueMapLaws<SU<2>>(name: "SU<2>").inverse()
    try EigenvalueMapLaws<SU<3>>(name: "SU3").inverse()
    try EigenvalueMapLaws<SU<4>>(name: "SU4").inverse()
  }

  @Test("The log-det is that of the dense Jacobian in left derivatives")
  func logDet() {
    EigenvalueMapLaws<SU2>(name: "SU2").logDet()
    EigenvalueMapLaws<SU<2>>(name: "SU<2>").logDet()
    EigenvalueMapLaws<SU<3>>(name: "SU3").logDet()
    EigenvalueMapLaws<SU<4>>(name: "SU4").logDet()
  }

  @Test("The map commutes with conjugation, and keeps the centre")
  func equivariance() {
    EigenvalueMapLaws<SU2>(name: "SU2").equivariance()
    EigenvalueMapLaws<SU<3>>(name: "SU3").equivariance()
    EigenvalueMapLaws<SU<4>>(name: "SU4").equivariance()
  }

  @Test("Pullbacks agree with differences in the element and in every parameter")
  func pullback() {
    EigenvalueMapLaws<SU2>(name: "SU2").pullback()
    EigenvalueMapLaws<SU<2>>(name: "SU<2>").pullback()
    EigenvalueMapLaws<SU<3>>(name: "SU3").pullback()
    EigenvalueMapLaws<SU<4>>(name: "SU4").pullback()
  }

  @Test("A score that is pushed forward is what the pullback takes back")
  func score() {
    EigenvalueMapLaws<SU2>(name: "SU2").score()
    EigenvalueMapLaws<SU<3>>(name: "SU3").score()
    EigenvalueMapLaws<SU<4>>(name: "SU4").score()
  }

  @Test("Everything is finite and continuous at degenerate eigenvalues")
  func degenerate() throws {
    try EigenvalueMapLaws<SU2>(name: "SU2").degenerate()
    try EigenvalueMapLaws<SU<3>>(name: "SU3").degenerate()
    try EigenvalueMapLaws<SU<4>>(name: "SU4").degenerate()
  }

  @Test("A lane's result does not depend on the other lanes")
  func lanes() {
    EigenvalueMapLaws<SU<3>>(name: "SU3").lanes()
    EigenvalueMapLaws<SU<4>>(name: "SU4").lanes()
  }
}
