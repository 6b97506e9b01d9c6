//! One suite over both kinds of places: a directory, and an S3 server on loopback.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod suite;

use std::{fs, net::SocketAddr, path::Path};

use funkturm_base::Kind;
use funkturm_objects::{Config, Objects, S3Config};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A bucket of this name in an S3 server that keeps its data in `root`.
async fn serve_s3(root: &Path) -> SocketAddr {
    fs::create_dir(root.join("bucket")).unwrap();
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single("id", "secret"));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                // A client that goes away is not this server's trouble.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

fn s3_config(folder: &TempDir, endpoint: String) -> S3Config {
    let (id, secret) = (folder.path().join("id"), folder.path().join("secret"));
    fs::write(&id, "id\n").unwrap();
    fs::write(&secret, "secret\n").unwrap();
    S3Config {
        bucket: "bucket".into(),
        prefix: "some/prefix".into(),
        region: "eu-central-1".into(),
        endpoint: Some(endpoint),
        access_key_id_file: id,
        secret_access_key_file: secret,
        allowed_regions: vec!["eu-central-1".into()],
    }
}

#[tokio::test]
async fn a_directory_does_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::open(&Config::Directory(folder.path().join("new"))).await.unwrap();
    suite::run(&objects).await;
    // Files and folders are no obstacle to names that S3 would take for absent as well.
    for name in ["digits/x", "logos"] {
        assert_eq!(objects.get(&name.parse().unwrap(), None).await.unwrap_err().kind(), Kind::NotFound);
    }
}

#[tokio::test]
async fn an_s3_does_all_of_it() {
    let (folder, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = s3_config(&folder, format!("http://{}", serve_s3(root.path()).await));
    let objects = Objects::open(&Config::S3(config.clone())).await.unwrap();
    suite::run(&objects).await;
    // What is not below the prefix is somebody else's.
    let other = Objects::open(&Config::S3(S3Config { prefix: "other".into(), ..config })).await.unwrap();
    objects.put(&"a/b".parse().unwrap(), "1".into()).await.unwrap();
    assert_eq!(other.list("", None, 10).await.unwrap().objects, []);
}

#[tokio::test]
async fn an_s3_that_is_away_or_refuses_us_says_so() {
    let (folder, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = s3_config(&folder, format!("http://{}", serve_s3(root.path()).await));
    let key = "a".parse().unwrap();

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let away = S3Config { endpoint: Some(format!("http://{nobody}")), ..config.clone() };
    let error = Objects::open(&Config::S3(away)).await.unwrap().put(&key, "1".into()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{}", error.chain());

    let missing = S3Config { bucket: "missing".into(), ..config.clone() };
    let error = Objects::open(&Config::S3(missing)).await.unwrap().check().await.unwrap_err();
    assert!(error.message().contains("no bucket missing"), "{}", error.chain());

    fs::write(folder.path().join("secret"), "wrong").unwrap();
    let error = Objects::open(&Config::S3(config)).await.unwrap().put(&key, "1".into()).await.unwrap_err();
    assert!(error.message().contains("credentials"), "{}", error.chain());
}

#[tokio::test]
async fn a_directory_forgets_what_was_never_finished_and_lists_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::Directory(folder.path().to_owned());
    Objects::open(&config).await.unwrap();
    let left = folder.path().join(".unfinished/left");
    let file = fs::File::create(&left).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(100_000)).unwrap();
    let fresh = folder.path().join(".unfinished/fresh");
    fs::write(&fresh, "1").unwrap();
    let objects = Objects::open(&config).await.unwrap();
    assert!(!left.exists() && fresh.exists());
    assert_eq!(objects.list("", None, 10).await.unwrap().objects, []);
}
