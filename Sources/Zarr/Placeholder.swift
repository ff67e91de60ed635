/// Zarr arrays.
