//! Media small enough to be made in a test: the boxes of real CMAF around pictures that say only what they are.

/// A box.
fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 8).unwrap().to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// An initialization section. `sizes` are those of video; sound has none.
fn init(timescale: u32, size: Option<(u16, u16)>, entry: &[u8]) -> Vec<u8> {
    let (width, height) = size.map_or((0, 0), |(w, h)| (u32::from(w) << 16, u32::from(h) << 16));
    let mut tkhd = vec![0; 76];
    tkhd.extend(words(&[width, height]));
    let mdhd = words(&[0, 0, 0, timescale, 0, 0]);
    let stsd = [words(&[0, 1]), entry.to_vec()].concat();
    let minf = boxed(b"minf", &boxed(b"stbl", &boxed(b"stsd", &stsd)));
    let mdia = boxed(b"mdia", &[boxed(b"mdhd", &mdhd), minf].concat());
    let trak = boxed(b"trak", &[boxed(b"tkhd", &tkhd), mdia].concat());
    let mvex = boxed(b"mvex", &boxed(b"trex", &words(&[0, 1, 1, 0, 0, 0])));
    [boxed(b"ftyp", b"cmfc\0\0\0\0"), boxed(b"moov", &[trak, mvex].concat())].concat()
}

/// The initialization section of H.264 High, level 3.1.
pub(crate) fn video_init() -> Vec<u8> {
    let (width, height) = (1280_u16, 720_u16);
    let mut entry = vec![0; 78];
    entry[24..26].copy_from_slice(&width.to_be_bytes());
    entry[26..28].copy_from_slice(&height.to_be_bytes());
    entry.extend(boxed(b"avcC", &[1, 0x64, 0, 0x1f, 0xff]));
    init(90_000, Some((width, height)), &boxed(b"avc1", &entry))
}

/// The initialization section of AAC-LC.
pub(crate) fn audio_init() -> Vec<u8> {
    let config = [&[4, 17, 0x40][..], &[0; 12], &[5, 2, 0x11, 0x90]].concat();
    let stream = [&[3, 3 + config.len() as u8, 0, 0, 0][..], &config].concat();
    let mut entry = vec![0; 28];
    entry.extend(boxed(b"esds", &[&[0; 4][..], &stream].concat()));
    init(48_000, None, &boxed(b"mp4a", &entry))
}

/// A fragment: `samples` of `duration` each, the first of which stands alone; `first` are the first one's bytes.
fn fragment(time: u64, samples: u32, duration: u32, first: &[u8], others: u32) -> Vec<u8> {
    let run = |data: u32| {
        let mut run = words(&[0x0000_0305, samples, data, 0]);
        for index in 0..samples {
            let size = if index == 0 { u32::try_from(first.len()).unwrap() } else { others };
            run.extend(words(&[duration, size]));
        }
        // Non-sync is the default, sync the first one's own flag.
        let tfhd = words(&[0x0002_0020, 1, 0x0101_0000]);
        let tfdt = [words(&[0x0100_0000]), time.to_be_bytes().to_vec()].concat();
        let traf = [boxed(b"tfhd", &tfhd), boxed(b"tfdt", &tfdt), boxed(b"trun", &run)].concat();
        boxed(b"moof", &[boxed(b"mfhd", &words(&[0, 1])), boxed(b"traf", &traf)].concat())
    };
    let data = u32::try_from(run(0).len()).unwrap() + 8;
    let mut media = first.to_vec();
    media.resize(first.len() + (samples as usize - 1) * others as usize, 0);
    [run(data), boxed(b"mdat", &media)].concat()
}

/// A video segment of `ticks` from `start` on, a fragment for each `gop`; and where each key picture lies and ends.
pub(crate) fn video(
    start: i64,
    ticks: i64,
    gop: i64,
    bytes_a_second: i64,
) -> (Vec<u8>, Vec<(u64, u64, i64)>) {
    let (mut segment, mut frames) = (Vec::new(), Vec::new());
    let mut time = start;
    while time < start + ticks {
        let length = gop.min(start + ticks - time);
        let samples = u32::try_from(length / 3600).unwrap().max(1);
        let bytes = length * bytes_a_second / 90_000;
        // A NAL unit of an IDR picture, with its length before it.
        let mut first = vec![0; usize::try_from(bytes / 4).unwrap()];
        let nal = u32::try_from(first.len() - 4).unwrap();
        first[..4].copy_from_slice(&nal.to_be_bytes());
        first[4] = 0x65;
        let others = u32::try_from(bytes * 3 / 4).unwrap() / samples.max(2);
        let duration = u32::try_from(length).unwrap() / samples;
        let fragment = fragment(u64::try_from(time).unwrap(), samples, duration, &first, others);
        let head = fragment.windows(4).position(|four| four == b"mdat").unwrap() + 4;
        frames.push((segment.len() as u64, (head + first.len()) as u64, time));
        segment.extend(fragment);
        time += length;
    }
    (segment, frames)
}

/// A segment of sound.
pub(crate) fn audio(start: i64, ticks: i64, bytes_a_second: i64) -> Vec<u8> {
    let scaled = |ticks: i64| u64::try_from(i128::from(ticks) * 48_000 / 90_000).unwrap();
    let duration = u32::try_from(scaled(start + ticks) - scaled(start)).unwrap();
    let bytes = vec![0; usize::try_from(ticks * bytes_a_second / 90_000).unwrap()];
    fragment(scaled(start), 1, duration, &bytes, 0)
}
