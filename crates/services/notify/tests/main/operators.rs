//! What operators see and do, and who may not.

use funkturm_contracts::mail::MailState;

use super::{sink::Does, *};

#[tokio::test]
async fn mails_are_listed_by_state_and_page_and_never_say_what_was_in_them() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    sink.next([Does::Recipient("550 no")]);
    let dead = instance.send(&mail("dead@b.example")).await;
    instance.wait_for(dead, MailState::Dead).await;
    let mut sent = Vec::new();
    for number in 0..7 {
        let id = instance.send(&mail(&format!("a{number}@b.example"))).await;
        instance.wait_for(id, MailState::Sent).await;
        sent.insert(0, id);
    }
    sink.stop().await;
    let waiting = instance.send(&mail("waiting@b.example")).await;

    let ids = |list: &MailList| list.mails.iter().map(|mail| mail.id).collect::<Vec<_>>();
    assert_eq!(ids(&instance.list("?state=dead").await), [dead]);
    assert_eq!(ids(&instance.list("?state=waiting").await), [waiting]);
    let (mut seen, mut query) = (Vec::new(), "?state=sent&limit=3".to_owned());
    loop {
        let page = instance.list(&query).await;
        assert!(page.mails.len() <= 3);
        seen.extend(ids(&page));
        let Some(next) = page.next else { break };
        query = format!("?state=sent&limit=3&cursor={next}");
    }
    assert_eq!(seen, sent);
    let all = ids(&instance.list("").await);
    assert_eq!((all.len(), all[0], all[8]), (9, waiting, dead));

    for path in [
        "/admin/v1/mails".to_owned(),
        format!("/admin/v1/mails/{waiting}"),
        format!("/admin/v1/mails/{dead}"),
    ] {
        let text = answer(instance.request(Method::GET, &path), StatusCode::OK).await.text().await.unwrap();
        assert!(!text.contains("code=abc"), "{path} shows a link that opens an account: {text}");
    }
    for query in ["?state=lost", "?limit=0", "?limit=201", "?cursor=x", "?colour=red"] {
        answer(instance.request(Method::GET, &format!("/admin/v1/mails{query}")), StatusCode::BAD_REQUEST)
            .await;
    }
}

#[tokio::test]
async fn a_dead_letter_is_sent_after_all_when_an_operator_says_so() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    let instance = Instance::open(sending(&redis, &sink)).await;
    sink.next([Does::Recipient("550 mailbox full of errors")]);
    let id = instance.send(&mail("anna@b.example")).await;
    instance.wait_for(id, MailState::Dead).await;
    let retry = || instance.request(Method::POST, &format!("/admin/v1/mails/{id}/retry"));
    answer(retry(), StatusCode::NO_CONTENT).await;
    let sent = instance.wait_for(id, MailState::Sent).await;
    assert_eq!(sent.mail.reason, None);
    assert_eq!(sink.taken().len(), 1);
    assert!(detail(retry(), StatusCode::CONFLICT).await.contains("sent already"));
    let nobody = format!("/admin/v1/mails/{}/retry", Uuid::nil());
    answer(instance.request(Method::POST, &nobody), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_mail_that_is_removed_is_not_sent_also_if_it_is_delivered_again() {
    let (redis, sink) = (Redis::start().await.unwrap(), Sink::start().await);
    sink.stop().await;
    let instance = Instance::open(sending(&redis, &sink)).await;
    let (id, mail) = (Uuid::now_v7(), mail("anna@b.example"));
    answer(instance.put(id, &mail), StatusCode::NO_CONTENT).await;
    let path = format!("/admin/v1/mails/{id}");
    answer(instance.request(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    for method in [Method::DELETE, Method::GET] {
        answer(instance.request(method, &path), StatusCode::NOT_FOUND).await;
    }
    answer(instance.put(id, &mail), StatusCode::NO_CONTENT).await;
    sink.restart().await;
    let other = instance.send(&super::mail("berta@b.example")).await;
    instance.wait_for(other, MailState::Sent).await;
    assert_eq!(
        sink.taken().iter().map(|taken| taken.to[0].as_str()).collect::<Vec<_>>(),
        ["berta@b.example"]
    );
    assert!(instance.list("?to=anna@b.example").await.mails.is_empty());
}

#[tokio::test]
async fn operators_and_services_alone_come_in_and_bad_input_is_named() {
    let redis = Redis::start().await.unwrap();
    let instance = Instance::open(catching(&redis)).await;
    let nil = Uuid::nil();
    for (method, path) in [
        (Method::PUT, format!("/internal/v1/mails/{nil}")),
        (Method::GET, format!("/internal/v1/households/{nil}")),
        (Method::DELETE, format!("/internal/v1/households/{nil}")),
        (Method::GET, "/admin/v1/mails".to_owned()),
        (Method::GET, format!("/admin/v1/mails/{nil}")),
        (Method::DELETE, format!("/admin/v1/mails/{nil}")),
        (Method::POST, format!("/admin/v1/mails/{nil}/retry")),
    ] {
        let wrong = if path.starts_with("/internal/") { "operator-token" } else { "service-token" };
        for token in [wrong, "a household's token"] {
            let request = instance.http.request(method.clone(), format!("{}{path}", instance.server.url()));
            answer(request.bearer_auth(token), StatusCode::UNAUTHORIZED).await;
        }
    }
    for (body, said) in [
        (json!({}), "missing field"),
        (json!({"to": "a@b.example", "template": "spam", "language": "de", "until": in_seconds(9)}), "spam"),
        (
            json!({"to": "a@b.example", "template": "new_device", "language": "de", "until": in_seconds(9)}),
            "needs device",
        ),
        (json!({"to": "nobody", "template": "deleted", "language": "de", "until": in_seconds(9)}), "to: "),
    ] {
        let told = detail(instance.put(nil, &body), StatusCode::BAD_REQUEST).await;
        assert!(told.contains(said), "{told}");
    }
    let no_id = instance.request(Method::PUT, "/internal/v1/mails/one").json(&mail("a@b.example"));
    answer(no_id, StatusCode::BAD_REQUEST).await;
    assert!(instance.list("").await.mails.is_empty());
}
