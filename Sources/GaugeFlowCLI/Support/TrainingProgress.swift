import Foundation
import GaugeFlow

/// Training with a progress bar, for `train` and `run`.
enum Training {
  /// Trains into a directory until the plan's end or an interrupt.
  static func run(
    _ plan: TrainingPlan, directory: String, resume: Bool, overwrite: Bool
  ) throws -> TrainingRecord {
    Interrupt.listen()
    let training = try TrainingRun(
      plan, directory: directory, resume: resume, overwrite: overwrite)
    let progress: Progress
    let total: Double
    switch plan.limit {
    case .steps(let steps):
      total = Double(steps)
      progress = Progress("training", total: steps, done: Int(training.progress * total))
    case .seconds(let seconds):
      total = seconds
      progress = Progress("training", seconds: seconds)
    }
    defer { progress.finish() }
    var ess = 0.0
    let (_, record) = try training.run { fraction, step in
      ess = ess == 0 ? step.effectiveSampleSize : 0.98 * ess + 0.02 * step.effectiveSampleSize
      progress.update(to: fraction * total, note: "batch ESS \(short(ess))")
      return !Interrupt.isRequested
    }
    progress.finish()
    return record
  }

  /// Fits into a directory until the end or an interrupt.
  static func run(
    _ plan: RegressionPlan, directory: String, resume: Bool, overwrite: Bool
  ) throws -> RegressionRecord {
    Interrupt.listen()
    let progress = Progress("fitting", seconds: 1)
    defer { progress.finish() }
    let record = try RegressionTraining.run(
      plan, directory: directory, resume: resume, overwrite: overwrite
    ) { report in
      progress.update(
        to: report.fraction, note: "particle ESS \(short(report.effectiveSampleSize))")
      return !Interrupt.isRequested
    }
    progress.finish()
    guard record.isComplete else {
      throw Interrupt.error(saved: "\(record.steps) intervals are in \(directory)")
    }
    return record
  }

  static func short(_ value: Double) -> String { String(format: "%.4f", value) }
}

extension TrainingRecord {
  /// The object that CLI.md defines.
  var json: JSON {
    var json: JSON = ["ess": .number(ess)]
    json = json.adding("forward_ess", forwardESS.map { .number($0) })
      .adding("acceptance_rate", .number(acceptanceRate))
      .adding("seconds", .number(seconds))
      .adding("steps", .integer(steps))
      .adding("parameters", .integer(parameters))
    let couplings = betas?.map { moment -> JSON in
      let entry: JSON = ["beta": .number(moment.beta), "ess": .number(moment.ess)]
      return entry.adding("forward_ess", moment.forwardESS.map { .number($0) })
    }
    let moments = history.map { moment -> JSON in
      [
        "seconds": .number(moment.seconds), "steps": .integer(moment.steps),
        "ess": .number(moment.ess), "loss": .number(moment.loss),
      ]
    }
    return json.adding("betas", couplings.map { .array($0) }).adding("history", .array(moments))
  }

  /// The numbers as a physicist reads them.
  var table: Table {
    var table = Table(["", ""])
    table.add("trained", "\(steps) steps in \(String(format: "%.1f", seconds)) s")
    table.add("parameters", "\(parameters)")
    if let betas {
      for moment in betas {
        table.add(
          String(format: "beta %.6g", moment.beta), "ESS " + Training.short(moment.ess),
          moment.forwardESS.map { "forward " + Training.short($0) } ?? "")
      }
    } else {
      table.add("ESS, reverse", Training.short(ess))
      if let forwardESS { table.add("ESS, forward", Training.short(forwardESS)) }
      table.add("acceptance", Training.short(acceptanceRate))
    }
    return table
  }
}

extension RegressionRecord {
  /// The object that CLI.md defines.
  var json: JSON {
    let json: JSON = [
      "ess": .number(ess), "acceptance_rate": .number(acceptanceRate),
      "seconds": .number(seconds), "steps": .integer(steps), "parameters": .integer(parameters),
      "evaluation_count": .integer(evaluationCount),
      "integration_error": .number(integrationError),
    ]
    let moments = history.map { moment -> JSON in
      [
        "seconds": .number(moment.seconds), "steps": .integer(moment.steps),
        "ess": .number(moment.ess), "loss": .number(moment.residual),
        "beta": .number(moment.beta), "integrator_steps": .integer(moment.integratorSteps),
      ]
    }
    return json.adding("forward_ess", forwardESS.map { .number($0) })
      .adding("history", .array(moments))
  }

  /// The numbers as a physicist reads them.
  var table: Table {
    var table = Table(["", ""])
    table.add("fitted", "\(steps) intervals in \(String(format: "%.1f", seconds)) s")
    table.add("coefficients", "\(parameters)", "\(parameters / max(1, 3 * steps)) elements")
    if let last = history.last {
      table.add(
        "residual variance", String(format: "%.3g", last.residual),
        String(format: "of %.4g without the flow", last.variance))
    }
    table.add("ESS, reverse", Training.short(ess), "of \(evaluationCount) fresh samples")
    if let forwardESS {
      table.add("ESS, forward", Training.short(forwardESS), "on samples of the target")
    }
    table.add("acceptance", Training.short(acceptanceRate))
    table.add(
      "integration error", String(format: "%.1e", integrationError), "largest change of log w")
    return table
  }
}

extension AnnealingRecord {
  /// The object that CLI.md defines, and what is known of the way.
  var json: JSON {
    let json: JSON = [
      "ess": .number(ess), "acceptance_rate": .number(acceptanceRate),
      "seconds": .number(seconds), "steps": .integer(steps), "parameters": .integer(2),
      "evaluation_count": .integer(evaluationCount), "variance": .number(variance),
      "log_z_ratio": .number(logZRatio), "seconds_per_sample": .number(secondsPerSample),
      "detuning": .array(detuning.map { .number($0) }),
    ]
    return json.adding("friction_ratio", frictionRatio.map { .number($0) })
  }

  /// The numbers as a physicist reads them.
  var table: Table {
    var table = Table(["", ""])
    table.add("fitted", String(format: "%.1f s", seconds), "\(steps) steps")
    table.add(
      "detuning", String(format: "%.2f, %.2f", detuning[0], detuning[1]),
      "for loops of links already drawn, and of others")
    if let frictionRatio {
      table.add(
        "friction", String(format: "%.2f", frictionRatio),
        "of that without detuning, by linear response")
    }
    table.add("ESS", Training.short(ess), "of \(evaluationCount) fresh samples")
    table.add("variance of log w", String(format: "%.3g", variance))
    table.add("log Z ratio", String(format: "%.4f", logZRatio))
    table.add("cost", String(format: "%.3g ms", 1e3 * secondsPerSample), "for each sample")
    return table
  }
}
