import Foundation
import TestSupport
import Testing
import Zarr
import ZarrPlatform

/// What people do with the tool and a bucket.
@Suite("Buckets")
struct BucketTests {
  private let tool: BucketTool
  private static let text = (0..<3000).map {
    #"{"number":\#($0),"text":"\#(String(repeating: "x", count: $0 % 40))"}"#
  }
  .map { $0 + "\n" }.joined()

  init() throws {
    tool = try BucketTool()
    try tool.scratch.write(Self.text, to: "corpus.jsonl")
    for index in 0..<40 {
      try tool.scratch.write("contents \(index)", to: "tree/\(index % 7)/\(index) é.txt")
    }
  }

  private func stored(_ url: String) throws -> String { try tool.succeed("export", url, "-o", "-").text }

  @Test("Lines are imported, looked at, read, checked, appended to and replaced")
  func lines() throws {
    let url = "\(tool.url)/corpus.zarr"
    try tool.succeed("import", "corpus.jsonl", "-o", url, "--type", "json", "--chunk-bytes", "4KiB")
    #expect(try tool.succeed("info", url).text.contains("3000"))
    #expect(try tool.succeed("tree", url).text.contains("json [3000]"))
    #expect(try tool.succeed("cat", url, "17").text.contains(#""number":17,"#))
    #expect(try tool.succeed("verify", "--deep", url).text.hasPrefix("ok: "))
    #expect(try stored(url) == Self.text)
    try tool.fail("import", "corpus.jsonl", "-o", url, saying: "exists already")

    try tool.succeed("import", "corpus.jsonl", "-o", url, "--append")
    #expect(try stored(url) == Self.text + Self.text)

    try tool.scratch.write("{}\n[]\n", to: "small.jsonl")
    try tool.succeed("import", "small.jsonl", "-o", url, "--type", "json", "--overwrite")
    #expect(try stored(url) == "{}\n[]\n")
    #expect(try Set(tool.allKeys("corpus.zarr")) == ["zarr.json", "c/0"])
    // Only what was asked for is in the directory.
    #expect(try tool.scratch.names() == ["corpus.jsonl", "small.jsonl", "tree"])
  }

  @Test("A log that grows is appended to once, and shards go to a bucket as to a disk")
  func log() throws {
    let url = "\(tool.url)/log.zarr"
    try tool.scratch.write("one\ntwo\n", to: "log")
    let arguments = ["import", "log", "-o", url, "--append", "--resume", "--shard-bytes", "64KiB"]
    for text in ["one\ntwo\n", "one\ntwo\nthree\n", "one\ntwo\nthree\n"] {
      try tool.scratch.write(text, to: "log")
      // An array that is there keeps its shards.
      let isNew = try tool.allKeys("log.zarr").isEmpty
      let outcome = try tool.run(isNew ? arguments : Array(arguments.dropLast(2)))
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(try stored(url) == text)
    }
  }

  @Test("A directory becomes a group in a bucket, and a directory again")
  func tree() throws {
    let url = "\(tool.url)/tree.zarr"
    try tool.succeed("import", "tree", "-o", url)
    try tool.succeed("export", url, "-o", "again")
    #expect(try tool.scratch.files(below: "again") == tool.scratch.files(below: "tree"))
    #expect(try tool.succeed("verify", url).text.hasPrefix("ok: "))
    try tool.succeed("cat", "\(url)/blobs", "3")
    try tool.scratch.write("new", to: "more/new")
    try tool.succeed("import", "more", "-o", url, "--append", "--resume")
    try tool.succeed("export", url, "-o", "third")
    #expect(try tool.scratch.files(below: "third").count == 41)
  }

  @Test("Arrays are copied between buckets, directories and archives")
  func copies() throws {
    try tool.succeed("import", "tree", "-o", "local.zarr")
    let places = ["\(tool.url)/a.zarr", "\(tool.url)/b.zarr", "\(tool.url)/c.zip|zip:", "back.zarr"]
    for (source, target) in zip(["local.zarr"] + places, places) {
      try tool.succeed("copy", source, target, "--validate")
      try tool.succeed("compare", "local.zarr", target)
    }
    try tool.fail("copy", places[0], places[1], saying: "exists already")
    try tool.succeed("copy", places[0], places[1], "--overwrite", "--zarr-format", "2")
    #expect(try !tool.allKeys("b.zarr").contains { $0.hasSuffix("zarr.json") || $0.contains(".zvlen") })
    try tool.succeed("compare", "\(places[1])/blobs", "local.zarr/blobs")
    try tool.fail("copy", places[0], places[0], saying: "to itself")
  }

