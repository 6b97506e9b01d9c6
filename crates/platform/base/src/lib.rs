//! What every crate may use: ids, clocks, times on the 90 kHz timeline, error kinds. No IO.

mod clock;
mod error;
mod id;
mod utc90;

pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Error, Kind, Result};
pub use id::{ChannelId, DeviceId, HouseholdId, InvalidId, ProfileId};
pub use utc90::{TICKS_PER_SECOND, Utc90};
