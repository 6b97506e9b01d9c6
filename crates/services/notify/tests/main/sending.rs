//! What arrives at the mail server.

use funkturm_contracts::mail::MailState;
use mail_parser::{HeaderValue, MessageParser, MimeHeaders};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_mail_arrives_with_both_texts_and_the_headers_of_a_machines_mail() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    let id = instance.send(&mail("anna@b.example")).await;
    let sent = instance.wait_for(id, MailState::Sent).await;
    assert!(sent.caught.is_none() && sent.mail.settled_at.is_some());

    let taken = sink.taken().remove(0);
    assert_eq!(
        (taken.from.as_str(), taken.to.as_slice()),
        ("tv@stadtnetz.example", ["anna@b.example".to_owned()].as_slice())
    );
    assert!(taken.data.is_ascii() && taken.data.lines().all(|line| line.len() <= 998));
    let message = MessageParser::default().parse(&taken.data).unwrap();
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Stadtnetz Köln"), Some("tv@stadtnetz.example")));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("anna@b.example"));
    assert_eq!(message.reply_to().unwrap().first().unwrap().address(), Some("hilfe@stadtnetz.example"));
    assert_eq!(message.subject(), Some("Stadtnetz Köln: bitte bestätigen Sie Ihre Adresse"));
    assert_eq!(message.message_id(), Some(format!("{id}@stadtnetz.example").as_str()));
    let date = message.date().unwrap().to_timestamp();
    assert_eq!(date, sent.mail.accepted_at.timestamp());
    for (name, value) in
        [("Auto-Submitted", "auto-generated"), ("MIME-Version", "1.0"), ("Content-Language", "de")]
    {
        let found = message.header(name).unwrap();
        let found = match found {
            HeaderValue::Text(text) => text.to_string(),
            HeaderValue::TextList(list) => list.join(","),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, value, "{name}");
    }
    assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    assert!(text.contains("https://tv.example/confirm?code=abc&x=1"), "{text}");
    assert!(html.contains("<html lang=\"de\">") && html.contains("code=abc&amp;x=1"), "{html}");
}

#[tokio::test]
async fn the_same_mail_is_sent_once_however_often_and_late_it_is_delivered() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let mut context = Context::for_test("notify");
    let clock = std::sync::Arc::new(funkturm_base::ManualClock::at(Utc::now().into()));
    context.clock = std::sync::Arc::clone(&clock) as _;
    let config = Config { keep_days: 1, ..sending(&redis, &sink) };
    let instance = Instance::open_with(config, context).await;
    let (id, mut long) = (Uuid::now_v7(), mail("anna@b.example"));
    long["until"] = json!(in_seconds(5 * 86_400));
    for _ in 0..3 {
        answer(instance.put(id, &long), StatusCode::NO_CONTENT).await;
    }
    let other = instance.send(&mail("berta@b.example")).await;
    for id in [id, other] {
        instance.wait_for(id, MailState::Sent).await;
    }
    let forgotten = async |id: Uuid| {
        let request = instance.request(Method::GET, &format!("/admin/v1/mails/{id}"));
        (request.send().await.unwrap().status() == StatusCode::NOT_FOUND).then_some(())
    };
    // Days later the other is forgotten, but this one could still be sent: it is known.
    clock.advance(Duration::from_secs(3 * 86_400));
    until("the other to be forgotten", PATIENCE, async || forgotten(other).await).await.unwrap();
    answer(instance.put(id, &long), StatusCode::NO_CONTENT).await;
    assert_eq!(instance.get(id).await.mail.state, MailState::Sent);
    // Later still it is forgotten too, but then its time is over.
    clock.advance(Duration::from_secs(4 * 86_400));
    until("the mail to be forgotten", PATIENCE, async || forgotten(id).await).await.unwrap();
    answer(instance.put(id, &long), StatusCode::NO_CONTENT).await;
    instance.wait_for(id, MailState::Dead).await;
    assert_eq!(sink.taken().len(), 2);
}

