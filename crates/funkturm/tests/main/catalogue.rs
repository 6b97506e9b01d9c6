//! `catalogue.toml`, held against the crates that it lists.

use std::collections::BTreeSet;

const CATALOGUE: &str = include_str!("../../../services/catalogue.toml");

fn services() -> Vec<toml::Table> {
    let catalogue: toml::Table = CATALOGUE.parse().unwrap();
    catalogue["service"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service.as_table().unwrap().clone())
        .collect()
}

#[test]
fn every_service_crate_is_listed_and_every_listed_service_has_a_crate() {
    let listed: BTreeSet<String> =
        services().iter().map(|service| service["name"].as_str().unwrap().to_owned()).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../services");
    let crates: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(listed, crates);
}

#[test]
fn a_name_is_one_word() {
    for service in services() {
        let name = service["name"].as_str().unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
    }
}

#[test]
fn no_port_and_no_route_is_given_twice() {
    let (mut ports, mut routes) = (BTreeSet::new(), BTreeSet::new());
    for service in services() {
        for key in ["port", "admin"] {
            assert!(ports.insert(service[key].as_integer().unwrap()), "{key} of {}", service["name"]);
        }
        for route in service["routes"].as_array().unwrap() {
            let route = route.as_str().unwrap().to_owned();
            assert!(route.starts_with('/'), "{route}");
            assert!(routes.insert(route.clone()), "{route}");
        }
    }
}
