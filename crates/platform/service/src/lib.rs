//! The process around a service: configuration, log, lifecycle, admin listener, HTTP.
