import ArgumentParser

/// What is done about symbolic links in the directory of an array or group.
struct LinkOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Follows symbolic links that lead out of the directory of the array or group.",
      discussion: "Without it what is behind such a link is an error."))
  var followLinks = false
}
