// Written by proto/generate.sh: each generated struct and the function that prepares it.

internal import CMessages

extension Martlet__Offer: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__offer__init(wire) }
}

extension Martlet__Fetch: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__fetch__init(wire) }
}

extension Martlet__Credit: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__credit__init(wire) }
}

extension Martlet__Chunk: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__chunk__init(wire) }
}

extension Martlet__Stored: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__stored__init(wire) }
}

extension Martlet__Served: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__served__init(wire) }
}

extension Martlet__TransferFailed: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__transfer_failed__init(wire) }
}

extension Martlet__ReadBlocks: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__read_blocks__init(wire) }
}

extension Martlet__Blocks: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__blocks__init(wire) }
}

extension Martlet__NamedText: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__named_text__init(wire) }
}

extension Martlet__NamedNumber: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__named_number__init(wire) }
}

extension Martlet__Position: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__position__init(wire) }
}

extension Martlet__Checkpoint: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__checkpoint__init(wire) }
}

extension Martlet__Artifact: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__artifact__init(wire) }
}

extension Martlet__Envelope: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__envelope__init(wire) }
}

extension Martlet__Submit: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__submit__init(wire) }
}

extension Martlet__StatusRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__status_request__init(wire) }
}

extension Martlet__ShowRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__show_request__init(wire) }
}

extension Martlet__LogsRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__logs_request__init(wire) }
}

extension Martlet__CancelRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__cancel_request__init(wire) }
}

extension Martlet__FilesRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__files_request__init(wire) }
}

extension Martlet__EventsRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__events_request__init(wire) }
}

extension Martlet__DrainRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__drain_request__init(wire) }
}

extension Martlet__DigestsRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__digests_request__init(wire) }
}

extension Martlet__JobsRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__jobs_request__init(wire) }
}

extension Martlet__Jobs: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__jobs__init(wire) }
}

extension Martlet__Submitted: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__submitted__init(wire) }
}

extension Martlet__WorkerStatus: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__worker_status__init(wire) }
}

extension Martlet__JobStatus: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__job_status__init(wire) }
}

extension Martlet__ClusterStatus: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__cluster_status__init(wire) }
}

extension Martlet__JobDetail: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__job_detail__init(wire) }
}

extension Martlet__Logs: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__logs__init(wire) }
}

extension Martlet__Cancelled: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__cancelled__init(wire) }
}

extension Martlet__Files: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__files__init(wire) }
}

extension Martlet__ClusterEvent: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__cluster_event__init(wire) }
}

extension Martlet__Events: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__events__init(wire) }
}

extension Martlet__Draining: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__draining__init(wire) }
}

extension Martlet__CommitDigest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__commit_digest__init(wire) }
}

extension Martlet__Digests: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__digests__init(wire) }
}

extension Martlet__Failure: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__failure__init(wire) }
}

extension Martlet__TokenRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__token_request__init(wire) }
}

extension Martlet__KeysRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__keys_request__init(wire) }
}

extension Martlet__RevokeRequest: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__revoke_request__init(wire) }
}

extension Martlet__KeyRecord: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__key_record__init(wire) }
}

extension Martlet__TokenIssued: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__token_issued__init(wire) }
}

extension Martlet__Keys: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__keys__init(wire) }
}

extension Martlet__ExchangeAddress: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__exchange_address__init(wire) }
}

extension Martlet__Standing: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__standing__init(wire) }
}

extension Martlet__Hello: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__hello__init(wire) }
}

extension Martlet__Heartbeat: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__heartbeat__init(wire) }
}

extension Martlet__DataAccess: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__data_access__init(wire) }
}

extension Martlet__Ready: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__ready__init(wire) }
}

extension Martlet__StepReport: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__step_report__init(wire) }
}

extension Martlet__Delivery: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__delivery__init(wire) }
}

extension Martlet__StepReports: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__step_reports__init(wire) }
}

extension Martlet__WorkerFailed: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__worker_failed__init(wire) }
}

extension Martlet__JobFinished: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__job_finished__init(wire) }
}

extension Martlet__Leave: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__leave__init(wire) }
}

extension Martlet__Pausing: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__pausing__init(wire) }
}

extension Martlet__Warm: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__warm__init(wire) }
}

extension Martlet__Welcome: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__welcome__init(wire) }
}

extension Martlet__Refused: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__refused__init(wire) }
}

extension Martlet__Member: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__member__init(wire) }
}

extension Martlet__PrepareGeneration: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) {
    martlet__prepare_generation__init(wire)
  }
}

extension Martlet__RelayedPair: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__relayed_pair__init(wire) }
}

extension Martlet__OpenGeneration: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__open_generation__init(wire) }
}

extension Martlet__StopJob: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__stop_job__init(wire) }
}

extension Martlet__Rejoin: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__rejoin__init(wire) }
}

extension Martlet__Pause: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__pause__init(wire) }
}

extension Martlet__Drain: CMessage {
  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__drain__init(wire) }
}
