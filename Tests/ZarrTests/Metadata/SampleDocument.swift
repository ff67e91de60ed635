import Testing
import Zarr

/// Documents that tests read and break.
enum SampleDocument {
  /// A document with every field, laid out as zarr-python does, but with text as UTF-8.
  static let array = """
    {
      "shape": [
        5,
        7
      ],
      "data_type": "variable_length_bytes",
      "chunk_grid": {
        "name": "regular",
        "configuration": {
          "chunk_shape": [
            2,
            3
          ]
        }
      },
      "chunk_key_encoding": {
        "name": "default",
        "configuration": {
          "separator": "/"
        }
      },
      "fill_value": "AP8=",
      "codecs": [
        {
          "name": "vlen-bytes",
          "configuration": {}
        },
        {
          "name": "zstd",
          "configuration": {
            "level": 0,
            "checksum": false
          }
        }
      ],
      "attributes": {
        "missing": NaN,
        "limits": [
          -Infinity,
          Infinity
        ],
        "large": 10000000000000000000000000000000000000000,
        "exact": 1.10,
        "title": "é",
        "nothing": null
      },
      "dimension_names": [
        "x",
        null
      ],
      "zarr_format": 3,
      "node_type": "array",
      "storage_transformers": [],
      "later": {
        "must_understand": false,
        "value": 1
      }
    }
    """

  /// A document of a group with consolidated metadata.
  static let group = """
    {
      "attributes": {
        "missing": NaN
      },
      "zarr_format": 3,
      "consolidated_metadata": {
        "kind": "inline",
        "must_understand": false,
        "metadata": {
          "sub": {
            "attributes": {},
            "zarr_format": 3,
            "node_type": "group"
          }
        }
      },
      "node_type": "group",
      "later": {
        "must_understand": false
      }
    }
    """

  private static func grid(_ shape: JSONValue) -> JSONValue {
    ["name": "regular", "configuration": ["chunk_shape": shape]]
  }

  private static func number(_ value: Double) -> JSONValue {
    .number(JSONNumber(value))
  }

  private static let sides = "chunk_grid.configuration.chunk_shape"
  private static let tooLarge: JSONValue = .number(JSONNumber(UInt64.max))

