//! Whatever happens to the stream, it ends in a new epoch that plays.

use crate::{
    headend::{Command, Headend, LARGE},
    rig::{Reader, Rig, channel, free_address},
};

async fn station() -> (Headend, Rig, Reader) {
    let address = free_address();
    let headend = Headend::udp(1, address).await;
    let rig = Rig::new(vec![channel("one", &[&format!("udp://{address}")])]).await;
    let mut reader = rig.open("one").await;
    reader.start().await;
    reader.unit().await;
    (headend, rig, reader)
}

/// The next epoch's reason to begin, and that it begins well and later.
async fn break_of(reader: &mut Reader) -> String {
    let (before, end) = reader.end().await;
    let epoch = reader.start().await;
    assert!(epoch.id > end.id);
    let begin = reader.unit().await;
    assert!(begin.random_access && begin.track == 0 && !begin.damaged);
    let last = before.iter().rfind(|unit| unit.track == 0);
    assert!(last.is_none_or(|last| last.pts < begin.pts), "time goes on");
    end.reason
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_format_tracks_and_clock() {
    let (headend, rig, mut reader) = station().await;
    headend.tell(Command::Sequence(LARGE));
    assert_eq!(break_of(&mut reader).await, "format change: H.264 640×480 25 fps");
    headend.tell(Command::Language("eng"));
    assert_eq!(break_of(&mut reader).await, "other tracks in the PMT");
    headend.tell(Command::Leap(3600 * 90_000));
    assert!(break_of(&mut reader).await.starts_with("timestamp jump of 3"));
    let status = rig.wait_for("all epochs", |status| status.inputs[0].epochs >= 4).await;
    assert!(status.inputs[0].last_break.as_ref().unwrap().starts_with("timestamp jump"));
    assert_eq!(status.inputs[0].tracks[0], "H.264 640×480 25 fps");
    assert_eq!(status.inputs[0].tracks[1], "AAC stereo 48 kHz eng");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_noise() {
    let (headend, rig, mut reader) = station().await;
    headend.tell(Command::Noise);
    let (_, end) = reader.end().await;
    assert!(end.reason.starts_with("silence"), "{}", end.reason);
    rig.wait_for("errors to be counted", |status| status.inputs[0].transport_errors > 0).await;
    headend.tell(Command::Resume);
    reader.start().await;
    let begin = reader.unit().await;
    assert!(begin.random_access && !begin.damaged);
}
