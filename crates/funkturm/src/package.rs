//! `funkturm package …`: what is for sale, over the operators' API.

mod file;
mod give;

use anyhow::bail;
use clap::Subcommand;
use funkturm_contracts::rights::offer::{Give, Offer, OfferReport, Package, PackageKind, Period, Plan, Text};
use reqwest::Method;

use crate::{out, server};

const OFFER: &str = "/admin/v1/offer";
const PACKAGES: &str = "/admin/v1/packages";
const PLANS: &str = "/admin/v1/plans";

/// What is for sale.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a package: `funkturm package add basic --name Basic --give 'live:*' --cents 0`
    Add(Add),
    /// List the packages
    List(List),
    /// Change a package; what is not named stays
    Edit(Edit),
    /// Remove packages with their plans; those that households have cannot be removed
    Remove(Remove),
    /// Apply a whole offer from a TOML or JSON file (or `-` for TOML on standard input): packages, channel groups,
    /// broadcasters, licences, plans. What is not in the file any more is removed
    Import(Import),
}

/// Kinds of packages as the command line names them.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum KindName {
    /// A household chooses one of these
    Base,
    /// It comes on top
    Option,
}

/// What can be said of a package when it is added and when it is changed.
#[derive(clap::Args)]
struct Details {
    /// What viewers read, in both languages
    #[arg(long)]
    name: Option<String>,
    /// What German viewers read
    #[arg(long)]
    name_de: Option<String>,
    /// What it is good for, in both languages
    #[arg(long)]
    description: Option<String>,
    /// What it is good for, in German
    #[arg(long)]
    description_de: Option<String>,
    /// One of several to choose from, or on top
    #[arg(long, value_enum)]
    kind: Option<KindName>,
    /// Its place in lists
    #[arg(long)]
    order: Option<i32>,
    /// How many may watch at once; of an option, how many more
    #[arg(long)]
    streams: Option<u32>,
    /// Households may choose it, or not
    #[arg(long)]
    on_sale: Option<bool>,
    /// What may be done where; several times: `live,pause:das-erste,zdf`, `all:@sports` for a channel group, `live:*` for every
    /// channel
    #[arg(long = "give", value_name = "ACTIONS:CHANNELS", value_parser = give::parse)]
    gives: Vec<Give>,
}

/// Add a package.
#[derive(clap::Args)]
pub(crate) struct Add {
    /// Its id: a-z, 0-9 and -
    id: String,
    #[command(flatten)]
    details: Details,
    /// The price of a month in cents: makes a plan for it. Others come with `import`
    #[arg(long)]
    cents: Option<u32>,
    /// How many days of that are for nothing, the first time
    #[arg(long, default_value_t = 0, requires = "cents")]
    trial_days: u32,
    #[command(flatten)]
    server: server::Args,
}

/// List the packages.
#[derive(clap::Args)]
pub(crate) struct List {
    /// The whole offer as JSON, as `import` takes it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Change a package.
#[derive(clap::Args)]
pub(crate) struct Edit {
    /// Its id, as `package list` shows it
    id: String,
    #[command(flatten)]
    details: Details,
    #[command(flatten)]
    server: server::Args,
}

/// Remove packages.
#[derive(clap::Args)]
pub(crate) struct Remove {
    /// Their ids, as `package list` shows them
    #[arg(required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    server: server::Args,
}

/// Apply an offer.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// The file: TOML, or JSON if its name ends so
    file: String,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: server::Args,
}

/// Does what a package command says.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    server::block_on(async {
        match command {
            Command::Add(args) => add(args).await,
            Command::List(args) => list(args).await,
            Command::Edit(args) => edit(args).await,
            Command::Remove(args) => remove(args).await,
            Command::Import(args) => import(args).await,
        }
    })
}

impl Details {
    /// What is named replaces what was there.
    fn apply(self, package: &mut Package) {
        let text = |text: &mut Text, both: Option<String>, de: Option<String>| {
            if let Some(both) = both {
                *text = Text { de: both.clone(), en: both };
            }
            if let Some(de) = de {
                text.de = de;
            }
        };
        text(&mut package.name, self.name, self.name_de);
        text(&mut package.description, self.description, self.description_de);
        if let Some(kind) = self.kind {
            package.kind = match kind {
                KindName::Base => PackageKind::Base,
                KindName::Option => PackageKind::Option,
            };
        }
        package.order = self.order.unwrap_or(package.order);
        package.streams = self.streams.unwrap_or(package.streams);
        package.on_sale = self.on_sale.unwrap_or(package.on_sale);
        if !self.gives.is_empty() {
            package.gives = self.gives;
        }
    }
}

