//! `funkturm channel …`: the line-up, over the operators' API.

mod scan;

use std::{io::Read, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use funkturm_base::ChannelId;
use funkturm_contracts::channel::{Channel, ChannelChange, ChannelList, Input, NewChannel, Profile};
use reqwest::Method;
use serde::Deserialize;

use crate::{out, server};

const CHANNELS: &str = "/admin/v1/channels";

/// The line-up.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a channel: `funkturm channel add "Das Erste" --input udp://239.1.1.1:5000`
    Add(Add),
    /// List the channels
    List(List),
    /// Change a channel; what is not named stays
    Edit(Edit),
    /// Remove channels
    Remove(Remove),
    /// Take over a line-up from an M3U list (file, URL, or `-` for standard input)
    Import(Import),
    /// List the programmes of a multi-programme stream, and add those that are chosen
    Scan(scan::Args),
}

/// Profiles as the command line names them.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum ProfileName {
    /// The source as it is, packaged anew; other sound than AAC is encoded
    Passthrough,
    /// Encoded: 1080p, 720p, 432p, 234p
    FullHd,
    /// Encoded: 720p, 432p, 234p
    Hd,
    /// Encoded: 576p, 360p, 234p
    Sd,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Passthrough => Self::Passthrough,
            ProfileName::FullHd => Self::FullHd,
            ProfileName::Hd => Self::Hd,
            ProfileName::Sd => Self::Sd,
        }
    }
}

fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Passthrough => "passthrough",
        Profile::FullHd => "full-hd",
        Profile::Hd => "hd",
        Profile::Sd => "sd",
    }
}

/// What can be said of a channel when it is added and when it is changed.
#[derive(clap::Args)]
struct Details {
    /// The number that viewers type; the next free one where absent
    #[arg(long)]
    number: Option<u32>,
    /// What viewers get
    #[arg(long, value_enum)]
    profile: Option<ProfileName>,
    /// Its logo: a picture file to upload (PNG, JPEG, WebP, SVG), or the URL of one
    #[arg(long, value_name = "FILE|URL")]
    logo: Option<String>,
    /// Where it comes from; several times, in order of preference. `udp://[interface@]group:port`, `rtp://…`,
    /// `srt://host:port?mode=caller|listener`, `http(s)://…ts`, `http(s)://…m3u8`, `file:///…ts`; with
    /// `#3401` behind it the programme of a multi-programme stream
    #[arg(long = "input", value_name = "URL[#PROGRAMME]", value_parser = parse_input)]
    inputs: Vec<Input>,
}

/// Add a channel.
#[derive(clap::Args)]
pub(crate) struct Add {
    /// What viewers read
    name: String,
    #[command(flatten)]
    details: Details,
    /// Two transcoders work on it at once, so that either can die unnoticed
    #[arg(long)]
    redundant: bool,
    #[command(flatten)]
    server: server::Args,
}

/// List the channels.
#[derive(clap::Args)]
pub(crate) struct List {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Change a channel.
#[derive(clap::Args)]
pub(crate) struct Edit {
    /// Its id, as `channel list` shows it
    id: ChannelId,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    details: Details,
    /// Two transcoders at once, or not
    #[arg(long)]
    redundant: Option<bool>,
    /// On, or off: kept, but neither received nor shown
    #[arg(long)]
    enabled: Option<bool>,
    #[command(flatten)]
    server: server::Args,
}

/// Remove channels.
#[derive(clap::Args)]
pub(crate) struct Remove {
    /// Their ids, as `channel list` shows them
    #[arg(required = true)]
    ids: Vec<ChannelId>,
    #[command(flatten)]
    server: server::Args,
}

/// Take over a line-up.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// The M3U list: a file, an http(s) URL, or `-` for standard input
    list: String,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Does what a channel command says.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    server::block_on(async {
        match command {
            Command::Add(args) => add(args).await,
            Command::List(args) => list(args).await,
            Command::Edit(args) => edit(args).await,
            Command::Remove(args) => remove(args).await,
            Command::Import(args) => import(args).await,
            Command::Scan(args) => scan::run(args).await,
        }
    })
}

