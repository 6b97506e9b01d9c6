//! `./x bench token`: how long checking a token takes, on one core, and signing one.

use std::{hint::black_box, time::Instant};

use funkturm_token::{Claims, Keys, new_key};
use uuid::Uuid;

const ROUNDS: u32 = 9;
const TURNS: u32 = 100_000;

/// The median of some rounds, microseconds a turn.
fn measure(mut turn: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            (0..TURNS).for_each(|_| turn());
            began.elapsed().as_secs_f64() * 1e6 / f64::from(TURNS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Keys::parse(&new_key("1").ok_or("no randomness")?)?;
    let channel = "das-erste".parse()?;
    let claims = Claims { hd: false, ..Claims::for_channel(Uuid::new_v4(), &channel, 1_800_000_000, 300) };
    let token = keys.sign(&claims);
    let check = measure(|| {
        let claims = keys.verify(black_box(&token));
        let allowed = claims.and_then(|claims| {
            claims.check_time(1_800_000_100)?;
            claims.check_request("GET", "das-erste", "v0/300000000.m4s")?;
            claims.check_segment(300_000_000)
        });
        assert!(black_box(allowed).is_ok());
    });
    let sign = measure(|| drop(black_box(keys.sign(black_box(&claims)))));
    println!("a token is {} characters", token.len());
    println!("checking it: {check:.2} µs (wanted: at most 5)");
    println!("signing it: {sign:.2} µs");
    if check > 5.0 {
        return Err("checking a token takes too long".into());
    }
    Ok(())
}
