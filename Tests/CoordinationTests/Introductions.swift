import Coordination
import Messages

func hello(
  _ name: String, threads: UInt32 = 2, memory: UInt64 = 0, core: String = "zen",
  probe: String = "p1", previous: WorkerID? = nil, standing: Standing? = nil
) -> Hello {
  Hello(
    name: name, host: "lab", hostIdentity: "lab", process: 1, build: "b1",
    fingerprint: [NamedText("core", core), NamedText("probe", probe)],
    exchange: ExchangeAddress(), cores: threads, threads: threads, memoryLimit: memory,
    previous: previous, standing: standing)
}
