//! HTTP: whoever asks gets the stream from now on, as Tvheadend and many encoders offer it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::Line;

/// A receiver that takes nothing for so long is let go.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves the stream to everyone who connects.
pub struct Http {
    receivers: Arc<Mutex<Vec<TcpStream>>>,
    address: SocketAddr,
}

impl Http {
    /// Listens.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn open(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let receivers = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&receivers);
        std::thread::Builder::new().name("http".to_owned()).spawn(move || {
            for connection in listener.incoming().flatten() {
                let _ = read_request(&connection).and_then(|()| {
                    welcome(connection, &mut known.lock().unwrap_or_else(PoisonError::into_inner))
                });
            }
        })?;
        Ok(Self { receivers, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Reads a request, whatever it asks for.
fn read_request(connection: &TcpStream) -> std::io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    for line in BufReader::new(connection).lines() {
        if line?.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Answers with the beginning of a response without end, and takes the receiver in at the same time: whoever has seen the
/// beginning gets everything that is sent from then on.
fn welcome(mut connection: TcpStream, receivers: &mut Vec<TcpStream>) -> std::io::Result<()> {
    connection
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\nCache-Control: no-store\r\n\r\n")?;
    receivers.push(connection);
    Ok(())
}

impl Line for Http {
    fn send(&mut self, datagram: &[u8]) -> std::io::Result<()> {
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        receivers.retain_mut(|receiver| receiver.write_all(datagram).is_ok());
        Ok(())
    }
}
