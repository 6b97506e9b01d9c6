//! Inputs: receiving, watching, failing over, taking apart, offering to transcoders.
