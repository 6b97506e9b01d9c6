//! `funkturm user …`: households, over the operators' API.

use std::{io::Read, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{out, server};

const HOUSEHOLDS: &str = "/admin/v1/households";

/// Households.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a household: `funkturm user add anna@example.org`; a mail lets it choose its password
    Add(Add),
    /// List the households
    List(List),
    /// Keep households out: every log-in ends
    Lock(Named),
    /// Let households in again
    Unlock(Named),
    /// Delete households, and everything about them, at every service
    Delete(Named),
    /// Send households a mail to choose another password with
    ResetPassword(Named),
}

/// Add a household.
#[derive(clap::Args)]
pub(crate) struct Add {
    /// Its e-mail address, which counts as confirmed
    email: String,
    /// Its password, in the first line of this file (`-` for standard input), instead of a mail
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The language of its mails
    #[arg(long)]
    language: Option<String>,
    #[command(flatten)]
    server: server::Args,
}

/// List the households.
#[derive(clap::Args)]
pub(crate) struct List {
    /// Only those whose address begins with this
    #[arg(long)]
    email: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Households by name.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// Their ids or e-mail addresses
    #[arg(required = true, value_name = "ID|EMAIL")]
    households: Vec<String>,
    #[command(flatten)]
    server: server::Args,
}

/// What is shown of a household.
#[derive(Deserialize, Serialize)]
struct Household {
    id: Uuid,
    email: String,
    language: String,
    has_password: bool,
    created_at: String,
    locked_at: Option<String>,
}

#[derive(Deserialize)]
struct Households {
    households: Vec<Household>,
    next: Option<Uuid>,
}

/// Does what a user command says.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    server::block_on(async {
        match command {
            Command::Add(args) => add(args).await,
            Command::List(args) => list(&args).await,
            Command::Lock(args) => each(&args, Method::POST, "/lock", "locked").await,
            Command::Unlock(args) => each(&args, Method::POST, "/unlock", "unlocked").await,
            Command::Delete(args) => each(&args, Method::DELETE, "", "deleting").await,
            Command::ResetPassword(args) => {
                each(&args, Method::POST, "/password_reset", "sent a mail to").await
            }
        }
    })
}

async fn add(args: Add) -> anyhow::Result<()> {
    let password = args.password_file.as_ref().map(first_line).transpose()?;
    let server = server::Server::new(&args.server)?;
    let new = json!({ "email": args.email, "password": password, "language": args.language });
    let made: Household = server.send(Method::POST, HOUSEHOLDS, &new).await?;
    out::line(format_args!("{}  {}", made.id, made.email));
    if !made.has_password {
        out::note("a mail is on its way, with which its password is chosen");
    }
    Ok(())
}

fn first_line(file: &PathBuf) -> anyhow::Result<String> {
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

async fn list(args: &List) -> anyhow::Result<()> {
    let households = all(&server::Server::new(&args.server)?, args.email.as_deref()).await?;
    if args.json {
        out::line(serde_json::to_string_pretty(&households)?);
        return Ok(());
    }
    if households.is_empty() {
        out::note("no such household");
        return Ok(());
    }
    let mut rows = vec![["ID", "EMAIL", "LANGUAGE", "SINCE", ""].map(str::to_owned).to_vec()];
    for household in households {
        let since = household.created_at.split('T').next().unwrap_or_default().to_owned();
        let state = if household.locked_at.is_some() { "locked" } else { "" };
        rows.push(vec![
            household.id.to_string(),
            household.email,
            household.language,
            since,
            state.to_owned(),
        ]);
    }
    out::table(&rows);
    Ok(())
}

/// Every household whose address begins with this.
async fn all(server: &server::Server, email: Option<&str>) -> anyhow::Result<Vec<Household>> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page: Households = server.get(&page(email, cursor)?).await?;
        found.extend(page.households);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// The path of a part of the list.
fn page(email: Option<&str>, cursor: Option<Uuid>) -> anyhow::Result<String> {
    let mut url = Url::parse("http://here")?.join(HOUSEHOLDS)?;
    let mut query = url.query_pairs_mut();
    query.append_pair("limit", "500");
    email.map(|email| query.append_pair("email", email));
    cursor.map(|cursor| query.append_pair("cursor", &cursor.to_string()));
    drop(query);
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

async fn each(args: &Named, method: Method, what: &str, done: &str) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    for name in &args.households {
        let id = find(&server, name).await?;
        server.call(method.clone(), &format!("{HOUSEHOLDS}/{id}{what}")).await?;
        out::line(format_args!("{done} {name}"));
    }
    Ok(())
}

/// The id of a household that is named by it, or by its address.
async fn find(server: &server::Server, name: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let found = all(server, Some(name)).await?;
    match found.iter().find(|household| household.email.eq_ignore_ascii_case(name)) {
        Some(household) => Ok(household.id),
        None => bail!("there is no household with the address {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_encoded() {
        assert_eq!(
            page(Some("a+b&c@example.org"), Some(Uuid::nil())).unwrap(),
            "/admin/v1/households?limit=500&email=a%2Bb%26c%40example.org&cursor=00000000-0000-0000-0000-000000000000"
        );
    }
}
