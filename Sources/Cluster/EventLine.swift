import Foundation
import Messages

/// Making one takes longer than all else that is done for an event.
private let timeOfDay: DateFormatter = {
  let format = DateFormatter()
  format.dateFormat = "HH:mm:ss"
  return format
}()

extension ClusterEvent {
  /// "12:03:44 j1 g2 generationOpened: …"
  package var line: String {
    let parts = [
      timeOfDay.string(from: Date(timeIntervalSince1970: unixSeconds)), job?.description,
      generation?.description, worker?.description, "\(kind): \(text)",
    ]
    return parts.compactMap { $0 }.joined(separator: " ")
  }
}
