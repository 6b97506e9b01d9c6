//! A house with households: instances of the service over one Redis, and stand-ins that play channels, accounts and rights as the test
//! says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funkturm_base::{ChannelId, DeviceId, HouseholdId, ManualClock, ProfileId};
use funkturm_contracts::{
    channel::{Channel, ChannelList, Profile},
    identity::{Claims, ISSUER, Key, KeySet},
    link::Holder,
    rights::{Changes, Decision, GroupLimit, Limits, Question, Refusal},
};
use funkturm_playback::{Config, Playback};
use funkturm_service::{
    Context, Routes, ServiceMain, openapi, reply, serve,
    testing::{TestServer, serve_with, until},
};
use funkturm_stores::testing::Redis;
use funkturm_token::Keys;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, RequestBuilder, StatusCode};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What there is, with the numbers from 1 on.
pub(crate) const CHANNELS: [&str; 4] = ["zdf", "arte", "news-1", "news-2"];

/// What rights says, by channel; and of whom it says that something changed.
#[derive(Default)]
pub(crate) struct Says {
    pub(crate) decisions: BTreeMap<ChannelId, Decision>,
    pub(crate) changes: Vec<Changes>,
    pub(crate) away: bool,
    pub(crate) asked: usize,
    /// Channels that are not for children.
    pub(crate) adult: BTreeSet<ChannelId>,
    /// What accounts says of links, by the hash of their tokens.
    pub(crate) links: BTreeMap<String, Holder>,
    pub(crate) accounts_away: bool,
    /// Channels that origins have nothing of.
    pub(crate) off_air: Arc<Mutex<BTreeSet<ChannelId>>>,
}

impl Says {
    /// What rights says about a channel.
    pub(crate) fn decision(&self, channel: &ChannelId, child: bool) -> Decision {
        if child && self.adult.contains(channel) {
            return no(Some(Refusal::Age), &[]);
        }
        self.decisions.get(channel).cloned().unwrap_or_else(yes)
    }
}

/// A decision that allows it, with two streams at once.
pub(crate) fn yes() -> Decision {
    let said = json!({
        "allowed": true, "because": "package plus gives it", "until": null, "hd": true,
        "limits": { "streams": 2, "group": null },
    });
    serde_json::from_value(said).unwrap()
}

pub(crate) fn no(refusal: Option<Refusal>, packages: &[&str]) -> Decision {
    let packages = packages.iter().map(|&id| id.to_owned()).collect();
    Decision { allowed: false, refusal, packages, ..yes() }
}

/// The same with a broadcaster group's limit.
pub(crate) fn in_group(streams: u32) -> Decision {
    Decision {
        limits: Limits { streams: 2, group: Some(GroupLimit { group: "news".into(), streams }) },
        ..yes()
    }
}

/// Signs access tokens as accounts does.
struct Accounts(EncodingKey, Key);

impl Accounts {
    fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        let x =
            BASE64_URL_SAFE_NO_PAD.encode(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap().public_key());
        let text = |text: &str| text.to_owned();
        let (kty, crv, alg, usage) = (text("OKP"), text("Ed25519"), text("EdDSA"), text("sig"));
        Self(EncodingKey::from_ed_der(pkcs8.as_ref()), Key { kty, crv, alg, usage, kid: "k".into(), x })
    }
}

/// The house.
pub(crate) struct House {
    pub(crate) redis: Redis,
    pub(crate) says: Arc<Mutex<Says>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: Keys,
    pub(crate) config: Config,
    accounts: Accounts,
    _others: TestServer,
    _folder: tempfile::TempDir,
    instances: Vec<(TestServer, Context)>,
    pub(crate) http: reqwest::Client,
}

/// Somebody with a device.
#[derive(Clone)]
pub(crate) struct Viewer {
    pub(crate) household: HouseholdId,
    pub(crate) device: DeviceId,
    token: String,
}

fn others(says: &Arc<Mutex<Says>>, keys: KeySet) -> Routes {
    let channels: Vec<Channel> = (1..)
        .zip(CHANNELS)
        .map(|(number, id)| Channel {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            number,
            logo_url: None,
            profile: Profile::Hd,
            redundant: false,
            enabled: true,
            inputs: vec![],
            version: 1,
        })
        .collect();
    let (deciding, changing) = (Arc::clone(says), Arc::clone(says));
    let away = || Ok(reply::problem_of(StatusCode::SERVICE_UNAVAILABLE, "away"));
    Routes::new()
        .get_now("/internal/v1/channels", move |_| {
            Ok(reply::json(StatusCode::OK, &ChannelList { version: 1, channels: channels.clone() }))
        })
        .get_now("/api/v1/keys", move |_| Ok(reply::json(StatusCode::OK, &keys)))
        .post("/internal/v1/decisions", move |mut request| {
            let says = Arc::clone(&deciding);
            async move {
                let question: Question = request.json(4096).await?;
                let mut says = says.lock().unwrap();
                says.asked += 1;
                let decision = says.decision(&question.channel, question.child);
                if says.away { away() } else { Ok(reply::json(StatusCode::OK, &decision)) }
            }
        })
        .merge(crate::links::others(says))
        .get_now("/internal/v1/changes", move |request| {
            let says = changing.lock().unwrap();
            if says.away {
                return away();
            }
            let after: i64 = request.query::<BTreeMap<String, i64>>()?["after"];
            let mut answer = Changes { place: says.changes.len() as i64, ..Changes::default() };
            for change in says.changes.iter().skip(usize::try_from(after).unwrap()) {
                answer.households.extend(&change.households);
                answer.everybody |= change.everybody;
            }
            Ok(reply::json(StatusCode::OK, &answer))
        })
}

