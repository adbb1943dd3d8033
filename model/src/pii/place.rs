//! Geographic coordinates: latitude and longitude as decimals with three places or more, side by
//! side. Looked for only where the rules ask for it.

use super::scan::{Scan, before, byte, class, is, length, length_until};
use super::{Found, Kind};

pub(super) fn next(scan: &Scan<'_>, from: usize) -> Option<Found> {
    let bytes = scan.bytes();
    let mut at = from;
    loop {
        let start = at + length_until(bytes, at, class::DIGIT);
        if start >= bytes.len() {
            return None;
        }
        let latitude = start + degrees(bytes, start);
        let between = latitude + length(bytes, latitude, class::SPACE | class::LIST_END);
        let longitude = between + usize::from(byte(bytes, between) == b'-');
        let to = longitude + degrees(bytes, longitude);
        if latitude > start && between > latitude && to > longitude && !is(byte(bytes, to), class::WORD) {
            let signed = usize::from(before(bytes, start) == b'-' && start > from);
            return Some(Found { from: start - signed, to, kind: Kind::Coordinates });
        }
        at = start + length(bytes, start, class::DIGIT | class::DOT);
    }
}

/// How long the decimal is that begins at `from`; 0 if it is no place in degrees.
fn degrees(bytes: &[u8], from: usize) -> usize {
    let whole = length(bytes, from, class::DIGIT);
    let places = length(bytes, from + whole + 1, class::DIGIT);
    if whole <= 3 && byte(bytes, from + whole) == b'.' && places >= 3 { whole + 1 + places } else { 0 }
}
