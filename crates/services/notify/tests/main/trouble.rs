//! A mail server that refuses, stalls, breaks off and is away; instances that die; a Redis that is away.

use std::collections::BTreeMap;

use funkturm_contracts::mail::MailState;
use serde_json::json;

use super::{sink::Does, *};

#[tokio::test]
async fn a_mail_that_is_put_off_is_tried_again_and_one_that_is_refused_is_a_dead_letter() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(Config { connections: 1, ..sending(&redis, &sink) }).await;
    sink.next([Does::Recipient("451 4.7.1 greylisted"), Does::Whole("452 4.3.1 no room"), Does::BreakOff]);
    let id = instance.send(&mail("later@b.example")).await;
    let sent = instance.wait_for(id, MailState::Sent).await;
    assert_eq!((sent.mail.attempts, sent.mail.reason), (3, None));

    for (does, code) in
        [(Does::Recipient("550 5.1.1 no such user"), "550"), (Does::Whole("554 5.7.1 spam"), "554")]
    {
        sink.next([does]);
        let id = instance.send(&mail("never@b.example")).await;
        let dead = instance.wait_for(id, MailState::Dead).await;
        let reason = dead.mail.reason.unwrap();
        assert!(reason.contains(code), "{reason}");
    }
    assert_eq!(sink.taken().len(), 1);
    assert_eq!(instance.metric("funkturm_notify_mails_deferred_total"), 3.0);
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_costs_no_mail() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    sink.always(Some(Does::Greet("554 5.3.2 no service today")));
    let id = instance.send(&mail("anna@b.example")).await;
    let reason = until("a reason", PATIENCE, async || instance.get(id).await.mail.reason).await.unwrap();
    assert!(reason.contains("554"), "{reason}");
    sink.always(None);
    let sent = instance.wait_for(id, MailState::Sent).await;
    assert_eq!(sent.mail.attempts, 0, "that was not the mail's fault");
}

#[tokio::test]
async fn nothing_is_lost_while_the_server_is_away_and_the_service_dies() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    sink.stop().await;
    let config = sending(&redis, &sink);
    let ids = put_and_die(config.clone(), 20, || true);
    sink.restart().await;
    let instance = Instance::open(config).await;
    for id in ids {
        instance.wait_for(id, MailState::Sent).await;
    }
    once_each(&sink, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_dies_while_it_sends_loses_nothing_and_repeats_only_what_was_on_its_way() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    sink.always(Some(Does::AnswerAfter(Duration::from_millis(500))));
    let config = Config { connections: 2, ..sending(&redis, &sink) };
    let (dying, seen) = (config.clone(), sink.clone());
    let dies = move || seen.taken().len() >= 3;
    let ids = tokio::task::spawn_blocking(move || put_and_die(dying, 8, dies)).await.unwrap();
    let instance = Instance::open(config).await;
    for id in ids {
        instance.wait_for(id, MailState::Sent).await;
    }
    let taken = sink.taken();
    let addresses: std::collections::BTreeSet<_> = taken.iter().map(|taken| &taken.to).collect();
    assert_eq!(addresses.len(), 8);
    assert!(taken.len() <= 10, "{}", taken.len());
}

/// An instance that takes mails, and goes in the middle of everything, as a process does that is killed.
fn put_and_die(config: Config, count: usize, dies: impl Fn() -> bool + Send + 'static) -> Vec<Uuid> {
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let ids = runtime.block_on(async {
            let instance = Instance::open(config).await;
            let mut ids = Vec::new();
            for number in 0..count {
                ids.push(instance.send(&mail(&format!("a{number}@b.example"))).await);
            }
            until("its end", PATIENCE, async || dies().then_some(())).await.unwrap();
            // It must not even be told to stop.
            std::mem::forget(instance);
            ids
        });
        runtime.shutdown_background();
        ids
    });
    process.join().unwrap()
}

#[tokio::test]
async fn two_instances_send_each_mail_once_also_when_the_server_is_slow() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    sink.always(Some(Does::AnswerAfter(Duration::from_millis(100))));
    let config = sending(&redis, &sink);
    let instances = [Instance::open(config.clone()).await, Instance::open(config).await];
    let mut ids = Vec::new();
    for number in 0..60 {
        ids.push(instances[number % 2].send(&mail(&format!("a{number}@b.example"))).await);
    }
    for id in ids {
        instances[0].wait_for(id, MailState::Sent).await;
    }
    once_each(&sink, 60);
    for instance in &instances {
        assert!(instance.metric("funkturm_notify_mails_total") > 0.0, "both work");
    }
}

#[tokio::test]
async fn a_server_that_thinks_for_longer_than_a_lease_gets_the_mail_once() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    sink.next([Does::AnswerAfter(Duration::from_secs(12))]);
    let config = sending(&redis, &sink);
    let instances = [Instance::open(config.clone()).await, Instance::open(config).await];
    let id = instances[0].send(&mail("anna@b.example")).await;
    instances[1].wait_for(id, MailState::Sent).await;
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn what_was_sent_while_redis_is_away_is_noted_when_it_is_back() {
    let (mut redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    sink.next([Does::AnswerAfter(Duration::from_secs(1))]);
    let id = instance.send(&mail("anna@b.example")).await;
    until("the mail", PATIENCE, async || (!sink.taken().is_empty()).then_some(())).await.unwrap();
    redis.kill();
    let refused = instance.put(Uuid::now_v7(), &mail("b@b.example"));
    answer(refused, StatusCode::SERVICE_UNAVAILABLE).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.restart().await.unwrap();
    instance.wait_for(id, MailState::Sent).await;
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn a_mail_whose_time_is_over_is_not_sent_any_more() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    sink.always(Some(Does::Recipient("451 4.3.0 later")));
    let mut late = mail("anna@b.example");
    late["until"] = json!(in_seconds(3));
    let id = instance.send(&late).await;
    let dead = instance.wait_for(id, MailState::Dead).await;
    let reason = dead.mail.reason.unwrap();
    assert!(reason.contains("its time was over"), "{reason}");
    sink.always(None);
    let retry = instance.request(Method::POST, &format!("/admin/v1/mails/{id}/retry"));
    assert!(detail(retry, StatusCode::CONFLICT).await.contains("time"));
    assert!(sink.taken().is_empty());
}

/// Each address got one mail.
fn once_each(sink: &Sink, count: usize) {
    let mut by_address = BTreeMap::<String, usize>::new();
    for taken in sink.taken() {
        *by_address.entry(taken.to[0].clone()).or_default() += 1;
    }
    assert_eq!(by_address.len(), count);
    assert!(by_address.values().all(|times| *times == 1), "{by_address:?}");
}
