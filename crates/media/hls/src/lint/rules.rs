//! Every rule that the linter knows: its clause, and what the clause wants.
//!
//! RFC stands for draft-pantos-hls-rfc8216bis-22, Apple for the HLS authoring specification for Apple devices.

/// How binding a clause is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Players may fail.
    Must,
    /// There had better be a reason.
    Should,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Names it in reports.
    pub id: &'static str,
    /// Where it is written.
    pub clause: &'static str,
    /// How binding it is.
    pub severity: Severity,
    /// What it wants.
    pub expected: &'static str,
}

macro_rules! rules {
    ($($name:ident $severity:ident $clause:literal $expected:literal;)*) => {
        $(pub(crate) const $name: &Rule = &Rule {
            id: stringify!($name),
            clause: $clause,
            severity: Severity::$severity,
            expected: $expected,
        };)*
        /// All of them.
        pub const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    // Delivery.
    PLAYLIST_UNREACHABLE Must "RFC 6.2.1" "a playlist is there whenever it is asked for";
    PLAYLIST_UNREADABLE Must "RFC 4.1" "a playlist";
    FORMAT Must "RFC 4" "tags and attributes as the clause says";
    REDIRECT Should "Apple 8.18" "no redirects, except for advertisements";
    PLAYLIST_MEDIA_TYPE Must "RFC 4, Apple 10.4" "Content-Type application/vnd.apple.mpegurl or audio/mpegurl";
    PLAYLIST_GZIP Should "RFC 6.2.1, Apple 10.1" "Content-Encoding gzip where it is accepted";
    PLAYLIST_CACHE Should "RFC 6.2.1 with RFC 9111" "a live playlist is not kept longer than a target duration";
    MEDIA_MEDIA_TYPE Should "Apple 10.4" "Content-Type video/mp4, audio/mp4 or video/iso.segment";
    MEDIA_CACHE Should "RFC 6.2.2 with RFC 9111" "a segment may be kept at least as long as it is listed";
    // One media playlist.
    TARGET_EXCEEDED Must "RFC 4.4.3.1" "EXTINF, rounded to whole seconds, is not above EXT-X-TARGETDURATION";
    TARGET_UNUSUAL Should "Apple 7.5" "a target duration of 6 s";
    SEGMENT_TOO_LONG Must "Apple 7.7" "no segment is longer than the target duration and half a second";
    VERSION_TOO_LOW Must "RFC 8" "EXT-X-VERSION covers the tags that are used";
    VERSION_TOO_HIGH Should "RFC 6.2.1" "EXT-X-VERSION is not above what the tags need";
    TYPE_OF_LIVE Must "RFC 6.2.2" "a live playlist has no EXT-X-PLAYLIST-TYPE";
    DATE_MISSING Must "Apple 8.4" "EXT-X-PROGRAM-DATE-TIME in every live playlist";
    DATE_JUMPS Must "RFC 6.2.1, 6.2.4" "dates go on by EXTINF where there is no EXT-X-DISCONTINUITY";
    DATE_AT_BREAK Should "RFC 6.2.1" "a segment with EXT-X-DISCONTINUITY has EXT-X-PROGRAM-DATE-TIME";
    MAP_MISSING Must "RFC 3.1.2" "fragmented MP4 has EXT-X-MAP";
    MAP_IV_MISSING Must "RFC 4.4.4.5" "EXT-X-MAP under METHOD=AES-128 has an explicit IV";
    HOLD_BACK Must "RFC 4.4.3.8" "HOLD-BACK is at least three target durations";
    SKIP_UNTIL Must "RFC 4.4.3.8" "CAN-SKIP-UNTIL is at least six target durations";
    I_FRAMES_TAG Must "RFC 4.4.3.6, 4.4.6.3" "EXT-X-I-FRAMES-ONLY in I-frame playlists, and only there";
    // One media playlist, loaded again and again.
    TARGET_CHANGED Must "RFC 6.2.1" "EXT-X-TARGETDURATION does not change";
    SEQUENCE_BACK Must "RFC 6.2.2" "EXT-X-MEDIA-SEQUENCE does not decrease";
    SEGMENT_CHANGED Must "RFC 6.2.1" "what was published under a media sequence number stays as it is";
    BREAK_RENUMBERED Must "RFC 6.2.2" "a segment keeps its discontinuity sequence number";
    TAIL_REMOVED Must "RFC 6.2.2" "segments leave a playlist in order, the oldest first";
    LATE Must "RFC 6.2.1" "a new segment within 1.5 target durations of the one before";
    AFTER_END Must "RFC 4.4.3.4" "a playlist with EXT-X-ENDLIST does not change";
    WINDOW_UNDER_THREE Must "RFC 6.2.2" "removal leaves at least three target durations";
    WINDOW_FEW_SEGMENTS Must "Apple 8.11" "at least six segments are listed";
    WINDOW_SHORT Should "Apple 8.12" "a window of at least 15 minutes";
    GONE_EARLY Must "RFC 6.2.2" "a segment stays for its length and the longest playlist's since it appeared";
    // Several media playlists.
    TARGET_DIFFERS Must "RFC 6.2.4, Apple 6.11" "the same target duration in all media playlists";
    BREAKS_DIFFER Must "RFC 6.2.4, Apple 8.15" "the same discontinuity sequence number at the same time everywhere";
    DATE_IN_SOME Must "RFC 6.2.4" "EXT-X-PROGRAM-DATE-TIME in all media playlists or in none";
    DATE_MAPPING_DIFFERS Must "RFC 6.2.4" "dates map to the same media time in all media playlists";
    CONTROL_DIFFERS Must "RFC 6.2.4" "the same EXT-X-SERVER-CONTROL in all media playlists";
    // The multivariant playlist.
    NO_VARIANT Must "RFC 4.4.6.2" "at least one variant";
    CODECS_MISSING Must "Apple 9.1" "CODECS in every variant";
    RESOLUTION_MISSING Must "Apple 9.2" "RESOLUTION in every variant with video";
    FRAME_RATE_MISSING Must "Apple 9.3" "FRAME-RATE in every variant with video";
    FRAME_RATE_TOO_HIGH Must "Apple 1.19" "at most 60 frames a second";
    AVERAGE_MISSING Must "Apple 9.5" "AVERAGE-BANDWIDTH in every variant";
    AVERAGE_ABOVE_PEAK Must "RFC 4.4.6.2" "AVERAGE-BANDWIDTH is not above BANDWIDTH";
    GROUP_MISSING Must "RFC 4.4.6.2.1" "a group that is named exists";
    NAME_TWICE Must "RFC 4.4.6.1.1" "each NAME once in a group";
    DEFAULT_TWICE Must "RFC 4.4.6.1.1" "at most one DEFAULT=YES in a group";
    DEFAULT_NOT_AUTOSELECT Must "RFC 4.4.6.1" "no AUTOSELECT=NO where DEFAULT=YES";
    LANGUAGE_MISSING Must "Apple 8.10" "LANGUAGE in every EXT-X-MEDIA of sound and subtitles";
    LANGUAGE_FORM Must "RFC 4.4.6.1" "LANGUAGE is an RFC 5646 tag, the shortest there is";
    CHANNELS_MISSING Should "RFC 4.4.6.1" "CHANNELS in every EXT-X-MEDIA of sound";
    I_FRAMES_MISSING Must "Apple 6.1" "I-frame playlists for video";
    // Media.
    INIT_UNUSABLE Must "RFC 3.1.2" "EXT-X-MAP leads to an initialization section";
    CODECS_WRONG Must "RFC 4.4.6.2" "CODECS names what the initialization section holds";
    RESOLUTION_WRONG Should "RFC 4.4.6.2" "RESOLUTION is the size of the pictures";
    SEGMENT_UNREACHABLE Must "RFC 6.2.1" "a listed segment can be loaded at once";
    SEGMENT_BROKEN Must "RFC 3.1.2" "a segment is movie fragments with a decode time, relative to themselves";
    NOT_SYNC Must "RFC 4.4.2.1" "a segment begins with a picture that can be decoded alone";
    NOT_IDR Must "Apple 7.4" "a video segment begins with an IDR picture";
    EXTINF_WRONG Must "RFC 4.4.4.1" "EXTINF is the length of the segment's media";
    TIMESTAMPS_BREAK Must "RFC 4.4.4.3" "timestamps go on where there is no EXT-X-DISCONTINUITY";
    KEYFRAMES_RARE Should "Apple 1.13" "a key picture every two seconds";
    PEAK_TOO_HIGH Must "Apple 1.29" "the measured peak is below 125 % of BANDWIDTH";
    AVERAGE_TOO_HIGH Must "Apple 1.28" "the measured average is below 110 % of AVERAGE-BANDWIDTH";
    I_FRAME_BROKEN Must "RFC 4.4.3.6" "an I-frame's byte range holds a picture that stands alone";
}
