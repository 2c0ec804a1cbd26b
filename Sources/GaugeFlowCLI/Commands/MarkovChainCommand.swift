import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow mcmc`: Markov chains that write an ensemble.
struct MarkovChainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcmc",
    abstract: "Samples with Markov chains: HMC, heatbath, Metropolis, winding, overrelaxation.",
    discussion: """
      Writes an ensemble directory with the chain of every configuration. Ctrl-C saves the state; \
      --resume goes on to the same bits, also with a larger --count.

      Groups: \(Catalog.groupNames.joined(separator: ", ")). \
      Algorithms are joined by +, as in heatbath+winding; winding (2D U1 only) alone follows a \
      heatbath sweep.

      With --model, HMC runs in the variables V of a coupling flow U = f(V), of the action \
      S(f(V)) - log|det df/dV|: exact for every model and coupling. The ensemble holds U; hot is a \
      sample of the flow.

      Examples:
        gaugeflow mcmc --group SU3 --lattice 8x8x8x8 --beta 6 --algorithm heatbath \
      --overrelaxation 4 --thermalize 200 --every 5 --count 400 --out runs/su3
        gaugeflow mcmc --group U1 --lattice 16x16 --beta 7 --algorithm hmc --model models/u1 \
      --trajectory-length 2 --steps 1 --thermalize 100 --count 4000 --out runs/u1-flow-hmc
      """)

  @OptionGroup var theory: TheoryOptions

  @Option(
    help: "hmc, heatbath, metropolis or winding, or some of them joined by +.",
    transform: ChainAlgorithm.init(option:))
  var algorithm: ChainAlgorithm

  @Option(
    name: .customLong("model"),
    help: "Model directory: HMC runs in the variables of this coupling flow.")
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Length that forces in a model's variables stay below, or none. (default: 0.03)",
      discussion: "Exact for every limit; without one no step resolves the forces of most flows.",
      valueName: "force-limit"),
    transform: ForceLimit.init(option:))
  var forceLimit: ForceLimit?

  @Option(help: "\(ActionKind.option).", transform: ActionKind.init(option:))
  var action = ActionKind.wilson

  @Option(help: "Overrelaxation sweeps in every update.", transform: parseCountOrZero)
  var overrelaxation = 0

  @Option(help: "Length of an HMC trajectory in molecular-dynamics time.")
  var trajectoryLength = 1.0

  @Option(help: "Integrator steps on an HMC trajectory.", transform: parseCount)
  var steps = 10

  @Option(
    help: "HMC integrator: leapfrog, minimum-norm-2 or minimum-norm-4.",
    transform: Integrator.init(option:))
  var integrator = Integrator.minimumNorm2

  @Option(help: "Half-width of the proposals of local Metropolis, in (0, pi].")
  var window = 1.0

  @Option(help: "Metropolis proposals for each link in a sweep.", transform: parseCount)
  var hits = 1

  @Flag(help: "Tune HMC steps and the Metropolis window while the chains thermalise.")
  var tune = false

  @Option(help: "Acceptance to tune for. (default: 0.8 for hmc, 0.5 for metropolis)")
  var targetAcceptance: Double?

  @Option(
    help: "Start of every chain: hot, cold, or mixed for half of each.",
    transform: ChainStart.init(option:))
  var start = ChainStart.hot

  @Option(help: "Updates before the first configuration.", transform: parseCountOrZero)
  var thermalize = 500

  @Option(help: "Updates from a configuration to the next.", transform: parseCount)
  var every = 1

  @Option(help: "Configurations in all; the chains share them.", transform: parseCount)
  var count: Int

  @Option(
    help: "Independent chains. (default: 8, or --count where that is less; 1 in sublattices)",
    transform: parseCount)
  var chains: Int?

  @Option(name: .customLong("out"), help: "Ensemble directory to write.")
  var directory: String

  @Option(
    help: ArgumentHelp(
      "configurations: 8 chains to a packet; sublattices: one, divided into 8 blocks.",
      discussion: "For few chains on a large lattice, whose extents have to divide into 8 blocks."),
    transform: ChainLayout.init(option:))
  var layout = ChainLayout.configurations

  @OptionGroup var seed: SeedOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var overwrite: OverwriteOptions
  @OptionGroup var output: OutputOptions

  mutating func validate() throws {
    if tune, !algorithm.isTunable {
      throw CommandError.usage("--tune: expected hmc or metropolis, given \(algorithm.name)")
    }
    if tune, thermalize < 20 {
      throw CommandError.usage("--tune: expected --thermalize of 20 or more, given \(thermalize)")
    }
    if model != nil, algorithm.updates.contains(where: { $0 != .hmc }) || overrelaxation > 0 {
      throw CommandError.usage(
        "--model: expected --algorithm hmc, without overrelaxation, given \(algorithm.name)"
          + (overrelaxation > 0 ? " with --overrelaxation \(overrelaxation)" : ""))
    }
    if model == nil, forceLimit != nil {
      throw CommandError.usage("--force-limit: expected --model beside it, given none")
    }
    if model != nil, layout != .configurations {
      throw CommandError.usage(
        "--model: expected --layout configurations, given \(layout.rawValue)")
    }
    if let targetAcceptance, !(targetAcceptance > 0 && targetAcceptance < 1) {
      throw CommandError.usage(
        "--target-acceptance: expected a number between 0 and 1, given \(targetAcceptance)")
    }
  }

  private var plan: MarkovChainPlan {
    var algorithm = algorithm
    algorithm.overrelaxation = overrelaxation
    algorithm.trajectoryLength = trajectoryLength
    algorithm.steps = steps
    algorithm.integrator = integrator
    algorithm.window = window
    algorithm.hits = hits
    var plan = MarkovChainPlan(
      group: theory.group.description, action: action, lattice: theory.lattice, beta: theory.beta,
      algorithm: algorithm, thermalization: thermalize, every: every, count: count,
      chains: chains ?? (layout == .sublattices ? 1 : min(8, count)), seed: seed.seed,
      threads: threads.count)
    plan.layout = layout
    plan.start = start
    plan.tunes = tune
    plan.targetAcceptance = targetAcceptance
    plan.command = Program.commandLine
    return plan
  }

  func run() throws {
    try theory.group.require(Catalog.groupNames, for: "mcmc")
    var plan = plan
    plan.transformation = try model.map { try FieldTransformation(TrainedModel(reading: $0)) }
    if let forceLimit { plan.transformation?.forceLimit = forceLimit.value }
    Interrupt.listen()
    let chains: MarkovChainRun
    do {
      chains = try MarkovChainRun(
        plan, directory: directory, resume: overwrite.resume, overwrite: overwrite.force)
    } catch let error as TransferError {
      throw CommandError.usage("--lattice: \(error)")
    } catch let error as ModelError { throw CommandError.usage("--\(error)") }
    let result = try advance(chains, plan)
    try chains.close()
    guard result.isComplete else {
      throw Interrupt.error(saved: "\(result.count) of \(count) configurations are in \(directory)")
    }
    try StandardOutput.print(output.json ? json(result).description : table(result).description)
  }

  /// Runs the chains under a progress bar; an error of the disk says what is safe.
  private func advance(_ chains: MarkovChainRun, _ plan: MarkovChainPlan) throws
    -> MarkovChainResult
  {
    let progress = Progress("updates", total: plan.updates, done: chains.updates)
    defer { progress.finish() }
    do {
      return try chains.run { report in
        progress.update(
          to: Double(report.updates), note: report.isThermalizing ? "thermalising" : "")
        return !Interrupt.isRequested
      }
    } catch let error as EnsembleIOError where error.kind == .inputOutput {
      throw CommandError(
        .inputOutput,
        "\(error); \(chains.committedCount) configurations are safe in \(directory), "
          + "the same command with --resume goes on")
    }
  }

  private func json(_ result: MarkovChainResult) -> JSON {
    var json: JSON = ["count": .integer(result.count), "chains": .integer(result.chains)]
    json = json.adding("acceptance_rate", result.acceptance.map { .number($0.acceptanceRate) })
    json = json.adding("seconds", .number(result.seconds))
      .adding("link_updates_per_second", .number(result.linkUpdatesPerSecond))
    if let hmc = result.hybridMonteCarlo, let value = hmc.expMinusDeltaH {
      json = json.adding(
        "exp_minus_delta_h", ["value": .number(value), "error": JSON(hmc.expMinusDeltaHError)])
    }
    let kernels = result.statistics.map { kernel -> (key: String, value: JSON) in
      let acceptance: JSON = ["acceptance_rate": .number(kernel.acceptanceRate)]
      let tuned = result.tunedParameters[kernel.name]
      return (
        kernel.name, acceptance.adding("parameters", tuned.map { .array($0.map { .number($0) }) })
      )
    }
    return json.adding("identities", result.hybridMonteCarlo?.identities?.json)
      .adding("kernels", .object(kernels))
  }

  private func table(_ result: MarkovChainResult) -> String {
    var table = Table(["", ""])
    table.add("configurations", "\(result.count)", "in \(result.chains) chains")
    for kernel in result.statistics where kernel.acceptanceRate < 1 || kernel.deltaH != nil {
      let tuned = result.tunedParameters[kernel.name] ?? []
      let parameter = tuned.map { String(format: "%.4g", $0) }.joined(separator: " ")
      let word = kernel.name == "hmc" ? "steps" : "window"
      table.add(
        "acceptance, \(kernel.name)", String(format: "%.4f", kernel.acceptanceRate),
        tuned.isEmpty ? "" : "\(word) \(parameter)")
    }
    if let hmc = result.hybridMonteCarlo, let value = hmc.expMinusDeltaH {
      let estimate = Estimate(
        value: value, error: hmc.expMinusDeltaHError ?? .nan, count: hmc.updates)
      table.add("<exp(-dH)>", "\(estimate)", "exact 1")
      if let balance = hmc.identities?.balance {
        table.add("acceptance - 2 P(dH < 0)", "\(balance)", "exact 0")
      }
    }
    table.add("seconds", String(format: "%.2f", result.seconds))
    table.add("link updates/s", String(format: "%.3g", result.linkUpdatesPerSecond))
    let theory = "\(theory.group) on \(theory.lattice), beta \(theory.beta)"
    let action = action == .wilson ? "" : ", \(action.name) action"
    let variables = model.map { " in the variables of \($0)" } ?? ""
    return "\(theory)\(action), \(algorithm.name)\(variables), in \(directory)\n\(table)"
  }
}

/// The limit of softened forces as a user types it: a positive number, or `none`.
struct ForceLimit {
  let value: Double?

  init(option text: String) throws {
    value = Double(text)
    guard text == "none" || (value ?? 0 > 0 && value?.isFinite == true) else {
      throw CommandError.usage("expected a positive number, or none")
    }
  }
}

extension ChainAlgorithm {
  /// An algorithm as a user types it.
  init(option text: String) throws {
    do throws(ChainAlgorithmError) {
      try self.init(parsing: text)
    } catch {
      throw CommandError.usage(
        "expected \(ChainAlgorithm.names.joined(separator: ", ")), or some joined by +")
    }
  }
}

extension ChainLayout {
  /// A layout as a user types it.
  init(option text: String) throws {
    guard let known = ChainLayout(rawValue: text) else {
      throw CommandError.usage(
        "expected " + ChainLayout.allCases.map(\.rawValue).joined(separator: " or "))
    }
    self = known
  }
}

extension ActionKind {
  /// What a user may type.
  static var option: String {
    "Action: " + names.dropLast().joined(separator: ", ") + (names.count > 1 ? " or " : "")
      + names[names.count - 1]
  }

  /// An action as a user types it.
  init(option text: String) throws {
    guard let known = ActionKind(named: text) else {
      throw CommandError.usage("expected " + Self.names.joined(separator: ", "))
    }
    self = known
  }
}

extension Integrator {
  /// An integrator as a user types it.
  init(option text: String) throws {
    guard let known = Integrator.all.first(where: { $0.name == text }) else {
      throw CommandError.usage("expected " + Integrator.all.map(\.name).joined(separator: ", "))
    }
    self = known
  }
}

extension ChainStart {
  /// A start as a user types it.
  init(option text: String) throws {
    guard let known = ChainStart(rawValue: text) else {
      throw CommandError.usage("expected hot, cold or mixed")
    }
    self = known
  }
}
