import Foundation
import Testing

@testable import EnsembleIO

@Suite("Checkpoints and whole files")
struct CheckpointTests {
  let directory = try! TemporaryDirectory()

  private func set(_ number: Int) -> [String: Data] {
    [
      "training_state.json": Data("{\(number)}".utf8),
      "checkpoint.safetensors": Data(repeating: UInt8(number), count: 9),
    ]
  }

  @Test("The set saved last is the one that loads")
  func roundTrip() throws {
    let checkpoint = Checkpoint(directory: directory("run"))
    #expect(!checkpoint.exists)
    #expect(try checkpoint.load() == nil)
    for number in 1...3 {
      try checkpoint.save(set(number))
      #expect(try checkpoint.load() == set(number))
    }
    try checkpoint.save(set(3))
    #expect(try checkpoint.load() == set(3))
  }

  @Test("A save that stops after any file leaves the set before, twice in a row too")
  func stoppedSave() throws {
    let checkpoint = Checkpoint(directory: directory("run"))
    try checkpoint.save(set(1))
    // The manifest cannot be replaced while a directory has its name's place: the save stops last.
    for attempt in 2...3 {
      let manifest = try directory.bytes("run/checkpoint.json")
      try checkpoint.save(set(attempt))
      _ = try directory.write(manifest, "run/checkpoint.json")
      #expect(try checkpoint.load() == set(1))
    }
    try checkpoint.save(set(4))
    #expect(try checkpoint.load() == set(4))
  }

  @Test("A damaged file of the set is named")
  func damaged() throws {
    let checkpoint = Checkpoint(directory: directory("run"))
    try checkpoint.save(set(1))
    _ = try directory.write([1, 2, 3], "run/checkpoint.safetensors")
    let error = failure { _ = try checkpoint.load() }
    #expect(error?.location.hasSuffix("run/checkpoint.safetensors") == true)
    let manifest = try directory.bytes("run/checkpoint.json")
    for length in 0..<(manifest.count - 1) {
      _ = try directory.write(manifest[..<length], "run/checkpoint.json")
      #expect(failure { _ = try checkpoint.load() }?.kind == .badData)
    }
  }

  @Test("A file is replaced whole, and nothing is left beside it")
  func atomicFile() throws {
    let path = directory("file")
    try AtomicFile.write(Data([1]), to: path)
    try AtomicFile.write(Data([2, 3]), to: path, keepingPreviousAs: directory("old"))
    #expect(try AtomicFile.read(path) == Data([2, 3]))
    #expect(try AtomicFile.read(directory("old")) == Data([1]))
    #expect(directory.names == ["file", "old"])
    let error = failure { try AtomicFile.write(Data(), to: path, overwrite: false) }
    #expect(error?.exitStatus == 73)
    #expect(failure { try AtomicFile.write(Data(), to: directory("no/file")) }?.exitStatus == 74)
    #expect(failure { _ = try AtomicFile.read(directory("none")) }?.exitStatus == 66)
    #expect(failure { _ = try AtomicFile.read(path, limit: 1) }?.exitStatus == 65)
    // A directory in the file's place: the rename fails and the temporary file is gone.
    try AtomicFile.createDirectory(directory("d/inner"))
    #expect(failure { try AtomicFile.write(Data([1]), to: directory("d")) }?.exitStatus == 74)
    #expect(directory.names == ["d", "file", "old"])
    #expect(failure { try AtomicFile.createDirectory(path + "/x") }?.exitStatus == 74)
  }

  private struct Record: Codable, Equatable {
    var logZ: Double
    var lossHistory: [Double]
    var perSector: [String: Double]
  }

  @Test("JSON keeps keys of dictionaries, infinities, and says what is missing")
  func json() throws {
    let record = Record(logZ: -.infinity, lossHistory: [0.1, 1e300], perSector: ["net_charge": 1])
    try JSONFile.write(record, to: directory("r.json"))
    #expect(try JSONFile.read(Record.self, from: directory("r.json")) == record)
    let error = failure {
      _ = try JSONFile.decode(Record.self, from: Data(#"{"log_z": 1}"#.utf8), at: "r.json")
    }
    #expect(error?.description == "r.json: expected the key 'loss_history', found none")
    let text = failure {
      _ = try JSONFile.decode(
        Record.self, from: Data(#"{"log_z": 1, "loss_history": [1, "x"]}"#.utf8), at: "r.json")
    }
    #expect(text?.location == "r.json: loss_history.1")
  }
}
