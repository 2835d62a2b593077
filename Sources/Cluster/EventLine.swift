import Foundation
import Messages

extension ClusterEvent {
  /// "12:03:44 j1 g2 generationOpened: …"
  package var line: String {
    let format = DateFormatter()
    format.dateFormat = "HH:mm:ss"
    let parts = [
      format.string(from: Date(timeIntervalSince1970: unixSeconds)), job?.description,
      generation?.description, worker?.description, "\(kind): \(text)",
    ]
    return parts.compactMap { $0 }.joined(separator: " ")
  }
}
