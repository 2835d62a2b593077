import Collectives
import Testing
import Transport

@Suite struct ExchangeInboxTests {
  private func frame(
    _ number: UInt32, offset: Int = 0, length: Int, total: Int, head: [UInt8] = []
  ) -> ExchangeFrame {
    ExchangeFrame(
      job: 1, generation: 1, sender: 2, receiver: 1,
      call: CallIdentifier(serial: 1, isBackground: false, number: number, phase: 0),
      replicas: 0..<1, offset: offset, length: length, total: total, head: head)
  }

  @Test func `puts together what outgrows the first room made for it`() throws {
    let inbox = ExchangeInbox()
    inbox.open()
    let (piece, pieces) = (4 << 20, 35)
    for index in 0..<pieces {
      let bytes = [UInt8](repeating: UInt8(index + 1), count: piece)
      bytes.withUnsafeBytes {
        inbox.add(
          frame(7, offset: index * piece, length: piece, total: pieces * piece), $0)
      }
    }
    let payload = try #require(
      try inbox.take(frame(7, length: 0, total: 0).call, from: [2]).first)
    let body = try #require(payload.body)
    #expect(payload.bodyRange.count == pieces * piece)
    for index in 0..<pieces {
      let first = body.pointer.load(fromByteOffset: index * piece, as: UInt8.self)
      let last = body.pointer.load(fromByteOffset: (index + 1) * piece - 1, as: UInt8.self)
      #expect(first == UInt8(index + 1) && last == UInt8(index + 1))
    }
  }

  @Test func `ends before heads without bodies fill the memory`() {
    let inbox = ExchangeInbox()
    let head = [UInt8](repeating: 0, count: 16 << 20)
    for number in 0..<33 {
      inbox.add(
        frame(UInt32(number), length: 0, total: 0, head: head),
        UnsafeRawBufferPointer(start: nil, count: 0))
    }
    inbox.open()
    let call = frame(0, length: 0, total: 0).call
    #expect(throws: ExchangeError.generationEnded) { try inbox.take(call, from: [2]) }
  }
}
