// libFuzzer around one target: `fuzzer TARGET [options and folders of libFuzzer]`. Without
// arguments the targets, `fuzzer --seeds TARGET FOLDER` writes the target's seeds.

import FuzzEntries
import Glibc
import Tensors

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private func writeSeeds(of target: FuzzTarget, to folder: String) {
  for (number, seed) in target.seeds.enumerated() {
    guard let file = fopen("\(folder)/seed-\(number)", "w"),
      fwrite(seed, 1, seed.count, file) == seed.count, fclose(file) == 0
    else {
      perror(folder)
      exit(1)
    }
  }
}

let words = Array(CommandLine.arguments.dropFirst())
if words.isEmpty {
  for target in FuzzTarget.allCases { print(target.rawValue, target.bytesMax) }
  exit(0)
}
if words.count == 3, words[0] == "--seeds", let target = FuzzTarget(rawValue: words[1]) {
  writeSeeds(of: target, to: words[2])
  exit(0)
}
// libFuzzer reads what follows the program's name; the target's name is ours. To merge, it starts
// this program again with arguments of its own, and the target in the environment.
private let inherited = getenv("FUZZ_TARGET").map { String(cString: $0) }
guard let chosen = FuzzTarget(rawValue: inherited ?? words[0]) else {
  print("fuzzer: no target '\(inherited ?? words[0])'; without arguments it lists them")
  exit(2)
}
setenv("FUZZ_TARGET", chosen.rawValue, 1)
private let target = chosen
private let skipped = inherited == nil ? 1 : 0
var arguments = UnsafeMutablePointer(CommandLine.unsafeArgv + skipped)
arguments[0] = CommandLine.unsafeArgv[0]
var count = CommandLine.argc - Int32(skipped)
exit(
  runDriver(&count, &arguments) { bytes, size in
    target.run(Array(UnsafeBufferPointer(start: bytes, count: size)))
    // Else the pool would keep a block of every size ever asked for.
    MemoryPool.shared.trim()
    return 0
  })
