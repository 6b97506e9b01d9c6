//! What was found.

use std::{borrow::Cow, collections::BTreeMap, fmt, time::Duration};

use super::rules::{Rule, Severity};

/// A breach of a rule, at a URL. The same breach again is counted, not listed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The clause; more exact than the rule's own where the rule stands for several.
    pub clause: Cow<'static, str>,
    /// The playlist, or what was asked for.
    pub url: String,
    /// What was seen, the first time.
    pub seen: String,
    /// When it was seen first.
    pub first: Duration,
    /// When it was seen last.
    pub last: Duration,
    /// How often.
    pub times: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}\n  seen: {}\n  wanted: {}",
            self.rule.severity, self.clause, self.url, self.seen, self.rule.expected
        )?;
        if self.times > 1 {
            write!(f, "\n  {} times within {:.0} s", self.times, (self.last - self.first).as_secs_f64())?;
        }
        Ok(())
    }
}

/// The breaches found so far.
#[derive(Clone, Debug, Default)]
pub struct Report {
    findings: BTreeMap<(Severity, &'static str, Cow<'static, str>, String), Finding>,
}

impl Report {
    /// The breaches, the most binding rules first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values()
    }

    /// Nothing was found.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add(&mut self, now: Duration, rule: &'static Rule, url: &str, seen: impl Into<String>) {
        self.add_under(now, rule, Cow::Borrowed(rule.clause), url, seen.into());
    }

    pub(super) fn add_under(
        &mut self,
        now: Duration,
        rule: &'static Rule,
        clause: Cow<'static, str>,
        url: &str,
        seen: String,
    ) {
        let key = (rule.severity, rule.id, clause.clone(), url.to_owned());
        let finding = self.findings.entry(key).or_insert_with(|| Finding {
            rule,
            clause,
            url: url.to_owned(),
            seen,
            first: now,
            last: now,
            times: 0,
        });
        finding.last = now;
        finding.times += 1;
    }
}

/// The report, open at one URL.
pub(super) struct Page<'r> {
    report: &'r mut Report,
    now: Duration,
    url: &'r str,
}

impl<'r> Page<'r> {
    pub(super) fn new(report: &'r mut Report, now: Duration, url: &'r str) -> Self {
        Self { report, now, url }
    }

    pub(super) fn add(&mut self, rule: &'static Rule, seen: impl Into<String>) {
        self.report.add(self.now, rule, self.url, seen);
    }
}
