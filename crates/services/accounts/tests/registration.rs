//! From sign-up to the first log-in, and another password.

use funkturm_contracts::mail::Template;
use funkturm_service::testing::until;
use http::StatusCode;
use reqwest::Method;
use serde_json::json;

use crate::house::{House, Login, PASSWORD, PATIENCE, answer, body, from, problem, refusal, token};

const ANNA: &str = "anna@example.org";
const ACCEPTED: StatusCode = StatusCode::ACCEPTED;
const DONE: StatusCode = StatusCode::NO_CONTENT;

#[tokio::test]
async fn from_sign_up_through_the_mail_to_being_logged_in() {
    let house = House::open().await;
    answer(house.register(" Anna@Example.ORG ", PASSWORD), ACCEPTED).await;
    let early = house.password(ANNA, PASSWORD, &[]);
    assert_eq!(refusal(early, StatusCode::BAD_REQUEST).await, "invalid_grant", "not confirmed yet");
    let mail = house.others.mail("Anna@example.org", Template::ConfirmAddress).await;
    assert!(mail.values["link"].starts_with("http://tv.example/confirm#token="), "{mail:?}");
    assert_eq!(mail.language, "de");
    let confirm = || house.post("/api/v1/accounts/confirm", json!({"token": token(&mail)}));
    answer(confirm(), DONE).await;
    problem(confirm(), StatusCode::NOT_FOUND).await;

    let grant = body(house.password("ANNA@example.org", PASSWORD, &[]), StatusCode::OK).await;
    assert_eq!((&grant["token_type"], &grant["expires_in"]), (&json!("Bearer"), &json!(300)));
    let login = Login::from(&grant);
    let me = body(house.by(&login, Method::GET, "/api/v1/me"), StatusCode::OK).await;
    assert_eq!(
        (&me["email"], &me["country"], &me["child"]),
        (&json!("Anna@example.org"), &json!("DE"), &json!(false))
    );
    assert_eq!(me["id"], json!(login.household));
    let told = until("rights to be told", PATIENCE, || async {
        house.others.heard.lock().unwrap().first().cloned()
    });
    let (what, said) = told.await.unwrap();
    assert_eq!(what, format!("PUT /internal/v1/rights/households/{}", login.household));
    assert_eq!(said, json!({"country": "DE"}));
    let kept = house.request(Method::GET, &format!("/internal/v1/households/{}", login.household));
    let kept = body(kept.bearer_auth("service-token"), StatusCode::OK).await;
    assert_eq!((&kept["email"], kept["profiles"].as_array().unwrap().len()), (&json!("Anna@example.org"), 1));
}

#[tokio::test]
async fn an_address_that_is_known_gets_the_same_answer_and_another_mail() {
    let house = House::open().await;
    house.household(ANNA).await;
    let known = answer(house.register(ANNA, "apfelstrudel"), ACCEPTED).await;
    let unknown = answer(house.register("berta@example.org", "apfelstrudel"), ACCEPTED).await;
    let shown = |response: &reqwest::Response| {
        let mut headers: Vec<String> = response.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        headers
    };
    assert_eq!(shown(&known), shown(&unknown));
    assert_eq!((known.bytes().await.unwrap(), unknown.bytes().await.unwrap()), Default::default());
    house.others.mail(ANNA, Template::AlreadyRegistered).await;
    house.others.mail("berta@example.org", Template::ConfirmAddress).await;
    house.log_in(ANNA, &[]).await;
    let other = house.password(ANNA, "apfelstrudel", &[]);
    assert_eq!(refusal(other, StatusCode::BAD_REQUEST).await, "invalid_grant", "its password stays");
}

