//! Playlists, written from a window.

use std::fmt::Write;

use crate::{
    language,
    window::{Frame, Media, Rendition, Segment, TICKS, Window},
};

/// A time as EXT-X-PROGRAM-DATE-TIME wants it.
fn date_time(ticks: i64) -> String {
    let time =
        chrono::DateTime::from_timestamp_micros(i64::try_from(i128::from(ticks) * 100 / 9).unwrap_or(0));
    time.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn seconds(ticks: i64) -> f64 {
    ticks as f64 / TICKS as f64
}

/// A quoted string cannot have quotes or line breaks in it (4.2).
fn quoted(text: &str) -> String {
    text.chars().map(|c| if c == '"' { '\'' } else { c }).filter(|c| !c.is_control()).collect()
}

/// The multivariant playlist (4.4.6): what there is to choose from.
pub fn multivariant(window: &Window) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    let sounds: Vec<(&String, &Rendition)> =
        window.renditions().iter().filter(|(_, r)| !r.is_video()).collect();
    let videos: Vec<(&String, &Rendition)> =
        window.renditions().iter().filter(|(_, r)| r.is_video()).collect();
    for (name, rendition) in &sounds {
        sound(&mut text, name, rendition);
    }
    let loudest = sounds.iter().map(|(_, r)| (r.peak, r.average())).max().unwrap_or((0, 0));
    let sound_codecs: Vec<&str> = {
        let mut codecs: Vec<&str> = sounds.iter().map(|(_, r)| r.codecs.as_str()).collect();
        codecs.sort_unstable();
        codecs.dedup();
        codecs
    };
    for (name, rendition) in &videos {
        let codecs = std::iter::once(rendition.codecs.as_str()).chain(sound_codecs.iter().copied());
        let codecs = codecs.collect::<Vec<_>>().join(",");
        stream(&mut text, rendition, loudest, &codecs, !sounds.is_empty());
        let _ = writeln!(text, "{name}/index.m3u8");
    }
    if let (true, Some((name, rendition))) = (videos.is_empty(), sounds.first()) {
        stream(&mut text, rendition, (0, 0), &rendition.codecs, true);
        let _ = writeln!(text, "{name}/index.m3u8");
    }
    for (name, rendition) in &videos {
        i_frame_stream(&mut text, name, rendition);
    }
    text
}

fn sound(text: &mut String, name: &str, rendition: &Rendition) {
    let Media::Audio { language, label, channels, description, default } = &rendition.media else { return };
    let _ = write!(text, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"{}\"", quoted(label));
    let _ = write!(text, ",LANGUAGE=\"{}\"", language::tag(language.as_deref().unwrap_or_default()));
    let _ = write!(text, ",DEFAULT={},AUTOSELECT=YES", if *default { "YES" } else { "NO" });
    if *description {
        text.push_str(",CHARACTERISTICS=\"public.accessibility.describes-video\"");
    }
    let _ = writeln!(text, ",CHANNELS=\"{channels}\",URI=\"{name}/index.m3u8\"");
}

fn stream(text: &mut String, rendition: &Rendition, sound: (u64, u64), codecs: &str, group: bool) {
    // Apple 1.29 allows a live peak of 125 % of BANDWIDTH; what was measured is announced with a tenth more.
    let peak = ((rendition.peak + sound.0) * 11 / 10).max(1);
    let average = (rendition.average() + sound.1).clamp(1, peak);
    let _ =
        write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codecs}\"");
    if let Media::Video { width, height, frame_rate } = rendition.media {
        let _ = write!(text, ",RESOLUTION={width}x{height},FRAME-RATE={frame_rate:.3}");
    }
    if group {
        text.push_str(",AUDIO=\"audio\"");
    }
    text.push('\n');
}

fn i_frame_stream(text: &mut String, name: &str, rendition: &Rendition) {
    let Media::Video { width, height, .. } = rendition.media else { return };
    let frames: Vec<Frame> =
        rendition.segments.values().flat_map(|segment| segment.frames.iter().copied()).collect();
    let rates = frames.iter().zip(frames.iter().skip(1)).filter_map(|(frame, next)| {
        let length = next.time - frame.time;
        (length > TICKS / 4).then(|| frame.length as f64 * 8.0 / seconds(length))
    });
    let rates: Vec<f64> = rates.collect();
    if rates.is_empty() {
        return;
    }
    let peak = rates.iter().copied().fold(1.0, f64::max) as u64;
    let average = (rates.iter().sum::<f64>() / rates.len() as f64) as u64;
    // Rounded up far enough that the line does not change with every picture.
    let round = |rate: u64| rate.div_ceil(50_000) * 50_000;
    let _ = writeln!(
        text,
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",RESOLUTION={width}x{height},\
         URI=\"{name}/iframes.m3u8\"",
        round(peak),
        round(average),
        rendition.codecs
    );
}

