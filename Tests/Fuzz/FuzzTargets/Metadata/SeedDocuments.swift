/// Seed documents, in addition to the fixtures.
enum SeedDocuments {
  /// A document of Zarr v3 from parts of JSON text; a shape is its lengths, separated by commas.
  static func array(
    shape: String = "4", chunkShape: String = "2", dataType: String = "\"bytes\"",
    fillValue: String = "\"\"", codecs: String, more: String = ""
  ) -> String {
    """
    {"zarr_format":3,"node_type":"array","shape":[\(shape)],"data_type":\(dataType),"chunk_grid":{"name":\
    "regular","configuration":{"chunk_shape":[\(chunkShape)]}},"chunk_key_encoding":"default","fill_value":\
    \(fillValue),"codecs":[\(codecs)]\(more)}
    """
  }

  private static func codec(_ name: String, _ configuration: String) -> String {
    "{\"name\":\"\(name)\",\"configuration\":{\(configuration)}}"
  }

  /// The settings of a shard.
  static func shards(_ chunkShape: String, codecs: String, index: String = "", more: String = "") -> String {
    codec(
      "sharding_indexed",
      """
      "chunk_shape":[\(chunkShape)],"codecs":[\(codecs)],"index_codecs":[\(bytes)\(index)]\(more)
      """)
  }

  static let bytes = codec("bytes", "\"endian\":\"little\"")

  /// Arrays with every data type and codec.
  static let arrays: [String] =
    [
      array(
        shape: "4,4", chunkShape: "2,2", codecs: codec("transpose", "\"order\":[1,0]") + ",\"vlen-bytes\""),
      array(
        dataType: "\"string\"", fillValue: "\"x\"",
        codecs: "\"vlen-utf8\"," + codec("zstd", "\"level\":1,\"checksum\":true")),
      array(
        shape: "6", chunkShape: "6", codecs: shards("2", codecs: "\"vlen-bytes\"", index: ",\"crc32c\""),
        more: ",\"dimension_names\":[null],\"attributes\":{\"a\":NaN}"),
      array(
        shape: "", chunkShape: "", dataType: "\"json\"", fillValue: "null", codecs: "\"numcodecs.json2\""),
      array(
        dataType: "\"json\"", fillValue: "{\"a\":1}",
        codecs: codec("numcodecs.msgpack2", "\"raw\":true,\"use_single_float\":true,\"use_bin_type\":false")),
      array(
        dataType: "\"string\"", codecs: codec("numcodecs.categorize", "\"labels\":[\"a\"],\"dtype\":\"|O\"")),
      array(
        dataType: codec("vlen-array", "\"data_type\":\"int16\""), fillValue: "[]",
        codecs: codec("vlen-array", "")),
      array(
        codecs: codec(
          "zarrs.vlen",
          """
          "data_codecs":[\(bytes),{"name":"gzip","configuration":{"level":1}}],"index_codecs":[\(bytes)],\
          "index_data_type":"uint32","index_location":"end"
          """)),
      array(
        dataType: codec("zarrs.optional", "\"name\":\"bytes\",\"configuration\":{}"), fillValue: "null",
        codecs: codec(
          "zarrs.optional", "\"mask_codecs\":[\"packbits\"],\"data_codecs\":[\"vlen-bytes\"]")),
      array(
        dataType: codec("zarrs.optional", "\"name\":\"int8\",\"configuration\":{}"), fillValue: "[3]",
        codecs: codec("zarrs.optional", "\"mask_codecs\":[\"bytes\"],\"data_codecs\":[\"bytes\"]")),
      array(
        dataType: codec("struct", "\"fields\":[{\"name\":\"a\",\"data_type\":\"int8\"}]"),
        fillValue: "{\"a\":1}", codecs: "\"bytes\""),
      array(
        shape: "5", chunkShape: "5", dataType: "\"bool\"", fillValue: "false",
        codecs: codec("packbits", "\"padding_encoding\":\"last_byte\",\"first_bit\":0,\"last_bit\":0")),
    ] + numbers + grids

  private static let numbers: [String] = [
    (
      "float64", "1.5", "cast_value",
      "\"data_type\":\"int8\",\"rounding\":\"towards-zero\",\"out_of_range\":\"clamp\""
    ),
    ("int32", "7", "scale_offset", "\"offset\":5,\"scale\":2"),
    ("float32", "\"0x7fc00001\"", "bitround", "\"keepbits\":3"),
    ("int16", "-1", "numcodecs.delta", "\"dtype\":\"<i2\",\"astype\":\"<i4\""),
    (
      "float64", "1.5", "numcodecs.fixedscaleoffset",
      "\"offset\":1,\"scale\":10,\"dtype\":\"<f8\",\"astype\":\"|u1\""
    ),
    ("float32", "0", "numcodecs.quantize", "\"digits\":2,\"dtype\":\"<f4\""),
    ("uint16", "1", "numcodecs.astype", "\"encode_dtype\":\"|u1\",\"decode_dtype\":\"<u2\""),
    ("bool", "true", "numcodecs.packbits", ""),
    ("uint8", "1", "reshape", "\"shape\":[[0],1]"),
  ].map { array(dataType: "\"\($0.0)\"", fillValue: $0.1, codecs: codec($0.2, $0.3) + "," + bytes) }

