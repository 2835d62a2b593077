import Foundation
import Messages
import Testing
import Transport

@Suite struct JoinFileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "martlet-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func `comes back as it was written, for its owner only`() throws {
    try withFolder { folder in
      let keys = try ClusterKeys(keptIn: folder)
      #expect(try ClusterKeys(keptIn: folder) == keys)
      for security in [keys.clientSecurity, .insecure] {
        let path = folder + "/join.json"
        let file = JoinFile(
          control: "tcp://h:1", bulk: "tcp://h:2", relay: "tcp://h:3", security: security)
        try file.write(to: path)
        #expect(try JoinFile(contentsOf: path) == file)
        for name in [path, folder + "/keys.json"] {
          let attributes = try FileManager.default.attributesOfItem(atPath: name)
          #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
      }
    }
  }

  @Test(arguments: [
    ("", "is not a martlet join file"), ("{}", "has no 'protocol'"),
    (#"{"protocol": 1}"#, "'control' is absent"),
    (#"{"protocol": 1, "control": "x", "bulk": "tcp://h:1"}"#, "'control' is 'x'"),
    (
      #"{"protocol": 1, "control": "tcp://h:1", "bulk": "tcp://h:1", "publicKey": "short"}"#,
      "'publicKey' is no key"
    ),
  ]) func `says what is wrong with a damaged file`(text: String, complaint: String) throws {
    try withFolder { folder in
      let path = folder + "/join.json"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: TransportError.self) { try JoinFile(contentsOf: path) }
      #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
      #expect(error?.description.contains(path) == true)
    }
  }

  @Test func `refuses the file of another version`() throws {
    try withFolder { folder in
      let path = folder + "/join.json"
      try #"{"protocol": 99}"#.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(throws: TransportError.protocolMismatch(ours: protocolVersion, theirs: 99)) {
        try JoinFile(contentsOf: path)
      }
    }
  }

  @Test func `names a file that is not there`() {
    let error = #expect(throws: TransportError.self) {
      try JoinFile(contentsOf: "/nowhere/join.json")
    }
    #expect(error?.description.contains("/nowhere/join.json") == true)
  }
}
