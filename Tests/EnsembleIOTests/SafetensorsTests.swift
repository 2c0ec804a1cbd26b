import Foundation
import Testing

@testable import EnsembleIO

@Suite("Safetensors")
struct SafetensorsTests {
  let directory = try! TemporaryDirectory()

  static var example: SafetensorsFile {
    var file = SafetensorsFile()
    file.tensors["weight"] = .init(
      shape: [2, 2], values: .float64([1.5, -0.0, 3e-300, .infinity]))
    file.tensors["a \"quoted\" name"] = .init(shape: [3], values: .float32([1, 2, 0.1]))
    file.tensors["step"] = .init(shape: [], values: .int64([-(1 << 60)]))
    file.tensors["empty"] = .init(shape: [0, 4], values: .float64([]))
    file.metadata = ["layers": "{\"beta\": 2,\n\t\"π\": \"\\u\"}", "version": "1"]
    return file
  }

  /// A file with this header and as many data bytes, as another program may write it.
  func foreign(_ header: String, data: Int) -> Data {
    var result = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { result.append(contentsOf: $0) }
    return result + Data(header.utf8) + Data(count: data)
  }

  @Test("Tensors and texts come back to the bit")
  func roundTrip() throws {
    let path = directory("model.safetensors")
    try Self.example.write(to: path)
    let read = try SafetensorsFile(path, requireChecksum: true)
    #expect(read == Self.example)
    #expect(
      try read.doubles("weight", shape: [2, 2]).map(\.bitPattern)
        == [1.5, -0.0, 3e-300, Double.infinity].map(\.bitPattern))
    #expect(try read.doubles("a \"quoted\" name") == [1, 2, Double(Float(0.1))])
    #expect(read.encoded() == Self.example.encoded())
  }

  @Test("The layout is the format's: length, JSON, aligned bytes without gaps")
  func layout() throws {
    var file = SafetensorsFile()
    file.tensors["x"] = .init(shape: [1], values: .float32([1]))
    file.tensors["y"] = .init(shape: [1], values: .float64([2]))
    let data = [UInt8](file.encoded())
    let length = Int(data[0]) + Int(data[1]) << 8
    #expect((8 + length) % 8 == 0)
    #expect(data.count == 8 + length + 12)
    #expect(Array(data[(8 + length)...]) == [0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 128, 63])
    let header = try JSONSerialization.jsonObject(with: Data(data[8..<(8 + length)]))
    let x = (header as! [String: [String: Any]])["x"]!
    #expect(x["dtype"] as? String == "F32" && x["data_offsets"] as? [Int] == [8, 12])
  }

  @Test("The checksum is the digest that its definition gives")
  func checksumDefinition() {
    var file = SafetensorsFile()
    file.metadata = ["k": "v"]
    file.tensors["x"] = .init(shape: [1, 1], values: .float64([1]))
    let bytes =
      Array("metadata\0k\0v\0tensor\0x\0F64\01,1\0".utf8) + [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    #expect(file.checksum == SHA256.hexadecimal(bytes))
  }

  @Test("A file cut off anywhere is refused with one line")
  func cutAnywhere() throws {
    let data = Self.example.encoded()
    for length in 0..<data.count {
      let error = failure {
        _ = try SafetensorsFile(parsing: data.prefix(length), at: "cut.safetensors")
      }
      #expect(error?.kind == .badData)
    }
    #expect(failure { _ = try SafetensorsFile(parsing: data + [0], at: "long") }?.kind == .badData)
  }

  @Test("A change of any bit is refused, or changes nothing")
  func tamperedAnywhere() throws {
    let data = Self.example.encoded()
    for index in data.indices {
      for bit in [0, 1, 5, 7] {
        var tampered = data
        tampered[index] ^= 1 << UInt8(bit)
        do {
          let read = try SafetensorsFile(parsing: tampered, at: "tampered", requireChecksum: true)
          #expect(read == Self.example, "byte \(index), bit \(bit)")
        } catch {
          #expect(error.kind == .badData)
        }
      }
    }
  }

  @Test("A file of another program without a checksum is read unless one is required")
  func foreignFile() throws {
    let header = #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#
    let data = foreign(header, data: 16)
    #expect(try SafetensorsFile(parsing: data, at: "f").doubles("x") == [0, 0])
    let error = failure {
      _ = try SafetensorsFile(parsing: data, at: "f", requireChecksum: true)
    }
    #expect(error?.description == "f: expected a checksum in the metadata, found none")
  }

  @Test(
    "Headers that promise what is not there are refused",
    arguments: [
      #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[8,24]}}"#,
      #"{"x":{"dtype":"F64","shape":[3],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#,
      #"{"x":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F64","shape":[-2],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F64","shape":[2.5],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[16,0]}}"#,
      #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16],"more":1}}"#,
      #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"y":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"__metadata__":{"k":1}}"#,
      #"[1]"#, #"{"x":3}"#, #"{"#, #" {}"#,
    ])
  func inconsistentHeader(header: String) {
    #expect(
      failure { _ = try SafetensorsFile(parsing: foreign(header, data: 16), at: "f") }?.kind
        == .badData)
  }

  @Test("A tensor that is missing or has another shape is named")
  func namedTensor() {
    let file = Self.example
    #expect(failure { _ = try file.doubles("bias") }?.expected == "a tensor named 'bias'")
    let shape = failure { _ = try file.doubles("weight", shape: [4]) }
    #expect(shape?.expected == "the shape [4] for the tensor 'weight'" && shape?.found == "[2, 2]")
    #expect(failure { _ = try file.doubles("step") }?.found == "I64")
  }

  @Test("SHA-256 agrees with its published examples, in any portions")
  func digests() {
    #expect(
      SHA256.hexadecimal([])
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hexadecimal(
        Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      SHA256.hexadecimal(million)
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    var portions = SHA256()
    var position = 0
    var length = 0
    while position < million.count {
      length += 1
      let end = min(position + length, million.count)
      million[position..<end].withUnsafeBytes { portions.update($0) }
      position = end
    }
    #expect(portions.hexadecimal() == SHA256.hexadecimal(million))
  }
}
