//! Every kind of source delivers the programme.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use funkturm_contracts::{health::InputState, programme::Codec};
use funkturm_service::{Payload, Reply, Routes, reply, testing::serve};
use tokio::net::UdpSocket;

use crate::{
    headend::{Headend, recording},
    rig::{Reader, Rig, channel, free_address, now},
};

/// The epoch is the headend's, it begins with a picture to begin at, and a second of it comes in order.
async fn plays(reader: &mut Reader) {
    let epoch = reader.start().await;
    let codecs: Vec<_> = epoch.tracks.iter().map(|track| (track.codec, track.language.as_deref())).collect();
    assert_eq!(codecs, [(Codec::H264, None), (Codec::AacAdts, Some("deu"))]);
    let first = reader.unit().await;
    assert!(first.random_access && first.track == 0 && !first.damaged);
    let (mut last, mut counts) = ([i64::MIN; 2], [0; 2]);
    while counts[0] < 25 {
        let unit = reader.unit().await;
        let track = usize::from(unit.track);
        assert!(unit.dts.0 > last[track], "in order");
        assert!(!unit.damaged);
        assert!(unit.pts.seconds_since(now()).abs() < 8.0, "on the timeline of UTC: {}", unit.pts);
        last[track] = unit.dts.0;
        counts[track] += 1;
    }
    assert!(counts[1] > 30, "sound as well: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn udp() {
    let address = free_address();
    let _headend = Headend::udp(1, address).await;
    let rig = Rig::new(vec![channel("one", &[&format!("udp://{address}")])]).await;
    plays(&mut rig.open("one").await).await;
    // One that comes late gets the running epoch's beginning, and a picture to begin at.
    let mut late = rig.open("one").await;
    late.start().await;
    let first = late.unit().await;
    assert!(first.random_access && first.track == 0);
    assert!(now().seconds_since(first.pts) < 1.5, "the newest one");
}

#[tokio::test(flavor = "multi_thread")]
async fn multicast() {
    let port = free_address().port();
    let group = std::net::SocketAddr::from(([239, 255, 77, 7], port));
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    socket.set_multicast_loop_v4(true).unwrap();
    let interface = socket2::SockRef::from(&*socket).set_multicast_if_v4(&[127, 0, 0, 1].into());
    interface.unwrap();
    let _headend = Headend::start(1, 900_000, move |bytes| {
        for datagram in bytes.chunks(1316) {
            let _ = socket.try_send_to(datagram, group);
        }
    });
    let rig = Rig::new(vec![
        channel("by-address", &[&format!("udp://127.0.0.1@{group}")]),
        channel("by-name", &[&format!("udp://lo@{group}")]),
    ])
    .await;
    plays(&mut rig.open("by-address").await).await;
    plays(&mut rig.open("by-name").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rtp_out_of_order() {
    let address = free_address();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (mut sequence, mut held) = (65_400_u16, None);
    let _headend = Headend::start(1, 900_000, move |bytes| {
        for payload in bytes.chunks(1316) {
            let [high, low] = sequence.to_be_bytes();
            let mut packet = vec![0x80, 33, high, low, 0, 0, 0, 0, 1, 2, 3, 4];
            packet.extend_from_slice(payload);
            sequence = sequence.wrapping_add(1);
            // Every seventh one is overtaken by its successor (never two in a row, not even where the number wraps).
            if sequence.is_multiple_of(7) {
                held = Some(packet);
                continue;
            }
            let _ = socket.try_send_to(&packet, address);
            if let Some(late) = held.take() {
                let _ = socket.try_send_to(&late, address);
            }
        }
    });
    let rig = Rig::new(vec![channel("one", &[&format!("rtp://{address}")])]).await;
    let mut reader = rig.open("one").await;
    reader.start().await;
    // The very first packet may be one that overtook another; from then on nothing is missing.
    let errors = rig.status().await.inputs[0].continuity_errors;
    plays(&mut rig.open("one").await).await;
    assert_eq!(rig.status().await.inputs[0].continuity_errors, errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_channels_of_one_multiplex() {
    let address = free_address();
    let _headend = Headend::udp(3, address).await;
    // A socket for each would not do: the port can be had once.
    let url = |number: u16| format!("udp://{address}#{number}");
    let rig = Rig::new(vec![channel("two", &[&url(2)]), channel("three", &[&url(3)])]).await;
    plays(&mut rig.open("two").await).await;
    plays(&mut rig.open("three").await).await;
    let status = rig.status().await;
    let names: Vec<_> = status.inputs.iter().map(|input| input.programme.as_deref().unwrap()).collect();
    assert_eq!(names, ["Programme 3 (3)", "Programme 2 (2)"]);
    assert!(status.inputs.iter().all(|input| input.state == InputState::Active));
}

#[tokio::test(flavor = "multi_thread")]
async fn http() {
    let routes = Routes::new().get("/stream.ts", |_| async {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1000);
        let headend = Headend::start(1, 900_000, move |bytes| drop(sender.try_send(bytes.to_vec().into())));
        let pieces = futures_util::stream::unfold((receiver, headend), |(mut receiver, headend)| async {
            let piece = receiver.recv().await?;
            Some((Ok(piece), (receiver, headend)))
        });
        let mut answer = Reply::new(Payload::Stream(Box::pin(pieces)));
        answer.headers_mut().insert("content-type", http::HeaderValue::from_static("video/mp2t"));
        Ok(answer)
    });
    let server = serve(routes).await.unwrap();
    let rig = Rig::new(vec![channel("one", &[&format!("{}/stream.ts", server.url())])]).await;
    plays(&mut rig.open("one").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hls() {
    // Six segments of a second each; the live playlist shows four of them and moves on in real time.
    let stream = recording(12);
    let segment = stream.len() / 12 / 188 * 188;
    let segments: Arc<Vec<Bytes>> =
        Arc::new(stream.chunks(segment).map(|piece| piece.to_vec().into()).collect());
    let began = tokio::time::Instant::now();
    let media = Routes::new().get("/live/low/index.m3u8", move |_| async move {
        let first = began.elapsed().as_secs().min(7);
        let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
        for number in first..first + 4 {
            text.push_str(&format!("#EXTINF:1,\n../segments/{number}.ts\n"));
        }
        Ok(reply::bytes("application/vnd.apple.mpegurl", text.into()))
    });
    let routes = media
        .get("/live/master.m3u8", |_| async {
            let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlow/index.m3u8\n";
            Ok(reply::bytes("application/vnd.apple.mpegurl", text.into()))
        })
        .get("/live/segments/{name}", move |request| {
            let name: String = request.param("name").unwrap();
            let number: usize = name.trim_end_matches(".ts").parse().unwrap();
            let segment = segments.get(number).cloned().unwrap_or_default();
            async move { Ok(reply::bytes("video/mp2t", segment)) }
        });
    let server = serve(routes).await.unwrap();
    let rig = Rig::new(vec![channel("one", &[&format!("{}/live/master.m3u8", server.url())])]).await;
    plays(&mut rig.open("one").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_a_loop_is_one_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a recording.ts");
    std::fs::write(&path, recording(3)).unwrap();
    let url = format!("file://{}", path.display()).replace(' ', "%20");
    let rig = Rig::new(vec![channel("one", &[&url])]).await;
    let mut reader = rig.open("one").await;
    plays(&mut reader).await;
    let (mut pictures, mut last) = (0, None);
    while pictures < 100 {
        let unit = reader.unit().await;
        if unit.track == 0 {
            let step = last.map_or(3600, |last| unit.dts - last);
            assert!((3600..20_000).contains(&step), "the loop point shows: {step}");
            last = Some(unit.dts);
            pictures += 1;
        }
    }
    assert_eq!(rig.status().await.inputs[0].continuity_errors, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn srt_that_calls_us() {
    let address = free_address();
    let url = format!("srt://{address}?mode=listener&latency=50&passphrase=not-to-be-shown");
    let rig = Rig::new(vec![channel("one", &[&url])]).await;
    rig.wait_for("the input", |status| !status.inputs.is_empty()).await;
    let call = format!("srt://{address}?mode=caller&latency=50&passphrase=not-to-be-shown");
    let connection: Arc<Mutex<Option<funkturm_pipeline::srt::Sender>>> = Arc::default();
    let sender = Arc::clone(&connection);
    let _headend = Headend::start(1, 900_000, move |bytes| {
        if let Some(sender) = &*sender.lock().unwrap() {
            for datagram in bytes.chunks(1316) {
                let _ = sender.send(datagram.to_vec().into());
            }
        }
    });
    let opened = tokio::task::spawn_blocking(move || {
        funkturm_pipeline::init(&slog::Logger::root(slog::Discard, slog::o!())).unwrap();
        funkturm_pipeline::srt::Sender::open(&call).unwrap()
    });
    *connection.lock().unwrap() = Some(opened.await.unwrap());
    plays(&mut rig.open("one").await).await;
    let status = rig.status().await;
    assert!(!format!("{status:?}").contains("not-to-be-shown"));
    drop(connection.lock().unwrap().take());
}