#[tokio::test]
async fn nothing_that_others_wrote_becomes_a_header_a_recipient_or_markup() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    for to in [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example>\r\nRCPT TO:<c@d.example",
        "a@b.example, c@d.example",
        "",
    ] {
        let told = detail(instance.put(Uuid::now_v7(), &mail(to)), StatusCode::BAD_REQUEST).await;
        assert!(told.starts_with("to: "), "{told}");
    }
    let evil =
        "TV\r\nBcc: c@d.example\r\n.\r\nMAIL FROM:<x@y.example>\r\n<script>alert(1)</script>{{ operator }}";
    let mut mail = mail("anna@b.example");
    mail["template"] = "new_device".into();
    mail["values"] = json!({"link": "https://tv.example/devices", "time": evil, "device": evil});
    let id = instance.send(&mail).await;
    instance.wait_for(id, MailState::Sent).await;

    let taken = sink.taken();
    assert_eq!((taken.len(), taken[0].to.len()), (1, 1));
    let message = MessageParser::default().parse(&taken[0].data).unwrap();
    assert!(message.bcc().is_none() && message.cc().is_none());
    assert_eq!(message.parts.len(), 3, "the two texts, and what holds them");
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    assert!(text.contains("TV  Bcc: c@d.example  .  MAIL FROM") && text.contains("{{ operator }}"), "{text}");
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
    assert!(message.attachment(0).is_none() || message.attachment(0).unwrap().content_type().is_none());
}

#[tokio::test]
async fn it_speaks_tls_and_logs_in_or_sends_nothing() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    // base64 of NUL, name, NUL, password
    sink.want(Some("AGFubmEAc2VjcmV0"));
    let mut config = sending(&redis, &sink);
    let smtp = config.smtp.as_mut().unwrap();
    smtp.host = "localhost".into();
    smtp.encryption = Encryption::Starttls;
    smtp.certificates_file = file("certificates", sink::AUTHORITY);
    (smtp.username_file, smtp.password_file) = (file("user", "anna\n"), file("password", "wrong\n"));

    // A password that is wrong loses no mail: it waits until the right one is there.
    let instance = Instance::open(config.clone()).await;
    let id = instance.send(&mail("anna@b.example")).await;
    let reason = until("a reason", PATIENCE, async || instance.get(id).await.mail.reason).await.unwrap();
    assert!(reason.contains("535"), "{reason}");
    assert_eq!(instance.get(id).await.mail.state, MailState::Waiting);
    instance.stop().await;
    file("password", "secret\n");
    let instance = Instance::open(config.clone()).await;
    instance.wait_for(id, MailState::Sent).await;
    let taken = sink.taken().remove(0);
    assert!(taken.encrypted);
    assert_eq!(taken.login.as_deref(), Some("AGFubmEAc2VjcmV0"));
    instance.stop().await;

    // A certificate that nobody here believes.
    config.smtp.as_mut().unwrap().certificates_file = None;
    let instance = Instance::open(config).await;
    let id = instance.send(&mail("anna@b.example")).await;
    let reason = until("a reason", PATIENCE, async || instance.get(id).await.mail.reason).await.unwrap();
    assert!(reason.to_lowercase().contains("certificate"), "{reason}");
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn connections_are_kept_between_mails() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(Config { connections: 2, ..sending(&redis, &sink) }).await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(instance.send(&mail(&format!("a{number}@b.example"))).await);
    }
    for id in ids {
        instance.wait_for(id, MailState::Sent).await;
    }
    assert_eq!(sink.taken().len(), 30);
    assert!(sink.connections() <= 2, "{}", sink.connections());
    assert_eq!(instance.metric("funkturm_notify_mails_accepted_total"), 30.0);
    assert_eq!(instance.metric("funkturm_notify_mails_total"), 30.0);
}
