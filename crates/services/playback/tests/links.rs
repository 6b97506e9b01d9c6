//! Links for other players.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funkturm_base::{ChannelId, DeviceId, HouseholdId, ProfileId};
use funkturm_contracts::{
    link::Holder,
    rights::{Action, Decision, Refusal, Rights},
};
use funkturm_service::{Routes, reply, testing::until};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use ring::digest;
use serde_json::Value;

use crate::{
    answer, json,
    rig::{CHANNELS, House, PATIENCE, Says, in_group, no, yes},
};

const MASTER: &str = "#EXTM3U\n#EXT-X-VERSION:4\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Deutsch\",URI=\"a0/index.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO=\"audio\"\nv0/index.m3u8\n\
    #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100,URI=\"v0/iframes.m3u8\"\n";

/// An origin that has everything but these channels.
pub(crate) fn origin(off_air: Arc<Mutex<BTreeSet<ChannelId>>>) -> Routes {
    Routes::new().get_now("/hls/{token}/{channel}/master.m3u8", move |request| {
        if off_air.lock().unwrap().contains(&request.param::<ChannelId>("channel")?) {
            return Ok(reply::problem_of(StatusCode::NOT_FOUND, "not on air"));
        }
        Ok(reply::bytes("application/vnd.apple.mpegurl", MASTER.into()))
    })
}

/// Accounts, rights and an origin, as far as links need them.
pub(crate) fn others(says: &Arc<Mutex<Says>>) -> Routes {
    let (accounts, rights) = (Arc::clone(says), Arc::clone(says));
    Routes::new()
        .merge(origin(Arc::clone(&says.lock().unwrap().off_air)))
        .get_now("/internal/v1/accounts/links/{hash}", move |request| {
            let says = accounts.lock().unwrap();
            if says.accounts_away {
                return Ok(reply::problem_of(StatusCode::SERVICE_UNAVAILABLE, "away"));
            }
            match says.links.get(&*request.text("hash")?) {
                Some(holder) => Ok(reply::json(StatusCode::OK, holder)),
                None => Ok(reply::problem_of(StatusCode::NOT_FOUND, "no such link")),
            }
        })
        .get_now("/internal/v1/households/{household}/rights", move |request| {
            let says = rights.lock().unwrap();
            if says.away {
                return Ok(reply::problem_of(StatusCode::SERVICE_UNAVAILABLE, "away"));
            }
            let child: bool = request.query::<BTreeMap<String, bool>>()?["child"];
            let ids = CHANNELS.iter().map(|id| id.parse::<ChannelId>().unwrap());
            let allowed = ids.filter(|id| says.decision(id, child).allowed);
            let channels = allowed.map(|id| (id, BTreeSet::from([Action::Live]))).collect();
            Ok(reply::json(StatusCode::OK, &Rights { channels, locked: BTreeMap::new() }))
        })
}

/// A link of a household.
struct Link {
    token: String,
    hash: String,
    holder: Holder,
}

fn link(house: &House, household: HouseholdId, child: bool) -> Link {
    let bits: [u8; 32] = [uuid::Uuid::new_v4().into_bytes(), [7; 16]].concat().try_into().unwrap();
    let hash = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &bits));
    let holder = Holder { household, profile: ProfileId::new(), child, device: DeviceId::new() };
    house.says.lock().unwrap().links.insert(hash.clone(), holder);
    Link { token: BASE64_URL_SAFE_NO_PAD.encode(bits), hash, holder }
}

/// As a player asks: without an account, and without following by itself.
fn get(house: &House, path: &str) -> RequestBuilder {
    let http = reqwest::Client::builder().no_gzip().redirect(reqwest::redirect::Policy::none());
    http.build().unwrap().get(house.url(path))
}

fn file(house: &House, link: &Link, file: &str) -> RequestBuilder {
    get(house, &format!("/tv/{}/{file}", link.token))
}

async fn text(response: Response) -> String {
    response.text().await.unwrap()
}

