import CZarrVlen
import ZvlenCommands

@c @implementation
public func zarr_vlen_main(
  _ argumentCount: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Never {
  // The name of the program comes first, if there is any.
  let given = unsafe UnsafeBufferPointer(
    start: arguments, count: arguments == nil ? 0 : Int(max(0, argumentCount)))
  CommandLineTool.run(unsafe given.dropFirst().compactMap { unsafe $0.map { unsafe String(cString: $0) } })
}
