//! The live window in memory, every playlist, segment delivery.
