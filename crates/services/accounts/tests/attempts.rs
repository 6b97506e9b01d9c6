//! Guessing is made slow, and nobody is locked out by somebody else's guesses (docs/decisions/0010-log-ins.md).

use std::time::Duration;

use funkturm_accounts::Hashing;
use funkturm_contracts::mail::Template;
use http::StatusCode;
use reqwest::Method;

use crate::house::{House, PASSWORD, answer, body, from, refusal};

const ANNA: &str = "anna@example.org";
const ATTACKER: &str = "198.51.100.66";
const WRONG: StatusCode = StatusCode::BAD_REQUEST;
const SLOW: StatusCode = StatusCode::TOO_MANY_REQUESTS;

#[tokio::test]
async fn guessing_from_one_network_becomes_slower_and_slower_also_for_an_account_that_is_not_there() {
    let house = House::open().await;
    house.household(ANNA).await;
    for email in [ANNA, "nobody@example.org"] {
        let guess = || from(house.password(email, "streuselkuchen", &[]), ATTACKER);
        for _ in 0..6 {
            assert_eq!(refusal(guess(), WRONG).await, "invalid_grant");
        }
        for pause in [2, 4, 8, 16] {
            let slow = answer(guess(), SLOW).await;
            assert_eq!(slow.headers()["retry-after"], pause.to_string().as_str(), "{email}");
            house.clock.advance(Duration::from_secs(pause));
            assert_eq!(refusal(guess(), WRONG).await, "invalid_grant");
        }
        let right = from(house.password(email, PASSWORD, &[]), ATTACKER);
        assert_eq!(refusal(right, SLOW).await, "temporarily_unavailable", "what is right is not told either");
    }
}

#[tokio::test]
async fn guesses_that_come_all_at_once_are_counted_before_they_are_answered() {
    let house = House::open().await;
    house.household(ANNA).await;
    let guesses = (0..40).map(|_| from(house.password(ANNA, "streuselkuchen", &[]), ATTACKER).send());
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.as_ref().unwrap().status() == WRONG).count();
    assert_eq!(looked_at, 6);
}

#[tokio::test]
async fn an_attacker_elsewhere_keeps_neither_a_known_device_nor_the_usual_network_out() {
    let house = House::open().await;
    let login = house.at_home(ANNA).await;
    // From so many networks that the account itself becomes slow.
    for n in 0..61 {
        let guess = from(house.password(ANNA, "streuselkuchen", &[]), &format!("198.51.100.{n}"));
        answer(guess, WRONG).await;
    }
    let stranger = from(house.password(ANNA, PASSWORD, &[]), "192.0.2.7");
    assert_eq!(refusal(stranger, SLOW).await, "temporarily_unavailable");
    body(house.password(ANNA, PASSWORD, &[]), StatusCode::OK).await;
    let secret = login.secret.unwrap();
    let known = [("device_id", login.device.as_str()), ("device_secret", secret.as_str())];
    let abroad = body(from(house.password(ANNA, PASSWORD, &known), "192.0.2.7"), StatusCode::OK).await;
    assert_eq!(abroad["device"], login.device.as_str(), "it is the same device");
    let pretended = [("device_id", login.device.as_str()), ("device_secret", "x")];
    refusal(from(house.password(ANNA, PASSWORD, &pretended), "192.0.2.8"), SLOW).await;
    // A stranger is kept waiting for a minute at most, and not for good.
    house.clock.advance(Duration::from_secs(60));
    body(from(house.password(ANNA, PASSWORD, &[]), "192.0.2.7"), StatusCode::OK).await;
}

#[tokio::test]
async fn one_network_that_tries_many_accounts_becomes_slow_and_others_do_not() {
    let house = House::open().await;
    house.household(ANNA).await;
    for n in 0..61 {
        answer(from(house.password(&format!("a{n}@example.org"), "streuselkuchen", &[]), ATTACKER), WRONG)
            .await;
    }
    refusal(from(house.password("b@example.org", "streuselkuchen", &[]), ATTACKER), SLOW).await;
    body(from(house.password(ANNA, PASSWORD, &[]), "192.0.2.7"), StatusCode::OK).await;
}

#[tokio::test]
async fn whoever_knows_the_password_is_not_counted_as_guessing() {
    let house = House::open_with(|config| config.devices = 1000).await;
    house.household(ANNA).await;
    for _ in 0..30 {
        body(from(house.password(ANNA, PASSWORD, &[]), "192.0.2.7"), StatusCode::OK).await;
    }
}

#[tokio::test]
async fn without_redis_nobody_is_let_in_who_would_have_to_be_counted_and_who_is_in_stays() {
    let mut house = House::open().await;
    let login = house.at_home(ANNA).await;
    house.redis.kill();
    refusal(house.password(ANNA, PASSWORD, &[]), StatusCode::SERVICE_UNAVAILABLE).await;
    body(house.refresh(&login.refresh), StatusCode::OK).await;
    body(house.by(&login, Method::GET, "/api/v1/me"), StatusCode::OK).await;
    house.redis.restart().await.unwrap();
    body(house.password(ANNA, PASSWORD, &[]), StatusCode::OK).await;
}

#[tokio::test]
async fn old_parameters_are_made_new_at_the_next_log_in() {
    let mut house = House::open().await;
    house.household(ANNA).await;
    house.config.hashing = Hashing { memory_kib: 128, passes: 2, ..Hashing::default() };
    let next = crate::house::Instance::start(&house.config, &house.clock).await;
    house.one = next;
    house.log_in(ANNA, &[]).await;
    let stored = {
        use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            password: String,
        }
        let mut connection = diesel::PgConnection::establish(&house.config.database).unwrap();
        sql_query("SELECT password FROM household").get_result::<Row>(&mut connection).unwrap().password
    };
    assert!(stored.starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{stored}");
    house.log_in(ANNA, &[]).await;
}

#[tokio::test]
async fn a_peak_of_registrations_is_put_off_and_does_not_fall_over() {
    let hashing = Hashing { memory_kib: 19_456, passes: 2, lanes: 1, threads: 1, queue: 3 };
    let house = House::open_with(|config| config.hashing = hashing).await;
    let peak = (0..30).map(|n| house.register(&format!("a{n}@example.org"), PASSWORD).send());
    let answers = futures_util::future::join_all(peak).await;
    let (mut taken, mut put_off) = (0, 0);
    for answer in answers.into_iter().map(Result::unwrap) {
        match answer.status() {
            StatusCode::ACCEPTED => taken += 1,
            StatusCode::SERVICE_UNAVAILABLE => {
                assert_eq!(answer.headers()["retry-after"], "5");
                put_off += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(taken >= 3 && put_off >= 1 && taken + put_off == 30, "{taken} taken, {put_off} put off");
    house.others.mail("a0@example.org", Template::ConfirmAddress).await;
}
