import ZvlenCommands

// Swift has the arguments from there, and the name of the program is one.
if CommandLine.arguments.isEmpty {
  CommandLineTool.fail(
    "/proc is not mounted, so that the arguments cannot be read; mount it, also for chroot")
}

// The library has the commands, so that other programs can be the tool, too.
CommandLineTool.run(
  CommandLine.arguments.indices.dropFirst().map { index in
    // Swift replaces the bytes of arguments that are not UTF-8, and names of files can have such bytes.
    guard let argument = unsafe CommandLine.unsafeArgv[index] else { return "" }
    var bytes: [UInt8] = []
    var offset = 0
    // SAFETY: Each argument ends with a NUL.
    while unsafe argument[offset] != 0 {
      bytes.append(unsafe UInt8(bitPattern: argument[offset]))
      offset += 1
    }
    return FileName.argument(bytes)
  })
