//! Private keys in PEM armour (RFC 7468), cut off ones included.

use super::scan::Scan;
use super::{Kind, class};

/// The shortest text that is looked at.
pub(super) const TEXT_MIN: usize = 40;

pub(super) fn claim_all(scan: &mut Scan<'_>) {
    // Five dashes have one at every fifth byte.
    let mut at = 0;
    while at < scan.len() && scan.at(at) != b'-' {
        at += 5;
    }
    // From the four bytes before it on, dashes are few.
    at = at.saturating_sub(4);
    loop {
        at = scan.find(at, b'-');
        if at == scan.len() {
            return;
        }
        let label = scan.run(at, class::JOIN);
        let mut end = scan.find(label, b'-');
        if scan.has(at, b"-----begin") && is_private(&scan.bytes()[label..end]) {
            while end < scan.len() && !scan.has(end, b"-----end") {
                end = scan.find(end + 1, b'-');
            }
            let to = scan.run(scan.find(end + 9, b'-').min(scan.len()), class::JOIN);
            scan.claim(at, to, Kind::PrivateKey);
            at = to;
        } else {
            at = label;
        }
    }
}

/// Whether that is on the first line's label, in a form's data with `+` between the words. That of PGP goes on with
/// `BLOCK`.
fn is_private(label: &[u8]) -> bool {
    label.windows(11).any(|words| words.starts_with(b"PRIVATE") && words.ends_with(b"KEY"))
}
