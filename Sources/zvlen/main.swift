import ZvlenCommands

// The library has the commands, so that other programs can be the tool, too.
CommandLineTool.run(Array(CommandLine.arguments.dropFirst()))
