//! Addresses of the internet protocol: four numbers up to 255 that no version number is, and the
//! groups of IPv6. Loopback, masks and unspecified addresses are nobody's.

use super::context::Context;
use super::digits::{Digits, Run};
use super::scan::Scan;
use super::{Kind, class, mac};

/// Bytes of the product's name before a version that are looked at.
const NAME_BYTES_MAX: usize = 32;

/// If `run` begins with an IPv4 address or with a version number that looks like one: whether it is an
/// address of somebody. Where it ends is left in the run.
pub(super) fn v4(run: &mut Run<'_>) -> Option<bool> {
    let (scan, start) = (run.scan, run.start());
    if run.len < 4 || !run.separated_by(4, b'.') {
        return None;
    }
    let end = run.end(4);
    // `Chrome/120.0.0.0`, but not what is in a path.
    let name = scan.back_of(start.saturating_sub(1), NAME_BYTES_MAX, class::TOKEN | class::DOT);
    if run.before() == b'/' && name + 1 < start && scan.before(name) != b'/' {
        run.to = end;
        return Some(false);
    }
    let mut at = start;
    let (mut largest, mut least, mut rest) = (0, 255, 0);
    for index in 0..4 {
        let width = run.width(index);
        let part = Digits::of(scan, at, at + width).part(0, 4);
        if width > 3 || part > 255 || (width > 1 && scan.at(at) == b'0') {
            return None;
        }
        largest = part.max(largest);
        if index > 0 {
            least = part.min(least);
            rest += part;
        }
        at += width + 1;
    }
    let after = class::DOT | class::JOIN;
    let goes_on = scan.is(end, class::WORD) || scan.is(end, after) && scan.is(end + 1, class::WORD);
    if goes_on || run.is_after(class::WORD | after) {
        return None;
    }
    run.to = end;
    // A network, its mask or the machine itself; `Chrome 120.0.0.0`.
    if rest == 0 || scan.has(start, b"127.") || scan.has(start, b"255.") {
        return Some(false);
    }
    // Versions have small parts, and of those after the first one that is a digit.
    let small = run.width(0) == 1 && largest < 100 && least < 10;
    Some(match run.context() {
        Context::Network => true,
        Context::Version if run.before() != b'/' => false,
        _ => !small || run.before() == b'@' || scan.has(start.wrapping_sub(2), b"//") || scan.at(end) == b':',
    })
}

/// Claims the IPv6 addresses; and those of network cards, which are written with colons too.
pub(super) fn claim_v6(scan: &mut Scan<'_>) {
    let mut at = 0;
    loop {
        let colon = scan.find(at, b':');
        if colon == scan.len() {
            return;
        }
        let mut start = scan.back(colon, class::HEX);
        // `client:2a01:...`: the first colon is not its own.
        if (start == colon || scan.is_after(class::WORD, start)) && scan.at(colon + 1) != b':' {
            start = colon + 1;
        }
        let end = scan.run(start, class::HEX | class::COLON);
        at = end.max(colon + 1);
        let word = class::WORD | class::JOIN;
        if !scan.is_after(word, start) && !scan.is(end, word) {
            if is_v6(scan, start, end) {
                scan.claim(start, end, Kind::Ip);
            } else {
                let to = mac::end(scan, start);
                if to > 0 {
                    scan.claim(start, to, Kind::Mac);
                }
            }
        }
    }
}

fn is_v6(scan: &Scan<'_>, from: usize, to: usize) -> bool {
    let (mut groups, mut gaps) = (0, 0);
    let mut at = from;
    while at < to {
        let group = scan.run(at, class::HEX);
        if group > at + 4 {
            return false;
        }
        groups += usize::from(group > at);
        gaps += usize::from(group == at && scan.at(at + 1) == b':');
        at = group.max(at + 1);
    }
    // `a::b` is a selector, `::1` the machine itself; networks begin with three digits or four.
    let networked = scan.run(from, class::HEX) >= from + 3;
    gaps == 0 && groups == 8
        || gaps == 1 && scan.count(from, to, class::DIGIT) > 0 && (groups >= 4 || groups >= 2 && networked)
}
