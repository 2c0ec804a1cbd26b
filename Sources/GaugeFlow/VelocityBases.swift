import LatticeFields
import LatticeFlows
import MarkovChains

/// What is done for every velocity basis of the catalog in turn.
public protocol VelocityBasisVisitor {
  /// Does it for one basis.
  mutating func visit<Basis: NamedVelocityBasis>(_ basis: Basis.Type)
  where Basis.Group: DetunedHeatbathGroup
}

/// What is done for a velocity basis that is known only by its name when the program runs; compiled for
/// every basis of the catalog.
public protocol VelocityBasisTask {
  /// What it gives.
  associatedtype Result
  /// Does it for one basis.
  func run<Basis: NamedVelocityBasis>(_ basis: Basis.Type) throws -> Result
  where Basis.Group: DetunedHeatbathGroup
}

extension Catalog {
  /// Runs a task for the basis of a group and a family.
  ///
  /// - Parameter family: the name of the family; nil for the first of the group that fits the lattice.
  /// - Throws: `UnknownVelocityBasisError` where the catalog has no such basis; what the task throws.
  public static func withVelocityBasis<Task: VelocityBasisTask>(
    group: String, family: String?, on lattice: Lattice, _ task: Task
  ) throws -> Task.Result {
    var dispatch = VelocityBasisDispatch(
      group: group, family: family, lattice: lattice, task: task)
    visitVelocityBases(&dispatch)
    guard let result = dispatch.result else {
      throw UnknownVelocityBasisError(group: group, found: family)
    }
    return try result.get()
  }

  /// The groups and families of all velocity bases.
  public static let velocityBaseNames: [(group: String, family: String)] = {
    struct Names: VelocityBasisVisitor {
      var list: [(group: String, family: String)] = []
      mutating func visit<Basis: NamedVelocityBasis>(_ basis: Basis.Type)
      where Basis.Group: DetunedHeatbathGroup { list.append((Basis.Group.name, Basis.familyName)) }
    }
    var names = Names()
    visitVelocityBases(&names)
    return names.list
  }()

  /// The groups that have velocity bases, each once.
  public static let velocityGroups: [String] = velocityBaseNames.map(\.group).reduce(into: []) {
    if !$0.contains($1) { $0.append($1) }
  }
}

/// Runs a task where the names are those of the basis.
private struct VelocityBasisDispatch<Task: VelocityBasisTask>: VelocityBasisVisitor {
  let group: String
  let family: String?
  let lattice: Lattice
  let task: Task
  var result: Result<Task.Result, any Error>?

  mutating func visit<Basis: NamedVelocityBasis>(_ basis: Basis.Type)
  where Basis.Group: DetunedHeatbathGroup {
    guard result == nil, Basis.Group.name == group,
      family.map({ $0 == Basis.familyName }) ?? Basis.dimensions.contains(lattice.dimension)
    else { return }
    result = Result { try task.run(basis) }
  }
}

/// A group or a family without a velocity basis.
public struct UnknownVelocityBasisError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The group.
  public let group: String
  /// The family that was asked for, if one was.
  public let found: String?

  /// One line: what was expected, what was given.
  public var description: String {
    let ofGroup = Catalog.velocityBaseNames.filter { $0.group == group }.map(\.family)
    guard !ofGroup.isEmpty else {
      return "regression flows: expected one of the groups "
        + "\(Catalog.velocityGroups.joined(separator: ", ")), given \(group)"
    }
    return "basis: expected \(ofGroup.joined(separator: " or ")), given \(found ?? "none")"
  }
}
