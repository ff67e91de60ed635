import Glibc

/// Whether the process was built with a sanitizer, which takes memory of its own and keeps freed memory.
public enum Sanitizer {
  /// Whether it is ThreadSanitizer, which dies if files have a size limit.
  public static let isThread = dlsym(nil, "__tsan_init") != nil

  /// Whether there is one.
  public static let isPresent = isThread || dlsym(nil, "__asan_init") != nil

  /// The bytes of freed memory that AddressSanitizer keeps, or 0.
  public static var keptByteCount: Int { isPresent ? 256 << 20 : 0 }
}
