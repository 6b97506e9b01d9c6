//! What is known about a household, and that it is forgotten.

use funkturm_contracts::mail::MailState;

use super::*;

#[tokio::test]
async fn a_household_is_exported_and_forgotten_and_no_other() {
    let redis = Redis::start().await.unwrap();
    let instance = Instance::open(catching(&redis)).await;
    let (ours, other) = (Uuid::now_v7(), Uuid::now_v7());
    let of = |household: Uuid, to: &str| {
        let mut mail = mail(to);
        mail["household"] = household.to_string().into();
        mail
    };
    let (first, again) = (Uuid::now_v7(), of(ours, "anna@b.example"));
    answer(instance.put(first, &again), StatusCode::NO_CONTENT).await;
    let second = instance.send(&of(ours, "anna@b.example")).await;
    let theirs = instance.send(&of(other, "berta@b.example")).await;
    for id in [first, second, theirs] {
        instance.wait_for(id, MailState::Sent).await;
    }
    let path = format!("/internal/v1/households/{ours}");
    let export: MailList =
        answer(instance.request(Method::GET, &path), StatusCode::OK).await.json().await.unwrap();
    let mut ids: Vec<Uuid> = export.mails.iter().map(|mail| mail.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [first, second]);
    assert!(export.mails.iter().all(|mail| mail.to == "anna@b.example"));

    for _ in 0..2 {
        answer(instance.request(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    }
    let export: MailList =
        answer(instance.request(Method::GET, &path), StatusCode::OK).await.json().await.unwrap();
    assert!(export.mails.is_empty());
    // One that comes late is still known as the same.
    answer(instance.put(first, &again), StatusCode::NO_CONTENT).await;
    assert_eq!(instance.list("").await.mails.iter().map(|mail| mail.id).collect::<Vec<_>>(), [theirs]);
    assert!(!keys(&redis).iter().any(|key| key.contains("anna") || key.contains(&ours.to_string())));
}

#[tokio::test]
async fn the_mail_that_says_so_goes_out_after_the_household_is_forgotten_and_nothing_stays() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    sink.stop().await;
    let instance = Instance::open(sending(&redis, &sink)).await;
    let household = Uuid::now_v7();
    let mut mail = mail("anna@b.example");
    mail["household"] = household.to_string().into();
    let unsent = instance.send(&mail).await;
    (mail["template"], mail["values"]) = ("deleted".into(), json!({}));
    let last = instance.send(&mail).await;
    let path = format!("/internal/v1/households/{household}");
    answer(instance.request(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    sink.restart().await;
    let gone = async |id: Uuid| {
        let request = instance.request(Method::GET, &format!("/admin/v1/mails/{id}"));
        (request.send().await.unwrap().status() == StatusCode::NOT_FOUND).then_some(())
    };
    until("the last mail to be sent and forgotten", PATIENCE, async || gone(last).await).await.unwrap();
    gone(unsent).await.unwrap();
    let taken = sink.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].data.contains(&last.to_string()));
    assert!(!keys(&redis).iter().any(|key| key.contains("anna") || key.contains(&household.to_string())));
}

/// The keys that Redis has.
fn keys(redis: &Redis) -> Vec<String> {
    let client = redis::Client::open(redis.url()).unwrap();
    redis::cmd("KEYS").arg("*").query(&mut client.get_connection().unwrap()).unwrap()
}
