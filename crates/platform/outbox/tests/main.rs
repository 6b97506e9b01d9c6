//! The outbox against a real PostgreSQL, with receivers that the test decides about.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use funkturm_contracts::client::Peer;
use funkturm_db::Db;
use funkturm_outbox::{MIGRATIONS, Options, Outbox};
use funkturm_service::{Context, Routes, reply, serve, testing::until};
use funkturm_stores::testing::PostgreSql;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(20);

/// What a receiver was told, and what it says to it.
#[derive(Clone)]
struct Receiver {
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    says: Arc<Mutex<BTreeMap<String, StatusCode>>>,
    address: SocketAddr,
    running: Arc<Mutex<Option<Context>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { heard: Arc::default(), says: Arc::default(), address, running: Arc::default() };
        receiver.listen(listener);
        receiver
    }

    fn listen(&self, listener: TcpListener) {
        let context = Context::for_test("receiver");
        let (routes, options) =
            (self.routes(), serve::Options { drain: Duration::ZERO, ..Default::default() });
        *self.running.lock().unwrap() = Some(context.clone());
        tokio::spawn(async move { serve::listen(listener, routes, options, &context).await });
    }

    /// Nobody listens there any more.
    async fn die(&self) {
        self.running.lock().unwrap().take().unwrap().stop.trigger();
        until("it to be gone", PATIENCE, || async {
            tokio::net::TcpStream::connect(self.address).await.is_err().then_some(())
        })
        .await
        .unwrap();
    }

    async fn come_back(&self) {
        let listener = until("its port", PATIENCE, || async { TcpListener::bind(self.address).await.ok() });
        self.listen(listener.await.unwrap());
    }

    fn routes(&self) -> Routes {
        let receiver = self.clone();
        let answer = move |mut request: funkturm_service::Request| {
            let receiver = receiver.clone();
            async move {
                let body = request.bytes(1 << 16).await?;
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let path = request.path().to_owned();
                let says = receiver.says.lock().unwrap().get(&path).copied();
                if let Some(status) = says {
                    return Ok(reply::problem_of(status, "no"));
                }
                receiver.heard.lock().unwrap().push((format!("{} {path}", request.method), body));
                Ok(reply::no_content())
            }
        };
        Routes::new()
            .put("/internal/v1/things/{id}", answer.clone())
            .delete("/internal/v1/things/{id}", answer)
    }

    fn says(&self, path: &str, status: Option<StatusCode>) {
        let mut says = self.says.lock().unwrap();
        match status {
            Some(status) => drop(says.insert(path.to_owned(), status)),
            None => drop(says.remove(path)),
        }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().iter().map(|(what, _)| what.clone()).collect()
    }

    async fn hears(&self, count: usize) -> Vec<String> {
        let what = format!("{count} messages");
        until(&what, PATIENCE, || async { Some(self.heard()).filter(|heard| heard.len() >= count) })
            .await
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.heard()))
    }
}

fn options() -> Options {
    Options {
        look_again: Duration::from_secs(60),
        turn: Duration::from_secs(10),
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(200),
    }
}

/// A service with an outbox.
struct Instance {
    db: Db,
    outbox: Outbox,
    context: Context,
}

impl Instance {
    async fn start(url: &str, receivers: &[(&str, &Receiver)], options: Options) -> Self {
        let context = Context::for_test("test");
        let db = Db::open(&funkturm_db::Options::new("test", url), &context.metrics, &context.log).unwrap();
        db.migrate(MIGRATIONS).await.unwrap();
        let receivers = receivers.iter().map(|(name, receiver)| {
            let peer = Peer::new(format!("http://{}", receiver.address), Some("service-token".into()));
            ((*name).to_owned(), peer.unwrap())
        });
        let outbox = Outbox::open(db.clone(), receivers.collect(), options, &context).unwrap();
        outbox.start(&context);
        Self { db, outbox, context }
    }

