//! The way to the mail server: one connection for each worker, which is kept for a while between mails.
//!
//! Each step is timed and judged by itself, because what goes wrong means something else at each: a server that does not let us in has
//! nothing against the mail (so a password that ran out loses none), and one that falls silent after the whole mail may have taken it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use lettre::{
    Address, Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};
use tokio::time::timeout;

use crate::config::{self, Encryption};

/// Servers close connections that are silent for longer.
const LONGEST_IDLE: Duration = Duration::from_secs(20);
/// A connection that does not answer to NOOP in this time is given up.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// What the answer to a whole mail may take, compared to others (RFC 5321 4.5.3.2.6: ten minutes).
const WHOLE_MAIL: u32 = 10;

/// Why a mail was not taken.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server itself cannot be used: every mail would fare alike.
    Server(String),
    /// It does not take this mail now.
    Later(String),
    /// It will never take this mail.
    Never(String),
}

/// How to reach the mail server.
#[derive(Clone)]
pub(crate) struct Smtp {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    hello: ClientId,
    patience: Duration,
}

impl Smtp {
    /// Reads the files that the configuration names.
    pub(crate) fn new(config: &config::Smtp, from: &Address) -> anyhow::Result<Self> {
        let read = |file: &std::path::PathBuf| {
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
        };
        let credentials = match (&config.username_file, &config.password_file) {
            (Some(name), Some(password)) => {
                Some(Credentials::new(read(name)?.trim().to_owned(), read(password)?.trim().to_owned()))
            }
            _ => None,
        };
        let mut tls = TlsParameters::builder(config.host.clone());
        if let Some(file) = &config.certificates_file {
            let certificates = Certificate::from_pem(read(file)?.as_bytes())
                .with_context(|| format!("{} holds no certificates", file.display()))?;
            tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificates);
        }
        Ok(Self {
            host: config.host.clone(),
            port: config.port(),
            encryption: config.encryption,
            tls: tls.build()?,
            credentials,
            hello: ClientId::Domain(from.domain().to_owned()),
            patience: Duration::from_secs(config.timeout_seconds.into()),
        })
    }

    /// A new connection, encrypted and logged in as configured.
    async fn open(&self) -> Result<AsyncSmtpConnection, Failure> {
        let work = async {
            let tls = (self.encryption == Encryption::Tls).then(|| self.tls.clone());
            let place = (self.host.as_str(), self.port);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1(place, Some(self.patience), &self.hello, tls, None)
                    .await?;
            if self.encryption == Encryption::Starttls {
                connection.starttls(self.tls.clone(), &self.hello).await?;
            }
            if let Some(credentials) = &self.credentials {
                connection.auth(DEFAULT_MECHANISMS, credentials).await?;
            }
            Ok::<_, Error>(connection)
        };
        let place = format!("{}:{}", self.host, self.port);
        match timeout(self.patience, work).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Failure::Server(format!("{place}: {}", said(&error)))),
            Err(_) => {
                Err(Failure::Server(format!("{place} did not answer in {} s", self.patience.as_secs())))
            }
        }
    }

    /// One step, in time.
    async fn step(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<Response, Error>>,
    ) -> Result<(), Failure> {
        match timeout(patience, work).await {
            Ok(Ok(response)) if response.is_positive() => Ok(()),
            Ok(Ok(response)) => Err(Failure::Later(format!("it answered {}", response.code()))),
            Ok(Err(error)) => Err(judge(&error)),
            Err(_) => {
                Err(Failure::Later(format!("{} did not answer in {} s", self.host, patience.as_secs())))
            }
        }
    }
}

/// What an error in the middle of a mail means.
fn judge(error: &Error) -> Failure {
    let text = said(error);
    match error.status().map(u16::from) {
        // RFC 5321 3.8, RFC 4954 6: it closes, or wants another log-in. That is nothing against the mail.
        Some(421 | 432 | 454 | 530 | 534 | 535 | 538) => Failure::Server(text),
        Some(_) if error.is_permanent() => Failure::Never(text),
        _ => Failure::Later(text),
    }
}

/// An error in one line, which operators will read.
fn said(error: &Error) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

/// A worker's connection.
pub(crate) struct Line {
    smtp: Smtp,
    open: Option<(AsyncSmtpConnection, Instant)>,
}

impl Line {
    pub(crate) fn new(smtp: Smtp) -> Self {
        Self { smtp, open: None }
    }

    /// Sends a mail. Dropped in the middle, it takes the connection with it, and nothing half is sent.
    pub(crate) async fn send(&mut self, message: &Message) -> Result<(), Failure> {
        let mut connection = self.connection().await?;
        let sent = self.talk(&mut connection, message).await;
        if sent.is_ok() {
            self.open = Some((connection, Instant::now()));
        } else {
            close(connection).await;
        }
        sent
    }

    async fn connection(&mut self) -> Result<AsyncSmtpConnection, Failure> {
        if let Some((mut connection, since)) = self.open.take() {
            let fresh = since.elapsed() < LONGEST_IDLE;
            if fresh && timeout(SIGN_OF_LIFE, connection.test_connected()).await == Ok(true) {
                return Ok(connection);
            }
            close(connection).await;
        }
        self.smtp.open().await
    }

    async fn talk(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
        let (smtp, envelope) = (&self.smtp, message.envelope());
        smtp.step(smtp.patience, connection.command(Mail::new(envelope.from().cloned(), vec![]))).await?;
        for to in envelope.to() {
            smtp.step(smtp.patience, connection.command(Rcpt::new(to.clone(), vec![]))).await?;
        }
        smtp.step(smtp.patience, connection.command(Data)).await?;
        smtp.step(smtp.patience * WHOLE_MAIL, connection.message(&message.formatted())).await
    }

    /// Lets go of a connection that has not been used for a while.
    pub(crate) async fn rest(&mut self) {
        if self.open.as_ref().is_some_and(|(_, since)| since.elapsed() >= LONGEST_IDLE) {
            self.close().await;
        }
    }

    /// Says good-bye.
    pub(crate) async fn close(&mut self) {
        if let Some((connection, _)) = self.open.take() {
            close(connection).await;
        }
    }
}

async fn close(mut connection: AsyncSmtpConnection) {
    // It may not even listen any more.
    let _ = timeout(SIGN_OF_LIFE, connection.abort()).await;
}
