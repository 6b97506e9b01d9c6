//! Memory stays within its bound, and readers never see half of a change.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use funkturm_hls::read::{self, Playlist};
use funkturm_service::testing::until;

use crate::tower::{FIRST, GRID, PATIENCE, Tower, section, segment};

#[tokio::test]
async fn memory_is_bounded_and_what_is_listed_is_there() {
    let tower = Tower::open(|config| config.max_bytes = 64 << 20).await;
    let (hash, init) = section("v0");
    for channel in ["one", "two"] {
        tower.peer.push_init(&channel.parse().unwrap(), "v0", &hash, GRID, init.clone()).await.unwrap();
    }
    let body = Bytes::from(vec![1; 4 << 20]);
    for number in FIRST..FIRST + 20 {
        for channel in ["one", "two"] {
            let id = channel.parse().unwrap();
            tower.peer.push_segment(&id, number, &segment("v0", number), body.clone()).await.unwrap();
        }
        tower.clock.advance(Duration::from_secs(6));
        let status = tower.peer.origin_status().await.unwrap();
        assert!(status.bytes <= 64 << 20, "{}", status.bytes);
    }
    let fits = || async {
        let status = tower.peer.origin_status().await.unwrap();
        (status.channels.len() == 2 && status.channels.iter().all(|one| one.last == FIRST + 19))
            .then_some(status)
    };
    let status = until("everything to be listed", PATIENCE, fits).await.unwrap();
    for channel in &status.channels {
        // 90 % of 64 MiB, shared by two, in segments of 4 MiB.
        assert_eq!(channel.seconds, 42.0, "{status:?}");
        for number in channel.first..=channel.last {
            let path = format!("/hls/open/{}/v0/{number}.m4s", channel.channel);
            assert_eq!(tower.get(&path).await.bytes().await.unwrap().len(), 4 << 20);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_find_all_that_is_listed_while_transcoders_push() {
    let tower = Arc::new(Tower::on_air(2).await);
    let pushing = Arc::clone(&tower);
    let pushes = tokio::spawn(async move {
        for number in FIRST + 2..FIRST + 30 {
            // Two transcoders at the same time.
            tokio::join!(
                async { (pushing.push("v0", number).await, pushing.push("a0", number).await) },
                async { (pushing.push("a0", number).await, pushing.push("v0", number).await) },
            );
            pushing.clock.advance(Duration::from_secs(6));
        }
    });
    let mut loads = 0;
    while !pushes.is_finished() || loads < 10 {
        for name in ["v0", "a0"] {
            let text = tower.text(&format!("/hls/open/one/{name}/index.m3u8")).await;
            let Ok(Playlist::Media(media)) = read::read(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(media.notes, []);
            let last = media.segments.last().unwrap();
            assert_eq!(
                tower.get(&format!("/hls/open/one/{name}/{}", last.uri)).await.status(),
                200,
                "{text}"
            );
        }
        loads += 1;
    }
    pushes.await.unwrap();
    tower.listed(FIRST + 29).await;
    let index = tower.text("/hls/open/one/a0/index.m3u8").await;
    assert_eq!((index.matches(".m4s").count(), index.matches("EXT-X-GAP").count()), (30, 0), "{index}");
}
