//! Configuration: one TOML file with a section `[process]` and one for each service, overridden by the
//! environment (`FUNKTURM_SECTION_FIELD`) and by flags (`--set section.field=value`), in that order.

mod redact;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use toml::{Table, Value};

use crate::{ServiceMain, Tls, Tokens, log::Format};

/// The flags that every process has.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Args {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "FUNKTURM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Overrides a setting, several times: `--set origin.window_seconds=600`
    #[arg(long = "set", value_name = "SECTION.FIELD=VALUE")]
    pub settings: Vec<String>,
}

/// The section `[process]`: what every process has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Process {
    /// The machine's name in status answers; its host name where empty.
    pub host: String,
    /// Where the service listens.
    pub listen: String,
    /// Where `/live`, `/ready`, `/metrics`, `/config` and `/log-level` are; not for the public.
    pub admin_listen: String,
    /// How long open requests and tasks may take at the end, in seconds.
    pub shutdown_seconds: u64,
    /// Worker threads; one for each core where 0.
    pub threads: usize,
    /// The log.
    pub log: Log,
    /// Who may come in.
    pub auth: Auth,
    /// Certificate and key, where no proxy is in front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            host: String::new(),
            listen: "127.0.0.1:0".into(),
            admin_listen: "127.0.0.1:0".into(),
            shutdown_seconds: 10,
            threads: 0,
            log: Log::default(),
            auth: Auth::default(),
            tls: None,
        }
    }
}

/// The log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `terminal` for people, `json` for collectors.
    pub format: Format,
    /// `trace`, `debug`, `info`, `warning`, `error` or `critical`.
    pub level: crate::log::Level,
}

/// Who may come in: paths of files with the tokens in them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// The token of the fleet's services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_token_file: Option<PathBuf>,
    /// The token of operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_token_file: Option<PathBuf>,
}

impl Auth {
    /// Reads the tokens.
    ///
    /// # Errors
    /// A file cannot be read, or is too short to be a secret.
    pub fn read(&self) -> anyhow::Result<Tokens> {
        let read = |file: &Option<PathBuf>| -> anyhow::Result<Option<String>> {
            let Some(file) = file else { return Ok(None) };
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            let token = text.trim();
            if token.len() < 16 {
                bail!("{} holds no token: put at least 16 random characters into it", file.display());
            }
            Ok(Some(token.to_owned()))
        };
        Ok(Tokens { service: read(&self.service_token_file)?, operator: read(&self.operator_token_file)? })
    }
}

impl Process {
    /// The machine's name.
    pub fn host(&self) -> String {
        if !self.host.is_empty() {
            return self.host.clone();
        }
        std::fs::read_to_string("/proc/sys/kernel/hostname")
            .map_or_else(|_| "localhost".into(), |name| name.trim().into())
    }
}

/// A configuration as read: sections that are not yet typed.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    sections: Table,
    origin: String,
    /// What was overridden, by section and as it was written: an error may come from there.
    overrides: BTreeMap<String, Vec<String>>,
}

impl Configuration {
    /// Reads the file, then the environment, then the flags. `known` names the services whose sections may be
    /// there.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown section, or an override is malformed.
    pub fn read(args: &Args, known: &[&str]) -> anyhow::Result<Self> {
        Self::read_with(args, known, std::env::vars())
    }

