//! Playlists, written from a window.

use std::{collections::BTreeSet, fmt::Write};

use crate::{
    language,
    window::{Cell, Media, Rendition, Segment, TICKS, Window},
};

/// A time as EXT-X-PROGRAM-DATE-TIME wants it.
fn date_time(ticks: i64) -> String {
    let micros = i64::try_from(i128::from(ticks) * 100 / 9).unwrap_or(0);
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn seconds(ticks: i64) -> f64 {
    ticks as f64 / TICKS as f64
}

/// A quoted string cannot have quotes or line breaks in it (4.2).
fn quoted(text: &str) -> String {
    text.chars().map(|c| if c == '"' { '\'' } else { c }).filter(|c| !c.is_control()).collect()
}

/// The multivariant playlist (4.4.6): what there is to choose from. None while nothing can be.
pub fn multivariant(window: &Window) -> Option<String> {
    multivariant_below(window, u32::MAX)
}

/// The same with only those pictures that have fewer than `lines` lines. None, too, if that leaves none of them.
pub fn multivariant_below(window: &Window, lines: u32) -> Option<String> {
    let offered = || window.renditions().iter().filter(|(name, _)| window.offers(name));
    let mut videos: Vec<_> = offered().filter(|(_, rendition)| rendition.media.is_video()).collect();
    let is_radio = videos.is_empty();
    videos.retain(|(_, rendition)| rendition.media.is_below(lines));
    let sounds: Vec<_> = offered().filter(|(_, rendition)| !rendition.media.is_video()).collect();
    // EXT-X-MEDIA works from 4 on (8); nothing in here needs more, and more than needed should not be said (6.2.1).
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    write_sounds(&mut text, &sounds);
    let dearest = |rate: fn(&Rendition) -> u64| sounds.iter().map(|(_, one)| rate(one)).max().unwrap_or(0);
    let (peak, average) = (dearest(|one| one.rates.peak()), dearest(|one| one.rates.average()));
    let sound_codecs: BTreeSet<&str> = sounds.iter().map(|(_, one)| one.codecs.as_str()).collect();
    for (name, rendition) in &videos {
        let codecs: Vec<&str> =
            std::iter::once(rendition.codecs.as_str()).chain(sound_codecs.iter().copied()).collect();
        let rates = (rendition.rates.peak() + peak, rendition.rates.average() + average);
        write_variant(&mut text, name, rendition, rates, &codecs.join(","), !sounds.is_empty());
    }
    match (videos.is_empty(), sounds.first()) {
        (true, Some((name, rendition))) if is_radio => {
            // Radio: the variant is the first of the sounds, which are its group.
            let codecs: Vec<&str> = sound_codecs.into_iter().collect();
            write_variant(&mut text, name, rendition, (peak, average), &codecs.join(","), true);
        }
        (true, _) => return None,
        (false, _) => {}
    }
    for (name, rendition) in videos {
        write_i_frame_variant(&mut text, name, rendition);
    }
    Some(text)
}

fn write_sounds(text: &mut String, sounds: &[(&String, &Rendition)]) {
    let wanted = |rendition: &Rendition| matches!(rendition.media, Media::Audio { default: true, .. });
    let default = sounds.iter().position(|(_, rendition)| wanted(rendition)).unwrap_or(0);
    let mut names = BTreeSet::new();
    for (index, (name, rendition)) in sounds.iter().enumerate() {
        let Media::Audio { language, label, channels, description, .. } = &rendition.media else { continue };
        // Each NAME once in a group (4.4.6.1.1): two tracks of one language may be all that a broadcast says.
        let mut label = quoted(label);
        if !names.insert(label.clone()) {
            label = format!("{label} {}", index + 1);
            names.insert(label.clone());
        }
        let language = language::tag(language.as_deref().unwrap_or_default());
        let default = if index == default { "YES" } else { "NO" };
        let _ = write!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"{label}\",LANGUAGE=\"{language}\",DEFAULT={default},AUTOSELECT=YES"
        );
        if *description {
            text.push_str(",CHARACTERISTICS=\"public.accessibility.describes-video\"");
        }
        let _ = writeln!(text, ",CHANNELS=\"{channels}\",URI=\"{name}/index.m3u8\"");
    }
}

fn write_variant(
    text: &mut String,
    name: &str,
    rendition: &Rendition,
    rates: (u64, u64),
    codecs: &str,
    group: bool,
) {
    let (peak, average) = rates;
    let _ =
        write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codecs}\"");
    if let Media::Video { width, height, frame_rate, .. } = rendition.media {
        let _ = write!(text, ",RESOLUTION={width}x{height},FRAME-RATE={frame_rate:.3}");
    }
    let _ = writeln!(text, "{}\n{name}/index.m3u8", if group { ",AUDIO=\"audio\"" } else { "" });
}

