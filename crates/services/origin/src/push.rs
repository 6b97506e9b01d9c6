//! What transcoders push.

use std::sync::Arc;

use funkturm_base::{ChannelId, Error, Kind, Utc90};
use funkturm_contracts::segment::{Media, Receipt, SEGMENT_HEADER, Segment};
use funkturm_hls::window::{self, Frame, Put};
use funkturm_service::{
    Reply, Request,
    reply::{self, Asset},
};
use http::StatusCode;

use crate::{
    live::{Channel, Live},
    shelf::{self, Shelf},
};

/// An initialization section is about a kilobyte.
const LONGEST_INIT: usize = 64 << 10;
/// Thirteen seconds of 40 Mbit/s.
const LONGEST_SEGMENT: usize = 64 << 20;
/// Shortest and longest segments that make sense, ticks.
const GRIDS: std::ops::RangeInclusive<i64> = 90_000..=30 * 90_000;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, message)
}

/// `PUT /internal/v1/inits/{channel}/{rendition}/{hash}`
pub(crate) async fn init(live: Arc<Live>, mut request: Request) -> Result<Reply, Error> {
    let id: ChannelId = request.param("channel")?;
    let (name, hash) = (rendition_name(&request)?, request.text("hash")?.into_owned());
    let body = request.bytes(LONGEST_INIT).await?;
    let actual = shelf::hash(&body);
    if actual != hash {
        return Err(invalid(format!("this is not the section {hash}: its hash is {actual}")));
    }
    // The grid of a channel is known from its first segment; until then its sections wait under any grid.
    let channel = match live.channel(id.as_str()) {
        Some(channel) => channel,
        None => live.channel_or_new(&id, request_grid(&request)?)?,
    };
    let window = channel.window();
    let mut shelf = Shelf::clone(&channel.shelf.load());
    let known = shelf.put_init(&window, &name, hash, body);
    channel.shelf.store(Arc::new(shelf));
    drop(window);
    Ok(reply::json(StatusCode::OK, &Receipt { origin: live.id, known }))
}

fn request_grid(request: &Request) -> Result<i64, Error> {
    #[derive(serde::Deserialize)]
    struct Query {
        grid: i64,
    }
    let Query { grid } = request.query()?;
    if GRIDS.contains(&grid) {
        Ok(grid)
    } else {
        Err(invalid("grid is between 1 and 30 seconds, in ticks of 1/90000 s"))
    }
}

fn rendition_name(request: &Request) -> Result<String, Error> {
    let name = request.text("rendition")?;
    let mut letters = name.chars();
    let legal =
        matches!(letters.next(), Some('v' | 'a')) && name.len() <= 4 && letters.all(|c| c.is_ascii_digit());
    if legal { Ok(name.into_owned()) } else { Err(invalid("a rendition is v0, v1, … or a0, a1, …")) }
}

/// `PUT /internal/v1/segments/{channel}/{rendition}/{number}`
pub(crate) async fn segment(live: Arc<Live>, mut request: Request) -> Result<Reply, Error> {
    let id: ChannelId = request.param("channel")?;
    let name = rendition_name(&request)?;
    let number: u64 = request.param("number")?;
    let described = request
        .header(SEGMENT_HEADER)
        .ok_or_else(|| invalid(format!("the header {SEGMENT_HEADER} is missing")))?;
    let segment: Segment = serde_json::from_str(described)
        .map_err(|error| invalid(format!("the header {SEGMENT_HEADER} cannot be read: {error}")))?;
    check(&segment, number, &name, live.clock.utc())?;
    let body = request.bytes(LONGEST_SEGMENT).await?;
    if segment
        .independent_frames
        .iter()
        .any(|frame| frame.offset.saturating_add(frame.length) > body.len() as u64)
    {
        return Err(invalid("an independent frame lies outside of the segment"));
    }
    let channel = live.channel_or_new(&id, segment.grid)?;
    let asset = shelf::media(matches!(segment.rendition.media, Media::Video { .. }), body);
    let size = asset.body().len();
    let Some(put) = store(&live, &channel, &name, number, &segment, asset) else {
        let missing = "the initialization section of this segment is not here: send it first";
        return Ok(reply::problem_of(StatusCode::FAILED_DEPENDENCY, missing));
    };
    let result = match put {
        Put::New => "new",
        Put::Known => "known",
        Put::Late => "late",
    };
    live.meters.pushes.with_label_values(&[result]).inc();
    if put == Put::New {
        live.grown(size);
    }
    Ok(reply::json(StatusCode::OK, &Receipt { origin: live.id, known: put != Put::New }))
}

