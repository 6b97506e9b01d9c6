//! UDP and RTP, unicast and multicast.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use funkturm_contracts::input::Datagrams;
use slog::warn;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::time::Instant;

use super::{Ended, Source, Trouble, bunch::Bunches, rtp::Reorder};

/// After so long without a datagram the group is joined again.
const SILENCE: Duration = Duration::from_secs(10);

/// Receives datagrams until something breaks or nothing comes any more.
pub(super) async fn receive(source: &Source, place: &Datagrams, rtp: bool) -> Ended {
    let mut bunches = match open(source, place) {
        Ok(bunches) => bunches,
        Err(trouble) => return trouble.into(),
    };
    source.feed.set_trouble(None);
    let mut reorder = Reorder::default();
    let mut last = Instant::now();
    while last.elapsed() < SILENCE {
        let taken = bunches.take(|datagram, at| {
            if rtp {
                let lost = reorder.push(datagram, |payload| source.feed.push(payload, at));
                if lost > 0 {
                    source.feed.count_lost(lost);
                }
            } else {
                source.feed.push(datagram, at);
            }
        });
        match taken {
            Ok(0) => {}
            Ok(_) => last = Instant::now(),
            Err(error) => return Trouble::because("the socket broke", &error).into(),
        }
        Bunches::pause().await;
    }
    Ended::Silent
}

fn open(source: &Source, place: &Datagrams) -> Result<Bunches, Trouble> {
    let what = format!("cannot listen on {}:{}", place.address, place.port);
    let failed = |error: std::io::Error| Trouble::because(&what, &error);
    // Bound to the group itself, so that other groups on the same port stay out.
    let address = SocketAddr::new(place.address, place.port);
    let socket =
        Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP)).map_err(failed)?;
    if place.address.is_multicast() {
        // Several processes of one machine may listen to the same group.
        socket.set_reuse_address(true).map_err(failed)?;
    }
    let wanted = source.config.receive_buffer_bytes;
    socket.set_recv_buffer_size(wanted).map_err(failed)?;
    // The kernel doubles what it grants, and tells the doubled value.
    let granted = socket.recv_buffer_size().unwrap_or(wanted) / 2;
    if granted < wanted {
        warn!(source.log, "the kernel grants a smaller receive buffer than wanted: raise sysctl net.core.rmem_max";
            "wanted_bytes" => wanted, "granted_bytes" => granted);
    }
    socket.bind(&address.into()).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    if place.address.is_multicast() {
        join(source, place, &socket)?;
    }
    Bunches::new(socket).map_err(failed)
}

/// What stands before the `@`.
enum Via {
    /// The system chooses the interface.
    Default,
    /// An address of this machine, whose interface is meant.
    Address(Ipv4Addr),
    /// An interface's number.
    Index(u32),
    /// An address of another machine: the only sender that is wanted (RFC 4607).
    Sender(Ipv4Addr),
}

fn join(source: &Source, place: &Datagrams, socket: &Socket) -> Result<(), Trouble> {
    let named = place.interface.as_deref();
    let via = via(named.unwrap_or(&source.config.interface))?;
    let default = |interface: &Ipv4Addr| InterfaceIndexOrAddress::Address(*interface);
    let joined = match (place.address, &via) {
        (IpAddr::V4(group), Via::Default) => {
            socket.join_multicast_v4_n(&group, &default(&Ipv4Addr::UNSPECIFIED))
        }
        (IpAddr::V4(group), Via::Address(interface)) => {
            socket.join_multicast_v4_n(&group, &default(interface))
        }
        (IpAddr::V4(group), Via::Index(index)) => {
            socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(*index))
        }
        (IpAddr::V4(group), Via::Sender(sender)) => {
            let configured = match self::via(&source.config.interface)? {
                Via::Address(interface) => interface,
                _ => Ipv4Addr::UNSPECIFIED,
            };
            socket.join_ssm_v4(sender, &group, &configured)
        }
        (IpAddr::V6(group), Via::Default) => socket.join_multicast_v6(&group, 0),
        (IpAddr::V6(group), Via::Index(index)) => socket.join_multicast_v6(&group, *index),
        (IpAddr::V6(_), _) => {
            return Err(Trouble::new(
                "groups of IPv6 are joined on an interface's name: udp://eth0@[ff02::5]:5000",
            ));
        }
    };
    joined.map_err(|error| {
        let hint = match via {
            Via::Default => "; name the interface: udp://eth0@… or [ingest] interface",
            _ => "",
        };
        Trouble::because(&format!("cannot join {}{hint}", place.address), &error)
    })
}

fn via(name: &str) -> Result<Via, Trouble> {
    match (name, name.parse::<IpAddr>()) {
        ("", _) => Ok(Via::Default),
        (_, Ok(IpAddr::V4(address))) if is_ours(address) => Ok(Via::Address(address)),
        (_, Ok(IpAddr::V4(address))) => Ok(Via::Sender(address)),
        (_, Ok(IpAddr::V6(address))) if address == Ipv6Addr::UNSPECIFIED => Ok(Via::Default),
        (_, Ok(IpAddr::V6(_))) => Err(Trouble::new("write the interface's name instead of its IPv6 address")),
        (_, Err(_)) => {
            let index = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex"));
            let index = index.ok().and_then(|index| index.trim().parse().ok());
            index
                .map(Via::Index)
                .ok_or_else(|| Trouble::new(format!("this machine has no interface {name:?}")))
        }
    }
}

/// Whether an address is one of this machine: only those can be bound to.
fn is_ours(address: Ipv4Addr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}