    async fn put(&self, receiver: &str, id: usize) -> i64 {
        let (outbox, receiver) = (self.outbox.clone(), receiver.to_owned());
        let put = self.outbox.transaction(move |connection| {
            outbox.put(connection, &receiver, &Method::PUT, &path(id), &json!({ "id": id }))
        });
        put.await.unwrap()
    }

    fn metric(&self, name: &str) -> f64 {
        let families = self.context.metrics.gather();
        // What has not happened yet is not there.
        let metrics =
            families.iter().filter(|family| family.name() == name).flat_map(|family| family.get_metric());
        metrics.map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value()).sum()
    }

    async fn problems(&self) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            row: String,
        }
        let rows = self.db.run(|connection| {
            sql_query("SELECT path || ' ' || attempts || ' ' || dead || ' ' || coalesce(problem, '') AS row FROM outbox ORDER BY id")
                .load::<Row>(connection)
        });
        rows.await.unwrap().into_iter().map(|row| row.row).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

fn path(id: usize) -> String {
    format!("/internal/v1/things/{id}")
}

fn puts(ids: std::ops::Range<usize>) -> Vec<String> {
    ids.map(|id| format!("PUT {}", path(id))).collect()
}

#[tokio::test]
async fn what_is_committed_is_delivered_at_once_and_what_is_rolled_back_never() {
    let postgresql = PostgreSql::start().await.unwrap();
    let (url, receiver) = (postgresql.database("test").await.unwrap(), Receiver::start().await);
    let instance = Instance::start(&url, &[("a", &receiver)], options()).await;
    let outbox = instance.outbox.clone();
    let rolled_back = instance.outbox.transaction(move |connection| {
        outbox.put(connection, "a", &Method::PUT, &path(99), &json!({}))?;
        Err::<(), _>(funkturm_base::Error::new(funkturm_base::Kind::Conflict, "no").into())
    });
    rolled_back.await.unwrap_err();
    instance.put("a", 1).await;
    let outbox = instance.outbox.clone();
    let deleted = instance
        .outbox
        .transaction(move |connection| outbox.put(connection, "a", &Method::DELETE, &path(1), &()));
    deleted.await.unwrap();
    // Nothing looks again within a minute: only the commits can have been the cause.
    assert_eq!(receiver.hears(2).await, [format!("PUT {}", path(1)), format!("DELETE {}", path(1))]);
    let bodies: Vec<Value> = receiver.heard.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(bodies, [json!({"id": 1}), Value::Null]);
    let unknown = instance.outbox.put(&mut test_connection(&url), "b", &Method::PUT, &path(1), &());
    assert!(unknown.is_err(), "there is no such receiver");
}

fn test_connection(url: &str) -> diesel::PgConnection {
    diesel::Connection::establish(url).unwrap()
}

