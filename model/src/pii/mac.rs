//! Addresses of network cards (EUI-48): six pairs of hex digits with one separator, or three fours
//! with full stops.

use super::scan::{Scan, before, byte, class, is, length, length_until};
use super::{Found, Kind};

pub(super) fn next(scan: &Scan<'_>, from: usize) -> Option<Found> {
    let bytes = scan.bytes();
    let mut at = from;
    loop {
        let sign = at + length_until(bytes, at, class::COLON | class::JOIN | class::DOT);
        if sign >= bytes.len() {
            return None;
        }
        let separator = bytes[sign];
        let (pieces, wide) = if separator == b'.' { (3, 4) } else { (6, 2) };
        let start = sign.wrapping_sub(wide);
        let mut end = start;
        let mut piece = 0;
        while piece < pieces
            && length(bytes, end, class::HEX) == wide
            && (piece == 0 || bytes[end - 1] == separator)
        {
            end += wide + 1;
            piece += 1;
        }
        end = end.wrapping_sub(1);
        let left = before(bytes, start);
        let alone = !is(left, class::WORD) && left != separator && !is(byte(bytes, end), class::WORD);
        // Six pairs of digits between hyphens are a date and a time; numbers have full stops.
        if piece == pieces
            && alone
            && (separator == b':'
                || length(bytes, start, class::DIGIT | class::JOIN | class::DOT) < end - start)
        {
            return Some(Found { from: start, to: end, kind: Kind::Mac });
        }
        at = sign + 1;
    }
}
