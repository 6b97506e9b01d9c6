//! MPEG transport streams taken apart and put together. Pure.
