import ChunkEngine
import Zarr
import ZarrPlatform
import ZarrRemote

/// Changes a node in a bucket, as one of several processes that do so at once.
///
///     RemoteWriter URL LEASE_SECONDS group
///     RemoteWriter URL LEASE_SECONDS array
///     RemoteWriter URL LEASE_SECONDS attributes NAME COUNT
///     RemoteWriter URL LEASE_SECONDS append NAME COUNT STEP
///     RemoteWriter URL LEASE_SECONDS fork
///
/// `group` and `array` create a node. `attributes` sets `NAME-0`, `NAME-1` and so on, one at a time. `append` appends
/// the texts `NAME 0`, `NAME 1` and so on, with a checkpoint after each step. If it loses the end of the array, it
/// appends once more what no checkpoint has stored, and prints `lost`. `fork` has a thread read the node, and half a
/// second later a forked process, which exits with 0 if it has read the node within a minute.
@main
enum RemoteWriter {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4, let seconds = Int(arguments[2]) else { exit(64) }
    var options = StoreOptions()
    options.isWritable = true
    options.s3.leaseDuration = .seconds(seconds)
    let opened = try Stores.open(arguments[1], options: options)
    let numbers = arguments.dropFirst(5).compactMap { Int($0) }
    switch (arguments[3], numbers.count) {
    case ("group", 0): _ = try ZarrGroup.create(in: opened.store)
    case ("array", 0):
      _ = try ZarrArray.create(
        in: opened.store, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .rows(7)))
    case ("attributes", 1):
      let group = try ZarrGroup.open(in: opened.store)
      for number in 0..<numbers[0] {
        try group.mergeAttributes(["\(arguments[4])-\(number)": .integer(number)])
      }
    case ("append", 2): try append(to: opened.store, arguments[4], count: numbers[0], step: numbers[1])
    case ("fork", 0): try readInChild(opened.store)
    default: exit(64)
    }
  }

  private static func append(to store: any Store, _ name: String, count: Int, step: Int) throws {
    var stored = 0
    while stored < count {
      let appender = try Appender(to: ZarrArray.open(in: store), lockTimeout: .seconds(300))
      do {
        while stored < count {
          let end = min(stored + step, count)
          for number in stored..<end { try appender.append("\(name) \(number)") }
          try appender.checkpoint()
          stored = end
        }
        try appender.finish()
      } catch {
        guard case ZarrError.store(_, StoreError.lockLost) = error else { throw error }
        print("lost")
        appender.cancel()
      }
    }
  }

  private static func readInChild(_ store: any Store) throws {
    guard Platform.startThread({ _ = try? ZarrGroup.open(in: store) }) else { exit(1) }
    usleep(500_000)
    // Swift hides `fork`.
    typealias Fork = @convention(c) () -> pid_t
    // SAFETY: This is how C declares it.
    let fork = unsafe unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)
    let child = fork()
    guard child != 0 else {
      alarm(60)
      do {
        _ = try ZarrGroup.open(in: store)
        _exit(0)
      } catch {
        print("the child failed: \(error)")
        _exit(1)
      }
    }
    var status: Int32 = 0
    guard unsafe waitpid(child, &status, 0) == child, status == 0 else { exit(1) }
  }
}