  @Test("What the server refuses is one line that says what and why, and nothing that is secret")
  func refusals() throws {
    let url = "\(tool.url)/corpus.zarr"
    try tool.succeed("import", "corpus.jsonl", "-o", url)
    let bad = ["AWS_SECRET_ACCESS_KEY": "not-the-secret-4711", "AWS_SESSION_TOKEN": "token-0815"]
    for arguments in [
      ["info", url], ["import", "corpus.jsonl", "-o", "\(tool.url)/b.zarr"], ["verify", url],
    ] {
      let outcome = try tool.run(arguments, bad)
      // Damage was not found, but nothing could be checked.
      #expect(outcome.exitCode == (arguments[0] == "verify" ? 2 : 1))
      #expect((outcome.text + outcome.errors).contains("403"), "\(outcome.text)\(outcome.errors)")
    }
    try tool.fail(
      "info", url, with: ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""], saying: "no credentials")
    try tool.fail("info", "s3://no-such-bucket-4711/a.zarr", saying: "NoSuchBucket")
    try tool.fail("info", "\(tool.url)/nothing.zarr", saying: "no zarr.json")
    try tool.fail("info", "s4://bucket/a", saying: "s4: is not known")
    try tool.fail("info", "s3://key:secret-4711@bucket/a", saying: "secrets do not belong into a URL")
    try tool.fail(
      "info", url, with: ["AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "2"],
      saying: "127.0.0.1")
    let proxy = try tool.proxy { _ in .refused }
    try tool.fail(
      "info", url, with: ["AWS_ENDPOINT_URL": proxy.url, "AWS_MAX_ATTEMPTS": "2"], saying: "503 SlowDown")
    #expect(try tool.scratch.names() == ["corpus.jsonl", "tree"])
    #expect(try tool.allKeys("b.zarr") == [])
  }

  @Test("Where a server does not list what was sent in part, the rest of what jobs have left is found")
  func unlistedUploads() throws {
    let array = try ZarrArray.create(
      in: tool.store("a.zarr"), shape: [0],
      options: ArrayOptions(dataType: .string, chunkSize: .evenBytes(100)))
    let writer = try SegmentWriter(for: array)
    try writer.appender.append("left")
    let segment = try writer.finish()
    let proxy = try tool.proxy { $0.contains("uploads=") ? .unknown : nil }
    for force in [[], ["--force"]] {
      let outcome = try tool.run(
        ["gc", "\(tool.url)/a.zarr", "--older-than", "0s"] + force, ["AWS_ENDPOINT_URL": proxy.url])
      #expect(outcome.exitCode == 0)
      #expect(outcome.errors.hasPrefix("zvlen: note: what was sent in part is not looked for: "))
      #expect(outcome.errors.contains("501: NotImplemented"))
      #expect(outcome.lines.count == 1 && outcome.text.contains(segment.id))
    }
    #expect(try tool.succeed("gc", "\(tool.url)/a.zarr", "--older-than", "0s").text == "")
  }

