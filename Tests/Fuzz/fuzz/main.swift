import CLibFuzzer
import Foundation
import FuzzTargets

// libFuzzer takes all arguments, so a link chooses the target by its name, such as `fuzz-json`. Under its own
// name, `fuzz FOLDER` writes the seeds to a folder for each target.
let name = URL(filePath: CommandLine.arguments[0]).lastPathComponent
nonisolated(unsafe) var run: FuzzTarget.Run = { _ in }

if name == "fuzz" {
  guard CommandLine.arguments.count == 2 else { throw CocoaError(.fileNoSuchFile) }
  let folder = URL(filePath: CommandLine.arguments[1])
  for target in FuzzTarget.all {
    let seeds = folder.appending(path: target.name)
    try FileManager.default.createDirectory(at: seeds, withIntermediateDirectories: true)
    for (index, seed) in try target.seeds().enumerated() {
      try Data(seed).write(to: seeds.appending(path: "seed-\(index)"))
    }
    print(target.name)
  }
  exit(0)
}
guard let target = FuzzTarget.all.first(where: { "fuzz-\($0.name)" == name }) else {
  fatalError("there is no fuzz target \(name)")
}
run = try target.prepare()
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
  LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
    do {
      try run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
      fatalError("\(error)")
    }
    return 0
  })
