//! Tokens as others may send them: whole, changed, cut short, made up.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod foreign;
mod forged;
mod good;

use funkturm_token::{Claims, Keys, Window, new_key};
use uuid::Uuid;

const NOW: u64 = 1_800_000_000;

fn keys() -> Keys {
    Keys::parse(&new_key("1").unwrap()).unwrap()
}

fn claims() -> Claims {
    Claims::for_channel(Uuid::from_u128(7), &"zdf".parse().unwrap(), NOW, 300)
}

fn restricted() -> Claims {
    Claims { window: Some(Window { first: 300_000_000, last: 300_000_500 }), hd: false, ..claims() }
}
