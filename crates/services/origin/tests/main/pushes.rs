//! What transcoders push, twice, late, wrong and after a restart.

use std::time::Duration;

use bytes::Bytes;
use funkturm_base::Utc90;
use funkturm_contracts::segment::Segment;
use funkturm_service::testing::until;
use reqwest::Method;

use crate::tower::{FIRST, GRID, PATIENCE, Tower, body, section, segment};

#[tokio::test]
async fn of_two_transcoders_the_first_counts() {
    let tower = Tower::on_air(2).await;
    assert!(tower.push("v0", FIRST + 1).await.known);
    let other = Bytes::from_static(b"the other transcoder's");
    let described = Segment { independent_frames: vec![], ..segment("v0", FIRST) };
    let receipt = tower.peer.push_segment(&tower.channel, FIRST, &described, other).await.unwrap();
    assert!(receipt.known);
    let kept = tower.get(&format!("/hls/open/one/v0/{FIRST}.m4s")).await;
    assert_eq!(kept.bytes().await.unwrap(), body("v0", FIRST));
    assert!(!tower.push("v0", FIRST + 2).await.known);
}

#[tokio::test]
async fn of_two_epochs_that_of_the_numbers_before_is_delivered() {
    let tower = Tower::on_air(2).await;
    let number = FIRST + 2;
    tower.clock.advance(std::time::Duration::from_secs(6));
    for name in ["v0", "a0"] {
        let elsewhere = Segment { epoch: 8, independent_frames: vec![], ..segment(name, number) };
        let body = Bytes::from_static(b"read from another ingest host");
        assert!(!tower.peer.push_segment(&tower.channel, number, &elsewhere, body).await.unwrap().known);
    }
    for name in ["v0", "a0"] {
        assert!(!tower.push(name, number).await.known);
    }
    let kept = tower.get(&format!("/hls/open/one/v0/{number}.m4s")).await;
    assert_eq!(kept.bytes().await.unwrap(), body("v0", number));
}

#[tokio::test]
async fn a_restarted_origin_wants_everything_again_and_says_so() {
    let (before, after) = (Tower::on_air(2).await, Tower::open(|_| {}).await);
    let first = before.push("v0", FIRST).await;
    let refused =
        after.peer.push_segment(&after.channel, FIRST, &segment("v0", FIRST), body("v0", FIRST)).await;
    assert_eq!(refused.unwrap_err().status(), Some(424));
    after.push_sections().await;
    let second = after.push("v0", FIRST).await;
    assert!(second.origin != first.origin && !second.known);
    // What a transcoder kept comes all at once, one rendition after the other.
    for name in ["v0", "a0"] {
        for number in FIRST + 1..FIRST + 5 {
            after.push(name, number).await;
        }
    }
    after.push("a0", FIRST).await;
    after.clock.advance(Duration::from_secs(2));
    after.listed(FIRST + 4).await;
    let index = after.text("/hls/open/one/a0/index.m3u8").await;
    assert!(!index.contains("EXT-X-GAP"), "{index}");
}

#[tokio::test]
async fn a_number_that_nobody_brought_is_a_gap_and_stays_one() {
    let tower = Tower::on_air(2).await;
    tower.clock.advance(Duration::from_secs(6));
    tower.push_cells([FIRST + 3]).await;
    tower.listed(FIRST + 3).await;
    let gap = "#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:";
    for name in ["v0", "a0"] {
        let index = tower.text(&format!("/hls/open/one/{name}/index.m3u8")).await;
        assert_eq!(index.matches(gap).count(), 1, "{index}");
    }
    assert!(tower.push("v0", FIRST + 2).await.known, "there is no use in bringing it again");
    let late = tower.get(&format!("/hls/open/one/v0/{}.m4s", FIRST + 2)).await;
    assert_eq!(late.status(), 404);
}

