//! How we connect: every timeout is set here, none is left to the library's default.

use std::time::Duration;

use funkturm_base::{Error, Kind, Result};
use redis::{
    Client, IntoConnectionInfo,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

/// Redis answers within milliseconds; a second without an answer means that it is in trouble.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// After this long without an acknowledgement the kernel gives a connection up, so that a host that vanished
/// is not waited for with one response timeout after the other.
const DEAD_PEER: Duration = Duration::from_secs(5);

pub(crate) fn client(url: &str) -> Result<Client> {
    let invalid = |error: redis::RedisError| {
        Error::new(Kind::Invalid, "this is not the URL of a Redis (redis://host:port, redis+unix:///path)")
            .with_source(error)
    };
    let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(DEAD_PEER);
    let info = url.into_connection_info().map_err(invalid)?.set_tcp_settings(tcp);
    Client::open(info).map_err(invalid)
}

/// A connection that is opened at the first command and again after each loss. It tries once each time: who
/// waits for Redis does so by asking again, with its own patience.
pub(crate) fn manager(client: &Client, response_timeout: Duration) -> Result<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(response_timeout))
        .set_number_of_retries(0)
        .set_min_delay(Duration::from_millis(50))
        .set_max_delay(Duration::from_millis(500))
        .set_exponent_base(2.0);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
        .map_err(|error| Error::internal("the connection to Redis cannot be set up", error))
}