async fn add(args: Add) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    let offer: Offer = server.get(OFFER).await?;
    if offer.packages.iter().any(|package| package.id == args.id) {
        bail!("there is a package {} already: change it with `funkturm package edit`", args.id);
    }
    let mut package = Package {
        name: Text { de: args.id.clone(), en: args.id.clone() },
        id: args.id,
        description: Text::default(),
        kind: PackageKind::Base,
        order: 0,
        on_sale: true,
        streams: 1,
        gives: Vec::new(),
    };
    args.details.apply(&mut package);
    let report: OfferReport =
        server.send(Method::PUT, &format!("{PACKAGES}/{}", package.id), &package).await?;
    tell(&report, false);
    let Some(cents) = args.cents else { return Ok(()) };
    let plan = Plan {
        id: format!("{}-monthly", package.id),
        package: package.id,
        name: package.name,
        cents,
        currency: "EUR".to_owned(),
        period: Period::Month,
        trial_days: args.trial_days,
        on_sale: true,
    };
    let report: OfferReport = server.send(Method::PUT, &format!("{PLANS}/{}", plan.id), &plan).await?;
    tell(&report, false);
    Ok(())
}

async fn list(args: List) -> anyhow::Result<()> {
    let offer: Offer = server::Server::new(&args.server)?.get(OFFER).await?;
    if args.json {
        out::line(serde_json::to_string_pretty(&offer)?);
        return Ok(());
    }
    if offer.packages.is_empty() {
        out::note("no packages yet: `funkturm package add` or `import` makes some");
        return Ok(());
    }
    let mut packages: Vec<&Package> = offer.packages.iter().collect();
    packages.sort_by_key(|package| (package.kind == PackageKind::Option, package.order));
    let mut rows = vec![["ID", "NAME", "STREAMS", "PLANS", "GIVES"].map(str::to_owned).to_vec()];
    for package in packages {
        let off = if package.on_sale { "" } else { " (not on sale)" };
        let (more, option) = if package.kind == PackageKind::Option { ("+", " (option)") } else { ("", "") };
        let plans: Vec<String> =
            offer.plans.iter().filter(|plan| plan.package == package.id).map(price).collect();
        rows.push(vec![
            package.id.clone(),
            format!("{}{option}{off}", package.name.en),
            format!("{more}{}", package.streams),
            plans.join("  "),
            package.gives.iter().map(give::words).collect::<Vec<_>>().join("  "),
        ]);
    }
    out::table(&rows);
    Ok(())
}

/// A plan as `plus-monthly 9.99 EUR/month, 30 days free`.
fn price(plan: &Plan) -> String {
    let period = match plan.period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
        Period::Year => "year",
    };
    let trial = if plan.trial_days > 0 { format!(", {} days free", plan.trial_days) } else { String::new() };
    format!("{} {}.{:02} {}/{period}{trial}", plan.id, plan.cents / 100, plan.cents % 100, plan.currency)
}

async fn edit(args: Edit) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    let path = format!("{PACKAGES}/{}", args.id);
    let before: Package = server.get(&path).await?;
    let mut package = before.clone();
    args.details.apply(&mut package);
    if package == before {
        bail!("nothing to change was named: see `funkturm package edit --help`");
    }
    let report: OfferReport = server.send(Method::PUT, &path, &package).await?;
    tell(&report, false);
    Ok(())
}

async fn remove(args: Remove) -> anyhow::Result<()> {
    let server = server::Server::new(&args.server)?;
    let mut offer: Offer = server.get(OFFER).await?;
    for id in &args.ids {
        if !offer.packages.iter().any(|package| package.id == *id) {
            bail!("there is no package {id}");
        }
    }
    // All of it or nothing: a package that households have keeps the others where they are.
    offer.packages.retain(|package| !args.ids.contains(&package.id));
    offer.plans.retain(|plan| !args.ids.contains(&plan.package));
    let report: OfferReport = server.send(Method::PUT, OFFER, &offer).await?;
    tell(&report, false);
    Ok(())
}

async fn import(args: Import) -> anyhow::Result<()> {
    let offer = file::read(&args.file)?;
    let server = server::Server::new(&args.server)?;
    let path = format!("{OFFER}?dry_run={}", args.dry_run);
    let report: OfferReport = server.send(Method::PUT, &path, &offer).await?;
    tell(&report, args.dry_run);
    Ok(())
}

fn tell(report: &OfferReport, dry_run: bool) {
    for (what, parts) in
        [("added", &report.added), ("changed", &report.changed), ("removed", &report.removed)]
    {
        for part in parts {
            out::line(format_args!("{what:8} {part}"));
        }
    }
    for warning in &report.warnings {
        out::note(format_args!("note: {warning}"));
    }
    out::line(format_args!(
        "{} added, {} changed, {} removed{}",
        report.added.len(),
        report.changed.len(),
        report.removed.len(),
        if dry_run { " (nothing was done: --dry-run)" } else { "" }
    ));
}
