//! Nothing that was appended is lost on the way to a group.

use std::collections::BTreeSet;

use funkturm_bus::{Bus, Consumer};
use funkturm_stores::testing::Redis;

use crate::bus;

async fn append(bus: &Bus, numbers: std::ops::Range<u32>) {
    for number in numbers {
        bus.append("facts", 10_000, &number).await.unwrap();
    }
}

/// Takes in until `count` different events were seen, acknowledging them or not.
async fn take(consumer: &mut Consumer, count: usize, acknowledge: bool) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    while seen.len() < count {
        let entries = consumer.next().await.unwrap();
        seen.extend(entries.iter().map(|entry| entry.parse::<u32>().unwrap()));
        if acknowledge {
            let ids: Vec<String> = entries.into_iter().map(|entry| entry.id).collect();
            consumer.acknowledge(&ids).await.unwrap();
        }
    }
    seen
}

#[tokio::test]
async fn every_group_gets_everything_and_within_a_group_each_entry_goes_to_one() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    append(&bus, 0..600).await;
    let (mut a, mut b) =
        (bus.consumer("facts", "one", "a").unwrap(), bus.consumer("facts", "one", "b").unwrap());
    let mut other = bus.consumer("facts", "two", "a").unwrap();
    let first = take(&mut a, 256, true).await;
    let second = take(&mut b, 256, true).await;
    assert!(first.is_disjoint(&second));
    assert_eq!(take(&mut other, 600, true).await, (0..600).collect());
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_back_after_a_restart() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    append(&bus, 0..300).await;
    let mut before = bus.consumer("facts", "group", "a").unwrap();
    take(&mut before, 300, false).await;
    append(&bus, 300..310).await;
    let mut after = bus.consumer("facts", "group", "a").unwrap();
    assert_eq!(take(&mut after, 310, true).await, (0..310).collect());
    let mut later = bus.consumer("facts", "group", "a").unwrap();
    assert_eq!(later.next().await.unwrap(), []);
}

#[tokio::test]
async fn reading_goes_on_after_redis_was_away_and_after_it_lost_everything() {
    let mut redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    let mut consumer = bus.consumer("facts", "group", "a").unwrap();
    append(&bus, 0..3).await;
    take(&mut consumer, 3, true).await;

    redis.kill();
    consumer.next().await.unwrap_err();
    redis.restart().await.unwrap();
    append(&bus, 3..6).await;
    while let Err(error) = consumer.next().await {
        assert_eq!(error.kind(), funkturm_base::Kind::Unavailable);
    }

    bus.run::<()>(&redis::cmd("FLUSHALL")).await.unwrap();
    append(&bus, 6..9).await;
    assert!(take(&mut consumer, 3, true).await.is_superset(&(6..9).collect()));
}

#[tokio::test]
async fn entries_that_were_trimmed_away_do_not_block_what_follows() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    append(&bus, 0..5).await;
    let mut before = bus.consumer("facts", "group", "a").unwrap();
    take(&mut before, 5, false).await;
    bus.run::<()>(redis::cmd("XTRIM").arg("funkturm:stream:facts").arg("MAXLEN").arg(0)).await.unwrap();
    append(&bus, 5..8).await;
    let mut after = bus.consumer("facts", "group", "a").unwrap();
    assert_eq!(take(&mut after, 3, true).await, (5..8).collect());
}

#[tokio::test]
async fn a_stream_keeps_about_as_much_as_was_asked_for() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    for number in 0..1000 {
        bus.append("facts", 200, &number).await.unwrap();
    }
    let length: usize = bus.run(redis::cmd("XLEN").arg("funkturm:stream:facts")).await.unwrap();
    assert!((200..=400).contains(&length), "{length}");
}

#[tokio::test]
async fn what_a_dead_consumer_left_behind_goes_to_another() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    append(&bus, 0..3).await;
    let mut dead = bus.consumer("facts", "group", "dead").unwrap();
    let left: Vec<String> = dead.next().await.unwrap().into_iter().map(|entry| entry.id).collect();
    // As if it had had them for two minutes.
    let mut age = redis::cmd("XCLAIM");
    age.arg("funkturm:stream:facts").arg("group").arg("dead").arg(0).arg(left).arg("IDLE").arg(120_000);
    bus.run::<redis::Value>(&age).await.unwrap();
    let mut other = bus.consumer("facts", "group", "other").unwrap();
    assert_eq!(take(&mut other, 3, true).await, (0..3).collect());
}