  /// Changes to ``array``, each of which must be refused.
  static let brokenFields: [BrokenField] =
    [
      ("zarr_format", [2, "3", number(3), .null, true, [3], tooLarge]),
      ("node_type", ["group", "Array", 3, .null, [:]]),
      ("shape", [.null, 5, "5", [:], false]),
      ("codecs", [.null, "vlen-bytes", [:], 1, []]),
      ("attributes", [[], "x", 1, false]),
      ("dimension_names", ["x", 1, ["x"], [], ["x", "y", "z"], [:]]),
      ("storage_transformers", [[:], "x", 1]),
      ("fill_value", [.null, 0, "AP8", [:], true]),
      ("data_type", [.null, 1, []]),
      ("chunk_grid", [.null, 1, []]),
      ("chunk_key_encoding", [.null, 1, []]),
    ].flatMap { key, values in values.map { BrokenField(key, $0, key) } }
    + [
      BrokenField("shape", [5, number(7)], "shape[1]"),
      BrokenField("shape", [-1, 7], "shape[0]"),
      BrokenField("shape", [5, .null], "shape[1]"),
      BrokenField("shape", [5, true], "shape[1]"),
      BrokenField("shape", [5, tooLarge], "shape[1]"),
      BrokenField("shape", [.integer(.max), 2], "shape", .tooLarge),
      BrokenField("shape", [5], sides),
      BrokenField("shape", [5, 7, 1], sides),
      BrokenField("data_type", "float65", "data_type", .unsupported),
      BrokenField("data_type", "", "data_type.name"),
      BrokenField("data_type", ["name": 1], "data_type.name"),
      BrokenField("data_type", [:], "data_type.name", .missingField),
      BrokenField("data_type", ["name": "bytes", "configuration": 1], "data_type.configuration"),
      BrokenField(
        "data_type", ["name": "bytes", "configuration": ["a": 1]], "data_type.configuration.a", .unsupported),
      BrokenField("data_type", ["name": "bytes", "a": 1], "data_type.a", .unsupported),
      BrokenField(
        "data_type", ["name": "bytes", "must_understand": false], "data_type.must_understand", .unsupported),
      BrokenField("fill_value", [0, 256], "fill_value[1]"),
      BrokenField("chunk_grid", "hexagonal", "chunk_grid", .unsupported),
      BrokenField("chunk_grid", "regular", sides, .missingField),
      BrokenField("chunk_grid", grid(.null), sides),
      BrokenField("chunk_grid", grid([2]), sides),
      BrokenField("chunk_grid", grid([2, 0]), "\(sides)[1]"),
      BrokenField("chunk_grid", grid([2, false]), "\(sides)[1]"),
      BrokenField("chunk_grid", grid([-2, 3]), "\(sides)[0]"),
      BrokenField("chunk_grid", grid([number(2), 3]), "\(sides)[0]"),
      BrokenField("chunk_grid", grid([65536, 65536]), sides, .tooLarge),
      BrokenField("chunk_grid", grid([.integer(.max), .integer(.max)]), sides, .tooLarge),
      BrokenField(
        "chunk_grid", ["name": "regular", "configuration": ["chunk_shape": [2, 3], "a": 1]],
        "chunk_grid.configuration.a", .unsupported),
      BrokenField("chunk_key_encoding", "suffix", "chunk_key_encoding", .unsupported),
      BrokenField(
        "chunk_key_encoding", ["name": "v2", "configuration": ["separator": "-"]],
        "chunk_key_encoding.configuration.separator"),
      BrokenField(
        "chunk_key_encoding", ["name": "v2", "separator": 1], "chunk_key_encoding.configuration.separator"),
      BrokenField(
        "chunk_key_encoding", ["name": "v2", "configuration": ["a": 1]], "chunk_key_encoding.configuration.a",
        .unsupported),
      BrokenField("chunk_key_encoding", ["name": "v2", "a": 1], "chunk_key_encoding.a", .unsupported),
      BrokenField("codecs", [1], "codecs[0]"),
      BrokenField("codecs", ["vlen-bytes", [:]], "codecs[1].name", .missingField),
      BrokenField("codecs", [["name": "x", "configuration": .null]], "codecs[0].configuration"),
      BrokenField("codecs", [["name": "x", "must_understand": 0]], "codecs[0].must_understand"),
      BrokenField("dimension_names", ["x", 1], "dimension_names[1]"),
      BrokenField("storage_transformers", ["x"], "storage_transformers[0]", .unsupported),
      BrokenField(
        "storage_transformers", [["name": "x", "must_understand": false], ["name": "y"]],
        "storage_transformers[1]",
        .unsupported),
      BrokenField("extra", .null, "extra", .unknownField),
      BrokenField("extra", 1, "extra", .unknownField),
      BrokenField("extra", [:], "extra", .unknownField),
      BrokenField("extra", ["must_understand": true], "extra", .unknownField),
      BrokenField("extra", ["must_understand": 0], "extra", .unknownField),
      BrokenField("extra", ["must_understand": "false"], "extra", .unknownField),
    ]
}

/// A value that a field of a document must not have.
struct BrokenField: CustomTestStringConvertible, Sendable {
  let key: String
  let value: JSONValue

  /// The field that the error names.
  let field: String

  /// The kind of the error.
  let code: MetadataError.Code

  init(_ key: String, _ value: JSONValue, _ field: String, _ code: MetadataError.Code = .unexpectedValue) {
    self.key = key
    self.value = value
    self.field = field
    self.code = code
  }

  var testDescription: String { "\(key): \(value)" }
}

/// The sample document of an array, parsed.
func sampleDocument() throws -> JSONObject {
  try #require(JSONParser().parse(Array(SampleDocument.array.utf8)).objectValue)
}
