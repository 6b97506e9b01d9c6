//! Where there is no mail server.

use funkturm_contracts::mail::MailState;

use super::*;

#[tokio::test]
async fn a_mail_without_a_server_is_caught_as_it_would_have_been_sent() {
    let redis = Redis::start().await.unwrap();
    let instance = Instance::open(catching(&redis)).await;
    let id = instance.send(&mail("Anna@b.example")).await;
    let details = instance.wait_for(id, MailState::Sent).await;
    let caught = details.caught.unwrap();
    assert_eq!(caught.from, "Funkturm <tv@funkturm.invalid>");
    assert_eq!(caught.subject, "Funkturm: bitte bestätigen Sie Ihre Adresse");
    assert_eq!(caught.link.as_deref(), Some("https://tv.example/confirm?code=abc&x=1"));
    assert!(caught.text.contains(caught.link.as_ref().unwrap()));
    assert!(caught.html.starts_with("<!doctype html>"));
    let mails = instance.list("?to=anna@b.example").await.mails;
    assert_eq!(mails.iter().map(|mail| mail.id).collect::<Vec<_>>(), [id]);
    assert!(instance.list("?to=berta@b.example").await.mails.is_empty());
}

#[tokio::test]
async fn only_the_newest_caught_texts_are_kept() {
    let redis = Redis::start().await.unwrap();
    let instance = Instance::open(Config { keep_caught: 2, connections: 1, ..catching(&redis) }).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let id = instance.send(&mail(&format!("a{number}@b.example"))).await;
        instance.wait_for(id, MailState::Sent).await;
        ids.push(id);
    }
    let mut kept = Vec::new();
    for id in ids {
        kept.push(instance.get(id).await.caught.is_some());
    }
    assert_eq!(kept, [false, false, true, true]);
}

#[tokio::test]
async fn without_a_server_and_without_a_word_about_it_the_service_does_not_start() {
    let config = Config { redis: "redis://a".into(), ..Config::default() };
    let problem = Notify::check(&config).unwrap_err();
    assert!(problem.contains("without_server = \"catch\""), "{problem}");
}
