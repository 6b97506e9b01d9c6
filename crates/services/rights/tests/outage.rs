//! PostgreSQL goes and comes.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{PATIENCE, Rig, problem};

#[tokio::test]
async fn while_postgresql_is_away_households_in_memory_are_decided_about_and_others_are_not() {
    let mut rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    let (known, other) = (service.household().await, service.household().await);
    assert!(service.allowed(known, "eins", "live").await);
    // Once more, when the news of its own arrival, which make it be read anew, are surely over.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(service.allowed(known, "eins", "live").await);
    rig.postgresql.kill();
    assert!(service.allowed(known, "eins", "live").await);
    let question = json!({"household": other, "channel": "eins", "action": "live"});
    let ask = service.request(Method::POST, "/internal/v1/decisions").json(&question);
    problem(ask, StatusCode::SERVICE_UNAVAILABLE).await;
    let wish = service.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(rig.token(known, false));
    problem(wish.json(&json!({"plan": "plus-monthly"})), StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(service.allowed(known, "eins", "live").await, "also after a change that could not be made");
    assert_eq!(service.get("/api/v1/packages").await.as_array().unwrap().len(), 3);
    assert!(service.context.unready().is_empty(), "it still serves");

    rig.postgresql.restart().await.unwrap();
    let back = || async {
        let request =
            service.request(Method::PUT, "/api/v1/me/subscription").bearer_auth(rig.token(known, false));
        let answer = request.json(&json!({"plan": "plus-monthly"})).send().await.unwrap();
        (answer.status() == StatusCode::OK).then_some(())
    };
    funkturm_service::testing::until("changes to be possible again", PATIENCE, back).await.unwrap();
    // The pool may hold a connection that broke for a moment longer: whoever asks is told to come again.
    for (household, action) in [(known, "pause"), (other, "live")] {
        let question = json!({"household": household, "channel": "eins", "action": action});
        let answered = funkturm_service::testing::until("an answer", PATIENCE, || async {
            let ask = service.request(Method::POST, "/internal/v1/decisions").json(&question);
            let answer = ask.send().await.unwrap();
            if answer.status() != StatusCode::OK {
                assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
                return None;
            }
            answer.json::<serde_json::Value>().await.ok()
        });
        assert_eq!(answered.await.unwrap()["allowed"], true);
    }
    assert!(!service.context.stop.requested(), "no task gave up");
}

#[tokio::test]
async fn an_instance_that_starts_without_postgresql_waits_for_it() {
    let mut rig = Rig::start().await;
    rig.postgresql.kill();
    let service = rig.unready(rig.config()).await;
    problem(service.request(Method::GET, "/api/v1/packages"), StatusCode::SERVICE_UNAVAILABLE).await;
    problem(service.request(Method::GET, "/internal/v1/changes"), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(service.context.unready(), ["rights: offer"]);
    rig.postgresql.restart().await.unwrap();
    let ready = || async { service.context.unready().is_empty().then_some(()) };
    funkturm_service::testing::until("it to be ready", PATIENCE, ready).await.unwrap();
    service.offer().await;
}
