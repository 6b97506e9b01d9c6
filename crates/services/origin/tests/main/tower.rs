//! An origin on a clock that the test moves, with a transcoder that pushes into it.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use funkturm_base::{ChannelId, ManualClock, Utc90};
use funkturm_contracts::{
    client::Peer,
    health::OriginStatus,
    segment::{IndependentFrame, Media, Receipt, Rendition, Segment},
};
use funkturm_origin::{Config, Origin};
use funkturm_service::{
    Context, ServiceMain, serve,
    testing::{TestServer, serve_with, until},
};
use reqwest::{Method, RequestBuilder, Response};

pub(crate) const GRID: i64 = 6 * 90_000;
pub(crate) const FIRST: u64 = 299_000_000;
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// SHA-256 of `section of v0` and of `section of a0`, the first 16 digits.
fn hash(body: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn section(name: &str) -> (String, Bytes) {
    let body = Bytes::from(format!("section of {name}"));
    (hash(&body), body)
}

/// The description of a cell's segment.
pub(crate) fn segment(name: &str, number: u64) -> Segment {
    let media = if name.starts_with('v') {
        Media::Video { width: 1280, height: 720, frame_rate: 25.0, on_grid: true }
    } else {
        Media::Audio {
            language: Some("deu".into()),
            label: "Français".into(),
            channels: 2,
            description: false,
            default: true,
        }
    };
    let codecs = if name.starts_with('v') { "avc1.64001f" } else { "mp4a.40.2" };
    let start = Utc90(i64::try_from(number).unwrap() * GRID);
    let frames =
        (0..3).map(|n| IndependentFrame { offset: n * 100, length: 50, time: start + n as i64 * GRID / 3 });
    Segment {
        rendition: Rendition { name: name.into(), codecs: codecs.into(), media },
        grid: GRID,
        start,
        duration: GRID,
        epoch: 7,
        cut: false,
        alone: false,
        init: section(name).0,
        independent_frames: if name.starts_with('v') { frames.collect() } else { vec![] },
    }
}

/// The bytes of a cell's segment: not media, but what was pushed.
pub(crate) fn body(name: &str, number: u64) -> Bytes {
    Bytes::from(format!("{name} {number} ").repeat(100))
}

/// The origin.
pub(crate) struct Tower {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) peer: Peer,
    pub(crate) channel: ChannelId,
    context: Context,
    server: TestServer,
    http: reqwest::Client,
}

impl Tower {
    pub(crate) async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { open_house: true, ..Config::default() };
        change(&mut config);
        Origin::check(&config).unwrap();
        let clock = Arc::new(ManualClock::at(Utc90(i64::try_from(FIRST + 1).unwrap() * GRID)));
        let mut context = Context::for_test("origin");
        context.clock = Arc::clone(&clock) as _;
        let service = Origin::build(config, context.clone()).await.unwrap();
        let server = serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        let peer = Peer::new(server.url(), Some("service-token".into())).unwrap();
        // What is compressed stays so, what redirects is seen.
        let http = reqwest::Client::builder().no_gzip().redirect(reqwest::redirect::Policy::none());
        let (channel, http) = ("one".parse().unwrap(), http.build().unwrap());
        Self { clock, peer, channel, context, server, http }
    }

    /// Waits until it can serve.
    pub(crate) async fn ready(&self) {
        self.context.ready().await;
    }

    /// What keeps it from that.
    pub(crate) fn unready(&self) -> Vec<String> {
        self.context.unready()
    }

    /// What a gauge without labels shows.
    pub(crate) fn gauge(&self, name: &str) -> f64 {
        let families = self.context.metrics.gather();
        families.iter().find(|family| family.name() == name).unwrap().get_metric()[0].get_gauge().get_value()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    pub(crate) async fn push_sections(&self) {
        for name in ["v0", "a0"] {
            let (hash, body) = section(name);
            self.peer.push_init(&self.channel, name, &hash, GRID, body).await.unwrap();
        }
    }

    pub(crate) async fn push(&self, name: &str, number: u64) -> Receipt {
        let (segment, body) = (segment(name, number), body(name, number));
        self.peer.push_segment(&self.channel, number, &segment, body).await.unwrap()
    }

    /// Pushes whole cells, each when its time is over.
    pub(crate) async fn push_cells(&self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.push("a0", number).await;
            self.push("v0", number).await;
            self.clock.advance(Duration::from_secs(6));
        }
    }

    /// An origin that has `cells` cells on air.
    pub(crate) async fn on_air(cells: u64) -> Self {
        let tower = Self::open(|_| {}).await;
        tower.push_sections().await;
        tower.push_cells(FIRST..FIRST + cells).await;
        tower.listed(FIRST + cells - 1).await;
        tower
    }

    /// Waits until a number is the last one that is listed.
    pub(crate) async fn listed(&self, number: u64) {
        let what = format!("{number} to be listed");
        until(&what, PATIENCE, || self.lists(number)).await.unwrap();
    }

    fn lists(&self, number: u64) -> impl Future<Output = Option<()>> {
        let status = self.peer.clone();
        async move {
            let status: OriginStatus = status.origin_status().await.unwrap();
            status.channels.first().filter(|channel| channel.last == number).map(|_| ())
        }
    }
}

impl Drop for Tower {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}
