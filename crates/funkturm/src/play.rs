//! `funkturm play`: a transport stream file, looped onto the network, broken on demand.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use bytes::Bytes;
use funkturm_pipeline::srt;
use funkturm_testkit::player::{Faults, Http, Line, Player, Turns, Udp, play};

use crate::out;

/// Play a transport stream file onto the network for ever, with faults on demand.
///
/// The file is looped at its own pace with clocks and counters that go on, so the receiver sees one endless stream.
/// `funkturm play trial.ts udp://127.0.0.1:5000 --loss 1%`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Where to: `udp://host-or-group:port`, `rtp://…`, `srt://host:port?mode=listener`, `http://address:port` (served there to
    /// everyone who asks), `file:///…`
    to: String,
    /// Take turns with this file, on the same line: other tables, PIDs, sizes and clocks from one packet to the next. Several times
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// How long a turn is, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0, requires = "with")]
    turn: f64,
    /// Lose packets
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = percent)]
    loss: f64,
    /// Lose so many packets at a time
    #[arg(long, value_name = "PACKETS", default_value_t = 1)]
    burst: u32,
    /// Flip bits
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = percent)]
    flip: f64,
    /// Send packets twice
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = percent)]
    double: f64,
    /// Send random bytes in place of packets
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = percent)]
    noise: f64,
    /// Let all clocks jump: `10=3600` after ten seconds by an hour, `10=-5` back by five seconds
    #[arg(long, value_name = "AT=BY", value_parser = moment, allow_hyphen_values = true)]
    jump: Option<(Duration, f64)>,
    /// Send nothing for a while: `10=6` after ten seconds for six
    #[arg(long, value_name = "AT=FOR", value_parser = moment)]
    silence: Option<(Duration, f64)>,
    /// Let the 33-bit clocks wrap after so many seconds
    #[arg(long, value_name = "SECONDS")]
    wrap_after: Option<f64>,
    /// End after so many seconds
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// What all chance comes from: the same seed, the same faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>();
    number
        .ok()
        .filter(|n| (0.0..=100.0).contains(n))
        .map(|n| n / 100.0)
        .ok_or("write a percentage such as 1%".into())
}

fn moment(text: &str) -> Result<(Duration, f64), String> {
    let (at, by) = text.split_once('=').ok_or("write for example 10=6")?;
    let number = |text: &str| text.parse::<f64>().map_err(|_| format!("{text:?} is not a number of seconds"));
    let at = Duration::try_from_secs_f64(number(at)?).map_err(|error| error.to_string())?;
    Ok((at, number(by)?))
}

/// SRT, for the player.
struct Srt(srt::Sender);

impl Line for Srt {
    fn send(&mut self, datagram: &[u8]) -> std::io::Result<()> {
        self.0.send(Bytes::copy_from_slice(datagram)).map_err(std::io::Error::other)
    }
}

/// A file, for whoever wants to look at what would be sent.
struct Record(std::fs::File);

impl Line for Record {
    fn send(&mut self, datagram: &[u8]) -> std::io::Result<()> {
        std::io::Write::write_all(&mut self.0, datagram)
    }
}

/// Plays.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let faults = Faults {
        loss: args.loss,
        burst: args.burst,
        flip: args.flip,
        double: args.double,
        noise: args.noise,
        jump: args.jump,
        silence: args.silence.map(|(at, length)| (at, Duration::from_secs_f64(length.max(0.0)))),
        wrap_after: args.wrap_after.map(|after| Duration::from_secs_f64(after.max(0.0))),
        seed: args.seed,
    };
    let turn = Duration::try_from_secs_f64(args.turn).context("a turn cannot be as long as that")?;
    let mut players = Vec::new();
    for file in std::iter::once(&args.file).chain(&args.with) {
        let player = Player::open(file, faults.clone())?;
        out::note(format_args!("plays {}, {:.1} s a round", file.display(), player.round().as_secs_f64()));
        players.push(player);
    }
    let mut stream = Turns::new(players, if args.with.is_empty() { Duration::MAX } else { turn });
    let mut line = line(&args.to)?;
    let end =
        args.seconds.map(|seconds| std::time::Instant::now() + Duration::from_secs_f64(seconds.max(0.0)));
    play(&mut stream, &mut *line, || end.is_some_and(|end| std::time::Instant::now() > end))
        .with_context(|| format!("{} cannot be sent to", args.to))
}

fn address(place: &str) -> anyhow::Result<SocketAddr> {
    let address = place.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    address.with_context(|| format!("{place} is not host:port"))
}

fn line(to: &str) -> anyhow::Result<Box<dyn Line>> {
    let (scheme, rest) =
        to.split_once("://").with_context(|| format!("{to} is not a URL such as udp://127.0.0.1:5000"))?;
    Ok(match scheme {
        "udp" | "rtp" => Box::new(Udp::open(address(rest)?, scheme == "rtp")?),
        "http" => {
            let address = address(rest.split_once('/').map_or(rest, |(place, _)| place))?;
            Box::new(Http::open(address).with_context(|| format!("{address} cannot be listened on"))?)
        }
        "srt" => {
            funkturm_pipeline::init(&slog::Logger::root(slog::Discard, slog::o!()))?;
            Box::new(Srt(srt::Sender::open(to)?))
        }
        "file" => Box::new(Record(
            std::fs::File::create(rest).with_context(|| format!("{rest} cannot be written"))?,
        )),
        _ => bail!("{scheme} cannot be played to: use udp, rtp, srt, http or file"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_people_say_them() {
        assert_eq!(percent("1%"), Ok(0.01));
        assert_eq!(percent("0.5"), Ok(0.005));
        assert!(percent("101%").is_err());
        assert_eq!(moment("10=-5"), Ok((Duration::from_secs(10), -5.0)));
        assert!(moment("10").is_err());
    }
}
