//! `funkturm channel scan`: what a stream has, and channels of it.

use std::time::Duration;

use anyhow::bail;
use funkturm_contracts::channel::{ChannelList, Input, NewChannel};
use funkturm_ts::{Codec, Found, Kind, Pmt};
use slog::{Discard, Logger, o};

use super::{CHANNELS, ProfileName, create, parse_input};
use crate::{out, server};

/// List the programmes of a multi-programme stream, and add those that are chosen.
///
/// The stream is received by this command, so it has to reach this machine. Example: `funkturm channel scan
/// udp://239.1.1.1:5000 --add 28106,28107 --profile full-hd`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the stream comes from: any URL that a channel's input may have
    #[arg(value_parser = url)]
    url: String,
    /// How long to wait for its tables, seconds; names come every two seconds in a DVB stream
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 10)]
    patience: u64,
    /// Add these programmes as channels
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', conflicts_with = "all")]
    add: Vec<u16>,
    /// Add every programme that can be played: not encrypted, and not in the line-up yet
    #[arg(long)]
    all: bool,
    /// What viewers get of the channels that are added
    #[arg(long, value_enum, default_value = "passthrough")]
    profile: ProfileName,
    #[command(flatten)]
    server: server::Args,
}

fn url(text: &str) -> Result<String, String> {
    match parse_input(text)? {
        Input { programme: Some(_), .. } => {
            Err("a scan is of the whole stream: leave the programme out".to_owned())
        }
        Input { url, .. } => Ok(url),
    }
}

/// Scans, and adds what was chosen.
pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let log = Logger::root(Discard, o!());
    out::progress(format_args!("listening to {} …", args.url));
    let found = funkturm_ingest::scan(&args.url, Duration::from_secs(args.patience.max(1)), &log).await;
    out::progress_done();
    let found = found?;
    show(&found);
    if !args.all && args.add.is_empty() {
        out::note("nothing was added: choose with --add NUMBER,NUMBER or --all");
        return Ok(());
    }
    let server = server::Server::new(&args.server)?;
    let line_up: ChannelList = server.get(CHANNELS).await?;
    for programme in chosen(&args, &found, &line_up)? {
        let channel = NewChannel {
            name: name(programme),
            number: None,
            logo_url: None,
            profile: args.profile.into(),
            redundant: false,
            inputs: vec![Input { url: args.url.clone(), programme: Some(programme.number) }],
        };
        let channel = create(&server, &channel, None).await?;
        out::line(format_args!("added {:4}  {}  {}", channel.number, channel.id, channel.name));
    }
    Ok(())
}

fn name(programme: &Found) -> String {
    programme.name.clone().unwrap_or_else(|| format!("Programme {}", programme.number))
}

/// The programmes to add, in the stream's order.
fn chosen<'f>(args: &Args, found: &'f [Found], line_up: &ChannelList) -> anyhow::Result<Vec<&'f Found>> {
    if let Some(missing) = args.add.iter().find(|number| !found.iter().any(|one| one.number == **number)) {
        bail!("the stream has no programme {missing}");
    }
    let known = |number: u16| {
        let inputs = line_up.channels.iter().flat_map(|channel| &channel.inputs);
        inputs.filter(|input| input.url == args.url).any(|input| input.programme == Some(number))
    };
    let wanted = |one: &&Found| {
        if args.all { playable(one) && !known(one.number) } else { args.add.contains(&one.number) }
    };
    let chosen: Vec<_> = found.iter().filter(wanted).collect();
    if chosen.is_empty() {
        bail!("nothing to add: every programme that can be played is in the line-up");
    }
    Ok(chosen)
}

fn playable(programme: &Found) -> bool {
    let known = |map: &Pmt| map.streams.iter().any(|stream| matches!(stream.kind, Kind::Av(_)));
    programme.map.as_ref().is_some_and(|map| !map.encrypted && known(map))
}

fn show(found: &[Found]) {
    let mut rows = vec![["NUMBER", "NAME", "PROVIDER", "STREAMS"].map(str::to_owned).to_vec()];
    for programme in found {
        let streams = programme.map.as_ref().map_or_else(|| "its map did not come".to_owned(), streams);
        let provider = programme.provider.clone().unwrap_or_default();
        rows.push(vec![programme.number.to_string(), name(programme), provider, streams]);
    }
    out::table(&rows);
}

fn streams(map: &Pmt) -> String {
    let mut words: Vec<String> = Vec::new();
    if map.encrypted {
        words.push("encrypted".to_owned());
    }
    for stream in &map.streams {
        let word = match stream.kind {
            Kind::Av(codec) => codec_name(codec),
            Kind::Teletext => "teletext",
            Kind::Subtitles => "subtitles",
            Kind::Cues => "SCTE-35",
            Kind::Other(_) => continue,
        };
        words.push(match &stream.language {
            Some(language) => format!("{word} {language}"),
            None => word.to_owned(),
        });
    }
    words.join(", ")
}

const fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "H.264",
        Codec::Hevc => "HEVC",
        Codec::Mpeg2Video => "MPEG-2",
        Codec::AacAdts => "AAC",
        Codec::AacLatm => "AAC (LATM)",
        Codec::MpegAudio => "MPEG audio",
        Codec::Ac3 => "AC-3",
        Codec::Eac3 => "E-AC-3",
    }
}
