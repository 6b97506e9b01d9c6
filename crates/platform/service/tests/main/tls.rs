//! TLS, and certificates that are renewed while it is spoken. The keys beside this file open nothing.

use std::time::Duration;

use funkturm_service::{Context, Routes, Tls, serve, testing};

const ONE: &str = include_str!("tls/one.pem");
const TWO: &str = include_str!("tls/two.pem");

/// A new connection's answer: which HTTP it is, and the certificate that was shown.
async fn visit(server: &testing::TestServer) -> (reqwest::Version, Vec<u8>) {
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).tls_info(true).build().unwrap();
    let url = format!("https://{}/nothing", server.address());
    let answer = client.get(url).send().await.unwrap();
    let tls = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    (answer.version(), tls.peer_certificate().unwrap().to_vec())
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("both.pem");
    std::fs::write(&file, ONE).unwrap();
    let tls = Tls { certificate_file: file.clone(), key_file: file.clone() };
    tls.check().unwrap();
    let options =
        serve::Options { tls: Some(tls), tls_check: Duration::from_millis(20), ..serve::Options::default() };
    let server = testing::serve_with(Routes::new(), &Context::for_test("test"), options).await.unwrap();
    let (version, first) = visit(&server).await;
    assert_eq!(version, reqwest::Version::HTTP_2);

    std::fs::write(&file, "half a certifi").unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(visit(&server).await.1, first);

    std::fs::write(&file, TWO).unwrap();
    testing::until("the new certificate", Duration::from_secs(5), || async {
        (visit(&server).await.1 != first).then_some(())
    })
    .await
    .unwrap();
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, empty) =
        (folder.path().join("one.pem"), folder.path().join("two.pem"), folder.path().join("empty.pem"));
    for (file, text) in [(&one, ONE), (&two, TWO), (&empty, "")] {
        std::fs::write(file, text).unwrap();
    }
    for (certificate_file, key_file, named) in
        [(&one, &two, "two.pem"), (&empty, &one, "empty.pem"), (&one, &empty, "empty.pem")]
    {
        let tls = Tls { certificate_file: certificate_file.clone(), key_file: key_file.clone() };
        let error = format!("{:#}", tls.check().unwrap_err());
        assert!(error.contains(named), "{error}");
    }
}
