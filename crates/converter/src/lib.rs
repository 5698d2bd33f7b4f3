//! Class files to Java Card CAP and export files.