/// Splits `URL#PROGRAMME`.
fn parse_input(text: &str) -> Result<Input, String> {
    let (url, programme) = match text.rsplit_once('#') {
        Some((url, number)) => {
            let number = number
                .parse::<u16>()
                .map_err(|_| format!("{number:?} is not a programme number from 1 to 65535"))?;
            (url, Some(number))
        }
        None => (text, None),
    };
    if !url.contains("://") {
        return Err(format!(
            "{url:?} is not a URL: write for example udp://239.1.1.1:5000 or file:///srv/a.ts"
        ));
    }
    Ok(Input { url: url.to_owned(), programme })
}

/// A logo named on the command line: elsewhere, or a file to upload.
enum Logo {
    Elsewhere(String),
    Upload(&'static str, Vec<u8>),
}

fn read_logo(text: &str) -> anyhow::Result<Logo> {
    if text.starts_with("http://") || text.starts_with("https://") || text.is_empty() {
        return Ok(Logo::Elsewhere(text.to_owned()));
    }
    let path = PathBuf::from(text);
    let kind = match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        _ => bail!("{text} is not a logo: use a .png, .jpg, .webp or .svg file, or a URL"),
    };
    Ok(Logo::Upload(kind, std::fs::read(&path).with_context(|| format!("{text} cannot be read"))?))
}

/// A logo's media type and bytes.
type Upload = (&'static str, Vec<u8>);

fn split_logo(logo: Option<&str>) -> anyhow::Result<(Option<String>, Option<Upload>)> {
    Ok(match logo.map(read_logo).transpose()? {
        Some(Logo::Elsewhere(url)) => (Some(url), None),
        Some(Logo::Upload(kind, bytes)) => (None, Some((kind, bytes))),
        None => (None, None),
    })
}

async fn add(args: Add) -> anyhow::Result<()> {
    if args.details.inputs.is_empty() {
        bail!("a channel needs somewhere to come from: name at least one --input URL");
    }
    let (logo_url, upload) = split_logo(args.details.logo.as_deref())?;
    let server = server::Server::new(&args.server)?;
    let channel = NewChannel {
        name: args.name,
        number: args.details.number,
        logo_url,
        profile: args.details.profile.map(Into::into).unwrap_or_default(),
        redundant: args.redundant,
        inputs: args.details.inputs,
    };
    let channel = create(&server, &channel, upload).await?;
    out::line(format_args!("{}  {}  {}", channel.number, channel.id, channel.name));
    Ok(())
}

/// Adds a channel and uploads its logo.
pub(crate) async fn create(
    server: &server::Server,
    channel: &NewChannel,
    logo: Option<Upload>,
) -> anyhow::Result<Channel> {
    let channel: Channel = server.send(Method::POST, CHANNELS, channel).await?;
    match logo {
        Some((kind, bytes)) => {
            server.upload(Method::PUT, &format!("{CHANNELS}/{}/logo", channel.id), kind, bytes).await
        }
        None => Ok(channel),
    }
}

async fn list(args: List) -> anyhow::Result<()> {
    let list: ChannelList = server::Server::new(&args.server)?.get(CHANNELS).await?;
    if args.json {
        out::line(serde_json::to_string_pretty(&list)?);
        return Ok(());
    }
    if list.channels.is_empty() {
        out::note("no channels yet: `funkturm channel add`, `import` or `scan` makes some");
        return Ok(());
    }
    let mut rows = vec![["NO", "ID", "NAME", "PROFILE", "INPUTS"].map(str::to_owned).to_vec()];
    for channel in &list.channels {
        let state = if channel.enabled { "" } else { " (off)" };
        let redundant = if channel.redundant { " ×2" } else { "" };
        let inputs: Vec<String> = channel
            .inputs
            .iter()
            .map(|input| input.programme.map_or_else(|| input.url.clone(), |n| format!("{}#{n}", input.url)))
            .collect();
        rows.push(vec![
            channel.number.to_string(),
            channel.id.to_string(),
            format!("{}{state}", channel.name),
            format!("{}{redundant}", profile_name(channel.profile)),
            inputs.join("  "),
        ]);
    }
    out::table(&rows);
    Ok(())
}

async fn edit(args: Edit) -> anyhow::Result<()> {
    let (logo_url, upload) = split_logo(args.details.logo.as_deref())?;
    let server = server::Server::new(&args.server)?;
    let path = format!("{CHANNELS}/{}", args.id);
    let change = ChannelChange {
        name: args.name,
        number: args.details.number,
        logo_url,
        profile: args.details.profile.map(Into::into),
        redundant: args.redundant,
        enabled: args.enabled,
        inputs: Some(args.details.inputs).filter(|inputs| !inputs.is_empty()),
    };
    if change == ChannelChange::default() && upload.is_none() {
        bail!("nothing to change was named: see `funkturm channel edit --help`");
    }
    let mut channel: Channel = server.send(Method::PATCH, &path, &change).await?;
    if let Some((kind, bytes)) = upload {
        channel = server.upload(Method::PUT, &format!("{path}/logo"), kind, bytes).await?;
    }
    out::line(format_args!("{}  {}  {}", channel.number, channel.id, channel.name));
    Ok(())
}

async fn remove(args: Remove) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    for id in args.ids {
        server.call(Method::DELETE, &format!("{CHANNELS}/{id}")).await?;
        out::line(format_args!("removed {id}"));
    }
    Ok(())
}

