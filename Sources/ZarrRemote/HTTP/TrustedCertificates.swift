import CCurl
import ChunkEngine
import ZarrPlatform

/// Finds the certificates that this system trusts in.
///
/// A libcurl knows the place where the system has them that it was built for. One that a program brings along may run on
/// another system.
package enum TrustedCertificates {
  /// Where systems have them in one file, each with some that do.
  static let files = [
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  // Red Hat
    "/etc/ssl/ca-bundle.pem",  // SUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Red Hat from 7 on
    "/etc/ssl/cert.pem",  // Alpine, macOS, BSD
    "/var/lib/ca-certificates/ca-bundle.pem",  // SUSE
  ]

  private static let fallback = Locked<String?>(nil)

  /// Says which file to use where none is found.
  package static func setFallback(_ file: String?) {
    fallback.withLock { $0 = file }
  }

  /// The file that libcurl has to be told, or nil if it knows.
  static var file: String? {
    let own = unsafe curl_version_info(CURLVERSION_SEVENTH)?.pointee.cainfo.map { unsafe String(cString: $0) }
    return file(
      chosen: unsafe getenv("SSL_CERT_FILE").map { unsafe String(cString: $0) }, own: own,
      fallback: fallback.withLock { $0 }
    ) { path in
      unsafe access(path, R_OK) == 0
    }
  }

  /// Finds the file that libcurl has to be told, or nil if it knows.
  ///
  /// - Parameters:
  ///   - chosen: The file that the environment names.
  ///   - own: The file that libcurl takes if it is told nothing, or nil if it has another way.
  ///   - fallback: The file to use where the system has none.
  ///   - canRead: Whether there is such a file.
  /// - Returns: The path.
  static func file(
    chosen: String?, own: String?, fallback: String?, canRead: (String) -> Bool
  ) -> String? {
    if let chosen, !chosen.isEmpty { return chosen }
    guard let own, !canRead(own) else { return nil }
    return files.first(where: canRead) ?? fallback
  }
}
