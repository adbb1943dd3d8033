//! User ids: hashed where they are given, so that no raw one is ever queued, sent, stored or logged.
//!
//! The page sends `u_` and 32 hex digits; the server hashes a raw id from any other sender the same
//! way, so both mean the same person. A plain hash can be guessed by trying likely ids, which is why
//! the server then keys it with a secret (`server/src/identity.rs`) before anything is stored.

use alloc::string::String;
use core::fmt;

use crate::json::push_hex;
use crate::sha256::digest;

/// Keeps these hashes apart from any other use of SHA-256 over the same ids.
const DOMAIN: &[u8] = b"pharos user id 1\0";
const PREFIX: &str = "u_";

/// The hash that stands for a user: the first 128 bits of SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserHash([u8; 16]);

impl UserHash {
    /// The hash of a raw id. An id that already is one (`u_` and 32 lower-case hex digits) is read
    /// as it is: hashing twice is hashing once.
    pub fn of(raw_or_hashed: &str) -> Self {
        if let Some(hash) = Self::read(raw_or_hashed) {
            return hash;
        }
        Self(digest(&[DOMAIN, raw_or_hashed.as_bytes()]))
    }

    /// The bytes, for the server's keyed hash.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Appends `u_` and 32 hex digits.
    pub fn push_to(self, out: &mut String) {
        out.push_str(PREFIX);
        push_hex(&self.0, out);
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut hash = [0; 16];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for UserHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(34);
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_pinned() {
        // Every stored user id depends on it: printf 'pharos user id 1\0user-42' | sha256sum
        assert_eq!(UserHash::of("user-42").to_string(), "u_0ba2824920f3c163d95df7354e6b020d");
    }

    #[test]
    fn hashing_twice_is_hashing_once() {
        let once = UserHash::of("ada@example.org");
        assert_eq!(UserHash::of(&once.to_string()), once);
        assert_ne!(UserHash::of("U_0123"), UserHash::of("u_0123"));
    }
}
