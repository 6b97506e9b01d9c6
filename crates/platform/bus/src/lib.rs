//! Redis: connection, streams with consumer groups, leases.
