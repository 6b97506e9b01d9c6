//! What happens when Redis goes and comes.

use std::time::{Duration, Instant};

use funkturm_base::Kind;
use funkturm_bus::Bus;
use funkturm_stores::testing::Redis;

use crate::bus;

/// Whoever waits for Redis must not wait longer than this, even on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_command_after_a_restart_of_redis_succeeds_at_once() {
    let mut redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    bus.run::<()>(redis::cmd("SET").arg(bus.key(&["a"])).arg(7)).await.unwrap();
    redis.restart().await.unwrap();
    let found: i32 = bus.run(redis::cmd("GET").arg("funkturm:trial:a")).await.unwrap();
    assert_eq!(found, 7);
}

#[tokio::test]
async fn while_redis_is_gone_commands_fail_as_unavailable_and_afterwards_they_succeed() {
    let mut redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    bus.ping().await.unwrap();
    redis.kill();
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(bus.ping().await.unwrap_err().kind(), Kind::Unavailable);
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
    redis.restart().await.unwrap();
    bus.ping().await.unwrap();
}

#[tokio::test]
async fn a_service_can_start_before_redis() {
    let mut redis = Redis::start().await.unwrap();
    redis.kill();
    let bus = bus(&redis);
    assert_eq!(bus.ping().await.unwrap_err().kind(), Kind::Unavailable);
    redis.restart().await.unwrap();
    bus.ping().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_hangs_is_given_up_within_seconds() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    bus.ping().await.unwrap();
    redis.halt();
    let began = Instant::now();
    assert_eq!(bus.ping().await.unwrap_err().kind(), Kind::Unavailable);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    redis.resume();
    bus.ping().await.unwrap();
}

#[tokio::test]
async fn what_redis_refuses_is_our_fault() {
    let redis = Redis::start().await.unwrap();
    let error = bus(&redis).run::<()>(redis::cmd("INCR").arg("a").arg("b")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(error.chain().contains("wrong number of arguments"), "{}", error.chain());
}

#[test]
fn a_url_of_something_else_is_refused() {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let opened = Bus::open("http://127.0.0.1", "trial", &prometheus::Registry::new(), &log);
    assert_eq!(opened.err().unwrap().kind(), Kind::Invalid);
}