#[tokio::test]
async fn a_receiver_that_is_away_gets_everything_in_order_when_it_is_back_and_holds_nobody_else() {
    let postgresql = PostgreSql::start().await.unwrap();
    let url = postgresql.database("test").await.unwrap();
    let (mortal, other) = (Receiver::start().await, Receiver::start().await);
    let instance = Instance::start(&url, &[("mortal", &mortal), ("other", &other)], options()).await;
    instance.put("mortal", 0).await;
    mortal.hears(1).await;
    mortal.die().await;
    for id in 1..20 {
        instance.put("mortal", id).await;
    }
    instance.put("other", 100).await;
    other.hears(1).await;
    until("a failure", PATIENCE, || async {
        (instance.metric("funkturm_test_outbox_failed_total") >= 2.0).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(mortal.heard(), puts(0..1));
    mortal.come_back().await;
    assert_eq!(mortal.hears(20).await, puts(0..20));
    until("the rows to go", PATIENCE, || async { instance.problems().await.is_empty().then_some(()) })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_refused_for_good_is_put_aside_and_what_is_refused_for_now_is_waited_for() {
    let postgresql = PostgreSql::start().await.unwrap();
    let (url, receiver) = (postgresql.database("test").await.unwrap(), Receiver::start().await);
    let quick = Options { look_again: Duration::from_millis(100), ..options() };
    let instance = Instance::start(&url, &[("a", &receiver)], quick).await;
    receiver.says(&path(1), Some(StatusCode::BAD_REQUEST));
    for id in 0..3 {
        instance.put("a", id).await;
    }
    receiver.hears(2).await;
    assert_eq!(receiver.heard(), [puts(0..1), puts(2..3)].concat());
    let dead = until("the figure", PATIENCE, || async {
        (instance.metric("funkturm_test_outbox_dead_count") == 1.0).then_some(())
    });
    dead.await.unwrap();
    assert_eq!(instance.metric("funkturm_test_outbox_refused_total"), 1.0);
    let rows = instance.problems().await;
    assert!(rows.len() == 1 && rows[0].contains("things/1 1 true") && rows[0].contains("400"), "{rows:?}");

    let mut tried = 0.0;
    for (id, status) in [(10, 500), (11, 503), (12, 401), (13, 429)] {
        receiver.says(&path(id), Some(StatusCode::from_u16(status).unwrap()));
        instance.put("a", id).await;
        instance.put("a", id + 100).await;
        until("two failures", PATIENCE, || async {
            (instance.metric("funkturm_test_outbox_failed_total") >= tried + 2.0).then_some(())
        })
        .await
        .unwrap();
        let heard = receiver.heard();
        assert!(!heard.contains(&format!("PUT {}", path(id + 100))), "{status} holds the queue");
        receiver.says(&path(id), None);
        receiver.hears(heard.len() + 2).await;
        tried = instance.metric("funkturm_test_outbox_failed_total");
    }
    assert_eq!(instance.metric("funkturm_test_outbox_refused_total"), 1.0);
}

#[tokio::test]
async fn two_instances_deliver_everything_once_and_in_order() {
    let postgresql = PostgreSql::start().await.unwrap();
    let (url, receiver) = (postgresql.database("test").await.unwrap(), Receiver::start().await);
    let one = Instance::start(&url, &[("a", &receiver)], options()).await;
    let other = Instance::start(&url, &[("a", &receiver)], options()).await;
    for id in 0..100 {
        let instance = if id % 2 == 0 { &one } else { &other };
        instance.put("a", id).await;
    }
    assert_eq!(receiver.hears(100).await, puts(0..100));
    let delivered = "funkturm_test_outbox_delivered_total";
    until("the figures", PATIENCE, || async {
        (one.metric(delivered) + other.metric(delivered) == 100.0).then_some(())
    })
    .await
    .unwrap();
    let different: BTreeSet<String> = receiver.heard().into_iter().collect();
    assert_eq!(different.len(), receiver.heard().len(), "nothing came twice");
}

#[tokio::test]
async fn what_a_dead_instance_leaves_behind_another_one_delivers() {
    let postgresql = PostgreSql::start().await.unwrap();
    let (url, receiver) = (postgresql.database("test").await.unwrap(), Receiver::start().await);
    // Turns are given back, and not waited for until they run out.
    let turn = Duration::from_secs(60);
    let quick = Options { look_again: Duration::from_millis(100), turn, ..options() };
    let one = Instance::start(&url, &[("a", &receiver)], quick.clone()).await;
    one.put("a", 0).await;
    until("it to be written down", PATIENCE, || async { one.problems().await.is_empty().then_some(()) })
        .await
        .unwrap();
    receiver.die().await;
    for id in 1..3 {
        one.put("a", id).await;
    }
    until("a failure", PATIENCE, || async {
        one.problems().await.first().is_some_and(|row| !row.contains(" 0 false")).then_some(())
    })
    .await
    .unwrap();
    drop(one);
    receiver.come_back().await;
    let other = Instance::start(&url, &[("a", &receiver)], quick).await;
    other.put("a", 3).await;
    assert_eq!(receiver.hears(4).await, puts(0..4));
}