/// Zaps to a channel: where its pictures' playlist is, from here.
async fn zap(house: &House, link: &Link, channel: &str) -> String {
    let entry = format!("{channel}.m3u8");
    let master = answer(file(house, link, &entry), StatusCode::OK).await;
    assert_eq!(master.headers()["content-type"], "application/vnd.apple.mpegurl");
    assert_eq!(master.headers()["cache-control"], "no-store");
    let master = text(master).await;
    master.lines().find(|line| line.ends_with("/v0/index.m3u8")).unwrap().to_owned()
}

/// A reload of a playlist: where it leads.
async fn reload(house: &House, link: &Link, playlist: &str) -> String {
    let response = answer(file(house, link, playlist), StatusCode::FOUND).await;
    let headers = response.headers();
    assert_eq!(
        (&headers["cache-control"], &headers["referrer-policy"]),
        (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
    );
    headers["location"].to_str().unwrap().to_owned()
}

/// What the token in an address says.
fn claims(house: &House, url: &str) -> funkturm_token::Claims {
    house.keys.verify(url.split("/hls/").nth(1).unwrap().split('/').next().unwrap()).unwrap()
}

fn session(playlist: &str) -> Value {
    json!({"session": playlist.split('/').next().unwrap()})
}

fn id(channel: &str) -> ChannelId {
    channel.parse().unwrap()
}

#[tokio::test]
async fn the_playlist_has_the_channels_that_the_household_may_watch() {
    let house = House::open(|config| config.public_url = "https://tv.example".into()).await;
    let link = link(&house, HouseholdId::new(), false);
    house.decide("news-1", no(Some(Refusal::NotInPackage), &["plus"]));
    house.decide("news-2", no(Some(Refusal::Licence), &[]));
    let list = answer(file(&house, &link, "channels.m3u"), StatusCode::OK).await;
    assert_eq!(list.headers()["content-type"], "audio/x-mpegurl");
    let etag = list.headers()["etag"].to_str().unwrap().to_owned();
    let at = format!("https://tv.example/tv/{}", link.token);
    let expected = format!(
        "#EXTM3U x-tvg-url=\"{at}/guide.xml\" url-tvg=\"{at}/guide.xml\"\n\
         #EXTINF:-1 tvg-id=\"zdf\" tvg-name=\"zdf\" tvg-chno=\"1\" group-title=\"TV\",zdf\n{at}/zdf.m3u8\n\
         #EXTINF:-1 tvg-id=\"arte\" tvg-name=\"arte\" tvg-chno=\"2\" group-title=\"TV\",arte\n{at}/arte.m3u8\n"
    );
    assert_eq!(text(list).await, expected);
    let again = file(&house, &link, "channels.m3u").header("if-none-match", etag);
    answer(again, StatusCode::NOT_MODIFIED).await;
    let guide = answer(file(&house, &link, "guide.xml"), StatusCode::OK).await;
    assert_eq!(guide.headers()["content-type"], "application/xml");
    let guide = text(guide).await;
    assert!(
        guide.contains("<channel id=\"zdf\">") && guide.contains("<display-name>2</display-name>"),
        "{guide}"
    );
    assert!(!guide.contains("news"), "{guide}");
}

#[tokio::test]
async fn texts_are_compressed_for_those_who_take_it() {
    let house = House::open(|_| {}).await;
    let link = link(&house, HouseholdId::new(), false);
    for name in ["channels.m3u", "guide.xml"] {
        let plain = text(answer(file(&house, &link, name), StatusCode::OK).await).await;
        let request = file(&house, &link, name).header("accept-encoding", "gzip");
        let small = answer(request, StatusCode::OK).await;
        assert_eq!(small.headers()["content-encoding"], "gzip");
        assert!(
            plain.contains(&house.url("")),
            "without a setting the addresses are those of the request: {plain}"
        );
    }
}

#[tokio::test]
async fn a_child_sees_and_plays_what_a_child_may() {
    let house = House::open(|_| {}).await;
    house.says.lock().unwrap().adult.insert(id("arte"));
    let household = HouseholdId::new();
    let (child, adult) = (link(&house, household, true), link(&house, household, false));
    let of = async |link| text(answer(file(&house, link, "channels.m3u"), StatusCode::OK).await).await;
    assert!(!of(&child).await.contains("arte") && of(&adult).await.contains("arte"));
    let refused = json(file(&house, &child, "arte.m3u8"), StatusCode::FORBIDDEN).await;
    assert_eq!(refused["type"], "age");
    // A profile that becomes a child's does not go on with what an adult began.
    let playlist = zap(&house, &adult, "arte").await;
    reload(&house, &adult, &playlist).await;
    let now_a_child = Holder { child: true, ..adult.holder };
    house.says.lock().unwrap().links.insert(adult.hash.clone(), now_a_child);
    let refused = async || {
        let status = file(&house, &adult, &playlist).send().await.unwrap().status();
        (status == StatusCode::CONFLICT).then_some(())
    };
    until("the change to be known", PATIENCE, refused).await.unwrap();
}

#[tokio::test]
async fn unknown_links_are_nothing_and_cost_one_question() {
    let house = House::open(|_| {}).await;
    let link = link(&house, HouseholdId::new(), false);
    let unknown = BASE64_URL_SAFE_NO_PAD.encode([9; 32]);
    for token in ["x", "open", "%ff", &unknown, &link.token[1..], &link.hash] {
        for rest in ["channels.m3u", "guide.xml", "zdf.m3u8", "0/zdf/v0/index.m3u8"] {
            let status = get(&house, &format!("/tv/{token}/{rest}")).send().await.unwrap().status();
            let expected = if token == "%ff" { StatusCode::BAD_REQUEST } else { StatusCode::NOT_FOUND };
            assert_eq!(status, expected, "{token}/{rest}");
        }
    }
    for nothing in ["zdf", "nothing.m3u8", "zdf.m3u", "-.m3u8", "x/zdf/v0/index.m3u8"] {
        answer(file(&house, &link, nothing), StatusCode::NOT_FOUND).await;
    }
    let session = uuid::Uuid::new_v4();
    for hostile in ["zdf/v0/..%2f..%2fx", "zdf/%2e%2e/x", "zdf/v0/a%0d%0aset-cookie:x", "ZDF/v0/index.m3u8"] {
        answer(file(&house, &link, &format!("{session}/{hostile}")), StatusCode::NOT_FOUND).await;
    }
    answer(file(&house, &link, &format!("{session}/zdf/v0/index.m3u8")), StatusCode::CONFLICT).await;
}

#[tokio::test]
async fn a_channel_plays_and_its_reloads_are_the_heartbeat_that_renews_the_token() {
    let house = House::open(|config| config.media_base = "https://edge.example".into()).await;
    let link = link(&house, HouseholdId::new(), false);
    let master = text(answer(file(&house, &link, "zdf.m3u8"), StatusCode::OK).await).await;
    let playlist = zap(&house, &link, "zdf").await;
    let id = playlist.split('/').next().unwrap();
    let own =
        master.split('\n').find(|line| line.ends_with("/v0/index.m3u8")).unwrap().split('/').next().unwrap();
    assert_eq!(
        master,
        MASTER.replace("a0/", &format!("{own}/zdf/a0/")).replace("v0/", &format!("{own}/zdf/v0/"))
    );
    let first = reload(&house, &link, &playlist).await;
    assert!(
        first.starts_with("https://edge.example/hls/") && first.ends_with("/zdf/v0/index.m3u8"),
        "{first}"
    );
    let said = claims(&house, &first);
    assert_eq!(
        (said.session.to_string().as_str(), said.path.as_str(), said.until - said.from),
        (id, "/hls/zdf/", 300)
    );
    let with_query = reload(&house, &link, &format!("{playlist}?_HLS_msn=7&_HLS_part=2")).await;
    assert_eq!(with_query, format!("{first}?_HLS_msn=7&_HLS_part=2"), "the token stays while it is good");
    // A player for a quarter of an hour: what it is sent to is never too old.
    let mut last = first;
    for _ in 0..30 {
        house.clock.advance(Duration::from_secs(30));
        let next = reload(&house, &link, &playlist).await;
        let now = u64::try_from(house.clock_now().timestamp()).unwrap();
        assert!(claims(&house, &next).until > now + 60);
        last = next;
    }
    assert_ne!(claims(&house, &last).from, said.from);
    // Whoever stops reloading has ended; there is no other way to say so.
    house.clock.advance(Duration::from_secs(151));
    answer(file(&house, &link, &playlist), StatusCode::CONFLICT).await;
}

#[tokio::test]
async fn zapping_takes_over_ones_own_session_and_nobody_elses() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let link = link(&house, viewer.household, false);
    let tv = json(house.play(&viewer, "zdf"), StatusCode::CREATED).await;
    // The list is in the order of the beginnings.
    house.clock.advance(Duration::from_secs(1));
    let mut before = zap(&house, &link, "zdf").await;
    for channel in ["arte", "news-1", "news-1", "zdf"] {
        let now = zap(&house, &link, channel).await;
        reload(&house, &link, &now).await;
        let said = json(file(&house, &link, &before), StatusCode::CONFLICT).await;
        assert!(said["detail"].as_str().unwrap().contains("start the channel again"), "{said}");
        house.until_revoked(&session(&before)).await;
        before = now;
    }
    answer(house.heartbeat(&viewer, &tv), StatusCode::OK).await;
    let list = json(house.request(&viewer, Method::GET, "/api/v1/me/sessions"), StatusCode::OK).await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(list[1]["device"], json!(link.holder.device));
}

