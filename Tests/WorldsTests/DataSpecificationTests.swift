import Data
import Foundation
import Testing
import Worlds

@Suite struct DataSpecificationTests {
  private func problem(_ fields: [String: OptionValue]) -> DataError? {
    #expect(throws: DataError.self) { try DataSpecification(fields: fields) }
  }

  @Test func `opens a world by its options`() throws {
    let specification = try DataSpecification(fields: ["world": "scenes", "size": 30])
    #expect(specification == .world(name: "scenes", options: ["size": 30]))
    let source = try specification.open(split: "train")
    #expect(source.count == 30 && source.split == "train")
    #expect(throws: DataError.self) { try specification.open(split: "trian") }
  }

  @Test func `survives fields and JSON`() throws {
    for specification in [
      DataSpecification.world(name: "scenes", options: ["size": 3, "seed": 9]),
      .files(path: "/data", format: "voc"),
      .files(path: "/data", format: "text", options: ["text": "tweet"]),
      .files(path: "/data", format: "voc", served: true),
    ] {
      #expect(try DataSpecification(fields: specification.fields) == specification)
      let json = try JSONEncoder().encode(specification)
      #expect(try JSONDecoder().decode(DataSpecification.self, from: json) == specification)
    }
  }

  @Test func `refuses with the nearest suggestion`() {
    #expect(problem(["world": "scene"])?.advice.contains("Did you mean scenes?") == true)
    #expect(problem(["world": "scenes", "sise": 3])?.advice.contains("Did you mean size?") == true)
    #expect(problem(["world": "scenes", "size": 0])?.problem.contains("from 1") == true)
    #expect(problem(["world": "scenes", "size": "many"])?.problem.contains("many") == true)
    #expect(problem(["world": "scenes", "path": "/data"]) != nil)
    #expect(problem([:]) != nil)
    #expect(problem(["path": "/data"])?.advice.contains("camvid") == true)
    #expect(problem(["path": "/data", "format": "camvit"])?.advice.contains("camvid") == true)
    #expect(
      problem(["path": "/d", "format": "voc", "fromat": "x"])?.problem.contains("fromat") == true)
    #expect(
      problem(["path": "/d", "format": "text", "lable": "x"])?.advice == "Did you mean label?")
  }
}
