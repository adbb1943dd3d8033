//! Geographic coordinates: latitude and longitude as decimals with three places or more, side by
//! side. Looked for only where the rules ask for it.

use super::scan::Scan;
use super::{Kind, class};

pub(super) fn claim_all(scan: &mut Scan<'_>) {
    let mut at = 0;
    loop {
        let start = scan.until(at, class::DIGIT);
        if start == scan.len() {
            return;
        }
        let latitude = degrees(scan, start);
        let between = scan.run(latitude, class::SPACE | class::LIST_END);
        let longitude = between + usize::from(scan.at(between) == b'-');
        let to = degrees(scan, longitude);
        at = scan.run(start, class::DIGIT | class::DOT);
        if latitude > start && between > latitude && to > longitude && !scan.is(to, class::WORD) {
            scan.claim(start - usize::from(scan.before(start) == b'-'), to, Kind::Coordinates);
            at = to;
        }
    }
}

/// Where the decimal ends that begins at `from`; there too if it is no place in degrees.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn degrees(scan: &Scan<'_>, from: usize) -> usize {
    let whole = scan.run(from, class::DIGIT);
    let places = scan.run(whole + 1, class::DIGIT);
    if whole <= from + 3 && scan.at(whole) == b'.' && places >= whole + 4 { places } else { from }
}
