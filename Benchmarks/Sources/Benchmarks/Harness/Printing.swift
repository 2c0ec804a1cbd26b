import Foundation

/// Four significant digits.
func short(_ value: Double) -> String {
  let size = abs(value)
  if size == 0 { return "0" }
  if !size.isFinite { return "\(value)" }
  if size >= 1e6 { return String(format: "%.3e", value) }
  let digits = max(0, 3 - Int(floor(log10(size))))
  return String(format: "%.\(min(digits, 6))f", value)
}

func pad(_ text: String, _ width: Int, right: Bool = false) -> String {
  let space = String(repeating: " ", count: max(0, width - text.count))
  return right ? space + text : text + space
}

func printHeader(_ machine: Machine) {
  print("machine   \(machine.model), \(machine.cores) cores, \(machine.vectors)")
  print("flags     \(machine.flags), \(machine.compiler)")
  print("load      \(short(machine.load)) at the start")
  print("times     processor time, median (lowest..highest) of 11 repetitions; then wall time")
}

func printColumns() {
  print()
  print(
    pad("benchmark", 44) + pad("median", 10, right: true) + "  " + pad("unit", 18)
      + pad("range", 20) + pad("wall", 10) + pad("peak", 7) + pad("reference", 14) + "target")
}

func printResult(_ result: Result) {
  var line = pad(result.name, 44) + pad(short(result.median), 10, right: true) + "  "
  line += pad(result.unit, 18)
  line += pad("\(short(result.lowest))..\(short(result.highest))", 20)
  line += pad(short(result.wall), 10)
  line += pad(result.fractionOfPeak.map { String(format: "%.0f%%", 100 * $0) } ?? "", 7)
  if let reference = result.reference, let gain = result.gain {
    line += pad("\(short(reference)) \(String(format: "%.1fx", gain))", 14)
  } else if result.target != nil {
    line += pad("", 14)
  }
  if let target = result.target, let met = result.meetsTarget {
    line += "\(short(target)) " + (met ? "met" : "MISSED")
  }
  print(line)
  fflush(nil)
}

func printAllocations(_ list: [Allocations]) {
  print("\nallocations on one thread: calls and bytes of a repetition, calls of the first one")
  for found in list {
    print(
      pad(found.name, 44) + pad(short(found.calls), 10, right: true)
        + pad(short(found.bytes), 10, right: true) + pad(short(found.firstCalls), 10, right: true)
        + "   the process has held \(short(found.peakMemory)) MiB")
  }
}

func printGates(_ gates: [Gate]) {
  print("\ngates: a time over another, and the largest value it may have")
  for gate in gates {
    print(
      pad(gate.name, 44) + pad(short(gate.ratio), 10, right: true)
        + "  limit \(short(gate.limit)) " + (gate.ratio <= gate.limit ? "met" : "MISSED"))
  }
}
