//! What operators see.

use funkturm_contracts::health::InputState;

use crate::{
    headend::{Command, Headend},
    rig::{Rig, channel, free_address, now},
};

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_an_input() {
    let address = free_address();
    let headend = Headend::udp(2, address).await;
    let rig = Rig::new(vec![channel("one", &[&format!("udp://{address}#2")])]).await;
    let status =
        rig.wait_for("a bit rate", |s| s.inputs.first().is_some_and(|input| input.bitrate > 0)).await;
    let input = &status.inputs[0];
    assert_eq!((status.host.as_str(), input.state, &input.problem), ("test-host", InputState::Active, &None));
    assert_eq!(input.programme.as_deref(), Some("Programme 2 (2)"));
    // Two programmes of 25 pictures with 1.5 to 9 KB each, and sound.
    assert!((900_000..2_500_000).contains(&input.bitrate), "{}", input.bitrate);
    assert!(input.pcr_jitter_ms < 200.0, "{}", input.pcr_jitter_ms);
    let age = |at: Option<chrono::DateTime<chrono::Utc>>| now().seconds_since(at.unwrap().into());
    assert!(age(input.last_packet_at) < 1.0 && age(input.last_picture_at) < 1.0);
    let clock = input.clock.unwrap();
    assert!((clock.utc_ticks - now().0).abs() < 180_000 && clock.pts > 900_000);
    let value = |name: &str| rig.metrics().into_iter().find(|(n, _)| n == name).map(|(_, value)| value);
    let seen = || async { value("funkturm_ingest_input_bitrate_bits").filter(|bits| *bits > 900_000.0) };
    funkturm_service::testing::until("metrics", crate::rig::PATIENCE, seen).await.unwrap();
    assert_eq!(value("funkturm_ingest_input_active"), Some(1.0));

    headend.tell(Command::Pause);
    let status = rig.wait_for("silence", |status| status.inputs[0].state == InputState::Down).await;
    let problem = status.inputs[0].problem.as_ref().unwrap();
    assert!(problem.starts_with("no packets since 2"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_input() {
    let address = free_address();
    let _headend = Headend::udp(1, address).await;
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let inputs = [
        format!("udp://{address}#9"),
        format!("udp://{}", taken.local_addr().unwrap()),
        "file:///no/such/file.ts".to_owned(),
        "http://user:secret@127.0.0.1:9/x.ts".to_owned(),
        "gopher://x".to_owned(),
    ];
    let urls: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let rig = Rig::new(vec![channel("one", &urls)]).await;
    let problems = [
        "programme 9 is not in the stream; there are 1",
        "Address already in use",
        "/no/such/file.ts cannot be read: No such file",
        "no answer by HTTP",
        "gopher",
    ];
    let said = |status: &funkturm_contracts::health::IngestStatus| {
        let mut inputs = status.inputs.iter().zip(problems);
        status.inputs.len() == problems.len()
            && inputs.all(|(input, what)| input.problem.as_ref().is_some_and(|said| said.contains(what)))
    };
    let status = rig.wait_for("all problems in words", said).await;
    assert!(!format!("{status:?}").contains("secret"));
}
