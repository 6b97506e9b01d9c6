//! `./x bench playback`: how long POST playback takes at 500 a second, with a real Redis, and rights answering out of memory.
//!
//! Requests are sent when they are due, whatever became of those before, and timed from when they were due. Each is from a household of
//! its own. The service, the stand-ins and the clients share the machine; each has threads of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench may end where it is"
)]

use std::{
    sync::mpsc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funkturm_base::{DeviceId, HouseholdId, ProfileId};
use funkturm_contracts::{
    channel::{Channel, ChannelList, Profile},
    identity::{Claims, ISSUER, Key, KeySet},
    rights::{Changes, Decision, Question},
};
use funkturm_playback::{Config, Playback};
use funkturm_service::{Context, Routes, ServiceMain, reply, serve, testing};
use funkturm_stores::testing::Redis;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use ring::signature::{Ed25519KeyPair, KeyPair};
use tokio::{runtime::Runtime, time::Instant};

const RATE: u32 = 500;
const SECONDS: u32 = 20;
/// Not counted: connections are made, scripts are loaded.
const WARM_UP: u32 = 2;
const WANTED: Duration = Duration::from_millis(15);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.encode(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap().public_key());
    let others = on_threads("others", move || async move {
        let server = testing::serve(others(x)).await.unwrap();
        let url = server.url();
        (url, server)
    });
    let folder = tempfile::tempdir()?;
    let keys = folder.path().join("keys");
    std::fs::write(&keys, funkturm_token::new_key("1").unwrap())?;
    let url = on_threads("playback", move || async move {
        let redis = Redis::start().await.unwrap();
        let config = Config {
            redis: redis.url(),
            channels: others.clone(),
            accounts: others.clone(),
            rights: others,
            token_keys_file: keys,
            ..Config::default()
        };
        let context = Context::for_test("playback");
        let service = Playback::build(config, context.clone()).await.unwrap();
        let server = testing::serve_with(service.routes, &context, serve::Options::default()).await.unwrap();
        context.ready().await;
        let url = server.url();
        (url, (redis, server, context))
    });
    let key = EncodingKey::from_ed_der(pkcs8.as_ref());
    let tokens: Vec<String> = (0..RATE * (SECONDS + WARM_UP)).map(|_| access_token(&key)).collect();
    let times = Runtime::new()?.block_on(load(format!("{url}/api/v1/playback"), tokens));
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    let (half, most, last) = (at(0.5), at(0.99), at(1.0));
    println!(
        "{} requests at {RATE} a second: median {half:.1?}, p99 {most:.1?}, longest {last:.1?}",
        times.len()
    );
    println!("wanted: p99 under {WANTED:?}");
    if most >= WANTED {
        return Err("POST playback takes too long".into());
    }
    Ok(())
}

/// Serves something on two threads of its own until the end; where it is.
fn on_threads<K: 'static, F>(name: &str, make: impl FnOnce() -> F + Send + 'static) -> String
where
    F: Future<Output = (String, K)>,
{
    let (tell, told) = mpsc::channel();
    let run = move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (url, _kept) = make().await;
            tell.send(url).unwrap();
            std::future::pending::<()>().await;
        });
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run).unwrap();
    told.recv().unwrap()
}

/// Channels, accounts and rights, out of memory.
fn others(x: String) -> Routes {
    let text = |text: &str| text.to_owned();
    let key = Key {
        kty: text("OKP"),
        crv: text("Ed25519"),
        alg: text("EdDSA"),
        usage: text("sig"),
        kid: text("k"),
        x,
    };
    let channel = Channel {
        id: "zdf".parse().unwrap(),
        name: text("ZDF"),
        number: 1,
        logo_url: None,
        profile: Profile::Hd,
        redundant: false,
        enabled: true,
        inputs: vec![],
        version: 1,
    };
    let decision: Decision = serde_json::from_value(serde_json::json!({
        "allowed": true, "because": "package plus gives it", "until": null, "hd": true,
        "limits": { "streams": 3, "group": { "group": "zdf", "streams": 2 } },
    }))
    .unwrap();
    Routes::new()
        .get_now("/internal/v1/channels", move |_| {
            Ok(reply::json(StatusCode::OK, &ChannelList { version: 1, channels: vec![channel.clone()] }))
        })
        .get_now("/api/v1/keys", move |_| {
            Ok(reply::json(StatusCode::OK, &KeySet { keys: vec![key.clone()] }))
        })
        .get_now("/internal/v1/changes", |_| Ok(reply::json(StatusCode::OK, &Changes::default())))
        .post("/internal/v1/decisions", move |mut request| {
            let decision = decision.clone();
            async move {
                let _: Question = request.json(4096).await?;
                Ok(reply::json(StatusCode::OK, &decision))
            }
        })
}

fn access_token(key: &EncodingKey) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (sub, profile, device) = (HouseholdId::new(), ProfileId::new(), DeviceId::new());
    let claims = Claims { iss: ISSUER.into(), sub, profile, child: false, device, iat: now, exp: now + 3600 };
    let header = Header { kid: Some("k".into()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

/// How long requests took, the shortest first.
async fn load(url: String, tokens: Vec<String>) -> Vec<Duration> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let begin = Instant::now() + Duration::from_millis(100);
    let requests: Vec<_> = (0..)
        .zip(tokens)
        .map(|(number, token)| {
            let due = begin + Duration::from_secs(1) * number / RATE;
            let request = http.post(&url).bearer_auth(token).body(r#"{"channel":"zdf"}"#);
            tokio::spawn(async move {
                tokio::time::sleep_until(due).await;
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), StatusCode::CREATED);
                response.bytes().await.unwrap();
                due.elapsed()
            })
        })
        .collect();
    let mut times = Vec::new();
    for request in requests {
        times.push(request.await.unwrap());
    }
    let mut times = times.split_off((RATE * WARM_UP) as usize);
    times.sort();
    times
}
