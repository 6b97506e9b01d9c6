//! The demo: three channels that a headend on this machine broadcasts, and a small offer of packages for them.

use funkturm_contracts::{
    channel::{ChannelList, Input, NewChannel, Profile},
    rights::offer::{Offer, OfferReport},
};
use funkturm_pipeline::headend;
use funkturm_service::config::Configuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{channel, server::Server};

/// Where the demo headend sends to: `(SRT, multicast)`.
pub(crate) const SRT: &str = "srt://127.0.0.1:9710?mode=caller";
/// The multiplex of the two other channels.
pub(crate) const MULTIPLEX: &str = "udp://127.0.0.1@239.255.71.1:9711";

/// What the demo's offer gives to new households, where nothing else is configured.
pub(crate) fn suggest(configuration: &mut Configuration) -> anyhow::Result<()> {
    configuration.suggest("rights", &json!({ "welcome_package": "basic" }))
}

/// Adds the demo channels to an empty line-up, and packages where there are none; whether the line-up has demo channels now.
pub(crate) async fn offer(server: &Server) -> anyhow::Result<bool> {
    let demo = offer_channels(server).await?;
    let offer: Offer = server.get("/admin/v1/offer").await?;
    if demo && offer == Offer::default() {
        let _: OfferReport = server.send(Method::PUT, "/admin/v1/offer", &packages(server).await?).await?;
    }
    Ok(demo)
}

/// Everything live for nothing, everything that can be done for money; sound contracts with the house that broadcasts.
async fn packages(server: &Server) -> anyhow::Result<Value> {
    let list: ChannelList = server.get("/admin/v1/channels").await?;
    let channels: Vec<_> = list.channels.into_iter().map(|channel| channel.id).collect();
    Ok(json!({
        "packages": [
            {
                "id": "basic", "order": 1, "streams": 1,
                "name": { "de": "Basis", "en": "Basic" },
                "description": { "de": "Alle Sender, live.", "en": "Every channel, live." },
                "gives": [{ "every_channel": true, "actions": ["live"] }],
            },
            {
                "id": "plus", "order": 2, "streams": 4,
                "name": { "de": "Plus", "en": "Plus" },
                "description": {
                    "de": "Alle Sender in HD: anhalten, von vorn beginnen, nachholen, aufnehmen, auf vier Geräten zugleich.",
                    "en": "Every channel in HD: pause, start over, catch up, record, on four screens at once.",
                },
                "gives": [{
                    "every_channel": true,
                    "actions": ["live", "pause", "restart", "catch_up", "record", "fast_forward", "hd", "cast", "abroad"],
                }],
            },
        ],
        "broadcasters": [{ "id": "funkturm", "name": "Funkturm" }],
        "licences": [{
            "id": "funkturm-demo", "channels": channels, "broadcaster": "funkturm", "catch_up_hours": 168,
            "actions": ["live", "pause", "restart", "catch_up", "record", "fast_forward", "hd", "cast", "abroad"],
        }],
        "plans": [
            { "id": "basic-free", "package": "basic", "name": { "de": "Kostenlos", "en": "Free" }, "cents": 0, "period": "month" },
            {
                "id": "plus-monthly", "package": "plus", "name": { "de": "Monatlich", "en": "Monthly" },
                "cents": 999, "period": "month", "trial_days": 30,
            },
            {
                "id": "plus-yearly", "package": "plus", "name": { "de": "Jährlich", "en": "Yearly" },
                "cents": 9999, "period": "year", "trial_days": 30,
            },
        ],
    }))
}

/// Adds the demo channels to an empty line-up; whether the line-up has demo channels now.
async fn offer_channels(server: &Server) -> anyhow::Result<bool> {
    let list: ChannelList = server.get("/admin/v1/channels").await?;
    if list.channels.is_empty() {
        for (channel, logo) in channels() {
            channel::create(server, &channel, Some(("image/svg+xml", logo))).await?;
        }
        return Ok(true);
    }
    Ok(list
        .channels
        .iter()
        .flat_map(|channel| &channel.inputs)
        .any(|input| [SRT, MULTIPLEX].contains(&input.url.as_str())))
}

fn channels() -> Vec<(NewChannel, Vec<u8>)> {
    let of = |demo: &headend::DemoChannel, profile, url: &str, programme| {
        let channel = NewChannel {
            name: demo.name.to_owned(),
            number: None,
            logo_url: None,
            profile,
            redundant: false,
            inputs: vec![Input { url: url.to_owned(), programme }],
        };
        (channel, demo.logo.to_vec())
    };
    let [eins, zwei, drei] = headend::DEMO_CHANNELS;
    vec![
        of(&eins, Profile::Hd, SRT, None),
        of(&zwei, Profile::Passthrough, MULTIPLEX, Some(zwei.programme)),
        of(&drei, Profile::Sd, MULTIPLEX, Some(drei.programme)),
    ]
}
