import Cluster
import Data
import Foundation
import Layers
import Messages
import Training
import Transport

/// What the process tells its caller by its exit code; the table is `docs/exit-codes.md`.
package enum ExitReason: Int32, Error, CaseIterable, Sendable {
  case done = 0
  /// The job failed or was refused, or something happened that no other code names.
  case failed = 1
  /// The arguments or the job file are wrong; nothing was started.
  case usage = 2
  /// The coordinator cannot be reached, does not admit this process or not for this, or speaks
  /// another protocol.
  case unreachable = 3
  /// Training data is missing, unreadable or not what the job says; a check found problems.
  case data = 4
  /// A checkpoint, weights or result file is missing, damaged or cannot be written.
  case files = 5
  /// `martlet verify` reached another digest than the one on record.
  case differs = 6
  /// `martlet prove` ran to its end, and not every claim is reproduced.
  case unproven = 7
  /// Ctrl-C: the work stopped at a step boundary, its state is in a checkpoint.
  case interrupted = 130
  /// SIGTERM: as `interrupted`.
  case terminated = 143

  /// The code for an error of ours; nil for errors of the argument parser.
  package init?(explaining error: any Error) {
    switch error {
    case is JobError: self = .usage
    case is DataError: self = .data
    case let error as TrainingError:
      switch error {
      case .notFinite: self = .failed
      case .checkpoint, .record, .write: self = .files
      }
    case is SafetensorsError, is FileError, is WeightsError: self = .files
    case let error as TransportError:
      switch error {
      case .unreachable, .connectionLost, .notAdmitted, .notAllowed, .protocolMismatch,
        .addressInUse, .badAddress, .malformed:
        self = .unreachable
      case .badFile, .transferFailed, .busy: self = .files
      case .curveUnavailable, .system: self = .failed
      }
    case is Store.Problem: self = .files
    case let error as Failure: self = error.field.isEmpty ? .failed : .usage
    case is any ExplainedError: self = .failed
    default: return nil
    }
  }

  package func end() -> Never { exit(rawValue) }
}

/// An error of this module whose text is for people.
protocol ExplainedError: Error, CustomStringConvertible {}
