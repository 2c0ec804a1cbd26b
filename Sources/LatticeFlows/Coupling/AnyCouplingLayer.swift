import LaneMath
import LatticeFields

/// A layer of any group and kind: what a coupling flow is a chain of.
///
/// Some links, the active ones, are mapped conditioned on frozen ones, which come out as they went in;
/// the Jacobian is triangular, and its determinant that of the active links. The functions work on the
/// links of one packet and allocate nothing; the buffers come from `CouplingWorkspace`.
protocol AnyCouplingLayer<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// The network that turns frozen loops into the parameters of the maps.
  var conditioner: Conditioner { get }
  /// The number of maps.
  var activeCount: Int { get }
  /// The `Lanes` that a tape needs beside the network's activations.
  var tapeCount: Int { get }
  /// The `Lanes` of room that the functions need.
  var laneScratchCount: Int { get }
  /// The `FloatLanes` of room that the functions need.
  var floatScratchCount: Int { get }
  /// The links that move.
  var movedLinks: Set<Int> { get }
  /// What is wrong with the masks, or nil where the Jacobian is triangular as it must be and frozen
  /// links come out with the same bits.
  func contradiction() -> String?

  /// Updates the links and returns `log|det J|`.
  func apply(
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) -> Lanes

  /// Undoes `apply` and returns `log|det J|` of `apply` at the result.
  func applyInverse(
    to U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch
  ) throws(InversionFailure) -> Lanes

  /// Turns derivatives with respect to the layer's output into those with respect to its input:
  /// `∂_in = J^T ∂_out + b ∂ log det J`.
  ///
  /// `U` holds the output of the layer, and its input on return, bit by bit; a layer whose tape says
  /// all leaves it alone.
  func pullback(
    _ cotangent: UnsafeMutablePointer<Group.Algebra>, logDet b: Lanes,
    restoring U: UnsafeMutablePointer<Group>, packed: UnsafePointer<Float>, tape: LayerTape,
    scratch: LayerScratch, gradient: UnsafeMutablePointer<Float>?)

  /// Carries `∂ log q` from the layer's input to its output, where `U` is; the gradient that is
  /// accumulated is that of `-log q` at a fixed output.
  func pushScore(
    _ score: UnsafeMutablePointer<Group.Algebra>, at U: UnsafePointer<Group>,
    packed: UnsafePointer<Float>, tape: LayerTape, scratch: LayerScratch,
    gradient: UnsafeMutablePointer<Float>?)
}

/// What `apply` leaves behind for the derivatives: activations, and what else a layer needs.
struct LayerTape {
  var activations: UnsafeMutablePointer<FloatLanes>
  var values: UnsafeMutablePointer<Lanes>
}

/// Room for one layer's intermediate numbers.
struct LayerScratch {
  var outputGradient: UnsafeMutablePointer<FloatLanes>
  var network: UnsafeMutablePointer<FloatLanes>
  var lanes: UnsafeMutablePointer<Lanes>
  var floats: UnsafeMutablePointer<FloatLanes>
}

/// A layer with the name of the block of parameters that it uses.
public struct NamedCouplingLayer<Group: GaugeGroup>: Sendable {
  let name: String
  /// The number of plaquettes in the block that is split, of a tree of blocks.
  var area: Int?
  let layer: any AnyCouplingLayer<Group>
}
