//! Addresses of network cards (EUI-48): six pairs of hex digits with one separator, or three fours
//! with full stops.

use super::class;
use super::pattern::{self, HEX};
use super::scan::Scan;

/// Bytes of the longest form.
const BYTES_MAX: usize = 17;

const FORMS: [&[u8]; 3] = [
    &[HEX, HEX, b':', HEX, HEX, b':', HEX, HEX, b':', HEX, HEX, b':', HEX, HEX, b':', HEX, HEX],
    &[HEX, HEX, b'-', HEX, HEX, b'-', HEX, HEX, b'-', HEX, HEX, b'-', HEX, HEX, b'-', HEX, HEX],
    &[HEX, HEX, HEX, HEX, b'.', HEX, HEX, HEX, HEX, b'.', HEX, HEX, HEX, HEX],
];

/// Where the address begins that has the digit at `at` in it, if one does.
pub(super) fn start(scan: &Scan<'_>, at: usize) -> usize {
    scan.back_of(at, BYTES_MAX - 1, class::HEX | class::JOIN | class::DOT)
}

/// Where the address ends that begins at `from`; 0 if none does.
pub(super) fn end(scan: &Scan<'_>, from: usize) -> usize {
    let form = match (scan.at(from + 2), scan.at(from + 4)) {
        (b':', _) => FORMS[0],
        (b'-', _) => FORMS[1],
        (_, b'.') => FORMS[2],
        _ => return 0,
    };
    let end = pattern::end(scan, from, form);
    // Certificates have fingerprints of more pairs.
    let goes_on = scan.at(end) == b':' && scan.is(end + 1, class::HEX)
        || scan.before(from) == b':'
            && scan.back_of(from.wrapping_sub(1), 3, class::WORD).wrapping_add(3) == from;
    // Six pairs of digits between hyphens are a date and a time; numbers have full stops.
    let numeric = scan.count(from, end, class::DIGIT | class::JOIN | class::DOT) == end.saturating_sub(from);
    if numeric || goes_on { 0 } else { end }
}
