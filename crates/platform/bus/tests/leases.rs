//! One holder at a time, whatever happens.

use std::time::Duration;

use funkturm_stores::testing::Redis;

use crate::bus;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn one_of_many_gets_a_lease_and_everybody_sees_who() {
    let redis = Redis::start().await.unwrap();
    let owners: Vec<_> = (0..20).map(|n| bus(&redis).leases(format!("owner-{n}"), LONG)).collect();
    let tasks: Vec<_> = owners
        .iter()
        .cloned()
        .map(|leases| tokio::spawn(async move { leases.acquire("zdf").await.unwrap().map(|_| leases) }))
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);

    let holders = owners[0].holders(&["zdf".into(), "free".into()]).await.unwrap();
    let holder = holders[0].as_ref().unwrap();
    assert_eq!(holder.owner, winners[0].owner());
    assert!(holder.left > LONG / 2 && holder.left <= LONG);
    assert_eq!(holders[1], None);
}

#[tokio::test]
async fn a_lease_given_back_goes_to_the_next_with_a_greater_number() {
    let redis = Redis::start().await.unwrap();
    let (a, b) = (bus(&redis).leases("a", LONG), bus(&redis).leases("b", LONG));
    let first = a.acquire("zdf").await.unwrap().unwrap();
    assert_eq!(b.acquire("zdf").await.unwrap(), None);
    // Taking it again, as after an answer that was lost, changes nothing.
    assert_eq!(a.acquire("zdf").await.unwrap().unwrap().fence, first.fence);
    a.release(first.clone()).await.unwrap();
    let second = b.acquire("zdf").await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    // A release that comes late takes nothing away from the new owner.
    a.release(first).await.unwrap();
    assert_eq!(a.acquire("zdf").await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_lost_for_good() {
    let redis = Redis::start().await.unwrap();
    let (a, b) = (bus(&redis).leases("a", SHORT), bus(&redis).leases("b", LONG));
    let mut lost = a.acquire("zdf").await.unwrap().unwrap();
    let taken = loop {
        if let Some(lease) = b.acquire("zdf").await.unwrap() {
            break lease;
        }
        tokio::task::yield_now().await;
    };
    assert!(lost.left().is_zero(), "the old owner must know that it is over before the new one begins");
    assert!(!a.renew(&mut lost).await.unwrap());
    assert!(taken.fence > lost.fence);
}

#[tokio::test]
async fn a_renewed_lease_stays() {
    let redis = Redis::start().await.unwrap();
    let (short, long) = (bus(&redis).leases("a", LONG / 4), bus(&redis).leases("a", LONG));
    let mut lease = short.acquire("zdf").await.unwrap().unwrap();
    assert!(long.renew(&mut lease).await.unwrap());
    assert!(lease.left() > LONG / 2);
    assert!(long.holders(&["zdf".into()]).await.unwrap()[0].as_ref().unwrap().left > LONG / 2);
}

#[tokio::test]
async fn numbers_grow_even_if_redis_lost_everything() {
    let redis = Redis::start().await.unwrap();
    let bus = bus(&redis);
    let leases = bus.leases("a", LONG);
    let before = leases.acquire("zdf").await.unwrap().unwrap().fence;
    bus.run::<()>(&redis::cmd("FLUSHALL")).await.unwrap();
    assert!(leases.acquire("zdf").await.unwrap().unwrap().fence > before);
}
