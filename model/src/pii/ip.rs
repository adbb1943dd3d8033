//! Addresses of the internet protocol: four numbers up to 255 that no version number is, and the
//! groups of IPv6. Loopback and unspecified addresses are nobody's.

use super::context::Context;
use super::digits::{Digits, Run};
use super::scan::{Scan, before, byte, class, find, is, length, length_before};
use super::{Found, Kind, mac};

/// If `run` begins with an IPv4 address or with a version number that looks like one: where it ends,
/// and whether it is an address of somebody.
pub(super) fn v4_at(run: &Run<'_>) -> Option<(usize, bool)> {
    let (text, start) = (run.text, run.start());
    if run.len < 4 || !run.separated_by(4, b'.') {
        return None;
    }
    // `Chrome/120.0.0.0`, `lib/1.2.3.4/`.
    if run.before() == b'/' && is(before(text, start - 1), class::WORD) {
        return Some((run.end(4), false));
    }
    let mut at = start;
    let (mut largest, mut least) = (0, 255);
    for index in 0..4 {
        if run.width(index) > 3 {
            return None;
        }
        let part = Digits::of(&text[at..at + run.width(index)]).part(0, 4, 10_000);
        if part > 255 || (run.width(index) > 1 && text[at] == b'0') {
            return None;
        }
        largest = part.max(largest);
        least = if index > 0 { part.min(least) } else { least };
        at += run.width(index) + 1;
    }
    let end = run.end(4);
    let (left, right) = (run.before(), byte(text, end));
    let goes_on =
        is(right, class::WORD) || is(right, class::DOT | class::JOIN) && is(byte(text, end + 1), class::WORD);
    if goes_on || is(left, class::WORD | class::DOT | class::JOIN) {
        return None;
    }
    let nobody = text[start..].starts_with(b"127.") || largest == 0;
    // Versions have small parts, and of those after the first one that is a digit.
    let small = run.width(0) == 1 && largest < 100 && least < 10;
    let version = || match run.context() {
        Context::Network => false,
        Context::Version => true,
        _ => small && !matches!(left, b'/' | b'@') && right != b':',
    };
    Some((end, !(nobody || version())))
}

/// The next IPv6 address; or network card's, which is written with colons too.
pub(super) fn v6_next(scan: &Scan<'_>, from: usize) -> Option<Found> {
    let bytes = scan.bytes();
    let mut at = from;
    loop {
        let colon = find(bytes, at, b':');
        if colon >= bytes.len() {
            return None;
        }
        let start = colon - length_before(bytes, colon, class::HEX);
        let end = start + length(bytes, start, class::HEX | class::COLON);
        at = end.max(colon + 1);
        let word = class::WORD | class::JOIN;
        if start >= from && !is(before(bytes, start), word) && !is(byte(bytes, end), word) {
            if is_v6(&bytes[start..end]) {
                return Some(Found { from: start, to: end, kind: Kind::Ip });
            }
            if let Some(to) = mac::end(bytes, start) {
                return Some(Found { from: start, to, kind: Kind::Mac });
            }
        }
    }
}

fn is_v6(text: &[u8]) -> bool {
    let (mut groups, mut gaps) = (0, 0);
    let mut at = 0;
    while at < text.len() {
        let group = length(text, at, class::HEX);
        if group > 4 {
            return false;
        }
        groups += usize::from(group > 0);
        gaps += usize::from(group == 0 && byte(text, at + 1) == b':');
        at += group.max(1);
    }
    let digits = text.iter().any(u8::is_ascii_digit);
    // `a::b` is a selector, `::1` the machine itself; networks begin with three digits or four.
    let networked = length(text, 0, class::HEX) >= 3;
    gaps == 0 && groups == 8 || gaps == 1 && digits && (groups >= 4 || groups >= 2 && networked)
}
