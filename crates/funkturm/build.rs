//! Writes what follows from `crates/services/catalogue.toml`: which services there are, and how each is run. A new row
//! needs its crate among this one's dependencies, and nothing else here.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

use std::{env, error::Error, fmt::Write, fs, path::Path};

const CATALOGUE: &str = "../services/catalogue.toml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={CATALOGUE}");
    let catalogue: toml::Table = fs::read_to_string(CATALOGUE)?.parse()?;
    let rows = catalogue.get("service").and_then(toml::Value::as_array).ok_or("the catalogue has no rows")?;

    let (mut names, mut serve, mut control, mut table) = <(String, String, String, String)>::default();
    for row in rows {
        let text = |key: &str| {
            let value = row.get(key).and_then(toml::Value::as_str);
            value.ok_or_else(|| format!("a row of {CATALOGUE} has no {key}: {row}"))
        };
        let (name, is_control) = (text("name")?, text("process")? == "control");
        let title: String =
            name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
        let service = format!("funkturm_{name}::{title}");
        writeln!(names, "    /// {}\n    {title},", text("description")?)?;
        writeln!(serve, "        Name::{title} => crate::serve::one::<{service}>(args),")?;
        if is_control {
            writeln!(control, "        crate::up::one::<{service}>(configuration, context).await?,")?;
        }
        let stores = row.get("stores").ok_or_else(|| format!("a row of {CATALOGUE} has no stores: {row}"))?;
        writeln!(table, "    Row {{ name: {name:?}, control: {is_control}, stores: &{stores} }},")?;
    }

    let written = format!(
        "/// The services.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Name {{
{names}}}

/// The catalogue.
pub(crate) const CATALOGUE: &[Row] = &[
{table}];

/// Runs one service of a fleet.
pub(crate) fn serve(name: Name, args: &crate::serve::Args) -> std::process::ExitCode {{
    match name {{
{serve}    }}
}}

/// Builds the services that run inside `funkturm up` itself.
pub(crate) async fn build_control(configuration: &Configuration, context: &Context) -> anyhow::Result<Vec<Service>> {{
    Ok(vec![
{control}    ])
}}
"
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("services.rs"), written)?;
    Ok(())
}
