// EnsembleIO: everything that touches a disk, and nothing that touches a lattice kernel.
//
//   EnsembleIOError       one line per failure: where, what was expected, what was found
//   AtomicFile            whole files, replaced in one step
//   NPYFile, NPYAppender  NumPy arrays: read rows, append rows
//   SafetensorsFile       named tensors with metadata and a checksum
//   EnsembleWriter/Reader the ensemble directory
//   RunFile               the TOML file of `gaugeflow run`
//   Checkpoint            a set of files that is replaced as one
//   TextHistory           columns of numbers from text, CSV or NPY
