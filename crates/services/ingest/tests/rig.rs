//! An ingest service with a line-up of the test's choice.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    time::Duration,
};

use funkturm_base::{Clock, SystemClock, Utc90};
use funkturm_contracts::{
    channel::{Channel, ChannelList, Input, Profile},
    client::{Peer, ProgrammeStream},
    health::IngestStatus,
    programme::{Epoch, EpochEnd, Message, Unit},
};
use funkturm_ingest::{Config, Ingest};
use funkturm_service::{
    Context, Routes, ServiceMain, reply,
    serve::Options,
    testing::{TestServer, serve_with, until},
};
use tokio::time::timeout;

/// Longer than anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) peer: Peer,
    line_up: Arc<Mutex<Option<ChannelList>>>,
    _servers: [TestServer; 2],
    context: Context,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.context.stop.trigger();
    }
}

/// A channel with these inputs.
pub(crate) fn channel(name: &str, inputs: &[&str]) -> Channel {
    let input = |url: &&str| {
        let (url, programme) = url.split_once('#').map_or((*url, None), |(url, n)| (url, n.parse().ok()));
        Input { url: url.into(), programme }
    };
    Channel {
        id: name.parse().unwrap(),
        name: name.into(),
        number: 1,
        logo_url: None,
        profile: Profile::Passthrough,
        redundant: false,
        enabled: true,
        inputs: inputs.iter().map(input).collect(),
        version: 1,
    }
}

/// An address of loopback that nobody has.
pub(crate) fn free_address() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Rig {
    pub(crate) async fn new(channels: Vec<Channel>) -> Self {
        let line_up = Arc::new(Mutex::new(Some(ChannelList { version: 1, channels })));
        let shown = Arc::clone(&line_up);
        let routes = Routes::new().get("/internal/v1/channels", move |_| {
            let list = shown.lock().unwrap().clone();
            async move {
                let absent = || funkturm_base::Error::new(funkturm_base::Kind::Unavailable, "no database");
                Ok(reply::json(http::StatusCode::OK, &list.ok_or_else(absent)?))
            }
        });
        let context = Context::for_test("ingest");
        let channels = serve_with(routes, &context, Options::default()).await.unwrap();
        let config =
            Config { channels: channels.url(), refresh_seconds: 1, return_seconds: 2, ..Config::default() };
        let service = Ingest::build(config, context.clone()).await.unwrap();
        let ingest = serve_with(service.routes, &context, Options::default()).await.unwrap();
        timeout(PATIENCE, context.ready()).await.unwrap();
        let peer = Peer::new(ingest.url(), Some("service-token".into())).unwrap();
        Self { peer, line_up, _servers: [channels, ingest], context }
    }

    /// Changes what the channels service says; `None` if it is to fail.
    pub(crate) fn line_up(&self, channels: Option<Vec<Channel>>) {
        *self.line_up.lock().unwrap() = channels.map(|channels| ChannelList { version: 2, channels });
    }

    pub(crate) async fn open(&self, channel: &str) -> Reader {
        let id = channel.parse().unwrap();
        let stream =
            until("the programme stream", PATIENCE, || async { self.peer.programme(&id).await.ok() });
        Reader { stream: stream.await.unwrap() }
    }

    pub(crate) async fn status(&self) -> IngestStatus {
        self.peer.ingest_status().await.unwrap()
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn wait_for(&self, what: &str, wanted: impl Fn(&IngestStatus) -> bool) -> IngestStatus {
        let seen = until(what, PATIENCE, || async { Some(self.status().await).filter(&wanted) }).await;
        match seen {
            Ok(status) => status,
            Err(error) => panic!("{error}: {:#?}", self.status().await),
        }
    }

    pub(crate) fn metrics(&self) -> Vec<(String, f64)> {
        let families = self.context.metrics.gather();
        let values = families.iter().flat_map(|family| {
            family.get_metric().iter().map(|metric| {
                let value = metric.get_gauge().get_value() + metric.get_counter().get_value();
                (family.name().to_owned(), value)
            })
        });
        values.collect()
    }
}

/// Reads a programme stream.
pub(crate) struct Reader {
    stream: ProgrammeStream,
}

impl Reader {
    pub(crate) async fn next(&mut self) -> Option<Message> {
        timeout(PATIENCE, self.stream.next()).await.expect("a message in time").unwrap()
    }

    /// The next epoch's start; what comes before it has to be in order.
    pub(crate) async fn start(&mut self) -> Epoch {
        loop {
            match self.next().await.expect("an epoch") {
                Message::EpochStart(epoch) => return epoch,
                Message::Heartbeat(_) => {}
                other => panic!("no epoch, but {other:?}"),
            }
        }
    }

    /// The next unit of the running epoch.
    pub(crate) async fn unit(&mut self) -> Unit {
        loop {
            match self.next().await.expect("a unit") {
                Message::Unit(unit) => return unit,
                Message::Heartbeat(_) => {}
                other => panic!("no unit, but {other:?}"),
            }
        }
    }

    /// The units until the running epoch ends, and its end.
    pub(crate) async fn end(&mut self) -> (Vec<Unit>, EpochEnd) {
        let mut units = Vec::new();
        loop {
            match self.next().await.expect("an end") {
                Message::Unit(unit) => units.push(unit),
                Message::EpochEnd(end) => return (units, end),
                Message::Heartbeat(_) => {}
                other => panic!("no end, but {other:?}"),
            }
        }
    }
}

pub(crate) fn now() -> Utc90 {
    SystemClock::default().utc()
}