    fn read_with(
        args: &Args,
        known: &[&str],
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let (mut sections, origin) = match &args.config {
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
                let sections =
                    text.parse::<Table>().with_context(|| format!("{} is not TOML", file.display()))?;
                (sections, file.display().to_string())
            }
            None => (Table::new(), "the settings".to_owned()),
        };
        for name in sections.keys() {
            if name != PROCESS && !known.contains(&name.as_str()) {
                bail!(
                    "{origin} has a section [{name}], which nothing reads: there can be [{PROCESS}], {}",
                    known.iter().map(|name| format!("[{name}]")).collect::<Vec<_>>().join(", ")
                );
            }
        }
        let mut overrides = BTreeMap::<String, Vec<String>>::new();
        let ours: BTreeMap<String, String> =
            environment.filter(|(name, _)| name.starts_with("FUNKTURM_")).collect();
        for (name, value) in &ours {
            let key = name.trim_start_matches("FUNKTURM_").to_ascii_lowercase();
            // FUNKTURM_ORIGIN_WINDOW_SECONDS: only what begins with a section is a setting.
            let section = known
                .iter()
                .chain([&PROCESS])
                .find(|section| key.strip_prefix(**section).is_some_and(|rest| rest.starts_with('_')));
            if let Some(section) = section {
                let field = key.get(section.len() + 1..).unwrap_or_default();
                let field = nested(section, field);
                set(&mut sections, &format!("{section}.{field}"), value)
                    .with_context(|| format!("in the environment, {name}"))?;
                overrides.entry((*section).to_owned()).or_default().push(name.clone());
            }
        }
        for setting in &args.settings {
            let (key, value) = setting
                .split_once('=')
                .with_context(|| format!("--set {setting}: write --set section.field=value"))?;
            let section = key.split('.').next().unwrap_or_default();
            if section != PROCESS && !known.contains(&section) {
                bail!(
                    "--set {setting}: there is no section {section}; there can be {PROCESS}, {}",
                    known.join(", ")
                );
            }
            set(&mut sections, key, value).with_context(|| format!("--set {setting}"))?;
            overrides.entry(section.to_owned()).or_default().push(format!("--set {key}"));
        }
        Ok(Self { sections, origin, overrides })
    }

    /// A section that was made here rather than read, for instance by the all-in-one command. What is in it
    /// gives way to what was read.
    ///
    /// # Errors
    /// It cannot be written as TOML.
    pub fn suggest(&mut self, section: &str, values: &impl Serialize) -> anyhow::Result<()> {
        let Value::Table(suggested) = Value::try_from(values)? else { bail!("a section is a table") };
        let table = self.sections.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(table) = table {
            fill(table, suggested);
        }
        Ok(())
    }

    /// The section `[process]`.
    ///
    /// # Errors
    /// See [`Self::section`].
    pub fn process(&self) -> anyhow::Result<Process> {
        self.section(PROCESS)
    }

    /// The section of a service, checked.
    ///
    /// # Errors
    /// See [`Self::section`]; or the service finds something wrong in it.
    pub fn service<S: ServiceMain>(&self) -> anyhow::Result<S::Config> {
        let config: S::Config = self.section(S::NAME)?;
        if let Err(problem) = S::check(&config) {
            bail!("{}: {problem}", self.place(S::NAME));
        }
        Ok(config)
    }

    /// A section, typed.
    ///
    /// # Errors
    /// A field is unknown, missing or of the wrong type.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let table = self.sections.get(name).cloned().unwrap_or_else(|| Value::Table(Table::new()));
        table.try_into().with_context(|| self.place(name))
    }

    /// Where the values of a section come from.
    fn place(&self, section: &str) -> String {
        let place = format!("{}, section [{section}]", self.origin);
        match self.overrides.get(section) {
            Some(overrides) => format!("{place}, with {}", overrides.join(", ")),
            None => place,
        }
    }

    /// The whole as TOML, without secrets: those should be in files of their own, and what is in URLs is left
    /// out.
    pub fn print(&self) -> String {
        let mut shown = Value::Table(self.sections.clone());
        redact::without_secrets(&mut shown);
        shown.to_string()
    }
}

pub(crate) const PROCESS: &str = "process";

/// Two underscores lead into a table: `FUNKTURM_CHANNELS_OBJECTS__DIRECTORY`. Where `[process]` has one, one
/// is enough.
fn nested(section: &str, field: &str) -> String {
    for table in ["log", "auth", "tls"] {
        if section == PROCESS
            && let Some(rest) = field.strip_prefix(table).and_then(|rest| rest.strip_prefix('_'))
        {
            return format!("{table}.{rest}");
        }
    }
    field.replace("__", ".")
}

fn set(sections: &mut Table, key: &str, value: &str) -> anyhow::Result<()> {
    // A value is TOML where it can be (numbers, booleans, lists), else text.
    let value = value.parse::<Value>().unwrap_or_else(|_| Value::String(value.to_owned()));
    let mut parts: Vec<&str> = key.split('.').collect();
    let Some(last) = parts.pop().filter(|last| !last.is_empty() && !parts.is_empty()) else {
        bail!("{key:?} does not name a setting: write section.field");
    };
    let mut table = sections;
    for part in parts {
        let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
        table = entry.as_table_mut().with_context(|| format!("{part} in {key} is not a section"))?;
    }
    table.insert(last.to_owned(), value);
    Ok(())
}

