import LaneMath

/// The eigenvectors of a group element: a frame in which functions of the element are diagonal.
///
///     U = V diag(e^{iθ_1}, .., e^{iθ_N}) V†
///
/// Phases are those of the canonical cell: `θ_1 <= .. <= θ_N`, `Σ_j θ_j = 0`, `θ_N - θ_1 <= 2π`, every
/// one to rounding. An element has one such set of phases, and an element and its conjugates
/// `g U g†` have the same.
///
/// Algebra elements have coordinates in the frame, those of the anti-Hermitian matrix
///
///     V† X V = i diag(x_1, .., x_N) + z,   z_kj = -z_jk*
///
/// Shape: `N²` numbers, first `x_1, .., x_N`, then for each pair `j < k`, row by row, the real and the
/// imaginary part of `z_jk`. The product of coordinates with respect to the generators is
///
///     X · Y = 2 Σ_j x_j y_j + 4 Σ_{j<k} Re(x_jk* y_jk)
///
/// Eigenvectors are known up to phases, and those of equal eigenvalues up to a unitary matrix; what is
/// written in one frame can be read in the same frame only.
public protocol SpectralFrame: BitwiseCopyable, Sendable {
  /// The group whose elements are decomposed.
  associatedtype Group: GaugeGroup

  /// Decomposes `U`, and writes its `N` phases.
  init(of U: Group, phases: UnsafeMutablePointer<Lanes>)

  /// `V diag(e^{iφ_1}, .., e^{iφ_N}) V†` for phases with sum zero: the element itself for its own.
  func element(phases: UnsafePointer<Lanes>) -> Group

  /// Writes the `N²` coordinates of an algebra element.
  func storeCoordinates(of X: Group.Algebra, to coordinates: UnsafeMutablePointer<Lanes>)

  /// The algebra element of `N²` coordinates; the mean of `x_1, .., x_N` does not count.
  func algebra(coordinates: UnsafePointer<Lanes>) -> Group.Algebra
}

/// A group whose elements can be decomposed into eigenvectors and eigenvalues.
public protocol EigenframeGroup: SpectralGroup {
  /// The eigenvectors of an element.
  associatedtype Frame: SpectralFrame where Frame.Group == Self
}
