//! Channels, inputs, line-up, logos.
