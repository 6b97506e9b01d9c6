//! Every change is told on the bus.

use funkturm_bus::{Bus, Consumer};
use funkturm_contracts::channel::{CHANNEL_STREAM, ChannelEvent};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::Stores;

fn consumer(stores: &Stores) -> Consumer {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let bus = Bus::open(&stores.redis.url(), "trial", &prometheus::Registry::new(), &log).unwrap();
    bus.consumer(CHANNEL_STREAM, "trial", "a").unwrap()
}

async fn events(consumer: &mut Consumer, count: usize) -> Vec<ChannelEvent> {
    let mut events = Vec::new();
    while events.len() < count {
        // While Redis is away there is nothing to be had, and the next call waits a little.
        let entries = consumer.next().await.unwrap_or_default();
        events.extend(entries.iter().map(|entry| entry.parse::<ChannelEvent>().unwrap()));
        tokio::task::yield_now().await;
    }
    events
}

fn event(channel: &str, version: i64, removed: bool) -> ChannelEvent {
    ChannelEvent { channel: channel.parse().unwrap(), version, removed }
}

#[tokio::test]
async fn changes_are_told_in_their_order_and_nothing_else_is() {
    let stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    service.add("b").await;
    service.edit("a", json!({"enabled": true})).await;
    service.edit("a", json!({"enabled": false})).await;
    assert_eq!(service.status(Method::DELETE, "/admin/v1/channels/b").await, StatusCode::NO_CONTENT);
    let told = events(&mut consumer(&stores), 4).await;
    assert_eq!(told, [event("a", 1, false), event("b", 2, false), event("a", 3, false), event("b", 4, true)]);
}

#[tokio::test]
async fn what_changed_while_redis_was_away_is_told_when_it_is_back() {
    let mut stores = Stores::start().await;
    let service = stores.instance().await;
    stores.redis.kill();
    service.add("a").await;
    service.add("b").await;
    stores.redis.restart().await.unwrap();
    let told = events(&mut consumer(&stores), 2).await;
    assert_eq!(told, [event("a", 1, false), event("b", 2, false)]);
}
