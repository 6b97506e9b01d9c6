//! Ladders and passthrough: CMAF segments cut on the wall clock.
