//! PostgreSQL goes and comes.

use funkturm_service::testing::until;
use reqwest::{Method, StatusCode};

use crate::{Instance, PATIENCE, Stores, channel, problem};

#[tokio::test]
async fn while_postgresql_is_away_reads_go_on_and_changes_are_refused() {
    let mut stores = Stores::start().await;
    let service = stores.instance().await;
    service.add("a").await;
    stores.postgresql.kill();
    let add = || service.request(Method::POST, "/admin/v1/channels").json(&channel("b"));
    let detail = problem(add(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(detail.contains("database"), "{detail}");
    assert_eq!(service.names().await, ["a"]);
    assert_eq!(service.status(Method::GET, "/internal/v1/channels").await, StatusCode::OK);
    assert!(service.context.unready().is_empty(), "it still serves");

    stores.postgresql.restart().await.unwrap();
    service.add("b").await;
    assert_eq!(service.names().await, ["a", "b"]);
    assert!(!service.context.stop.requested(), "no task gave up");
}

#[tokio::test]
async fn an_instance_that_starts_without_postgresql_waits_for_it() {
    let mut stores = Stores::start().await;
    stores.postgresql.kill();
    let service = Instance::build(stores.config()).await;
    let request = service.request(Method::GET, "/api/v1/channels");
    problem(request, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(service.context.unready(), ["channels: line-up"]);
    stores.postgresql.restart().await.unwrap();
    until("it to be ready", PATIENCE, || async { service.context.unready().is_empty().then_some(()) })
        .await
        .unwrap();
    assert!(service.names().await.is_empty());
}