#[tokio::test]
async fn a_number_that_waits_for_a_rendition_is_listed_without_it_in_time() {
    let tower = Tower::on_air(2).await;
    tower.push("v0", FIRST + 2).await;
    let index = tower.text("/hls/open/one/v0/index.m3u8").await;
    assert!(!index.contains(&format!("{}.m4s", FIRST + 2)), "{index}");
    tower.clock.advance(Duration::from_secs(3));
    // Nobody pushes: the origin's own clock lists it.
    tower.listed(FIRST + 2).await;
}

#[tokio::test]
async fn wrong_pushes_are_refused_with_the_reason_and_change_nothing() {
    let tower = Tower::on_air(2).await;
    let right = || segment("v0", FIRST + 2);
    let mut codecs = right();
    codecs.rendition.codecs = "avc1\"\n".into();
    for (wrong, reason) in [
        (Segment { start: Utc90(right().start.0 + GRID), ..right() }, "not the cell"),
        (Segment { start: Utc90(right().start.0 - GRID), ..right() }, "not the cell"),
        (Segment { duration: 0, ..right() }, "not longer than three cells"),
        (Segment { duration: 9 * GRID, ..right() }, "not longer than three cells"),
        (Segment { grid: 1, ..right() }, "between 1 and 30 seconds"),
        (codecs, "codec string"),
    ] {
        let refused =
            tower.peer.push_segment(&tower.channel, FIRST + 2, &wrong, body("v0", 1)).await.unwrap_err();
        assert_eq!(refused.status(), Some(400), "{reason}");
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    let outside =
        tower.peer.push_segment(&tower.channel, FIRST + 2, &right(), Bytes::from_static(b"short")).await;
    assert!(outside.unwrap_err().to_string().contains("outside of the segment"));
    let other_grid = Segment { grid: GRID / 2, ..segment("v0", FIRST + 2) };
    let other_grid = Segment { start: Utc90((FIRST as i64 + 2) * GRID / 2), ..other_grid };
    let refused = tower.peer.push_segment(&tower.channel, FIRST + 2, &other_grid, body("v0", 1)).await;
    assert_eq!(refused.unwrap_err().status(), Some(409));
    let (hash, _) = section("v0");
    let forged = tower.peer.push_init(&tower.channel, "v0", &hash, GRID, Bytes::from_static(b"other")).await;
    assert!(forged.unwrap_err().to_string().contains("its hash is"));
    let far = FIRST + 1000;
    let early = tower.peer.push_segment(&tower.channel, far, &segment("v0", far), body("v0", 1)).await;
    assert!(early.unwrap_err().to_string().contains("clock right"));
    let bare = tower.request(Method::PUT, "/internal/v1/segments/one/v0/1").send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert!(!tower.push("v0", FIRST + 2).await.known);
}

#[tokio::test]
async fn the_status_says_what_can_be_watched() {
    let tower = Tower::on_air(3).await;
    let status = tower.peer.origin_status().await.unwrap();
    let channel = &status.channels[0];
    assert_eq!((channel.channel.as_str(), channel.on_air), ("one", true));
    assert_eq!((channel.first, channel.last, channel.seconds), (FIRST, FIRST + 2, 18.0));
    let shown: Vec<_> = channel.renditions.iter().map(|one| one.description.as_str()).collect();
    assert_eq!(shown, ["Français stereo", "1280×720 25 fps"]);
    let bytes: usize =
        (FIRST..FIRST + 3).map(|number| body("v0", number).len() + body("a0", number).len()).sum();
    assert_eq!(status.bytes, bytes as u64);
    tower.clock.advance(Duration::from_secs(13));
    assert!(!tower.peer.origin_status().await.unwrap().channels[0].on_air);
    // And what nobody pushes for long is forgotten.
    tower.clock.advance(Duration::from_secs(3600));
    let gone = || async { tower.peer.origin_status().await.unwrap().channels.is_empty().then_some(()) };
    until("the channel to be forgotten", PATIENCE, gone).await.unwrap();
    assert_eq!(tower.get("/hls/open/one/master.m3u8").await.status(), 404);
}