fn write_i_frame_variant(text: &mut String, name: &str, rendition: &Rendition) {
    let Media::Video { width, height, .. } = rendition.media else { return };
    if rendition.segments.values().all(|segment| segment.frames.is_empty()) {
        return;
    }
    let (rates, codecs) = (&rendition.i_frame_rates, &rendition.codecs);
    let _ = writeln!(
        text,
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{codecs}\",RESOLUTION={width}x{height},\
         URI=\"{name}/iframes.m3u8\"",
        rates.peak(),
        rates.average(),
    );
}

/// What every media playlist begins with.
fn head(window: &Window, version: u8, sequence: u64, entries: usize) -> String {
    let mut text = String::with_capacity(256 + entries * 96);
    let _ = write!(
        text,
        "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA-SEQUENCE:{sequence}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n",
        window.target(),
        window.discontinuity_sequence()
    );
    text
}

/// The media playlist of a rendition (4.4.3, 4.4.4); none while it has nothing that is listed.
pub fn media(window: &Window, name: &str) -> Option<String> {
    let rendition = window.renditions().get(name)?;
    let (first, _) = window.listed()?;
    let mut text = head(window, 6, first, window.cells().len());
    let mut map = "";
    for cell in window.cells() {
        if cell.discontinuity {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        match rendition.segments.get(&cell.number) {
            Some(segment) => {
                change_map(&mut text, &mut map, &segment.init);
                write_entry(&mut text, segment.start, segment.duration, cell);
            }
            None => write_gap(&mut text, &mut map, rendition, cell),
        }
    }
    Some(text)
}

fn change_map<'r>(text: &mut String, map: &mut &'r str, init: &'r str) {
    if *map != init {
        *map = init;
        let _ = writeln!(text, "#EXT-X-MAP:URI=\"init-{init}.mp4\"");
    }
}

/// A number that the rendition does not have. One at the beginning stays under the section that it was listed under.
fn write_gap<'r>(text: &mut String, map: &mut &'r str, rendition: &'r Rendition, cell: &Cell) {
    if map.is_empty() {
        change_map(text, map, rendition.first_init());
    }
    text.push_str("#EXT-X-GAP\n");
    write_entry(text, cell.start, cell.duration, cell);
}

fn write_entry(text: &mut String, start: i64, duration: i64, cell: &Cell) {
    let (date, duration, number) = (date_time(start), seconds(duration), cell.number);
    let _ = write!(text, "#EXT-X-PROGRAM-DATE-TIME:{date}\n#EXTINF:{duration:.5},\n{number}.m4s\n");
}