/// Puts a segment onto its shelf and into its window; none if its initialization section is not there.
fn store(
    live: &Live,
    channel: &Channel,
    name: &str,
    number: u64,
    segment: &Segment,
    asset: Arc<Asset>,
) -> Option<Put> {
    let now = live.clock.monotonic();
    let entry = window::Segment {
        start: segment.start.0,
        duration: segment.duration,
        epoch: segment.epoch,
        cut: segment.cut,
        alone: segment.alone,
        init: segment.init.clone(),
        size: asset.body().len() as u64,
        frames: segment.independent_frames.iter().map(frame).collect(),
    };
    let mut window = channel.window();
    let shelf = channel.shelf.load();
    if !shelf.renditions.get(name).is_some_and(|tray| tray.inits.contains_key(&segment.init)) {
        return None;
    }
    let rendition = &segment.rendition;
    let put = window.put(now, name, &rendition.codecs, &media(&rendition.media), number, entry);
    channel.touch(now);
    if put == Put::New {
        // On the shelf before any playlist lists it.
        let mut shelf = Shelf::clone(&shelf);
        let tray = shelf.renditions.entry(name.to_owned()).or_default();
        tray.waiting.insert((number, segment.epoch), asset);
        channel.shelf.store(Arc::new(shelf));
        live.advance(channel, &mut window, now);
    }
    Some(put)
}

fn check(segment: &Segment, number: u64, name: &str, now: Utc90) -> Result<(), Error> {
    if segment.rendition.name != name {
        return Err(invalid("the description is of another rendition than the path"));
    }
    if !GRIDS.contains(&segment.grid) {
        return Err(invalid("grid is between 1 and 30 seconds, in ticks of 1/90000 s"));
    }
    if !(1..=3 * segment.grid).contains(&segment.duration) {
        return Err(invalid("a segment is not longer than three cells of its grid"));
    }
    let codecs = &segment.rendition.codecs;
    if codecs.is_empty()
        || !codecs.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_,".contains(&byte))
    {
        return Err(invalid("this is not a codec string of RFC 6381"));
    }
    let cell = i64::try_from(number).unwrap_or(i64::MAX / segment.grid);
    let begin = segment.start.0 - cell.saturating_mul(segment.grid);
    // Half a second early: pictures come a little before the cell that they were meant for.
    if !(-45_000..segment.grid).contains(&begin) {
        return Err(invalid("the number is not the cell of the grid in which the segment begins"));
    }
    if segment.start.0 > now.0 + 60 * 90_000 {
        return Err(invalid(
            "the segment begins more than a minute from now: is the transcoder's clock right?",
        ));
    }
    Ok(())
}

fn frame(frame: &funkturm_contracts::segment::IndependentFrame) -> Frame {
    Frame { offset: frame.offset, length: frame.length, time: frame.time.0 }
}

fn media(media: &Media) -> window::Media {
    match media.clone() {
        Media::Video { width, height, frame_rate, on_grid } => {
            window::Media::Video { width, height, frame_rate, on_grid }
        }
        Media::Audio { language, label, channels, description, default } => {
            window::Media::Audio { language, label, channels, description, default }
        }
    }
}
