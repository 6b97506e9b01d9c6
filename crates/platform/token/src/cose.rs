//! The envelope: a COSE_Mac0 (RFC 9052 6.2), in just the form that it has here. Anything else is not read.

use minicbor::{Decoder, Encoder, data::Tag};

/// The longest text of a token that is looked at: ours are about 200 characters.
pub(crate) const LONGEST: usize = 700;
/// `{alg: HMAC 256/256}` (RFC 9053 3.1), the protected header of every token.
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x05];
// Tags: CWT (RFC 8392 6), COSE_Mac0 (RFC 9052 2).
const CWT: u64 = 61;
const MAC0: u64 = 17;
/// `kid` (RFC 9052 3.1).
const KEY_ID: u8 = 4;

/// A token taken apart; nothing in it has been verified.
pub(crate) struct Sealed<'b> {
    pub(crate) key: &'b [u8],
    pub(crate) payload: &'b [u8],
    pub(crate) tag: &'b [u8],
}

/// What is signed: the MAC_structure (RFC 9052 6.3).
pub(crate) fn authenticated(payload: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::with_capacity(payload.len() + 16));
    // Writing into memory cannot fail.
    let _ = out.array(4).and_then(|out| out.str("MAC0")).and_then(|out| out.bytes(&PROTECTED));
    let _ = out.bytes(&[]).and_then(|out| out.bytes(payload));
    out.into_writer()
}

/// Writes a token.
pub(crate) fn write<T: AsRef<[u8]>>(key: &str, payload: &[u8], sign: impl FnOnce(&[u8]) -> T) -> Vec<u8> {
    let mut out = Encoder::new(Vec::with_capacity(payload.len() + 64));
    let _ = out.tag(Tag::new(CWT)).and_then(|out| out.tag(Tag::new(MAC0))).and_then(|out| out.array(4));
    let _ = out.bytes(&PROTECTED).and_then(|out| out.map(1));
    let _ = out.u8(KEY_ID).and_then(|out| out.bytes(key.as_bytes()));
    let _ = out.bytes(payload).and_then(|out| out.bytes(sign(&authenticated(payload)).as_ref()));
    out.into_writer()
}

/// Takes a token apart. The tag of a CWT may be absent, as RFC 8392 has it.
pub(crate) fn read(bytes: &[u8]) -> Option<Sealed<'_>> {
    let mut from = Decoder::new(bytes);
    let mut tag = from.tag().ok()?;
    if tag == Tag::new(CWT) {
        tag = from.tag().ok()?;
    }
    let wanted = tag == Tag::new(MAC0)
        && from.array().ok()? == Some(4)
        && from.bytes().ok()? == PROTECTED
        && from.map().ok()? == Some(1)
        && from.u8().ok()? == KEY_ID;
    if !wanted {
        return None;
    }
    let sealed = Sealed { key: from.bytes().ok()?, payload: from.bytes().ok()?, tag: from.bytes().ok()? };
    (from.position() == bytes.len()).then_some(sealed)
}
