//! What tokens allow.

use funkturm_token::{Claims, Keys, Methods, Refused, new_key};

use crate::{NOW, claims, keys, restricted};

#[test]
fn a_token_comes_back_as_what_was_signed_and_is_short() {
    let keys = keys();
    for claims in [claims(), restricted()] {
        let token = keys.sign(&claims);
        assert_eq!(keys.verify(&token), Ok(claims));
        assert!(token.len() <= 220, "{} characters: {token}", token.len());
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    }
}

#[test]
fn a_new_key_verifies_before_it_signs_and_an_old_one_after_it_did() {
    let (old, new) = (new_key("old").unwrap(), new_key("new").unwrap());
    let steps = [old.clone(), format!("{old}\n{new}"), format!("{new}\n{old}"), new];
    let steps: Vec<Keys> = steps.iter().map(|text| Keys::parse(text).unwrap()).collect();
    for (signing, verifying, expected) in [
        (0, 1, Ok(claims())),
        (1, 0, Ok(claims())),
        (2, 1, Ok(claims())),
        (1, 2, Ok(claims())),
        (2, 3, Ok(claims())),
        (0, 3, Err(Refused::UnknownKey)),
        (3, 0, Err(Refused::UnknownKey)),
    ] {
        assert_eq!(steps[verifying].verify(&steps[signing].sign(&claims())), expected);
    }
}

#[test]
fn a_token_is_good_for_its_time_with_five_seconds_for_the_clocks() {
    let claims = claims();
    for (now, expected) in [
        (NOW - 6, Err(Refused::NotYet)),
        (NOW - 5, Ok(())),
        (NOW, Ok(())),
        (NOW + 304, Ok(())),
        (NOW + 305, Err(Refused::Expired)),
        (u64::MAX, Err(Refused::Expired)),
        (0, Err(Refused::NotYet)),
    ] {
        assert_eq!(claims.check_time(now), expected, "{now}");
    }
}

#[test]
fn a_token_is_good_for_its_channel_and_its_methods() {
    let claims = claims();
    for (method, channel, rest, expected) in [
        ("GET", "zdf", "master.m3u8", Ok(())),
        ("HEAD", "zdf", "v0/7.m4s", Ok(())),
        ("GET", "zdf-info", "master.m3u8", Err(Refused::OtherPath)),
        ("GET", "zd", "f/master.m3u8", Err(Refused::OtherPath)),
        ("GET", "", "zdf/master.m3u8", Err(Refused::OtherPath)),
        ("GET", "arte", "master.m3u8", Err(Refused::OtherPath)),
        ("POST", "zdf", "master.m3u8", Err(Refused::OtherMethod)),
        ("get", "zdf", "master.m3u8", Err(Refused::OtherMethod)),
    ] {
        assert_eq!(claims.check_request(method, channel, rest), expected, "{method} {channel} {rest}");
    }
    let narrow = Claims { path: "/hls/zdf/a0/".into(), ..claims.clone() };
    assert_eq!(narrow.check_request("GET", "zdf", "a0/7.m4s"), Ok(()));
    for rest in ["v0/7.m4s", "a0", "a", ""] {
        assert_eq!(narrow.check_request("GET", "zdf", rest), Err(Refused::OtherPath), "{rest}");
    }
    let wide = Claims { path: "/hls/".into(), ..claims.clone() };
    assert_eq!(wide.check_request("GET", "arte", "master.m3u8"), Ok(()));
    let looked_at = Claims { methods: Methods { get: false, head: true }, ..claims };
    assert_eq!(looked_at.check_request("GET", "zdf", "x"), Err(Refused::OtherMethod));
}

#[test]
fn a_window_has_both_of_its_ends() {
    let claims = restricted();
    for (number, expected) in
        [(299_999_999, false), (300_000_000, true), (300_000_500, true), (300_000_501, false)]
    {
        assert_eq!(claims.check_segment(number).is_ok(), expected, "{number}");
    }
}
