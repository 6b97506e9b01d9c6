//! DESIGN's walls, held against the dependency graph that cargo itself reports.

use std::{collections::BTreeMap, process::Command};

/// A workspace crate: its folder under `crates/`, and what it depends on outside its tests.
struct Crate {
    folder: String,
    dependencies: Vec<String>,
}

fn workspace() -> BTreeMap<String, Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let manifest = text(&package["manifest_path"]);
            let folder =
                manifest.split_once("/crates/").unwrap().1.trim_end_matches("/Cargo.toml").to_owned();
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
                .map(|dependency| text(&dependency["name"]))
                .collect();
            (text(&package["name"]), Crate { folder, dependencies })
        })
        .collect()
}

#[test]
fn a_service_depends_on_no_other_service() {
    let crates = workspace();
    let mut services = 0;
    for (name, service) in crates.iter().filter(|(_, c)| c.folder.starts_with("services/")) {
        services += 1;
        for dependency in &service.dependencies {
            let other = crates.get(dependency).map_or("", |c| c.folder.as_str());
            assert!(
                !other.starts_with("services/"),
                "{name} depends on {dependency}: speak through contracts"
            );
        }
    }
    assert!(services >= 6, "the services are not where this test looks for them");
}

#[test]
fn the_pure_media_crates_stay_pure() {
    let allowed = ["bytes", "serde", "thiserror", "chrono", "memchr", "encoding_rs"];
    let crates = workspace();
    for name in ["funkturm-ts", "funkturm-hls"] {
        for dependency in &crates[name].dependencies {
            assert!(allowed.contains(&dependency.as_str()), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn gstreamer_is_linked_by_the_pipeline_crate_alone() {
    let users = ["funkturm-pipeline", "funkturm-ingest", "funkturm-transcode", "funkturm"];
    for (name, user) in workspace() {
        for dependency in &user.dependencies {
            let gstreamer = dependency.starts_with("gstreamer") || dependency.starts_with("gst-");
            assert!(!gstreamer || name == "funkturm-pipeline", "{name} depends on {dependency}");
            let pipeline = dependency == "funkturm-pipeline";
            assert!(!pipeline || users.contains(&name.as_str()), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn platform_knows_no_service() {
    let crates = workspace();
    for (name, platform) in crates.iter().filter(|(_, c)| c.folder.starts_with("platform/")) {
        for dependency in &platform.dependencies {
            let other = crates.get(dependency).map_or("", |c| c.folder.as_str());
            assert!(!other.starts_with("services/"), "{name} depends on {dependency}");
        }
    }
}
