/// Calls `body`, in which calls block the thread although the caller is `async`, as exit tests are.
public func blocking<Result>(_ body: () throws -> Result) rethrows -> Result { try body() }
