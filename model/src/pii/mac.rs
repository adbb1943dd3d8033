//! Addresses of network cards (EUI-48): six pairs of hex digits with one separator, or three fours
//! with full stops.

use super::scan::{before, byte, class, is, length_back, length_of};
use super::{Found, Kind};

/// Bytes of the longest form.
const BYTES_MAX: usize = 17;

/// The address that has the digit at `at` in it.
pub(super) fn around(bytes: &[u8], at: usize) -> Option<Found> {
    let from = at - length_back(bytes, at, BYTES_MAX - 1, class::HEX | class::JOIN | class::DOT);
    Some(Found { from, to: end(bytes, from)?, kind: Kind::Mac })
}

/// Where the address ends that begins at `from`, if one does.
#[inline(never)]
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let wide = length_of(bytes, from, 5, class::HEX);
    let separator = byte(bytes, from + wide);
    let mut pieces = match (wide, separator) {
        (4, b'.') => 3,
        (2, b':' | b'-') => 6,
        _ => return None,
    };
    let mut at = from;
    while pieces > 0
        && length_of(bytes, at, 5, class::HEX) == wide
        && (at == from || bytes[at - 1] == separator)
    {
        at += wide + 1;
        pieces -= 1;
    }
    let at = at - 1;
    let alone = !is(before(bytes, from), class::WORD) && !is(byte(bytes, at), class::WORD);
    // Six pairs of digits between hyphens are a date and a time; numbers have full stops.
    let numeric = length_of(bytes, from, BYTES_MAX, class::DIGIT | class::JOIN | class::DOT) >= at - from;
    (pieces == 0 && alone && !numeric).then_some(at)
}
