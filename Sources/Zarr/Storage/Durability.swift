/// What of a value survives when its writer, or the machine, is stopped in the middle.
public enum Durability: String, Sendable, Hashable, CaseIterable {
  /// Values are written in their place: quick, and a reader or a crash may find a part of one.
  case none
  /// A value is wholly the old one or the new one for every reader, also after its writer was killed. After a
  /// crash of the machine it is what the file system makes of it.
  case atomic
  /// What was written is on the disk when the call returns, and survives a crash of the machine.
  case durable
}