#[tokio::test]
async fn many_zaps_at_once_leave_one_session() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let link = link(&house, viewer.household, false);
    let zaps = (0..40).map(|n| file(&house, &link, &format!("{}.m3u8", CHANNELS[n % 4])).send());
    for response in futures_util::future::join_all(zaps).await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    let list = json(house.request(&viewer, Method::GET, "/api/v1/me/sessions"), StatusCode::OK).await;
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
}

#[tokio::test]
async fn links_are_counted_as_everybody_is() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let link = link(&house, viewer.household, false);
    for other in [viewer.clone(), house.viewer_of(viewer.household)] {
        json(house.play(&other, "zdf"), StatusCode::CREATED).await;
    }
    let refused = json(file(&house, &link, "zdf.m3u8"), StatusCode::FORBIDDEN).await;
    assert_eq!((&refused["type"], &refused["limit"]), (&json!("too_many_streams"), &json!(2)));
    // A broadcaster group's limit holds in the same way, and one's own session is not in one's own way.
    let of = HouseholdId::new();
    let (one, two) = (self::link(&house, of, false), self::link(&house, of, false));
    for news in ["news-1", "news-2"] {
        house.decide(news, in_group(1));
    }
    zap(&house, &one, "news-1").await;
    zap(&house, &one, "news-2").await;
    let refused = json(file(&house, &two, "news-1.m3u8"), StatusCode::FORBIDDEN).await;
    assert_eq!(refused["group"], "news");
}