/// The I-frame playlist of a video rendition (4.4.3.6); none for sound, and while there are no pictures.
pub fn i_frames(window: &Window, name: &str) -> Option<String> {
    let rendition = window.renditions().get(name).filter(|rendition| rendition.media.is_video())?;
    let frames: usize = rendition.segments.values().map(|segment| segment.frames.len()).sum();
    if frames == 0 {
        return None;
    }
    // EXT-X-MAP needs 5 here (8).
    let mut text = head(window, 5, rendition.i_frame_sequence, frames);
    text.push_str("#EXT-X-I-FRAMES-ONLY\n");
    let mut map = "";
    for cell in window.cells() {
        if cell.discontinuity {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        match rendition.segments.get(&cell.number) {
            Some(segment) if !segment.frames.is_empty() => {
                change_map(&mut text, &mut map, &segment.init);
                write_frames(&mut text, segment, cell.number);
            }
            _ if cell.number >= rendition.since => write_gap(&mut text, &mut map, rendition, cell),
            _ => {}
        }
    }
    Some(text)
}

fn write_frames(text: &mut String, segment: &Segment, number: u64) {
    let ends = segment.frames.iter().skip(1).map(|frame| frame.time).chain([segment.end()]);
    for (frame, end) in segment.frames.iter().zip(ends) {
        let (date, duration) = (date_time(frame.time), seconds((end - frame.time).max(1)));
        let _ = write!(
            text,
            "#EXT-X-PROGRAM-DATE-TIME:{date}\n#EXTINF:{duration:.5},\n#EXT-X-BYTERANGE:{}@{}\n{number}.m4s\n",
            frame.length, frame.offset
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::window::Frame;

    const GRID: i64 = 6 * TICKS;

    fn sound(language: &str, default: bool) -> Media {
        let language = Some(language.to_owned());
        Media::Audio { language, label: "Stereo".into(), channels: 2, description: !default, default }
    }

    fn window() -> Window {
        let mut window = Window::new(GRID, 20 * GRID);
        let video = Media::Video { width: 1280, height: 720, frame_rate: 25.0, on_grid: true };
        for (second, number, epoch) in [(0, 296_000_000, 1), (6, 296_000_001, 1), (18, 296_000_003, 2)] {
            let start = number as i64 * GRID;
            let segment = |size, frames| Segment {
                start,
                duration: GRID,
                epoch,
                cut: false,
                alone: false,
                init: epoch.to_string(),
                size,
                frames,
            };
            let frame = |n: i64| Frame { offset: n as u64 * 1000, length: 900, time: start + n * 2 * TICKS };
            let frames = (0..3).map(frame).collect();
            let now = Duration::from_secs(second);
            window.put(now, "v0", "avc1.64001f", &video, number, segment(750_000, frames));
            window.put(now, "a0", "mp4a.40.2", &sound("deu", true), number, segment(96_000, vec![]));
            if epoch == 1 {
                window.put(now, "a1", "mp4a.40.2", &sound("qaa", false), number, segment(90_000, vec![]));
            }
            window.advance(now + Duration::from_millis(5500));
        }
        window
    }

    #[test]
    fn the_multivariant_playlist_announces_what_was_measured() {
        insta::assert_snapshot!(multivariant(&window()).unwrap(), @r#"
        #EXTM3U
        #EXT-X-VERSION:4
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Stereo",LANGUAGE="de",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a0/index.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Stereo 2",LANGUAGE="qaa",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="public.accessibility.describes-video",CHANNELS="2",URI="a1/index.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=1580000,AVERAGE-BANDWIDTH=1190000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO="audio"
        v0/index.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10000,AVERAGE-BANDWIDTH=10000,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="v0/iframes.m3u8"
        "#);
    }

    #[test]
    fn fewer_lines_leave_out_larger_pictures_but_do_not_make_radio_of_television() {
        let mut window = window();
        assert_eq!(multivariant_below(&window, 721), multivariant(&window));
        assert_eq!(multivariant_below(&window, 720), None);
        let small = Media::Video { width: 960, height: 540, frame_rate: 25.0, on_grid: true };
        for number in [296_000_004, 296_000_005] {
            let start = number as i64 * GRID;
            let (init, frames) = ("2".to_owned(), vec![Frame { offset: 0, length: 900, time: start }]);
            let segment = Segment {
                start,
                duration: GRID,
                epoch: 2,
                cut: false,
                alone: false,
                init,
                size: 300_000,
                frames,
            };
            let large = Media::Video { width: 1280, height: 720, frame_rate: 25.0, on_grid: true };
            let now = Duration::from_secs((number - 296_000_000) * 6);
            window.put(now, "v0", "avc1.64001f", &large, number, segment.clone());
            window.put(now, "v1", "avc1.64001f", &small, number, segment.clone());
            window.put(now, "a0", "mp4a.40.2", &sound("deu", true), number, segment);
            window.advance(now + Duration::from_millis(5500));
        }
        let (whole, less) = (multivariant(&window).unwrap(), multivariant_below(&window, 720).unwrap());
        let of = |text: &str, name: &str| {
            (
                text.matches(&format!("\n{name}/index.m3u8")).count(),
                text.matches(&format!("{name}/iframes")).count(),
            )
        };
        assert_eq!((of(&whole, "v0"), of(&whole, "v1")), ((1, 1), (1, 1)), "{whole}");
        assert_eq!((of(&less, "v0"), of(&less, "v1")), ((0, 0), (1, 1)), "{less}");
        assert!(less.contains("a0/index.m3u8"), "{less}");
    }

    #[test]
    fn a_media_playlist_lists_gaps_and_breaks() {
        insta::assert_snapshot!(media(&window(), "a1").unwrap(), @r#"
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-TARGETDURATION:6
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA-SEQUENCE:296000000
        #EXT-X-DISCONTINUITY-SEQUENCE:14624
        #EXT-X-MAP:URI="init-1.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:00.000Z
        #EXTINF:6.00000,
        296000000.m4s
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:06.000Z
        #EXTINF:6.00000,
        296000001.m4s
        #EXT-X-GAP
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:12.000Z
        #EXTINF:6.00000,
        296000002.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-GAP
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:18.000Z
        #EXTINF:6.00000,
        296000003.m4s
        "#);
    }

    #[test]
    fn i_frames_are_parts_of_segments() {
        let text = i_frames(&window(), "v0").unwrap();
        assert_eq!(text.matches("#EXT-X-BYTERANGE:900@").count(), 9);
        insta::assert_snapshot!(text.split_inclusive('\n').skip(28).take(13).collect::<String>(), @r#"
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:10.000Z
        #EXTINF:2.00000,
        #EXT-X-BYTERANGE:900@2000
        296000001.m4s
        #EXT-X-GAP
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:12.000Z
        #EXTINF:6.00000,
        296000002.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-MAP:URI="init-2.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:18.000Z
        #EXTINF:2.00000,
        #EXT-X-BYTERANGE:900@0
        "#);
        assert!(i_frames(&window(), "a0").is_none());
    }

    #[test]
    fn nothing_is_offered_before_anything_is_listed() {
        let window = Window::new(GRID, GRID);
        assert_eq!(
            (multivariant(&window), media(&window, "v0"), i_frames(&window, "v0")),
            (None, None, None)
        );
    }
}
