//! How instances share the channels, against a real Redis: by leases, of which none waits for anything else.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use funkturm_contracts::{
    channel::{Channel, ChannelList, Profile},
    client::Peer,
};
use funkturm_service::{
    Context, Routes, ServiceMain, reply,
    testing::{TestServer, serve, until},
};
use funkturm_stores::testing::Redis;
use funkturm_transcode::{Config, Transcode};
use http::StatusCode;
use tokio::time::sleep;

/// The channels service: what it lists, and how long it takes to say so.
#[derive(Clone, Default)]
struct LineUp(Arc<Mutex<(Vec<Channel>, Duration)>>);

impl LineUp {
    fn set(&self, ids: &[&str], redundant: bool) {
        let channel = |(number, id): (u32, &&str)| Channel {
            id: id.parse().unwrap(),
            name: (*id).to_owned(),
            number,
            logo_url: None,
            profile: Profile::Passthrough,
            redundant,
            enabled: true,
            inputs: vec![],
            version: 1,
        };
        self.0.lock().unwrap().0 = (1..).zip(ids).map(channel).collect();
    }

    fn delay(&self, delay: Duration) {
        self.0.lock().unwrap().1 = delay;
    }

    fn routes(&self) -> Routes {
        let line_up = self.clone();
        Routes::new().get("/internal/v1/channels", move |_| {
            let (channels, delay) = line_up.0.lock().unwrap().clone();
            async move {
                sleep(delay).await;
                Ok(reply::json(StatusCode::OK, &ChannelList { version: 1, channels }))
            }
        })
    }
}

/// An instance of the service.
struct Instance {
    context: Context,
    _server: TestServer,
    peer: Peer,
}

impl Instance {
    async fn start(redis: &Redis, channels: &TestServer) -> Self {
        // Nobody is there to read from or to push to: this is about who would.
        let nobody = vec!["http://127.0.0.1:9".to_owned()];
        let (redis, channels) = (redis.url(), channels.url());
        let config = Config {
            channels,
            ingest: nobody.clone(),
            origins: nobody,
            redis,
            capacity: 10,
            ..Config::default()
        };
        let context = Context::for_test("transcode");
        let service = Transcode::build(config, context.clone()).await.unwrap();
        let server = serve(service.routes).await.unwrap();
        let peer = Peer::new(server.url(), Some("service-token".into())).unwrap();
        Self { context, _server: server, peer }
    }

    /// The channels that it works on.
    async fn works_on(&self) -> Vec<String> {
        let status = self.peer.transcode_status().await.unwrap();
        status.channels.iter().map(|channel| channel.channel.to_string()).collect()
    }

    async fn stop(self) {
        self.context.stop.trigger();
        self.context.finish(Duration::from_secs(10)).await.unwrap();
    }
}

/// Waits until the instances together work on these, in any order.
async fn all_work_on(instances: &[&Instance], channels: &[&str]) {
    until(&format!("work on {channels:?}"), Duration::from_secs(15), || async {
        let mut all = vec![];
        for instance in instances {
            all.extend(instance.works_on().await);
        }
        all.sort();
        (all == channels).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_channel_goes_from_one_instance_to_another_when_that_stops() {
    let (redis, line_up) = (Redis::start().await.unwrap(), LineUp::default());
    line_up.set(&["ard", "zdf"], false);
    let channels = serve(line_up.routes()).await.unwrap();
    let one = Instance::start(&redis, &channels).await;
    all_work_on(&[&one], &["ard", "zdf"]).await;
    let other = Instance::start(&redis, &channels).await;
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(other.works_on().await, [""; 0], "what is worked on is not taken");
    one.stop().await;
    all_work_on(&[&other], &["ard", "zdf"]).await;
    line_up.set(&["zdf"], false);
    all_work_on(&[&other], &["zdf"]).await;
}

#[tokio::test]
async fn two_instances_work_on_a_redundant_channel() {
    let (redis, line_up) = (Redis::start().await.unwrap(), LineUp::default());
    line_up.set(&["ard"], true);
    let channels = serve(line_up.routes()).await.unwrap();
    let one = Instance::start(&redis, &channels).await;
    all_work_on(&[&one], &["ard"]).await;
    let other = Instance::start(&redis, &channels).await;
    all_work_on(&[&one, &other], &["ard", "ard"]).await;
}

#[tokio::test]
async fn a_line_up_that_does_not_answer_costs_no_lease() {
    let (redis, line_up) = (Redis::start().await.unwrap(), LineUp::default());
    line_up.set(&["ard"], false);
    let channels = serve(line_up.routes()).await.unwrap();
    let one = Instance::start(&redis, &channels).await;
    all_work_on(&[&one], &["ard"]).await;
    let other = Instance::start(&redis, &channels).await;
    line_up.delay(Duration::from_secs(60));
    // Longer than a lease lasts without being renewed.
    sleep(Duration::from_secs(7)).await;
    assert_eq!(one.works_on().await, ["ard"]);
    assert_eq!(other.works_on().await, [""; 0]);
}

#[tokio::test]
async fn what_redis_has_forgotten_is_taken_anew_and_what_another_has_is_given_up() {
    let (mut redis, line_up) = (Redis::start().await.unwrap(), LineUp::default());
    line_up.set(&["ard"], false);
    let channels = serve(line_up.routes()).await.unwrap();
    let one = Instance::start(&redis, &channels).await;
    all_work_on(&[&one], &["ard"]).await;
    redis.restart().await.unwrap();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(one.works_on().await, ["ard"], "nobody else was there to take it");
    // As after a time without network, in which another host took the channel over.
    take_away(&redis, Duration::from_secs(4)).await;
    all_work_on(&[&one], &[]).await;
    all_work_on(&[&one], &["ard"]).await;
}

/// Gives the lease of the only channel to somebody else, who does not renew it.
async fn take_away(redis: &Redis, time: Duration) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*lease*").query_async(&mut connection).await.unwrap();
    let [key] = &keys[..] else { panic!("{keys:?}") };
    let () = redis::cmd("HSET")
        .arg(key)
        .arg("owner")
        .arg("a stranger")
        .query_async(&mut connection)
        .await
        .unwrap();
    let () = redis::cmd("PEXPIRE")
        .arg(key)
        .arg(time.as_millis() as u64)
        .query_async(&mut connection)
        .await
        .unwrap();
}
