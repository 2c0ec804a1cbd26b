import Foundation
import Testing

@testable import EnsembleIO

@Suite("Ensembles")
struct EnsembleTests {
  let directory = try! TemporaryDirectory()

  static func description(_ group: String = "U1", _ lattice: [Int] = [3, 2]) -> EnsembleDescription
  {
    var result = EnsembleDescription(
      group: group, lattice: lattice, beta: 2,
      provenance: .init(
        version: "0.1.0", command: "gaugeflow sample --count 4", seed: .max,
        modelChecksum: "abc"))
    result.action.couplings["beta_adjoint"] = 0.5
    return result
  }

  /// Different numbers for every value of configuration k.
  static func configuration(_ k: Int, of description: EnsembleDescription) -> [Double] {
    (0..<description.valuesPerConfiguration).map { Double($0) * 1e-3 + Double(k) }
  }

  func writeExample(_ name: String, count: Int, chunk: Int = 1) throws -> EnsembleWriter {
    let description = Self.description()
    let writer = try EnsembleWriter(
      creating: directory(name), description: description, weighted: true, chained: true,
      chunkByteCount: chunk)
    for k in 0..<count {
      try writer.append(
        links: Self.configuration(k, of: description), logWeights: [-Double(k)],
        chains: [Int32(k % 2)])
    }
    return writer
  }