/// The media playlist of a rendition (4.4.3, 4.4.4); none while nothing is listed.
pub fn media(window: &Window, name: &str) -> Option<String> {
    let rendition = window.renditions().get(name)?;
    let (first, last) = window.listed()?;
    let breaks = window.discontinuities();
    let entries = usize::try_from(last - first).unwrap_or(0) + 1;
    let mut text = String::with_capacity(200 + entries * 90);
    // Version 8 is where EXT-X-GAP comes from; without it 7 is enough.
    let gaps = (first..=last).any(|number| !rendition.segments.contains_key(&number));
    let _ = write!(
        text,
        "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:{}\n",
        if gaps { 8 } else { 7 },
        window.target(),
        window.discontinuities_gone()
    );
    let mut map = "";
    for number in first..=last {
        if breaks.contains(&number) {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        match rendition.segments.get(&number) {
            Some(segment) => entry(&mut text, &mut map, number, segment),
            None => {
                let start = i64::try_from(number).unwrap_or(0) * window.grid();
                let _ = write!(
                    text,
                    "#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:{}\n#EXTINF:{:.5},\n{number}.m4s\n",
                    date_time(start),
                    seconds(window.grid())
                );
            }
        }
    }
    Some(text)
}

fn entry<'w>(text: &mut String, map: &mut &'w str, number: u64, segment: &'w Segment) {
    if *map != segment.init {
        let _ = writeln!(text, "#EXT-X-MAP:URI=\"init-{}.mp4\"", segment.init);
        *map = &segment.init;
    }
    let _ = write!(
        text,
        "#EXT-X-PROGRAM-DATE-TIME:{}\n#EXTINF:{:.5},\n{number}.m4s\n",
        date_time(segment.start),
        seconds(segment.duration)
    );
}

/// The I-frame playlist of a video rendition (4.4.3.6); none for sound, and while there are no pictures.
pub fn i_frames(window: &Window, name: &str) -> Option<String> {
    let rendition = window.renditions().get(name).filter(|rendition| rendition.is_video())?;
    let (first, last) = window.listed()?;
    let breaks = window.discontinuities();
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n",
        window.target(),
        rendition.frames_gone,
        window.discontinuities_gone()
    );
    let mut map = "";
    let mut any = false;
    for (number, segment) in rendition.segments.range(first..=last) {
        if breaks.contains(number) && any {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if map != segment.init {
            let _ = writeln!(text, "#EXT-X-MAP:URI=\"init-{}.mp4\"", segment.init);
            map = &segment.init;
        }
        let ends =
            segment.frames.iter().skip(1).map(|frame| frame.time).chain([segment.start + segment.duration]);
        for (frame, end) in segment.frames.iter().zip(ends) {
            any = true;
            let _ = write!(
                text,
                "#EXT-X-PROGRAM-DATE-TIME:{}\n#EXTINF:{:.5},\n#EXT-X-BYTERANGE:{}@{}\n{number}.m4s\n",
                date_time(frame.time),
                seconds((end - frame.time).max(1)),
                frame.length,
                frame.offset
            );
        }
    }
    any.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: i64 = 6 * TICKS;

    fn window() -> Window {
        let mut window = Window::new(GRID, 20 * GRID);
        let video = Media::Video { width: 1280, height: 720, frame_rate: 25.0 };
        let sound = |language: &str, default: bool| Media::Audio {
            language: Some(language.into()),
            label: language.into(),
            channels: 2,
            description: !default,
            default,
        };
        for (number, epoch) in [(296_000_000, 1), (296_000_001, 1), (296_000_003, 2)] {
            let segment = |size, frames: Vec<Frame>| Segment {
                start: number as i64 * GRID,
                duration: GRID,
                epoch,
                init: format!("{epoch}"),
                size,
                frames,
            };
            let frames = (0..3).map(|n| Frame {
                offset: n * 1000,
                length: 900,
                time: number as i64 * GRID + n as i64 * 2 * TICKS,
            });
            window.put("v0", "avc1.64001f", &video, number, segment(750_000, frames.collect()));
            window.put("a0", "mp4a.40.2", &sound("deu", true), number, segment(96_000, vec![]));
            window.put("a1", "mp4a.40.2", &sound("eng", false), number, segment(90_000, vec![]));
        }
        window
    }

    #[test]
    fn the_multivariant_playlist_announces_what_was_measured() {
        insta::assert_snapshot!(multivariant(&window()), @r#"
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="deu",LANGUAGE="de",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a0/index.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="eng",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="public.accessibility.describes-video",CHANNELS="2",URI="a1/index.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=1243000,AVERAGE-BANDWIDTH=1130000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO="audio"
        v0/index.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=50000,AVERAGE-BANDWIDTH=50000,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="v0/iframes.m3u8"
        "#);
    }

    #[test]
    fn a_media_playlist_lists_gaps_and_breaks() {
        insta::assert_snapshot!(media(&window(), "a1").unwrap(), @r#"
        #EXTM3U
        #EXT-X-VERSION:8
        #EXT-X-TARGETDURATION:6
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA-SEQUENCE:296000000
        #EXT-X-DISCONTINUITY-SEQUENCE:0
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
        #EXT-X-MAP:URI="init-2.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-04-12T13:20:18.000Z
        #EXTINF:6.00000,
        296000003.m4s
        "#);
    }

    #[test]
    fn i_frames_are_parts_of_segments() {
        let text = i_frames(&window(), "v0").unwrap();
        assert_eq!(text.matches("#EXT-X-BYTERANGE:900@").count(), 9);
        assert!(text.contains("#EXT-X-I-FRAMES-ONLY"));
        assert!(i_frames(&window(), "a0").is_none());
    }
}
