//! Objects in any S3, or in a directory on one machine.
