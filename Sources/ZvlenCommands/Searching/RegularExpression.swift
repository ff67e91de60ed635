import CPCRE2

/// A regular expression in the syntax of Perl, compiled to machine code where the processor allows it.
///
/// Many threads can use it at once, each with a ``Match`` of its own.
@safe
final class RegularExpression: Sendable {
  /// How a pattern is meant.
  struct Options: Hashable, Sendable {
    /// Whether the pattern is a text in which no character has a special meaning.
    var isLiteral = false
    /// Whether large and small letters are the same.
    var ignoresCase = false
    /// Whether only whole words match.
    var matchesWords = false
    /// Whether only whole lines match.
    var matchesLines = false
    /// Whether lines are UTF-8, and not any bytes.
    ///
    /// Bytes that are not UTF-8 are then never part of a match.
    var isText = false
  }

  // SAFETY: They do not change once they are compiled.
  private nonisolated(unsafe) let code: OpaquePointer

  /// The same for lines of ASCII, if it means the same there: bytes take less time than characters.
  private nonisolated(unsafe) let asciiCode: OpaquePointer?

  /// What a match may take.
  ///
  /// A pattern such as `(a+)+$` would otherwise take time that grows exponentially with the length of a line.
  private static let stepLimit: UInt32 = 10_000_000
  private static let heapKibibyteLimit: UInt32 = 64 << 10
  private static let stackByteLimit = 8 << 20

  /// Compiles a pattern.
  ///
  /// - Throws: ``ToolError`` that says what is wrong with it.
  init(_ pattern: String, _ options: Options) throws(ToolError) {
    var (pattern, options) = (pattern, options)
    // PCRE2's own option is a pair of \b, which do not match beside a character that is in no word.
    if options.matchesWords, !pattern.utf8.starts(with: "(*".utf8) {
      // This says what is wrong with the pattern as it was given.
      unsafe pcre2_code_free_8(try Self.compile(pattern, options))
      let inner = options.isLiteral ? #"\Q\#(pattern.replacing(#"\E"#, with: #"\E\\E\Q"#))\E"# : pattern
      pattern = #"(?<!\w)(?:\#(inner))(?!\w)"#
      (options.matchesWords, options.isLiteral) = (false, false)
    }
    unsafe code = try unsafe Self.compile(pattern, options)
    var bytes = options
    bytes.isText = false
    // What follows (* can ask for characters again.
    let isSame =
      options.isText && pattern.utf8.allSatisfy { $0 < 0x80 } && !pattern.utf8.starts(with: "(*".utf8)
    unsafe asciiCode = isSame ? unsafe try? Self.compile(pattern, bytes) : nil
  }

  private static func compile(_ pattern: String, _ options: Options) throws(ToolError) -> OpaquePointer {
    let context = unsafe pcre2_compile_context_create_8(nil)
    defer { unsafe pcre2_compile_context_free_8(context) }
    var extra: UInt32 = 0
    if options.matchesWords { extra |= PCRE2_EXTRA_MATCH_WORD }
    if options.matchesLines { extra |= PCRE2_EXTRA_MATCH_LINE }
    unsafe pcre2_set_compile_extra_options_8(context, extra)
    var flags: UInt32 = 0
    if options.ignoresCase { flags |= PCRE2_CASELESS }
    if options.isText { flags |= UInt32(PCRE2_UTF) | PCRE2_MATCH_INVALID_UTF }
    if options.isLiteral {
      flags |= PCRE2_LITERAL
    } else {
      // The end of a line is the end of what is searched. \C would split characters.
      flags |= PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C
      if options.isText { flags |= PCRE2_UCP }
    }
    var number: Int32 = 0
    var offset = 0
    let bytes = Array(pattern.utf8)
    let compiled = unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe pcre2_compile_8(bytes.baseAddress, bytes.count, flags, &number, &offset, context)
    }
    guard let compiled = unsafe compiled else {
      let start = String(decoding: bytes.prefix(offset), as: UTF8.self)
      let place = start.isEmpty ? "at its beginning" : "after \(OneLine(start))"
      throw ToolError(
        "the pattern is no regular expression: \(message(of: number)) (\(place)); -F searches for the text as it is"
      )
    }
    // Without machine code, which a hardened system forbids, the pattern is interpreted.
    _ = unsafe pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
    return unsafe compiled
  }

  deinit {
    unsafe pcre2_code_free_8(code)
    unsafe pcre2_code_free_8(asciiCode)
  }

  private static func message(of number: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
      unsafe pcre2_get_error_message_8(number, buffer.baseAddress, buffer.count)
    }
    return String(decoding: buffer.prefix(max(0, Int(count))), as: UTF8.self)
  }

  /// What one thread needs to find matches.
  @safe
  final class Match {
    private let expression: RegularExpression
    private let data: OpaquePointer?
    private let context: OpaquePointer?
    private let stack: OpaquePointer?

    init(_ expression: RegularExpression) {
      self.expression = expression
      unsafe data = unsafe pcre2_match_data_create_8(1, nil)
      unsafe context = unsafe pcre2_match_context_create_8(nil)
      unsafe stack = unsafe pcre2_jit_stack_create_8(32 << 10, RegularExpression.stackByteLimit, nil)
      unsafe pcre2_set_match_limit_8(context, RegularExpression.stepLimit)
      unsafe pcre2_set_heap_limit_8(context, RegularExpression.heapKibibyteLimit)
      unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
    }

    deinit {
      unsafe pcre2_match_data_free_8(data)
      unsafe pcre2_match_context_free_8(context)
      unsafe pcre2_jit_stack_free_8(stack)
    }

    private static func isASCII(_ line: UnsafeRawBufferPointer) -> Bool {
      var (bits, offset): (UInt64, Int) = (0, 0)
      while offset + 8 <= line.count {
        bits |= unsafe line.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        offset += 8
      }
      while offset < line.count {
        bits |= unsafe UInt64(line[offset])
        offset += 1
      }
      return bits & 0x8080_8080_8080_8080 == 0
    }

    /// Returns the first match in a line that begins at an offset or later, or nil.
    ///
    /// - Throws: ``ToolError`` in words that follow the name of a line.
    func first(in line: UnsafeRawBufferPointer, from offset: Int) throws(ToolError) -> Range<Int>? {
      var empty: UInt8 = 0
      let found = unsafe withUnsafePointer(to: &empty) { empty in
        let start = unsafe line.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty
        let asciiCode = unsafe expression.asciiCode.flatMap { unsafe Self.isASCII(line) ? $0 : nil }
        return unsafe pcre2_match_8(
          asciiCode ?? expression.code, start, line.count, offset, 0, data, context)
      }
      if found == PCRE2_ERROR_NOMATCH { return nil }
      guard found >= 0, let offsets = unsafe pcre2_get_ovector_pointer_8(data) else {
        switch found {
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT,
          PCRE2_ERROR_JIT_STACKLIMIT:
          throw ToolError("takes the pattern more steps or memory than allowed; use a simpler pattern")
        default:
          throw ToolError("could not be searched: \(RegularExpression.message(of: found))")
        }
      }
      // \K in a look-ahead can put the beginning after the end.
      let end = unsafe Int(offsets[1])
      return unsafe min(Int(offsets[0]), end)..<end
    }
  }
}
