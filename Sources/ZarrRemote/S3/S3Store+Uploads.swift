import ChunkEngine
package import Zarr

/// Values that were sent in part: the server keeps the parts until someone ends the upload, and has them paid for.
extension S3Store: UploadingStore {
  package func unfinishedUploads(below prefix: String) throws -> [UnfinishedUpload] {
    let path = prefix.isEmpty ? location : "\(location)/\(prefix)"
    let start = self.prefix + (prefix.isEmpty ? "" : prefix + "/")
    var uploads: [UnfinishedUpload] = []
    var markers: [String?] = []
    var limit = ListingLimit(path: path)
    while true {
      var request = S3Request(.get)
      request.query = [("uploads", ""), ("prefix", start)]
      if options.pageCount < 1000 { request.query.append(("max-uploads", "\(options.pageCount)")) }
      for (name, marker) in zip(["key-marker", "upload-id-marker"], markers) {
        if let marker { request.query.append((name, marker)) }
      }
      let (root, response) = try answer(to: request, named: "ListMultipartUploadsResult", path)
      // The age counts by one clock, that of the server.
      let now = response.headers["date"].flatMap { ServerTime(header: $0) } ?? .now
      let found = root.children("Upload")
      for upload in found {
        guard let key = upload["Key"], let id = upload["UploadId"], !id.isEmpty, id.utf8.count <= 2048,
          let beginning = upload["Initiated"].flatMap({ ServerTime(timestamp: $0) })
        else {
          throw StoreError.malformedAnswer(
            path: path, reason: "it does not say what was sent in part, and when")
        }
        // A server may say more than it was asked for.
        guard key.utf8.starts(with: start.utf8), key.utf8.count > start.utf8.count else { continue }
        uploads.append(
          UnfinishedUpload(
            key: String(Substring(key.utf8.dropFirst(self.prefix.utf8.count))), id: id,
            age: max(0, now.seconds - beginning.seconds)))
      }
      guard root["IsTruncated"] == "true" else { return uploads }
      let next = ["NextKeyMarker", "NextUploadIdMarker"].map { name in
        root[name].flatMap { $0.isEmpty ? nil : $0 }
      }
      try limit.count(found.count, isNew: next != markers && next != [nil, nil])
      markers = next
    }
  }

  package func byteCount(of upload: UnfinishedUpload) throws -> Int {
    let path = "\(location)/\(upload.key)"
    var byteCount = 0
    var marker: String?
    var limit = ListingLimit(path: path)
    while true {
      var request = S3Request(.get, prefix + upload.key)
      request.query = [("uploadId", upload.id)]
      if let marker { request.query.append(("part-number-marker", marker)) }
      let root: XMLElement
      do {
        root = try answer(to: request, named: "ListPartsResult", path).root
      } catch StoreError.refused(_, 404, _) {
        return 0
      }
      let parts = root.children("Part")
      for part in parts {
        guard let size = part["Size"].flatMap({ parseDecimal($0) }) else {
          throw StoreError.malformedAnswer(path: path, reason: "it does not say how large a part is")
        }
        byteCount = sumOrMaximum(byteCount, size)
      }
      guard root["IsTruncated"] == "true" else { return byteCount }
      let next = root["NextPartNumberMarker"]
      try limit.count(parts.count, isNew: next != marker)
      marker = next
    }
  }

  package func abort(_ upload: UnfinishedUpload) throws {
    var request = S3Request(.delete, prefix + upload.key)
    request.query = [("uploadId", upload.id)]
    let path = "\(location)/\(upload.key)"
    let outcome = try client.perform(request, path: path)
    let isGone = outcome.response.status == 404 && outcome.failure?.code != "NoSuchBucket"
    guard outcome.response.isSuccess || isGone else { throw outcome.refusal(path) }
  }
}