#[tokio::test]
async fn a_second_registration_replaces_the_first_one() {
    let house = House::open().await;
    answer(house.register(ANNA, "streuselkuchen"), ACCEPTED).await;
    let first = token(&house.others.mail(ANNA, Template::ConfirmAddress).await);
    answer(house.register(ANNA, PASSWORD), ACCEPTED).await;
    let second = token(&house.others.mail(ANNA, Template::ConfirmAddress).await);
    problem(house.post("/api/v1/accounts/confirm", json!({"token": first})), StatusCode::NOT_FOUND).await;
    answer(house.post("/api/v1/accounts/confirm", json!({"token": second})), DONE).await;
    house.log_in(ANNA, &[]).await;
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused_with_the_reason() {
    let house = House::open().await;
    let consents = json!({"terms": true});
    for (sent, said) in [
        (json!({"email": "anna", "password": PASSWORD, "consents": consents}), "email"),
        (json!({"email": ANNA, "password": "kurz", "consents": consents}), "8 characters"),
        (json!({"email": ANNA, "password": ANNA, "consents": consents}), "e-mail address"),
        (json!({"email": ANNA, "password": "Passwort123", "consents": consents}), "tried first"),
        (json!({"email": ANNA, "password": PASSWORD, "consents": {"terms": false}}), "consents.terms"),
        (json!({"email": ANNA, "password": PASSWORD}), "consents"),
        (json!({"email": ANNA, "password": PASSWORD, "consents": consents, "colour": "red"}), "colour"),
        (
            json!({"email": ANNA, "password": PASSWORD, "consents": consents, "language": "Deutsch!"}),
            "language",
        ),
    ] {
        let detail = problem(house.post("/api/v1/accounts", sent), StatusCode::BAD_REQUEST).await;
        assert!(detail.contains(said), "{said} in {detail}");
    }
    let large = house.post("/api/v1/accounts", json!({"email": ANNA, "password": "x".repeat(20_000)}));
    problem(large, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert!(house.others.mails().is_empty());
}

#[tokio::test]
async fn another_password_is_chosen_by_mail_and_ends_every_log_in() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    let reset = |email: &str| house.post("/api/v1/accounts/reset", json!({"email": email}));
    answer(reset("nobody@example.org"), ACCEPTED).await;
    answer(reset(ANNA), ACCEPTED).await;
    let token = token(&house.others.mail(ANNA, Template::ResetPassword).await);
    let choose = |password: &str| {
        let body = json!({"token": token, "password": password});
        house.request(Method::PUT, "/api/v1/accounts/password").json(&body)
    };
    problem(choose("kurz"), StatusCode::BAD_REQUEST).await;
    answer(choose("streuselkuchen"), DONE).await;
    problem(choose("apfelstrudel"), StatusCode::NOT_FOUND).await;
    house.others.mail(ANNA, Template::PasswordChanged).await;
    assert_eq!(refusal(house.refresh(&login.refresh), StatusCode::BAD_REQUEST).await, "invalid_grant");
    problem(house.by(&login, Method::GET, "/api/v1/me"), StatusCode::UNAUTHORIZED).await;
    assert_eq!(refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::BAD_REQUEST).await, "invalid_grant");
    body(house.password(ANNA, "streuselkuchen", &[]), StatusCode::OK).await;
    assert!(house.others.mails().iter().all(|mail| mail.to == ANNA), "{:?}", house.others.mails());
}

#[tokio::test]
async fn links_run_out() {
    let house = House::open().await;
    house.household(ANNA).await;
    answer(house.post("/api/v1/accounts/reset", json!({"email": ANNA})), ACCEPTED).await;
    let reset = token(&house.others.mail(ANNA, Template::ResetPassword).await);
    answer(house.register("berta@example.org", PASSWORD), ACCEPTED).await;
    let confirm = token(&house.others.mail("berta@example.org", Template::ConfirmAddress).await);
    house.clock.advance(std::time::Duration::from_secs(3601));
    let late = json!({"token": reset, "password": "streuselkuchen"});
    problem(house.request(Method::PUT, "/api/v1/accounts/password").json(&late), StatusCode::NOT_FOUND).await;
    house.clock.advance(std::time::Duration::from_secs(48 * 3600));
    problem(house.post("/api/v1/accounts/confirm", json!({"token": confirm})), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn nobody_is_flooded_with_mails() {
    let house = House::open().await;
    house.household(ANNA).await;
    for n in 0..8 {
        let request = house.post("/api/v1/accounts/reset", json!({"email": ANNA}));
        answer(from(request, &format!("198.51.100.{n}")), ACCEPTED).await;
    }
    // The registration was the first of five that are free; the pause after the sixth keeps the rest away.
    until("the mails", PATIENCE, || async { (house.others.mails().len() >= 5).then_some(()) }).await.unwrap();
    house.others.mail(ANNA, Template::ResetPassword).await;
    let left = house.others.mails().len();
    assert_eq!(left, 4, "{left}");
    let many = (0..80).map(|n| house.register(&format!("a{n}@example.org"), PASSWORD).send());
    let answers = futures_util::future::join_all(many).await;
    let refused: Vec<_> =
        answers.into_iter().map(Result::unwrap).filter(|answer| answer.status() == 429).collect();
    assert!(refused.len() >= 15, "{} of one network were refused", refused.len());
    assert!(refused.iter().all(|answer| answer.headers().contains_key("retry-after")));
}