  private static let grids: [String] = [
    array(codecs: "\"vlen-bytes\"").replacing(
      "{\"name\":\"regular\",\"configuration\":{\"chunk_shape\":[2]}}",
      with: codec("rectilinear", "\"kind\":\"inline\",\"chunk_shapes\":[[1,[2,1],1]]")),
    array(codecs: "\"vlen-bytes\"").replacing(
      "\"chunk_key_encoding\":\"default\"",
      with: "\"chunk_key_encoding\":" + codec("v2", "\"separator\":\"/\"")),
    array(
      dataType: codec("numpy.datetime64", "\"unit\":\"ns\",\"scale_factor\":1"), fillValue: "\"NaT\"",
      codecs: bytes
        + ",{\"name\":\"blosc\",\"configuration\":{\"cname\":\"lz4\",\"clevel\":5,\"shuffle\":\"shuffle\","
        + "\"typesize\":8,\"blocksize\":0}}"),
    array(
      dataType: codec("fixed_length_utf32", "\"length_bytes\":8"), fillValue: "\"é\"",
      codecs: bytes + ",\"numcodecs.lzma\",\"numcodecs.shuffle\",\"numcodecs.bz2\",\"numcodecs.adler32\""),
  ]

  /// A group of Zarr v3.
  static let group = #"{"zarr_format":3,"node_type":"group","attributes":{"a":1}}"#

  /// A group of Zarr v3 with copies of the documents below.
  static let consolidated = """
    {"zarr_format":3,"node_type":"group","consolidated_metadata":{"kind":"inline","must_understand":false,\
    "metadata":{"a":\(group),"a/b":\(array(codecs: "\"vlen-bytes\"")),"c":{}}}}
    """

  /// The document of Zarr v2 with copies.
  static let version2Consolidated = """
    {"zarr_consolidated_format":1,"metadata":{".zgroup":{"zarr_format":2},"a/.zgroup":{"zarr_format":2},\
    "a/b/.zarray":\(version2Arrays[0]),"a/b/.zattrs":{"x":1}}}
    """

  /// Documents `.zarray`.
  static let version2Arrays: [String] =
    [
      ("|O", "\"\"", "[{\"id\":\"vlen-bytes\"}]", "{\"id\":\"zstd\",\"level\":1}"),
      (
        "|O", "0", "[{\"id\":\"vlen-utf8\"}]",
        "{\"id\":\"blosc\",\"cname\":\"lz4\",\"clevel\":5,\"shuffle\":1,\"blocksize\":0}"
      ),
      (
        "|O", "null", "[{\"id\":\"json2\",\"encoding\":\"utf-8\",\"indent\":null,\"sort_keys\":true}]", "null"
      ),
      ("|O", "[]", "[{\"id\":\"vlen-array\",\"dtype\":\"<i4\"}]", "{\"id\":\"lz4\",\"acceleration\":1}"),
      (
        ">f8", "\"NaN\"", "[{\"id\":\"delta\",\"dtype\":\">f8\"},{\"id\":\"shuffle\",\"elementsize\":8}]",
        "{\"id\":\"zlib\",\"level\":1}"
      ),
      ("<M8[ns]", "0", "null", "{\"id\":\"bz2\",\"level\":1}"),
      ("|S4", "\"AAAAAA==\"", "null", "{\"id\":\"gzip\",\"level\":1}"),
      (
        "<U2", "\"\"", "[{\"id\":\"categorize\",\"labels\":[\"a\"],\"dtype\":\"<U2\",\"astype\":\"|u1\"}]",
        "null"
      ),
      ("|V3", "null", "null", "{\"id\":\"lzma\",\"format\":1,\"preset\":null}"),
    ].map {
      """
      {"zarr_format":2,"shape":[4,3],"chunks":[2,2],"dtype":"\($0.0)","fill_value":\($0.1),"filters":\($0.2),\
      "compressor":\($0.3),"order":"F","dimension_separator":"/"}
      """
    } + [
      """
      {"zarr_format":2,"shape":[4],"chunks":[2],"dtype":[["a","<i2"],["b","|S1"]],"fill_value":null,\
      "filters":null,"compressor":null,"order":"C"}
      """
    ]
}
