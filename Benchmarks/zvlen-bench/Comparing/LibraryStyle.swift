/// How each library is drawn, which is the same in every chart.
enum LibraryStyle {
  /// The style of a library.
  static func of(_ name: String) -> ChartStyle { styles[name] ?? ChartStyle.at(0) }

  /// The libraries of the charts, in the order of their legends.
  ///
  /// zarrs-python is not among them: it hands such elements back to zarr-python.
  static let names = [
    EngineCompetitor.libraryName, FloorCompetitor.libraryName, "zarrs", "zarr-python fused", "zarr-python",
    "Parquet",
    "Arrow IPC", "Lance", "Vortex", "LMDB", "HDF5",
  ]

  private static let styles = [
    EngineCompetitor.libraryName: ChartStyle(colour: 0, mark: .circle, isStrong: true),
    FloorCompetitor.libraryName: ChartStyle.limit,
    "zarrs": ChartStyle(colour: 1, mark: .square),
    "zarr-python fused": ChartStyle(colour: 3, mark: .triangle),
    "zarr-python": ChartStyle(colour: 3, mark: .hollowTriangle, isDashed: true),
    "zarrs-python": ChartStyle(colour: 3, mark: .plus, isDashed: true),
    "Parquet": ChartStyle(colour: 2, mark: .diamond),
    "Arrow IPC": ChartStyle(colour: 4, mark: .downTriangle),
    "Lance": ChartStyle(colour: 5, mark: .cross),
    "Vortex": ChartStyle(colour: 6, mark: .plus),
    "LMDB": ChartStyle(colour: 7, mark: .ring),
    "HDF5": ChartStyle(colour: 7, mark: .hollowSquare),
  ]
}
