//! GStreamer: decode, scale, encode, CMAF muxing, SRT, test sources.
