//! `funkturm rights …`: why a household may do something, or not.

use clap::Subcommand;
use funkturm_base::{ChannelId, HouseholdId};
use funkturm_contracts::rights::{Action, Decision};
use serde::Deserialize;

use crate::{out, server};

/// What households may do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say whether a household may do something in a channel, and which row decides
    Explain(Explain),
}

/// Explain a decision.
#[derive(clap::Args)]
pub(crate) struct Explain {
    /// The household's id
    household: HouseholdId,
    /// The channel's id
    channel: ChannelId,
    /// live, pause, restart, catch-up, record, fast-forward, hd, cast, abroad
    action: Action,
    /// With a child's profile
    #[arg(long)]
    child: bool,
    /// From outside of the country
    #[arg(long)]
    abroad: bool,
    /// After a PIN
    #[arg(long)]
    pin: bool,
    /// At this instant instead of now: 2026-12-24T20:15:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<chrono::DateTime<chrono::Utc>>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Args,
}

/// What rights answers.
#[derive(Deserialize, serde::Serialize)]
struct Explanation {
    decision: Decision,
    steps: Vec<String>,
}

/// Does what a rights command says.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    server::block_on(async {
        match command {
            Command::Explain(args) => explain(args).await,
        }
    })
}

async fn explain(args: Explain) -> anyhow::Result<()> {
    let Explain { household, channel, action, child, abroad, pin, at, json, server } = args;
    let mut path = format!(
        "/admin/v1/rights/{household}/explain?channel={channel}&action={action}&child={child}&abroad={abroad}&pin_checked={pin}"
    );
    if let Some(at) = at {
        path.push_str(&format!("&at={}", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)));
    }
    let explanation: Explanation = server::Server::new(&server)?.get(&path).await?;
    if json {
        out::line(serde_json::to_string_pretty(&explanation)?);
        return Ok(());
    }
    let Explanation { decision, steps } = explanation;
    out::line(format_args!("{}: {}", if decision.allowed { "yes" } else { "no" }, decision.because));
    for step in steps {
        out::line(format_args!("  {step}"));
    }
    if !decision.packages.is_empty() {
        out::line(format_args!("these packages have it: {}", decision.packages.join(", ")));
    }
    if let Some(until) = decision.until {
        out::line(format_args!("until {until} at most"));
    }
    Ok(())
}
