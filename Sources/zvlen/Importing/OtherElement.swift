/// Ends a comparison of sources with what is stored: they differ.
struct OtherElement: Error {}
