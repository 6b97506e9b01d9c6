//! The best input that delivers is on air.

use std::time::{Duration, Instant};

use funkturm_contracts::health::InputState;
use funkturm_service::testing::until;

use crate::{
    headend::{Command, Headend},
    rig::{PATIENCE, Rig, channel, free_address},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_input_is_replaced_within_two_seconds_and_taken_back_when_healthy() {
    let (first, second) = (free_address(), free_address());
    let (one, two) = (Headend::udp(1, first).await, Headend::udp(1, second).await);
    let urls = [format!("udp://{first}"), format!("udp://{second}")];
    let rig = Rig::new(vec![channel("one", &[&urls[0], &urls[1]])]).await;
    let mut reader = rig.open("one").await;
    assert_eq!(reader.start().await.input, urls[0]);
    let states = |status: &funkturm_contracts::health::IngestStatus| {
        status.inputs.iter().map(|input| input.state).collect::<Vec<_>>()
    };
    rig.wait_for("a standby", |s| states(s) == [InputState::Active, InputState::Standby]).await;

    one.tell(Command::Pause);
    let lost = Instant::now();
    let (before, end) = reader.end().await;
    let epoch = reader.start().await;
    let failover = lost.elapsed();
    assert!(failover < Duration::from_secs(2), "{failover:?}");
    assert_eq!(epoch.input, urls[1]);
    assert!(end.reason.contains("silence"), "{}", end.reason);
    let begin = reader.unit().await;
    assert!(begin.random_access && begin.track == 0);
    let gap = begin.pts.seconds_since(before.iter().rfind(|unit| unit.track == 0).unwrap().pts);
    assert!((-2.0..2.0).contains(&gap), "{gap}");

    one.tell(Command::Resume);
    let back = Instant::now();
    let (between, end) = reader.end().await;
    assert!(back.elapsed() > Duration::from_millis(1900), "it has to prove itself first");
    assert_eq!(end.reason, format!("switched to {}", urls[0]));
    assert!(between.len() > 80, "the other one goes on until then: {}", between.len());
    let epoch = reader.start().await;
    assert_eq!(epoch.input, urls[0]);
    let begin = reader.unit().await;
    assert!(begin.random_access);
    drop(two);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_never_comes_does_not_keep_the_others_waiting() {
    let address = free_address();
    let _headend = Headend::udp(1, address).await;
    let (dead, alive) = (format!("udp://{}", free_address()), format!("udp://{address}"));
    let rig = Rig::new(vec![channel("one", &[&dead, &alive])]).await;
    let mut reader = rig.open("one").await;
    assert_eq!(reader.start().await.input, alive);
    let status = rig.wait_for("what is wrong", |status| status.inputs[0].problem.is_some()).await;
    assert_eq!(status.inputs[0].state, InputState::Down);
    let problem = status.inputs[0].problem.as_ref().unwrap();
    assert!(problem.starts_with("no packets have come yet: is the sender running"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_up_is_followed_and_its_absence_survived() {
    let (first, second) = (free_address(), free_address());
    let _headends = [Headend::udp(1, first).await, Headend::udp(1, second).await];
    let rig = Rig::new(vec![channel("one", &[&format!("udp://{first}")])]).await;
    let mut reader = rig.open("one").await;
    reader.start().await;
    rig.line_up(None);
    for _ in 0..60 {
        reader.unit().await;
    }
    // Another input for the channel, and another channel.
    rig.line_up(Some(vec![
        channel("one", &[&format!("udp://{second}")]),
        channel("two", &[&format!("udp://{first}")]),
    ]));
    assert_eq!(reader.end().await.1.reason, "the channel's inputs were changed");
    assert_eq!(reader.start().await.input, format!("udp://{second}"));
    rig.open("two").await.start().await;
    // A channel that is gone ends its readers' streams.
    rig.line_up(Some(vec![channel("two", &[&format!("udp://{first}")])]));
    assert_eq!(reader.end().await.1.reason, "the channel is no longer received");
    assert_eq!(reader.next().await, None);
    let gone = until("404", PATIENCE, || async {
        rig.peer.programme(&"one".parse().unwrap()).await.err().and_then(|error| error.status())
    });
    assert_eq!(gone.await.unwrap(), 404);
}
