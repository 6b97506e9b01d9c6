//! What nobody signed.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use funkturm_token::Refused;
use proptest::prelude::*;

use crate::{claims, keys, restricted};

#[test]
fn any_bit_that_is_flipped_is_noticed() {
    let keys = keys();
    for claims in [claims(), restricted()] {
        let token = keys.sign(&claims);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = keys.verify(&BASE64_URL_SAFE_NO_PAD.encode(changed));
            assert!(refused.is_err_and(Refused::is_invalid), "bit {bit} of the bytes");
        }
        for bit in 0..token.len() * 8 {
            let mut changed = token.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = String::from_utf8(changed) {
                assert!(keys.verify(&changed).is_err_and(Refused::is_invalid), "bit {bit} of the text");
            }
        }
    }
}

#[test]
fn what_is_cut_short_or_goes_on_is_refused() {
    let keys = keys();
    let token = keys.sign(&restricted());
    for end in 0..token.len() {
        assert!(keys.verify(&token[..end]).is_err(), "{end}");
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
    let longer = BASE64_URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat());
    assert_eq!(keys.verify(&longer), Err(Refused::Garbage));
    assert_eq!(keys.verify(&format!("{token}=")), Err(Refused::Garbage));
    assert_eq!(keys.verify(&"A".repeat(1 << 20)), Err(Refused::Garbage));
}

#[test]
fn another_key_of_the_same_name_is_noticed() {
    assert_eq!(keys().verify(&keys().sign(&claims())), Err(Refused::Tampered));
}

proptest! {
    #[test]
    fn nonsense_is_refused_and_nothing_else_happens(text in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let keys = keys();
        prop_assert!(keys.verify(&text).is_err());
        prop_assert!(keys.verify(&BASE64_URL_SAFE_NO_PAD.encode(bytes)).is_err());
    }

    #[test]
    fn a_token_with_some_of_its_bytes_changed_is_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let keys = keys();
        let good = BASE64_URL_SAFE_NO_PAD.decode(keys.sign(&restricted())).unwrap();
        let mut changed = good.clone();
        for (place, byte) in changes {
            let place = place.index(changed.len());
            changed[place] = byte;
        }
        prop_assert_eq!(keys.verify(&BASE64_URL_SAFE_NO_PAD.encode(&changed)).is_ok(), changed == good);
    }
}
