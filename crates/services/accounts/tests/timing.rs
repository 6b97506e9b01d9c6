//! Whether the time of an answer tells that an account exists. Run by hand, on a machine that does nothing else:
//! `cargo test -p funkturm-accounts --test main -- --ignored --nocapture time_does_not_tell`.

use std::time::Instant;

use funkturm_accounts::Hashing;
use http::StatusCode;

use crate::house::{House, from, refusal};

const ROUNDS: usize = 500;

fn mean_and_variance(times: &[f64]) -> (f64, f64) {
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (times.len() - 1) as f64;
    (mean, variance)
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[tokio::test]
#[ignore = "statistics want a quiet machine"]
async fn time_does_not_tell_a_wrong_password_from_an_unknown_account() {
    let house =
        House::open_with(|config| config.hashing = Hashing { threads: 1, ..Hashing::default() }).await;
    house.household("anna@example.org").await;
    let (mut wrong, mut unknown) = (vec![], vec![]);
    for round in 0..ROUNDS {
        // Interleaved, in an order that changes, each from a network of its own, so that nothing is counted twice.
        for turn in 0..2 {
            let known = (round + turn) % 2 == 0;
            let email = if known { "anna@example.org" } else { "nobody@example.org" };
            let address = format!("10.{}.{}.{}", round / 250, round % 250, turn + 1);
            let request = from(house.password(email, "streuselkuchen", &[]), &address);
            // The counter of all networks together would slow both accounts down alike, which is not what is measured.
            if round % 25 == 0 {
                house.clock.advance(std::time::Duration::from_secs(61));
                forget(&house).await;
            }
            let began = Instant::now();
            assert_eq!(refusal(request, StatusCode::BAD_REQUEST).await, "invalid_grant");
            let times = if known { &mut wrong } else { &mut unknown };
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    let ((a, va), (b, vb)) = (mean_and_variance(&wrong), mean_and_variance(&unknown));
    let error = (va / ROUNDS as f64 + vb / ROUNDS as f64).sqrt();
    let t = (a - b) / error;
    println!(
        "wrong password: mean {a:.3} ms, median {:.3} ms, deviation {:.3} ms; unknown account: mean {b:.3} ms, median {:.3} ms, \
         deviation {:.3} ms; difference {:.3} ms ± {error:.3} ms, Welch's t = {t:.2} over {ROUNDS} each",
        median(&wrong),
        va.sqrt(),
        median(&unknown),
        vb.sqrt(),
        a - b,
    );
    assert!(t.abs() < 3.3, "the time tells: t = {t:.2}");
}

/// Empties Redis, which holds the counters.
async fn forget(house: &House) {
    let path = house.config.redis.clone();
    let client = redis::Client::open(path).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
}
