import LatticeFields
import LatticeFlows
import MarkovChains

/// What is done for the group of a coupling flow that is known only by its name when the program
/// runs; compiled for every group that coupling flows transport.
public protocol CouplingGroupTask {
  /// What it gives.
  associatedtype Result
  /// Does it for one group.
  func run<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) throws -> Result
}

/// What is done for every group that coupling flows transport in turn.
protocol CouplingGroupVisitor {
  /// Does it for one group.
  mutating func visit<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type)
}

extension Catalog {
  /// Runs a task for the group of a name.
  ///
  /// - Throws: `UnknownGroupError` where coupling flows do not know the group; what the task throws.
  public static func withCouplingGroup<Task: CouplingGroupTask>(
    named name: String, _ task: Task
  ) throws -> Task.Result {
    var dispatch = CouplingGroupDispatch(name: name, task: task)
    visitCouplingGroups(&dispatch)
    guard let result = dispatch.result else {
      throw UnknownGroupError(expected: couplingGroupNames, found: name)
    }
    return try result.get()
  }

  /// The names of the groups that coupling flows transport.
  public static let couplingGroupNames: [String] = {
    struct Names: CouplingGroupVisitor {
      var list: [String] = []
      mutating func visit<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) {
        list.append(Group.name)
      }
    }
    var names = Names()
    visitCouplingGroups(&names)
    return names.list
  }()
}

/// Runs a task where the name is the group's.
private struct CouplingGroupDispatch<Task: CouplingGroupTask>: CouplingGroupVisitor {
  let name: String
  let task: Task
  var result: Result<Task.Result, any Error>?

  init(name: String, task: Task) {
    self.name = name
    self.task = task
  }

  mutating func visit<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) {
    if Group.name == name { result = Result { try task.run(group) } }
  }
}
