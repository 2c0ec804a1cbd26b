extension Histories {
  /// The gradient of a function at the means, by central differences extrapolated to step zero.
  ///
  /// Starts from the naive error of each mean, on which scale linear propagation has to hold
  /// anyway, and shrinks the step while Richardson extrapolation (Ridders' scheme) gains accuracy.
  /// The direction of an observable that never moves is not asked for: its component is zero.
  /// Accuracy: near `1e-12` relative for smooth functions.
  func numericalGradient(
    of function: ([Double]) -> Double
  ) throws(StatisticsError) -> [Double] {
    var gradient = [Double](repeating: 0, count: means.count)
    for index in means.indices {
      let scale = naiveError(of: index)
      guard scale > 8 * Double.ulpOfOne * abs(means[index]) else { continue }
      gradient[index] = derivative(of: function, along: index, step: scale)
      guard gradient[index].isFinite else { throw .functionNotFinite(value: gradient[index]) }
    }
    return gradient
  }

  private func derivative(
    of function: ([Double]) -> Double, along index: Int, step: Double
  ) -> Double {
    let rows = 10
    let shrink = 1.5
    var tableau = [Double](repeating: .nan, count: rows)
    var best = Double.nan
    var bestError = Double.infinity
    var h = step
    var point = means
    for row in 0..<rows {
      point[index] = means[index] + h
      let forward = point[index]
      let above = function(point)
      point[index] = means[index] - h
      let distance = forward - point[index]
      var current = (above - function(point)) / distance
      var factor = shrink * shrink
      for column in 0...row {
        if column == row {
          tableau[column] = current
          break
        }
        let previous = tableau[column]
        tableau[column] = current
        let next = (factor * current - previous) / (factor - 1)
        let error = max(abs(next - current), abs(next - previous))
        if error < bestError {
          bestError = error
          best = next
        }
        current = next
        factor *= shrink * shrink
      }
      if row == 0 { best = current }
      if !best.isFinite { best = tableau[0] }
      h /= shrink
    }
    return best
  }
}
