import LaneMath

/// `exp x` of one number, with the bits of the lanes.
func exponential(_ x: Double) -> Double { exp(Lanes(repeating: x))[0] }
