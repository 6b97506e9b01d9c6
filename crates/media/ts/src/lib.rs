//! MPEG transport streams taken apart and put together. Pure: no IO, and no clock but the arrival times handed in.

mod codec;
mod crc;
pub mod packet;
pub mod time;
pub mod write;

pub use codec::{Codec, Role};