#[tokio::test]
async fn what_the_household_ends_from_elsewhere_is_over_for_the_player() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let link = link(&house, viewer.household, false);
    let playlist = zap(&house, &link, "zdf").await;
    reload(&house, &link, &playlist).await;
    let path = format!("/api/v1/me/sessions/{}", session(&playlist)["session"].as_str().unwrap());
    answer(house.request(&house.viewer(), Method::DELETE, &path), StatusCode::NOT_FOUND).await;
    reload(&house, &link, &playlist).await;
    answer(house.request(&viewer, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    answer(file(&house, &link, &playlist), StatusCode::CONFLICT).await;
    house.until_revoked(&session(&playlist)).await;
}

#[tokio::test]
async fn sessions_of_others_are_not_a_links_own() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let (own, brother) = (link(&house, viewer.household, false), link(&house, viewer.household, false));
    let stranger = link(&house, HouseholdId::new(), false);
    let playlist = zap(&house, &own, "zdf").await;
    for other in [&brother, &stranger] {
        answer(file(&house, other, &playlist), StatusCode::CONFLICT).await;
    }
    answer(file(&house, &own, &playlist.replace("/zdf/", "/arte/")), StatusCode::CONFLICT).await;
    reload(&house, &own, &playlist).await;
}

#[tokio::test]
async fn a_right_that_is_withdrawn_ends_it_at_the_next_renewal() {
    let house = House::open(|_| {}).await;
    let link = link(&house, HouseholdId::new(), false);
    let playlist = zap(&house, &link, "zdf").await;
    house.decide("zdf", no(Some(Refusal::NotInPackage), &["plus"]));
    house.clock.advance(Duration::from_secs(149));
    reload(&house, &link, &playlist).await;
    house.clock.advance(Duration::from_secs(2));
    let refused = json(file(&house, &link, &playlist), StatusCode::FORBIDDEN).await;
    assert_eq!((&refused["type"], &refused["packages"]), (&json!("not_in_package"), &json!(["plus"])));
    house.until_revoked(&session(&playlist)).await;
    answer(file(&house, &link, &playlist), StatusCode::CONFLICT).await;
}

