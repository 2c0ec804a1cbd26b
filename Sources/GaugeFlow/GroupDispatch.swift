import LatticeFields
import MarkovChains

/// What is done for a group that is known only by its name when the program runs.
///
/// Code that is generic over a group and reached through `any GaugeGroup.Type` runs unspecialised,
/// some hundred times slower. A task is called with the concrete type instead, so that everything in
/// its `run`, kernels and observables included, is compiled for every group of the catalog.
public protocol GroupTask {
  /// What it gives.
  associatedtype Result
  /// Does it for links of one group.
  func run<Group: DetunedHeatbathGroup>(_ group: Group.Type) throws -> Result
}

/// What is done for every group of the catalog in turn.
public protocol GroupVisitor {
  /// Does it for one group.
  mutating func visit<Group: DetunedHeatbathGroup>(_ group: Group.Type)
}

extension Catalog {
  /// Runs a task for the group of a name.
  ///
  /// - Throws: `UnknownGroupError` where the catalog has no such group; what the task throws.
  @inlinable
  public static func withGroup<Task: GroupTask>(named name: String, _ task: Task) throws
    -> Task.Result
  {
    var dispatch = GroupDispatch(name: name, task: task)
    visitGroups(&dispatch)
    guard let result = dispatch.result else { throw UnknownGroupError(found: name) }
    return try result.get()
  }

  /// The names of the groups.
  public static var groupNames: [String] { groups.map { $0.name } }
}

/// Runs a task where the name is the group's.
@usableFromInline
struct GroupDispatch<Task: GroupTask>: GroupVisitor {
  @usableFromInline let name: String
  @usableFromInline let task: Task
  @usableFromInline var result: Result<Task.Result, any Error>?

  @usableFromInline
  init(name: String, task: Task) {
    self.name = name
    self.task = task
  }

  @inlinable
  mutating func visit<Group: DetunedHeatbathGroup>(_ group: Group.Type) {
    if Group.name == name { result = Result { try task.run(group) } }
  }
}

/// Collects the groups.
struct GroupList: GroupVisitor {
  var groups: [any HeatbathGroup.Type] = []
  mutating func visit<Group: DetunedHeatbathGroup>(_ group: Group.Type) { groups.append(group) }
}

/// A name that is no group of the catalog, or none of those that something is made for.
public struct UnknownGroupError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The groups that there are.
  public let expected: [String]
  /// What was given.
  public let found: String

  /// The error of a name.
  public init(expected: [String] = Catalog.groupNames, found: String) {
    self.expected = expected
    self.found = found
  }

  /// One line: what was expected, what was given.
  public var description: String {
    "group: expected \(expected.joined(separator: ", ")), given \(found)"
  }
}
