//! Wrong files, foreign journals, full disks: an exit code, the place, and what to do.
