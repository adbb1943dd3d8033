//! Private keys in PEM armour (RFC 7468), cut off ones included.

use super::scan::{Scan, class, find, has, length};
use super::{Found, Kind};

/// The shortest text that is looked at.
pub(super) const TEXT_MIN: usize = 40;

pub(super) fn next(scan: &Scan<'_>, from: usize) -> Option<Found> {
    let bytes = scan.bytes();
    // Five dashes have one at every fifth byte.
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'-' {
        at += 5;
    }
    // From the four bytes before it on, dashes are few.
    at = at.saturating_sub(4).max(from);
    loop {
        at = find(bytes, at, b'-');
        if at >= bytes.len() {
            return None;
        }
        let label = at + length(bytes, at, class::JOIN);
        let end = find(bytes, label, b'-');
        if has(bytes, at, b"-----begin ") && is_private(&bytes[label..end]) {
            return Some(Found { from: at, to: armour_end(bytes, end), kind: Kind::PrivateKey });
        }
        at = label.max(at + 1);
    }
}

/// Whether that is on the first line's label. That of PGP goes on with `BLOCK`.
fn is_private(label: &[u8]) -> bool {
    [b"PRIVATE KEY".as_slice(), b"PRIVATE KEY BLOCK"].iter().any(|end| label.ends_with(end))
}

/// Where the armour ends whose first line's dashes end after `at`.
fn armour_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && !has(bytes, at, b"-----end ") {
        at = find(bytes, at + 1, b'-');
    }
    let label = find(bytes, at + 9, b'-').min(bytes.len());
    label + length(bytes, label, class::JOIN)
}
