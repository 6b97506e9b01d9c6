//! A mail server for tests: real SMTP (RFC 5321) with STARTTLS and AUTH, which refuses, stalls, breaks off and is away as it is told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A certificate for `localhost` with its key; it opens nothing.
const SERVER: &str = include_str!("tls/server.pem");
/// Who made it.
pub(crate) const AUTHORITY: &str = include_str!("tls/authority.pem");

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
    /// It came over TLS.
    pub(crate) encrypted: bool,
    /// What was logged in with, base64.
    pub(crate) login: Option<String>,
}

/// What the server does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Answers so to the greeting instead of 220.
    Greet(&'static str),
    /// Answers so to RCPT.
    Recipient(&'static str),
    /// Answers so to the whole mail, and does not take it.
    Whole(&'static str),
    /// Closes the connection in the middle of the data.
    BreakOff,
    /// Takes the mail, and answers only after so long.
    AnswerAfter(Duration),
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    script: Vec<Does>,
    always: Option<Does>,
    connections: usize,
    password: Option<String>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listener: Arc<Mutex<Option<JoinHandle<()>>>>,
    tls: TlsAcceptor,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let certificates = CertificateDer::pem_slice_iter(SERVER.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(SERVER.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
            listener: Arc::default(),
            tls: TlsAcceptor::from(Arc::new(config)),
        };
        sink.listen(listener);
        sink
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Is away: nobody listens, and open connections break.
    pub(crate) async fn stop(&self) {
        let task = self.listener.lock().unwrap().take().unwrap();
        task.abort();
        let _ = task.await;
    }

    /// Is back.
    pub(crate) async fn restart(&self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.listen(socket.listen(64).unwrap());
    }

    /// Does this once each, in this order, at the next occasion for each.
    pub(crate) fn next(&self, does: impl IntoIterator<Item = Does>) {
        self.state.lock().unwrap().script.extend(does);
    }

    /// Does this each time.
    pub(crate) fn always(&self, does: Option<Does>) {
        self.state.lock().unwrap().always = does;
    }

    /// Wants this log-in (base64 of AUTH PLAIN), and only over TLS.
    pub(crate) fn want(&self, login: Option<&str>) {
        self.state.lock().unwrap().password = login.map(str::to_owned);
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Whether the server does something like this now, and what exactly.
    fn turn(&self, fits: impl Fn(&Does) -> bool) -> Option<Does> {
        let mut state = self.state.lock().unwrap();
        if let Some(at) = state.script.iter().position(&fits) {
            return Some(state.script.remove(at));
        }
        state.always.clone().filter(|does| fits(does))
    }

    fn listen(&self, listener: TcpListener) {
        let sink = self.clone();
        let task = tokio::spawn(async move {
            // They end with this task.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sink.state.lock().unwrap().connections += 1;
                let sink = sink.clone();
                connections.spawn(async move {
                    let _ = sink.serve(stream).await;
                });
            }
        });
        *self.listener.lock().unwrap() = Some(task);
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        if let Some(Does::Greet(answer)) = self.turn(|does| matches!(does, Does::Greet(_))) {
            return stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
        stream.write_all(b"220 sink ESMTP\r\n").await?;
        let mut stream = BufReader::new(stream);
        if self.talk(&mut stream, false).await? {
            let stream = self.tls.accept(stream.into_inner()).await?;
            self.talk(&mut BufReader::new(stream), true).await?;
        }
        Ok(())
    }

    /// Returns true when TLS shall begin.
    async fn talk<S>(&self, stream: &mut BufReader<S>, encrypted: bool) -> std::io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let (mut from, mut to, mut login) = (String::new(), Vec::new(), None);
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(false);
            }
            let command = line.trim_end().to_owned();
            let verb = command.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let wanted = self.state.lock().unwrap().password.clone();
            let answer: String = match verb.as_str() {
                "EHLO" if encrypted => "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".into(),
                "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 STARTTLS".into(),
                "STARTTLS" => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => {
                    login = command.split(' ').nth(2).map(str::to_owned);
                    if wanted == login { "235 welcome".into() } else { "535 5.7.8 wrong password".into() }
                }
                "MAIL" if wanted.is_some() && wanted != login => "530 5.7.0 log in first".into(),
                "MAIL" => {
                    from = bracketed(&command);
                    "250 ok".into()
                }
                "RCPT" => match self.turn(|does| matches!(does, Does::Recipient(_))) {
                    Some(Does::Recipient(answer)) => answer.into(),
                    _ => {
                        to.push(bracketed(&command));
                        "250 ok".into()
                    }
                },
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let taken = Taken {
                        from: from.clone(),
                        to: std::mem::take(&mut to),
                        data: String::new(),
                        encrypted,
                        login: login.clone(),
                    };
                    let Some(answer) = self.data(stream, taken).await? else { return Ok(false) };
                    answer
                }
                "RSET" | "NOOP" => "250 ok".into(),
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(false);
                }
                _ => "500 what?".into(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }

    /// Takes a whole mail; none if it breaks off.
    async fn data<S>(&self, stream: &mut BufReader<S>, mut taken: Taken) -> std::io::Result<Option<String>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        if self.turn(|does| *does == Does::BreakOff).is_some() {
            return Ok(None);
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            match line.as_str() {
                ".\r\n" => break,
                // RFC 5321 4.5.2
                line => taken.data.push_str(line.strip_prefix('.').unwrap_or(line)),
            }
        }
        if let Some(Does::Whole(answer)) = self.turn(|does| matches!(does, Does::Whole(_))) {
            return Ok(Some(answer.into()));
        }
        self.state.lock().unwrap().taken.push(taken);
        if let Some(Does::AnswerAfter(time)) = self.turn(|does| matches!(does, Does::AnswerAfter(_))) {
            tokio::time::sleep(time).await;
        }
        Ok(Some("250 2.0.0 taken".into()))
    }
}

fn bracketed(command: &str) -> String {
    command.split_once('<').unwrap().1.split_once('>').unwrap().0.to_owned()
}
