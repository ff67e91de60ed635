import Foundation
import TestSupport
import Testing
import Zarr

/// What xarray finds in copies of its data sets, which say in each version of Zarr in another way which elements are
/// missing and what dimensions are called.
@Suite("Copies for xarray")
struct XarrayTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func found(_ names: String...) throws -> [JSONObject] {
    try PythonEnvironment.run("xarray_data.py", ["read"] + names.map(scratch.path)).split(separator: "\n")
      .map { line in try #require(try JSONParser().parse(Array(line.utf8)).objectValue) }
  }

  @Test(
    "Values, missing values, scales, offsets, attributes and dimensions are kept in the other version and back",
    arguments: [("2", "3"), ("3", "2")])
  func copies(format: String, other: String) throws {
    try PythonEnvironment.run("xarray_data.py", ["write", scratch.path("data.zarr"), format])
    try Tool.succeed(
      "copy", "data.zarr", "other.zarr", "--zarr-format", other, "--validate", in: scratch)
    try Tool.succeed(
      "copy", "other.zarr", "back.zarr", "--zarr-format", format, "--validate", in: scratch)
    try Tool.succeed("copy", "data.zarr", "same.zarr", "--codec", "zstd", in: scratch)
    let sets = try found("data.zarr", "other.zarr", "back.zarr", "same.zarr")
    let variables = try #require(sets[0]["variables"]?.objectValue)
    // As the script has written them.
    #expect(variables["counts"]?.objectValue?["values"] == [3.0, .null, 0.0, -5.0])
    #expect(variables["heights"]?.objectValue?["dimensions"] == ["time", "place"])
    #expect(variables["total"]?.objectValue?["values"] == .null)
    for (set, name) in zip(sets, ["data", "other", "back", "same"]) {
      for (variable, description) in variables {
        let copied = set["variables"]?.objectValue?[variable]
        #expect(copied == description, "\(variable) of \(name)")
      }
      #expect(set == sets[0], "\(name)")
    }
  }
}