/// What the import did, as the channels service reports it.
#[derive(Deserialize)]
struct ImportReport {
    added: Vec<Channel>,
    updated: Vec<Channel>,
    unchanged: usize,
    skipped: Vec<Skipped>,
}

#[derive(Deserialize)]
struct Skipped {
    line: usize,
    reason: String,
}

async fn import(args: Import) -> anyhow::Result<()> {
    let list = read_list(&args.list).await?;
    let server = server::Server::new(&args.server)?;
    let path = format!("{CHANNELS}/import?dry_run={}", args.dry_run);
    let report: ImportReport = server.upload(Method::POST, &path, "audio/x-mpegurl", list).await?;
    for (what, channels) in [("added", &report.added), ("updated", &report.updated)] {
        for channel in channels {
            out::line(format_args!("{what:8} {:4}  {}  {}", channel.number, channel.id, channel.name));
        }
    }
    for skipped in &report.skipped {
        out::note(format_args!("line {}: skipped: {}", skipped.line, skipped.reason));
    }
    out::line(format_args!(
        "{} added, {} updated, {} unchanged, {} skipped{}",
        report.added.len(),
        report.updated.len(),
        report.unchanged,
        report.skipped.len(),
        if args.dry_run { " (nothing was done: --dry-run)" } else { "" }
    ));
    Ok(())
}

async fn read_list(place: &str) -> anyhow::Result<Vec<u8>> {
    if place == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
        return Ok(bytes);
    }
    if place.starts_with("http://") || place.starts_with("https://") {
        let answer = reqwest::get(place).await.and_then(reqwest::Response::error_for_status);
        let bytes = match answer {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        return Ok(bytes.with_context(|| format!("{place} cannot be fetched"))?.to_vec());
    }
    std::fs::read(place).with_context(|| format!("{place} cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_may_name_its_programme() {
        assert_eq!(
            parse_input("udp://239.1.1.1:5000#3401").unwrap(),
            Input { url: "udp://239.1.1.1:5000".into(), programme: Some(3401) }
        );
        assert_eq!(parse_input("srt://a:1?mode=caller").unwrap().programme, None);
        assert!(parse_input("udp://a:1#zdf").unwrap_err().contains("programme number"));
        assert!(parse_input("239.1.1.1:5000").unwrap_err().contains("not a URL"));
    }

    #[test]
    fn a_logo_is_a_url_or_a_picture() {
        assert!(matches!(read_logo("https://x/y.png").unwrap(), Logo::Elsewhere(_)));
        assert!(read_logo("logo.txt").is_err());
        assert!(read_logo("/nowhere/logo.png").is_err());
    }
}
