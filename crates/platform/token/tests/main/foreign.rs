//! Tokens that we did not write: signed here byte by byte, or by another implementation.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funkturm_token::{Keys, Refused};
use ring::hmac;

const KEY: [u8; 32] = [7; 32];

fn keys() -> Keys {
    Keys::parse(&format!("k {}", BASE64_URL_SAFE_NO_PAD.encode(KEY))).unwrap()
}

/// A token around any payload, with a good signature.
fn sealed(payload: &[u8]) -> String {
    let length = u8::try_from(payload.len()).unwrap();
    let message = [b"\x84\x64MAC0\x43\xa1\x01\x05\x40", &head(length)[..], payload].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), &message);
    let start = [b"\xd1\x84\x43\xa1\x01\x05\xa1\x04\x41k", &head(length)[..], payload, b"\x58\x20"].concat();
    BASE64_URL_SAFE_NO_PAD.encode([&start, tag.as_ref()].concat())
}

fn head(length: u8) -> Vec<u8> {
    if length < 24 { vec![0x40 + length] } else { vec![0x58, length] }
}

/// Claims by hand: each a key and a value, as CBOR.
fn payload(claims: &[&[u8]]) -> Vec<u8> {
    let count = u8::try_from(claims.len()).unwrap();
    [&[0xa0 + count][..], &claims.concat()].concat()
}

const ISS: &[u8] = b"\x01\x68funkturm";
const EXP: &[u8] = b"\x04\x1a\x6b\x49\xd2\x00";
const CTI: &[u8] = b"\x07\x500123456789abcdef";
const CATU: &[u8] = b"\x19\x01\x38\xa1\x03\xa1\x01\x69/hls/zdf/";
const CATM: &[u8] = b"\x19\x01\x39\x82\x63GET\x64HEAD";

#[test]
fn a_token_of_the_least_is_good_and_one_with_less_or_with_more_is_not_understood() {
    let all = [ISS, EXP, CTI, CATU, CATM];
    let claims = keys().verify(&sealed(&payload(&all))).unwrap();
    assert_eq!((claims.path.as_str(), claims.until, claims.hd), ("/hls/zdf/", 0x6b49_d200, true));
    for missing in 0..all.len() {
        let mut less = all.to_vec();
        less.remove(missing);
        assert_eq!(keys().verify(&sealed(&payload(&less))), Err(Refused::NotUnderstood), "{missing}");
    }
    for more in [
        ISS,                                         // twice
        b"\x19\x01\x36\x02",                         // catv 2
        b"\x19\x01\x37\x81\x01",                     // catnip: networks, which are not looked at here
        b"\x3a\x00\x01\x00\x01\x19\x04\x38",         // fewer than 1080 lines: nobody prepares that
        b"\x3a\x00\x01\x00\x00\x81\x01",             // a window with one end
        b"\x3a\x00\x01\x00\x05\x01",                 // a claim of tomorrow
        b"\x05\xfb\x41\xda\xd2\x74\x80\x00\x00\x00", // nbf as a float
    ] {
        let token = sealed(&payload(&[&all[..], &[more]].concat()));
        assert_eq!(keys().verify(&token), Err(Refused::NotUnderstood), "{more:x?}");
    }
    for (place, wrong) in [
        (0, &b"\x01\x68somebody"[..]),
        (2, b"\x07\x4f0123456789abcde"),
        (3, b"\x19\x01\x38\xa1\x03\xa1\x00\x69/hls/zdf/"), // exactly this path
        (3, b"\x19\x01\x38\xa1\x01\xa1\x01\x69/hls/zdf/"), // a host
    ] {
        let mut with = all;
        with[place] = wrong;
        assert_eq!(keys().verify(&sealed(&payload(&with))), Err(Refused::NotUnderstood), "{wrong:x?}");
    }
}

#[test]
fn nonsense_under_a_good_signature_is_not_understood() {
    for payload in
        [&b""[..], b"\x80", b"\xbf\xff", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", b"\xa1\x01", b"\x00"]
    {
        assert_eq!(keys().verify(&sealed(payload)), Err(Refused::NotUnderstood), "{payload:x?}");
    }
}

/// Made by `@eyevinn/cat` 0.16.4 (npm) with this key; it found a token of ours good as well, and refused it for another channel and
/// with other bytes.
const EYEVINN: &str = "2D3RhEOhAQWhBEFrWFGoAWhmdW5rdHVybQQaa0nTLAUaa0nSAAYaa0nSAAdQASNFZ4mrze8BI0VniavN7xkBOKEDoQFpL2hscy96ZGYvGQE5gmNHRVRkSEVBRBkBNgFYIDTOBURO2DQwDpCgVHOvbFy22a2h9UNuzMeRezzWtsIy";

#[test]
fn a_token_of_another_implementation_is_good_here() {
    let claims = keys().verify(EYEVINN).unwrap();
    assert_eq!(claims.session.to_string(), "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!((claims.from, claims.until), (1_800_000_000, 1_800_000_300));
    assert_eq!(claims.check_request("GET", "zdf", "v0/7.m4s"), Ok(()));
    assert_eq!(claims.check_request("GET", "arte", "v0/7.m4s"), Err(Refused::OtherPath));
}
