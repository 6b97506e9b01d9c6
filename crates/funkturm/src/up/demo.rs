//! The demo line-up: three channels that a headend on this machine broadcasts.

use funkturm_contracts::channel::{ChannelList, Input, NewChannel, Profile};
use funkturm_pipeline::headend;

use crate::{channel, server::Server};

/// Where the demo headend sends to: `(SRT, multicast)`.
pub(crate) const SRT: &str = "srt://127.0.0.1:9710?mode=caller";
/// The multiplex of the two other channels.
pub(crate) const MULTIPLEX: &str = "udp://127.0.0.1@239.255.71.1:9711";

/// Adds the demo channels to an empty line-up; whether the line-up has demo channels now.
pub(crate) async fn offer(server: &Server) -> anyhow::Result<bool> {
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
