//! Datagrams in bunches: a system call takes all that have come, and the kernel says when each did.
//!
//! A wake-up for every datagram costs more than taking it apart, so the socket is not watched: it is looked at every few
//! milliseconds, all sockets of the process at the same instants. That does not make timestamps coarser.

use std::{
    io::{self, IoSliceMut},
    os::fd::AsRawFd,
    sync::LazyLock,
    time::{Duration, Instant},
};

use funkturm_base::Utc90;
use nix::{
    errno::Errno,
    sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, recvmmsg, setsockopt, sockopt},
    sys::time::TimeSpec,
};
use socket2::Socket;

/// How often a socket is looked at. At 40 Mbit/s 100 kB wait in the kernel meanwhile.
const EVERY: Duration = Duration::from_millis(20);
/// Datagrams that one system call takes at most.
const BUNCH: usize = 32;
/// The longest datagram that there can be; of the memory for it, only what is really written to is ever used.
const LONGEST: usize = 65_536;

/// A socket and the memory for what it receives.
pub(super) struct Bunches {
    socket: Socket,
    memory: Vec<u8>,
}

impl Bunches {
    /// Over a socket that is bound and does not block.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        Ok(Self { socket, memory: vec![0; BUNCH * LONGEST] })
    }

    /// Waits until the next look is due.
    pub(super) async fn pause() {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        let into = BEGAN.elapsed().as_nanos() % EVERY.as_nanos();
        let left = EVERY.as_nanos().saturating_sub(into);
        tokio::time::sleep(Duration::from_nanos(u64::try_from(left).unwrap_or(0))).await;
    }

    /// Hands on every datagram that has come, with the time of day at which it did, where the kernel knows; how many there were.
    pub(super) fn take(&mut self, mut each: impl FnMut(&[u8], Option<Utc90>)) -> io::Result<usize> {
        let mut taken = 0;
        let mut headers = MultiHeaders::<()>::preallocate(BUNCH, Some(nix::cmsg_space!(TimeSpec)));
        loop {
            let mut slices: Vec<_> =
                self.memory.chunks_mut(LONGEST).map(|part| [IoSliceMut::new(part)]).collect();
            let flags = MsgFlags::MSG_DONTWAIT;
            let came = match recvmmsg(self.socket.as_raw_fd(), &mut headers, &mut slices, flags, None) {
                Ok(came) => came,
                Err(Errno::EAGAIN) => return Ok(taken),
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let mut count = 0;
            for message in came {
                count += 1;
                let at = message.cmsgs().ok().and_then(|mut notes| notes.find_map(|note| time(&note)));
                if let Some(datagram) = message.iovs().next() {
                    each(datagram, at);
                }
            }
            taken += count;
            if count < BUNCH {
                return Ok(taken);
            }
        }
    }
}

fn time(note: &ControlMessageOwned) -> Option<Utc90> {
    let ControlMessageOwned::ScmTimestampns(time) = note else { return None };
    let nanos = i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec());
    u64::try_from(nanos).ok().map(Utc90::from_nanos)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[tokio::test]
    async fn everything_that_came_is_taken_in_order_with_its_time() {
        let ours = UdpSocket::bind("127.0.0.1:0").unwrap();
        ours.set_nonblocking(true).unwrap();
        let address = ours.local_addr().unwrap();
        let mut bunches = Bunches::new(ours.into()).unwrap();
        assert_eq!(bunches.take(|_, _| unreachable!("nothing was sent")).unwrap(), 0);
        let theirs = UdpSocket::bind("127.0.0.1:0").unwrap();
        // The kernel notes times only a moment after it was asked to; until then they are those of the look.
        let mut noted = false;
        while !noted {
            theirs.send_to(b"?", address).unwrap();
            let sent = Utc90::from(chrono::Utc::now());
            tokio::time::sleep(Duration::from_millis(5)).await;
            bunches.take(|_, at| noted = at.unwrap().0 <= sent.0 + 1).unwrap();
        }
        let before = Utc90::from(chrono::Utc::now());
        let sent = 2 * BUNCH + 3;
        for number in 0..sent {
            theirs.send_to(&vec![u8::try_from(number).unwrap(); 20 + number], address).unwrap();
        }
        let after = Utc90::from(chrono::Utc::now());
        let mut got = Vec::new();
        let taken = bunches.take(|datagram, at| got.push((datagram.to_vec(), at.unwrap()))).unwrap();
        assert_eq!((taken, got.len()), (sent, sent));
        for (number, (datagram, at)) in got.iter().enumerate() {
            assert_eq!(*datagram, vec![u8::try_from(number).unwrap(); 20 + number]);
            // The kernel's clock and ours are the same; a tick is lost to rounding.
            assert!((before.0 - 1..=after.0 + 1).contains(&at.0), "{before:?} {at:?} {after:?}");
        }
        assert!(got.is_sorted_by_key(|(_, at)| *at));
    }
}