impl House {
    pub(crate) async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let (says, accounts) = (Arc::new(Mutex::new(Says::default())), Accounts::new());
        let others = others(&says, KeySet { keys: vec![accounts.1.clone()] });
        let others = funkturm_service::testing::serve(others).await.unwrap();
        let (redis, folder) = (Redis::start().await.unwrap(), tempfile::tempdir().unwrap());
        let line = funkturm_token::new_key("1").unwrap();
        let file = folder.path().join("keys");
        std::fs::write(&file, &line).unwrap();
        let mut config = Config {
            redis: redis.url(),
            channels: others.url(),
            accounts: others.url(),
            rights: others.url(),
            origins: vec![others.url()],
            token_keys_file: file,
            ..Config::default()
        };
        change(&mut config);
        let mut house = Self {
            redis,
            says,
            clock: Arc::new(ManualClock::at(chrono::Utc::now().into())),
            keys: Keys::parse(&line).unwrap(),
            config,
            accounts,
            _others: others,
            _folder: folder,
            instances: Vec::new(),
            http: reqwest::Client::new(),
        };
        house.add_instance().await;
        house
    }

    /// One more instance of the service, over the same Redis.
    pub(crate) async fn add_instance(&mut self) {
        let (server, context) = instance(self.config.clone(), Arc::clone(&self.clock)).await;
        context.ready().await;
        self.instances.push((server, context));
    }

    /// Redis answers nobody for so long.
    pub(crate) async fn stop_redis(&self, time: Duration) {
        let client = redis::Client::open(self.redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let pause = redis::cmd("CLIENT").arg("PAUSE").arg(time.as_millis() as u64).to_owned();
        let () = pause.query_async(&mut connection).await.unwrap();
    }

    /// Somebody of a new household.
    pub(crate) fn viewer(&self) -> Viewer {
        self.viewer_of(HouseholdId::new())
    }

    /// Somebody with another device of a household.
    pub(crate) fn viewer_of(&self, household: HouseholdId) -> Viewer {
        self.viewer_on(household, DeviceId::new(), false)
    }

    /// Somebody with a device of a household, perhaps with a child's profile.
    pub(crate) fn viewer_on(&self, household: HouseholdId, device: DeviceId, child: bool) -> Viewer {
        let now = u64::try_from(chrono::Utc::now().timestamp()).unwrap();
        let (iat, exp) = (now, now + 86_400);
        let claims =
            Claims { iss: ISSUER.into(), sub: household, profile: ProfileId::new(), child, device, iat, exp };
        let header = Header { kid: Some("k".into()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &self.accounts.0).unwrap();
        Viewer { household, device, token }
    }

    pub(crate) fn clock_now(&self) -> chrono::DateTime<chrono::Utc> {
        funkturm_base::Clock::utc(&*self.clock).to_chrono()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.instances[0].0.url())
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.instances.iter().map(|(server, _)| server.url()).collect()
    }

    pub(crate) fn request(&self, viewer: &Viewer, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).bearer_auth(&viewer.token)
    }

    pub(crate) fn play(&self, viewer: &Viewer, channel: &str) -> RequestBuilder {
        self.request(viewer, Method::POST, "/api/v1/playback").json(&json!({"channel": channel}))
    }

    pub(crate) fn take_over(&self, viewer: &Viewer, channel: &str, session: &Value) -> RequestBuilder {
        let body = json!({"channel": channel, "takeover": session["session"]});
        self.request(viewer, Method::POST, "/api/v1/playback").json(&body)
    }

    pub(crate) fn heartbeat(&self, viewer: &Viewer, session: &Value) -> RequestBuilder {
        self.request(viewer, Method::POST, &path(session))
    }

    /// What origins are told.
    pub(crate) async fn revoked(&self) -> Vec<String> {
        let list = self.http.get(self.url("/internal/v1/revocations")).bearer_auth("service-token");
        let list: Value = list.send().await.unwrap().json().await.unwrap();
        let sessions = list["sessions"].as_array().unwrap();
        sessions.iter().map(|one| one["session"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a session is on the list.
    pub(crate) async fn until_revoked(&self, session: &Value) {
        let id = session["session"].as_str().unwrap();
        let listed = || async { self.revoked().await.iter().any(|one| one == id).then_some(()) };
        until("the revocation", PATIENCE, listed).await.unwrap();
    }

    pub(crate) fn decide(&self, channel: &str, decision: Decision) {
        self.says.lock().unwrap().decisions.insert(channel.parse().unwrap(), decision);
    }

    pub(crate) fn changed(&self, households: &[HouseholdId], everybody: bool) {
        let households: BTreeSet<_> = households.iter().copied().collect();
        self.says.lock().unwrap().changes.push(Changes { place: 0, households, everybody });
    }

    /// What the token in a URL says.
    pub(crate) fn claims(&self, playback: &Value) -> funkturm_token::Claims {
        let url = playback["url"].as_str().unwrap();
        self.keys.verify(url.split('/').nth(2).unwrap()).unwrap()
    }
}

/// An instance of the service on its own.
pub(crate) async fn instance(config: Config, clock: Arc<ManualClock>) -> (TestServer, Context) {
    let mut context = Context::for_test("playback");
    context.clock = clock as _;
    let service = Playback::build(config, context.clone()).await.unwrap();
    assert_eq!(openapi::differences(&service.routes, &service.openapi), [""; 0]);
    (serve_with(service.routes, &context, serve::Options::default()).await.unwrap(), context)
}

impl Drop for House {
    fn drop(&mut self) {
        for (_, context) in &self.instances {
            context.stop.trigger();
        }
    }
}

pub(crate) fn path(session: &Value) -> String {
    format!("/api/v1/playback/{}", session["session"].as_str().unwrap())
}
