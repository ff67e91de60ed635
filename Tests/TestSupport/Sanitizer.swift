import Glibc

/// Whether the process was built with a sanitizer, which takes memory for what it knows and keeps freed memory.
public enum Sanitizer {
  /// Whether it is ThreadSanitizer, which dies where files have a limit of size.
  public static let isThread = dlsym(nil, "__tsan_init") != nil

  /// Whether there is one.
  public static let isPresent = isThread || dlsym(nil, "__asan_init") != nil

  /// The bytes that AddressSanitizer keeps of what was freed, or none.
  public static var keptByteCount: Int { isPresent ? 256 << 20 : 0 }
}