fn fill(table: &mut Table, suggested: Table) {
    for (key, value) in suggested {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => fill(inner, value),
            (Some(_), _) => {}
            (None, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[derive(Debug, Default, Deserialize, Serialize)]
    #[serde(default, deny_unknown_fields)]
    struct Section {
        window_seconds: u32,
        name: String,
        peers: Vec<String>,
    }

    fn read(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> anyhow::Result<Configuration> {
        let mut config = tempfile::NamedTempFile::new().unwrap();
        config.write_all(file.as_bytes()).unwrap();
        let args = Args {
            config: Some(config.path().to_owned()),
            settings: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        };
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Configuration::read_with(&args, &["origin", "web"], environment)
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "[origin]\nwindow_seconds = 1\nname = \"file\"";
        let window = |environment: &[(&str, &str)], flags: &[&str]| {
            read(file, environment, flags).unwrap().section::<Section>("origin").unwrap()
        };
        assert_eq!(window(&[], &[]).window_seconds, 1);
        let environment = [("FUNKTURM_ORIGIN_WINDOW_SECONDS", "2"), ("FUNKTURM_STATE", "/x")];
        assert_eq!(window(&environment, &[]).window_seconds, 2);
        let all = window(&environment, &["origin.window_seconds=3", "origin.peers=[\"a\"]"]);
        assert_eq!((all.window_seconds, all.name.as_str(), all.peers), (3, "file", vec!["a".to_owned()]));
    }

    #[test]
    fn nested_process_settings_come_from_the_environment() {
        let process = read("", &[("FUNKTURM_PROCESS_LOG_LEVEL", "debug")], &[]).unwrap().process().unwrap();
        assert_eq!(process.log.level, crate::log::Level::Debug);
    }

    #[test]
    fn two_underscores_in_the_environment_lead_into_a_table() {
        let read = read("", &[("FUNKTURM_ORIGIN_OBJECTS__DIRECTORY", "/x")], &[]).unwrap();
        let section: Table = read.section("origin").unwrap();
        assert_eq!(section["objects"]["directory"].as_str(), Some("/x"));
    }

    #[test]
    fn a_value_that_does_not_fit_is_told_with_where_it_came_from() {
        let read = read("", &[("FUNKTURM_ORIGIN_WINDOW_SECONDS", "long")], &["origin.name=x"]).unwrap();
        let error = format!("{:#}", read.section::<Section>("origin").unwrap_err());
        for part in ["FUNKTURM_ORIGIN_WINDOW_SECONDS", "--set origin.name", "window_seconds", "u32"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }

    #[test]
    fn text_stays_text_and_a_value_is_only_what_toml_takes_for_one() {
        let flags = ["origin.name=udp://239.1.1.1:5000", "origin.peers=[\"a\", \"b\"]"];
        let section: Section = read("", &[], &flags).unwrap().section("origin").unwrap();
        assert_eq!((section.name.as_str(), section.peers.len()), ("udp://239.1.1.1:5000", 2));
        let section: Section = read("", &[], &["origin.name=\"7\""]).unwrap().section("origin").unwrap();
        assert_eq!(section.name, "7");
    }

    #[test]
    fn what_nothing_reads_is_refused_with_its_place() {
        let error = format!("{:#}", read("[orign]\n", &[], &[]).unwrap_err());
        assert!(error.contains("[orign]") && error.contains("[origin]"), "{error}");
        let read = read("[origin]\nwindow_secs = 1", &[], &[]).unwrap();
        let error = format!("{:#}", read.section::<Section>("origin").unwrap_err());
        assert!(error.contains("window_secs") && error.contains("window_seconds"), "{error}");
        assert!(super::tests::read("", &[], &["orign.x=1"]).is_err());
        assert!(super::tests::read("", &[], &["origin"]).is_err());
    }

    #[test]
    fn suggestions_give_way() {
        let mut configuration = read("[origin]\nname = \"file\"", &[], &[]).unwrap();
        let suggested = Section { window_seconds: 9, name: "suggested".into(), peers: vec![] };
        configuration.suggest("origin", &suggested).unwrap();
        let section: Section = configuration.section("origin").unwrap();
        assert_eq!((section.window_seconds, section.name.as_str()), (9, "file"));
    }

    #[test]
    fn a_token_file_must_hold_a_token() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let auth = Auth { service_token_file: Some(file.path().to_owned()), operator_token_file: None };
        assert!(auth.read().is_err());
        writeln!(file, "0123456789abcdef").unwrap();
        assert_eq!(auth.read().unwrap().service.as_deref(), Some("0123456789abcdef"));
    }
}