  @Test("A server that ignores conditions is read from, and written to by nobody who is not sure to be alone")
  func unconditional() throws {
    let outcome = try tool.run(
      ["import", "corpus.jsonl", "-o", "\(tool.url)/a.zarr"], ["AWS_ENDPOINT_URL": tool.servers.rclone])
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.contains("condition"), "\(outcome.errors)")
  }

  @Test("TLS with a certificate of one's own")
  func secure() throws {
    let url = "\(tool.url)/corpus.zarr"
    let secure = tool.servers.environment(tool.servers.secure)
    #expect(try tool.run(["import", "corpus.jsonl", "-o", url], secure).exitCode == 0)
    #expect(try stored(url) == Self.text)
    let outcome = try tool.run(
      ["info", url], ["AWS_ENDPOINT_URL": tool.servers.secure, "AWS_MAX_ATTEMPTS": "1"])
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.lowercased().contains("certificate"), "\(outcome.errors)")
  }

  @Test("Whatever fails on the way, the import is whole", arguments: 1...3)
  func faults(seed: UInt64) throws {
    let proxy = try FaultProxy(port: RemoteServers.port(of: tool.servers.seaweedfs), .bad(seed: seed))
    let url = "\(tool.url)/corpus.zarr"
    let outcome = try tool.run(
      ["import", "corpus.jsonl", "-o", url, "--chunk-bytes", "4KiB", "--resume"],
      ["AWS_ENDPOINT_URL": proxy.url])
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try stored(url) == Self.text)
    #expect(proxy.failureCount > 0)
  }

  @Test("A process that is forked while another thread fetches credentials fetches its own")
  func fork() throws {
    try tool.succeed("import", "tree", "-o", "\(tool.url)/tree.zarr")
    let keys =
      #"{"Version":1,"AccessKeyId":"\#(tool.servers.accessKey)","SecretAccessKey":"\#(tool.servers.secretKey)"}"#
    try tool.scratch.write("[default]\ncredential_process = sleep 2; echo '\(keys)'\n", to: "config")
    let streams = try ScratchDirectory()
    let process = try Tool.start(
      ["\(tool.url)/tree.zarr", "30", "fork"], of: "RemoteWriter", in: tool.scratch,
      input: FileHandle.nullDevice, streams: streams,
      environment: tool.environment.merging([
        "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": tool.scratch.path("config"),
      ]) { $1 })
    process.waitUntilExit()
    let outcome = try Tool.outcome(of: process, streams)
    #expect(outcome.exitCode == 0, "\(outcome.text)\(outcome.errors)")
  }

  @Test("Lines are imported from URLs and exported to them, and files too")
  func files() throws {
    let served = try ServedDirectory(.python)
    let more = (0..<500_000).map { "from the web \($0)\n" }.joined()
    try Data(more.utf8).write(to: URL(filePath: served.directory.path("more.txt")))
    let url = "\(tool.url)/lines.zarr"
    let lines = "\(tool.url)/exports/lines.jsonl"
    try tool.succeed("import", "corpus.jsonl", "\(served.url)/more.txt?token=4711", "-o", url)
    #expect(try stored(url) == Self.text + more)
    try tool.succeed("export", url, "-o", lines)
    try tool.fail("export", url, "-o", lines, saying: "exists already")
    try tool.succeed("export", url, "-o", lines, "--overwrite")
    try tool.succeed("import", lines, "-o", "again.zarr", "--resume")
    try tool.succeed("compare", url, "again.zarr")

    // A log in a bucket that grows.
    try tool.succeed("import", lines, "-o", "log.zarr", "--append", "--resume")
    try tool.scratch.write("one more\n", to: "one")
    try tool.succeed("import", "one", "-o", url, "--append")
    try tool.succeed("export", url, "-o", lines, "--overwrite")
    try tool.succeed("import", lines, "-o", "log.zarr", "--append", "--resume")
    try tool.succeed("compare", url, "log.zarr")
    try tool.succeed("import", "one", "-o", url, "--overwrite")
    try tool.succeed("export", url, "-o", lines, "--overwrite")
    try tool.fail("import", lines, "-o", "log.zarr", "--append", "--resume", saying: "only 9 bytes")

    try tool.succeed("import", "tree", "-o", "tree.zarr")
    try tool.succeed("export", "tree.zarr", "-o", "\(tool.url)/files")
    #expect(try Set(tool.allKeys("files")) == Set(tool.scratch.files(below: "tree").keys))
    try tool.fail("export", "tree.zarr", "-o", "\(tool.url)/files", saying: "exists already")
    try tool.succeed("export", "tree.zarr", "-o", "\(tool.url)/files", "--overwrite")

    try tool.fail("import", "\(tool.url)/none.jsonl", "-o", "none.zarr", saying: "no such file")
    try tool.fail(
      "import", "\(served.url)/none.txt?token=secret-4711", "-o", "none.zarr",
      saying: "/none.txt: there is no such")
    try tool.fail("import", lines, "-o", "none.zarr", "--part", "1/2", saying: "not on this machine")
    let outcome = try tool.run(["import", "\(served.url)/none.txt?token=secret-4711", "-o", "none.zarr"])
    #expect(!outcome.errors.contains("secret-4711"))
  }
}