#[tokio::test]
async fn a_link_that_is_removed_is_dead_within_seconds() {
    let house = House::open(|config| config.link_seconds = 1).await;
    let one = link(&house, HouseholdId::new(), false);
    let playlist = zap(&house, &one, "zdf").await;
    // Accounts tells playback, which ends what the device plays …
    let device =
        format!("/internal/v1/playback/households/{}/devices/{}", one.holder.household, one.holder.device);
    let tell = || house.http.delete(house.url(&device));
    answer(tell(), StatusCode::UNAUTHORIZED).await;
    house.says.lock().unwrap().links.remove(&one.hash);
    for _ in 0..2 {
        answer(tell().bearer_auth("service-token"), StatusCode::NO_CONTENT).await;
    }
    house.until_revoked(&session(&playlist)).await;
    // … and the instance that was told knows at once,
    answer(file(&house, &one, &playlist), StatusCode::NOT_FOUND).await;
    // the others when they ask again.
    let two = link(&house, HouseholdId::new(), false);
    let playlist = zap(&house, &two, "zdf").await;
    house.says.lock().unwrap().links.remove(&two.hash);
    let dead = async || {
        let status = file(&house, &two, &playlist).send().await.unwrap().status();
        (status == StatusCode::NOT_FOUND).then_some(())
    };
    until("the link to be dead", Duration::from_secs(3), dead).await.unwrap();
    for name in ["channels.m3u", "guide.xml", "zdf.m3u8"] {
        answer(file(&house, &two, name), StatusCode::NOT_FOUND).await;
    }
}

