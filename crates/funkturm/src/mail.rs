//! `funkturm mail …`: what was sent, what waits, and another try, over the operators' API.

use std::time::Duration;

use anyhow::bail;
use clap::Subcommand;
use funkturm_contracts::mail::{MailDetails, MailEntry, MailList, MailState};
use reqwest::Method;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{out, server};

const MAILS: &str = "/admin/v1/mails";
/// How often is looked for a mail that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Mail.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List mails, the newest first
    List(List),
    /// Show a mail: `funkturm mail show --to anna@example.org --wait 30`
    Show(Show),
    /// Try mails again at once, also those that were given up
    Retry(Retry),
}

/// States as the command line names them.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum StateName {
    /// To be sent
    Waiting,
    /// Sent, or caught where there is no mail server
    Sent,
    /// Refused for good, or too late
    Dead,
}

fn state_name(state: MailState) -> &'static str {
    match state {
        MailState::Waiting => "waiting",
        MailState::Sent => "sent",
        MailState::Dead => "dead",
    }
}

impl From<StateName> for MailState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Waiting => Self::Waiting,
            StateName::Sent => Self::Sent,
            StateName::Dead => Self::Dead,
        }
    }
}

/// List mails.
#[derive(clap::Args)]
pub(crate) struct List {
    /// Those in this state alone
    #[arg(long, value_enum)]
    state: Option<StateName>,
    /// Those to this address alone
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Show a mail.
#[derive(clap::Args)]
pub(crate) struct Show {
    /// Its id, as `mail list` shows it; without it, the newest that was sent
    #[arg(conflicts_with_all = ["to", "template", "after"])]
    id: Option<Uuid>,
    /// The newest to this address
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// The newest of this template: confirm_address, reset_password, …
    #[arg(long)]
    template: Option<String>,
    /// Only one that came after this mail
    #[arg(long, value_name = "ID")]
    after: Option<Uuid>,
    /// Wait for so many seconds for one
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Only the link in it
    #[arg(long, conflicts_with = "json")]
    link: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Try mails again.
#[derive(clap::Args)]
pub(crate) struct Retry {
    /// Their ids, as `mail list` shows them
    #[arg(required = true)]
    ids: Vec<Uuid>,
    #[command(flatten)]
    server: server::Args,
}

/// Does what a mail command says.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    server::block_on(async {
        match command {
            Command::List(args) => list(args).await,
            Command::Show(args) => show(args).await,
            Command::Retry(args) => retry(args).await,
        }
    })
}

/// The path of a list of mails.
fn path(
    state: Option<MailState>,
    to: Option<&str>,
    limit: usize,
    cursor: Option<&str>,
) -> anyhow::Result<String> {
    let mut query = vec![("limit", limit.to_string())];
    let words = [("state", state.map(state_name)), ("to", to), ("cursor", cursor)];
    query.extend(words.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
    let url = reqwest::Url::parse_with_params(&format!("http://server{MAILS}"), query)?;
    Ok(format!("{MAILS}?{}", url.query().unwrap_or_default()))
}

async fn list(args: List) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    let state = args.state.map(Into::into);
    let (mut mails, mut cursor) = (Vec::<MailEntry>::new(), None::<String>);
    while mails.len() < args.limit {
        let page = (args.limit - mails.len()).min(200);
        let list: MailList = server.get(&path(state, args.to.as_deref(), page, cursor.as_deref())?).await?;
        mails.extend(list.mails);
        cursor = list.next;
        if cursor.is_none() {
            break;
        }
    }
    if args.json {
        out::line(serde_json::to_string_pretty(&MailList { mails, next: cursor })?);
        return Ok(());
    }
    if mails.is_empty() {
        out::note("no such mails");
        return Ok(());
    }
    let mut rows = vec![["ID", "CAME", "STATE", "TO", "TEMPLATE", "WHY"].map(str::to_owned).to_vec()];
    for mail in &mails {
        rows.push(vec![
            mail.id.to_string(),
            mail.accepted_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            state_name(mail.state).to_owned(),
            mail.to.clone(),
            mail.template.name().to_owned(),
            mail.reason.clone().unwrap_or_default(),
        ]);
    }
    out::table(&rows);
    Ok(())
}

async fn show(args: Show) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    let deadline = Instant::now() + Duration::from_secs(args.wait);
    let details = loop {
        if let Some(details) = find(&server, &args).await? {
            break details;
        }
        if Instant::now() >= deadline {
            let to = args.to.as_deref().map(|to| format!(" to {to}")).unwrap_or_default();
            bail!("there is no such mail{to}: `funkturm mail list` shows those that there are");
        }
        sleep(LOOK_AGAIN).await;
    };
    if args.json {
        out::line(serde_json::to_string_pretty(&details)?);
        return Ok(());
    }
    if args.link {
        let Some(link) = details.caught.as_ref().and_then(|caught| caught.link.as_deref()) else {
            bail!("the mail {} has no link that is known here", details.mail.id);
        };
        out::line(link);
        return Ok(());
    }
    print(&details);
    Ok(())
}

/// The mail that is meant, if it is there.
async fn find(server: &server::Server, args: &Show) -> anyhow::Result<Option<MailDetails>> {
    if let Some(id) = args.id {
        return server.get(&format!("{MAILS}/{id}")).await.map(Some);
    }
    let list: MailList = server.get(&path(Some(MailState::Sent), args.to.as_deref(), 200, None)?).await?;
    let newest = list
        .mails
        .iter()
        .take_while(|mail| Some(mail.id) != args.after)
        .find(|mail| args.template.as_deref().is_none_or(|template| template == mail.template.name()));
    match newest {
        Some(mail) => server.get(&format!("{MAILS}/{}", mail.id)).await.map(Some),
        None => Ok(None),
    }
}

fn print(details: &MailDetails) {
    let MailDetails { mail, caught } = details;
    out::line(format_args!("Id:       {}", mail.id));
    out::line(format_args!("State:    {}", state_name(mail.state)));
    out::line(format_args!("To:       {}", mail.to));
    out::line(format_args!("Template: {} ({})", mail.template.name(), mail.language));
    out::line(format_args!("Came:     {}", mail.accepted_at.to_rfc3339()));
    for (name, time) in [("Next try:", mail.next_attempt_at), ("Settled: ", mail.settled_at)] {
        if let Some(time) = time {
            out::line(format_args!("{name} {}", time.to_rfc3339()));
        }
    }
    if let Some(reason) = &mail.reason {
        out::line(format_args!("Why:      {reason}"));
    }
    match caught {
        Some(caught) => {
            out::line(format_args!(
                "From:     {}\nSubject:  {}\n\n{}",
                caught.from,
                caught.subject,
                caught.text.trim_end()
            ));
        }
        None => out::note("what it said is not kept: only where there is no mail server are mails caught"),
    }
}

async fn retry(args: Retry) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    for id in args.ids {
        server.call(Method::POST, &format!("{MAILS}/{id}/retry")).await?;
        out::line(format_args!("{id} is tried again"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_into_the_path_so_that_it_arrives() {
        let path = path(Some(MailState::Sent), Some("anna+tv&x@b.example"), 7, None).unwrap();
        assert_eq!(path, "/admin/v1/mails?limit=7&state=sent&to=anna%2Btv%26x%40b.example");
    }
}
