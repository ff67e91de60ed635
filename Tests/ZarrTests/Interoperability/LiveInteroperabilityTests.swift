import TestSupport
import Testing
import Zarr

/// zarr-python and zarrs as they are installed, against this library, both ways.
@Suite("Other libraries")
struct LiveInteroperabilityTests {
  @Test("Every array that another library writes is read here", arguments: ["zarr", "zarrs"])
  func reading(library: String) throws {
    let directory = try StoreDirectory()
    try PythonEnvironment.run("write_arrays.py", ["--library", library, directory.path])
    let cases = try SharedArray.cases(in: directory.path)
    #expect(cases.count > 100)
    for array in cases {
      try array.expectReadable()
    }
  }

  @Test("Every array that is written here is read by zarr-python and zarrs")
  func writing() throws {
    let directory = try StoreDirectory()
    try PythonEnvironment.run("corpus.py", [directory.path])
    let cases = try SharedArray.cases(in: directory.path)
    #expect(cases.count > 100)
    for array in cases {
      try array.write()
    }
    for library in ["zarr", "zarrs"] {
      let names = try cases.filter { try $0.readers.contains(library) }.map(\.name)
      #expect(names.count > 100)
      let said = try PythonEnvironment.run(
        "read_arrays.py", ["--library", library, "--cases", "\(directory.path)/cases.json"] + names)
      // A line for each array that was read.
      #expect(said.split(separator: "\n").count == names.count)
    }
  }
}