#[tokio::test]
async fn while_accounts_is_away_known_links_play_and_others_wait() {
    let house = House::open(|config| config.link_seconds = 1).await;
    let (known, new) = (link(&house, HouseholdId::new(), false), link(&house, HouseholdId::new(), false));
    let playlist = zap(&house, &known, "zdf").await;
    house.says.lock().unwrap().accounts_away = true;
    let waits = json(file(&house, &new, "channels.m3u"), StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(waits["detail"].as_str().unwrap().contains("try again"), "{waits}");
    // Longer than an answer counts by itself.
    let end = tokio::time::Instant::now() + Duration::from_millis(1500);
    while tokio::time::Instant::now() < end {
        reload(&house, &known, &playlist).await;
    }
    zap(&house, &known, "arte").await;
    house.says.lock().unwrap().accounts_away = false;
    answer(file(&house, &new, "channels.m3u"), StatusCode::OK).await;
    // Without rights nothing is listed, and nothing new plays.
    house.says.lock().unwrap().away = true;
    for name in ["channels.m3u", "guide.xml", "zdf.m3u8"] {
        answer(file(&house, &known, name), StatusCode::SERVICE_UNAVAILABLE).await;
    }
}

#[tokio::test]
async fn a_channel_that_is_not_on_air_takes_nobodys_place() {
    let house = House::open(|_| {}).await;
    let viewer = house.viewer();
    let link = link(&house, viewer.household, false);
    house.says.lock().unwrap().off_air.lock().unwrap().insert(id("arte"));
    answer(file(&house, &link, "arte.m3u8"), StatusCode::NOT_FOUND).await;
    let list = json(house.request(&viewer, Method::GET, "/api/v1/me/sessions"), StatusCode::OK).await;
    assert_eq!(list, json!([]));
    // Players that look at the type first open nothing.
    let head = house.http.head(house.url(&format!("/tv/{}/zdf.m3u8", link.token)));
    let head = answer(head, StatusCode::OK).await;
    assert_eq!(head.headers()["content-type"], "application/vnd.apple.mpegurl");
    let list = json(house.request(&viewer, Method::GET, "/api/v1/me/sessions"), StatusCode::OK).await;
    assert_eq!(list, json!([]));
}

#[tokio::test]
async fn hd_is_for_those_who_have_it() {
    let house = House::open(|_| {}).await;
    let link = link(&house, HouseholdId::new(), false);
    house.decide("zdf", Decision { hd: false, ..yes() });
    let playlist = zap(&house, &link, "zdf").await;
    assert!(!claims(&house, &reload(&house, &link, &playlist).await).hd);
}

#[tokio::test]
async fn without_redis_links_go_on_as_the_configuration_says() {
    let house = House::open(|_| {}).await;
    let link = link(&house, HouseholdId::new(), false);
    let playlist = zap(&house, &link, "zdf").await;
    let in_group_playlist = playlist.replace("/zdf/", "/news-1/");
    house.decide("news-1", in_group(1));
    house.redis.kill();
    let on = reload(&house, &link, &playlist).await;
    assert_eq!(claims(&house, &on).session.to_string(), session(&playlist)["session"].as_str().unwrap());
    zap(&house, &link, "arte").await;
    answer(file(&house, &link, &in_group_playlist), StatusCode::SERVICE_UNAVAILABLE).await;
    house.decide("zdf", no(Some(Refusal::Licence), &[]));
    answer(file(&house, &link, &playlist), StatusCode::FORBIDDEN).await;
}

/// In an open house.
mod open {
    use super::*;
    use crate::House;

    fn get(house: &House, path: &str) -> RequestBuilder {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        http.get(format!("{}{path}", house.server.url()))
    }

    #[tokio::test]
    async fn whoever_comes_plays_everything_and_is_counted() {
        let house = House::open(|_| {}).await;
        let list = text(answer(get(&house, "/tv/open/channels.m3u"), StatusCode::OK).await).await;
        let at = format!("{}/tv/open", house.server.url());
        assert!(list.contains(&format!("{at}/zdf.m3u8\n")) && !list.contains("off"), "{list}");
        answer(get(&house, "/tv/open/guide.xml"), StatusCode::OK).await;
        let master = text(answer(get(&house, "/tv/open/zdf.m3u8"), StatusCode::OK).await).await;
        let playlist = master.lines().find(|line| line.ends_with("/v0/index.m3u8")).unwrap();
        let playlist = format!("/tv/open/{playlist}");
        let sessions = house.sessions().await;
        assert_eq!(sessions.len(), 1);
        house.clock.advance(Duration::from_secs(140));
        let on = answer(get(&house, &playlist), StatusCode::FOUND).await;
        let expected = format!("{}/hls/open/zdf/v0/index.m3u8", house.server.url());
        assert_eq!(on.headers()["location"], expected);
        let close = house.request(Method::DELETE, &crate::path(&sessions[0]));
        answer(close, StatusCode::NO_CONTENT).await;
        answer(get(&house, &playlist), StatusCode::CONFLICT).await;
        // A household's link is none where there are no households.
        let token = BASE64_URL_SAFE_NO_PAD.encode([1; 32]);
        answer(get(&house, &format!("/tv/{token}/channels.m3u")), StatusCode::NOT_FOUND).await;
    }
}
