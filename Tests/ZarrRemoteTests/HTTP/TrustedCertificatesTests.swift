import Testing

@testable import ZarrRemote

@Suite("Trusted certificates")
struct TrustedCertificatesTests {
  private let debian = "/etc/ssl/certs/ca-certificates.crt"

  private func file(
    chosen: String? = nil, own: String? = "/etc/ssl/certs/ca-certificates.crt", fallback: String? = nil,
    of present: Set<String>
  ) -> String? {
    TrustedCertificates.file(chosen: chosen, own: own, fallback: fallback) { present.contains($0) }
  }

  @Test("Where libcurl finds them itself, it is told nothing")
  func own() {
    #expect(file(fallback: "/fallback", of: [debian, "/fallback"]) == nil)
    #expect(file(own: nil, fallback: "/fallback", of: ["/fallback"]) == nil)
  }

  @Test(
    "They are found where other systems have them",
    arguments: [
      "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ])
  func otherSystems(path: String) {
    #expect(file(fallback: "/fallback", of: [path, "/fallback"]) == path)
    #expect(file(own: "/elsewhere", of: [debian]) == debian)
  }

  @Test("Where there are none, those of the program are taken")
  func fallback() {
    #expect(file(fallback: "/fallback", of: []) == "/fallback")
    #expect(file(of: []) == nil)
  }

  @Test("The environment comes first")
  func chosen() {
    #expect(file(chosen: "/chosen", fallback: "/fallback", of: [debian]) == "/chosen")
    #expect(file(chosen: "", of: [debian]) == nil)
  }
}
