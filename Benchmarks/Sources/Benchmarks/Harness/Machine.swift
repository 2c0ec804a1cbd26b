import Foundation

/// What the numbers were measured on.
struct Machine: Codable {
  var model: String
  var cores: Int
  var load: Double
  var flags: String
  var compiler: String
  var vectors: String

  static var current: Machine {
    let cpuinfo = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    func field(_ name: String) -> String {
      for line in cpuinfo.split(separator: "\n") where line.hasPrefix(name) {
        if let colon = line.firstIndex(of: ":") {
          return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
      }
      return "unknown"
    }
    let known = Set(field("flags").split(separator: " ").map(String.init))
    let vectors = ["sse2", "avx", "fma", "avx2", "avx512f", "asimd"].filter { known.contains($0) }
    var loads = [0.0, 0.0, 0.0]
    getloadavg(&loads, 3)
    #if NATIVE
      let flags = "-O -Xcc -march=native"
    #else
      let flags = "-O, portable"
    #endif
    return Machine(
      model: field("model name"), cores: ProcessInfo.processInfo.processorCount, load: loads[0],
      flags: flags, compiler: compiler, vectors: vectors.joined(separator: " "))
  }

  private static var compiler: String {
    #if compiler(>=6.4)
      "Swift 6.4 or later"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #elseif compiler(>=6.2)
      "Swift 6.2"
    #else
      "Swift 6.1"
    #endif
  }
}
