extension LaneGenerator {
  /// An angle in (-pi, pi] with density exp(k cos t) / (2 pi I0(k)), k the concentration of each
  /// lane.
  ///
  /// Exact for every concentration: uniform at 0, centred on pi where negative, sharply peaked
  /// where large (infinity counts as 1e300). The lanes stay independent: one redraws until it
  /// accepts, whatever the others do. Not a number where the concentration is not.
  ///
  /// Best and Fisher's rejection from the wrapped Cauchy distribution, Appl. Statist. 28 (1979)
  /// 152, rewritten in v = 1 - cos t so that nothing cancels at large concentration:
  ///
  ///     h = 1 + 2 k/(1 + sqrt(1 + 4 k^2))
  ///     envelope     1/(1/h + k v), drawn as tan(t/2) = tan(p)/sqrt(1 + 2 k h),
  ///                  p uniform in (-pi/2, pi/2)
  ///     acceptance   (1/h + k v) exp(1 - 1/h - k v), 0.65 or more on average
  ///
  /// Complexity: about 3 rounds until all lanes accept; allocates nothing.
  @inlinable
  public mutating func vonMises(concentration: Lanes) -> Lanes {
    vonMises(concentration: concentration, where: LaneMask(repeating: true))
  }

  /// An angle as ``vonMises(concentration:)`` gives it; only the lanes of the mask advance, and
  /// only their angles may be used.
  @inlinable
  public mutating func vonMises(concentration: Lanes, where mask: LaneMask) -> Lanes {
    let size = abs(concentration)
    let k = select(size .> 1e300, Lanes(repeating: 1e300), size)
    let h = 1 + 2 * k / (1 + sqrt(1 + 4 * k * k))
    let inverse = 1 / h
    let narrow = 1 / (1 + 2 * k * h)
    let width = sqrt(narrow)
    var pending = mask
    var height = Lanes.zero
    var base = Lanes(repeating: 1)
    while any(pending) {
      let (u, v) = uniformPair(where: pending)
      let (s, c) = sincos(turns: 0.5 * u - 0.25)
      let rise = narrow * s * s
      let scaled = 2 * k * rise / (c * c + rise)
      let ratio = (inverse + scaled) * exp((1 - inverse) - scaled)
      // Not (v > ratio), so that not a number ends the loop.
      let accepted = pending .& .!(v .> ratio)
      height = select(accepted, width * s, height)
      base = select(accepted, c, base)
      pending = pending .& .!accepted
    }
    let angle = 2 * atan2(height, base)
    let behind = angle - copySign(Lanes(repeating: .pi), angle)
    let centred = select(concentration .< 0, behind, angle)
    return select(centred .<= -.pi, Lanes(repeating: .pi), centred)
  }
}