  @Test("What is written is read: links, weights, chains, description", arguments: ["U1", "SU3"])
  func roundTrip(group: String) throws {
    let description = Self.description(group)
    let path = directory("a/b/ensemble")
    let writer = try EnsembleWriter(
      creating: path, description: description, weighted: true, chained: true)
    let size = description.valuesPerConfiguration
    #expect(size == (group == "U1" ? 12 : 12 * 18))
    // A packet of eight and then single ones.
    try writer.append(
      links: (0..<8).flatMap { Self.configuration($0, of: description) },
      logWeights: (0..<8).map(Double.init), chains: [Int32](repeating: 0, count: 8))
    for k in 8..<11 {
      try writer.append(
        links: Self.configuration(k, of: description), logWeights: [Double(k)], chains: [1])
    }
    try writer.close()
    let reader = try EnsembleReader(path)
    #expect(reader.count == 11 && reader.isWeighted && reader.isChained)
    for k in 0..<11 {
      #expect(try reader.configurations(k..<(k + 1)) == Self.configuration(k, of: description))
    }
    #expect(
      try reader.configurations(2..<5)
        == (2..<5).flatMap { Self.configuration($0, of: description) })
    #expect(try reader.logWeights() == (0..<11).map(Double.init))
    #expect(try reader.chains() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    var expected = description
    expected.count = 11
    expected.files = ["links.npy", "log_weight.npy", "chain.npy"]
    #expect(reader.description == expected)
    let shape = try NPYFile(path + "/links.npy").header.shape
    #expect(shape == [11, 2, 3, 2] + (group == "U1" ? [] : [3, 3]))
  }

  @Test("The JSON has the keys of the contract, in snake case, sorted")
  func jsonKeys() throws {
    try writeExample("e", count: 2).close()
    let data = Data(try directory.bytes("e/ensemble.json"))
    let object = try JSONSerialization.jsonObject(with: data) as! [String: Any]
    #expect(
      Set(object.keys) == [
        "format", "format_version", "group", "lattice", "action", "beta", "count", "files",
        "provenance", "conventions",
      ])
    let action = object["action"] as! [String: Any]
    #expect((action["couplings"] as! [String: Double]) == ["beta": 2, "beta_adjoint": 0.5])
    let provenance = object["provenance"] as! [String: Any]
    #expect(Set(provenance.keys) == ["version", "command", "seed", "model_checksum"])
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.range(of: "\"action\"")!.lowerBound < text.range(of: "\"beta\"")!.lowerBound)
  }

  @Test("Independent and unweighted samples have neither weights nor chains on disk")
  func absentFiles() throws {
    let writer = try EnsembleWriter(
      creating: directory("plain"), description: Self.description(), weighted: false, chained: false
    )
    try writer.append(links: Self.configuration(0, of: Self.description()))
    try writer.close()
    let reader = try EnsembleReader(directory("plain"))
    #expect(try reader.logWeights() == nil)
    #expect(try reader.chains() == nil)
    #expect(!AtomicFile.exists(directory("plain/chain.npy")))
  }

  @Test("An ensemble whose writer vanishes is the committed prefix")
  func crashSafePrefix() throws {
    let writer = try writeExample("live", count: 5)
    #expect(try EnsembleReader(directory("live")).count == 5)
    // Rows in memory that no flush has committed are not promised.
    let idle = try writeExample("idle", count: 5, chunk: 1 << 20)
    #expect(try EnsembleReader(directory("idle")).count == 0)
    try idle.flush()
    #expect(try EnsembleReader(directory("idle")).count == 5)
    #expect(writer.count == 5)
  }

  @Test("The count is the smallest of the arrays, and resuming cuts the others to it")
  func smallestCount() throws {
    _ = try writeExample("e", count: 4)
    let weights = try NPYAppender(
      resuming: directory("e/log_weight.npy"), element: .float64, rowShape: [], keeping: 3)
    try weights.close()
    #expect(try EnsembleReader(directory("e")).count == 3)
    let writer = try EnsembleWriter(resuming: directory("e"), matching: Self.description())
    #expect(writer.count == 3)
    try writer.append(
      links: Self.configuration(9, of: writer.description), logWeights: [9], chains: [0])
    try writer.close()
    let reader = try EnsembleReader(directory("e"))
    #expect(try reader.logWeights() == [0, -1, -2, 9])
    #expect(try reader.configurations(3..<4) == Self.configuration(9, of: writer.description))
    let shorter = try EnsembleWriter(resuming: directory("e"), keeping: 1)
    #expect(shorter.count == 1)
  }

  @Test("A full disk keeps what fitted, in every array, and the writer goes on when there is room")
  func fullDisk() throws {
    let writer = try writeExample("full", count: 0)
    writer.links.file.simulatedCapacity = 128 + 64 + 12 * 8 * 2 + 5
    var failed = 0
    for k in 0..<4 {
      do {
        try writer.append(
          links: Self.configuration(k, of: writer.description), logWeights: [Double(k)], chains: [0]
        )
      } catch {
        #expect(error.isDiskFull)
        failed += 1
      }
    }
    #expect(failed > 0)
    let committed = writer.committedCount
    let reader = try EnsembleReader(directory("full"))
    #expect(reader.count == committed && committed < 4 && committed > 0)
    #expect(try reader.configurations(0..<1) == Self.configuration(0, of: writer.description))
    writer.links.file.simulatedCapacity = nil
    try writer.close()
    #expect(try EnsembleReader(directory("full")).logWeights() == [0, 1, 2, 3])
  }

  @Test("An ensemble is not overwritten unless that is asked for")
  func refusesToOverwrite() throws {
    try writeExample("e", count: 3).close()
    let error = failure { _ = try writeExample("e", count: 1) }
    #expect(error?.exitStatus == 73)
    #expect(try EnsembleReader(directory("e")).count == 3)
    let writer = try EnsembleWriter(
      creating: directory("e"), description: Self.description(), weighted: false, chained: false,
      overwrite: true)
    try writer.close()
    #expect(try EnsembleReader(directory("e")).count == 0)
    #expect(!AtomicFile.exists(directory("e/chain.npy")))
  }

  @Test("A file in any of the ensemble's places, cut off anywhere, is one line")
  func cutAnywhere() throws {
    try writeExample("e", count: 2).close()
    for name in ["ensemble.json", "links.npy", "log_weight.npy", "chain.npy"] {
      let bytes = try directory.bytes("e/\(name)")
      for length in 0..<(bytes.count - 1) {
        _ = try directory.write(bytes[..<length], "e/\(name)")
        let error = failure { _ = try EnsembleReader(directory("e")) }
        #expect(error?.kind == .badData)
      }
      try AtomicFile.remove(directory("e/\(name)"))
      #expect(failure { _ = try EnsembleReader(directory("e")) }?.kind == .missingInput)
      _ = try directory.write(bytes, "e/\(name)")
    }
    #expect(try EnsembleReader(directory("e")).count == 2)
  }

  @Test("Descriptions of nothing are refused, naming the key")
  func badDescriptions() throws {
    try writeExample("e", count: 1).close()
    let text = String(decoding: try directory.bytes("e/ensemble.json"), as: UTF8.self)
    for (old, new, key) in [
      ("\"U1\"", "\"SO3\"", "group"), ("\"U1\"", "\"SU2\"", "links.npy"),
      ("\"group\"", "\"grape\"", "'group'"),
      ("\"beta\" : 2,\n  \"conv", "\"beta\" : \"nan\",\n  \"conv", "beta"),
      ("\"format_version\" : 1", "\"format_version\" : 2", "format_version"),
      ("\"count\" : 1", "\"count\" : 7", "7 configurations"),
    ] {
      #expect(text.contains(old))
      let changed = text.replacingOccurrences(of: old, with: new)
      _ = try directory.write(changed.utf8, "e/ensemble.json")
      let error = failure { _ = try EnsembleReader(directory("e")) }
      #expect(error?.kind == .badData)
      #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    }
  }

  @Test("Another theory does not continue an ensemble")
  func otherTheory() throws {
    try writeExample("e", count: 1).close()
    var other = Self.description()
    other.beta = 3
    let error = failure {
      _ = try EnsembleWriter(resuming: directory("e"), matching: other)
    }
    #expect(error?.expected == "U1 3x2 beta 3.0 wilson" && error?.found == "U1 3x2 beta 2.0 wilson")
    #expect(failure { _ = try EnsembleWriter(resuming: directory("none")) }?.kind == .missingInput)
  }

  @Test("A number that is none is found where it stands")
  func notANumber() throws {
    let writer = try writeExample("e", count: 2)
    var links = Self.configuration(2, of: writer.description)
    links[5] = .nan
    try writer.append(links: links, logWeights: [.nan], chains: [0])
    try writer.close()
    let reader = try EnsembleReader(directory("e"))
    let error = failure { _ = try reader.configurations(0..<3) }
    #expect(error?.location.hasSuffix("links.npy: configuration 2") == true)
    #expect(failure { _ = try reader.logWeights() }?.location.hasSuffix("configuration 2") == true)
  }
}
