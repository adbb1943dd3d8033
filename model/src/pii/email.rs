//! E-mail addresses: an `@` with a local part before it and a domain after it that ends in a top-level
//! domain. Letters of any script count, as in internationalised addresses (RFC 6531).

use super::scan::Scan;
use super::{Kind, any_word, class};

/// Endings that look like a top-level domain and are the type of a file: `icon@dark.png`.
const FILES: &[u8] = b"png,jpg,jpeg,gif,webp,avif,svg,ico,js,mjs,css,html,json,map,tgz";

pub(super) fn claim_all(scan: &mut Scan<'_>) {
    let mut at = 0;
    loop {
        let sign = scan.find(at, b'@');
        if sign == scan.len() {
            return;
        }
        // `/`, `=`, `?` and `&` are legal in a local part and are left out: before an address in a URL
        // they are the URL's. Quotes and dots around an address are not part of it.
        let start = scan.back(sign, class::WORD | class::HIGH | class::LOCAL);
        let start = scan.run(start, class::EDGE);
        let end = domain_end(scan, sign + 1);
        at = sign + 1;
        if start < sign && end > 0 {
            scan.claim(start, end, Kind::Email);
            at = end;
        }
    }
}

/// Where the domain that begins at `from` ends; 0 if it is none.
fn domain_end(scan: &Scan<'_>, from: usize) -> usize {
    let (mut top, mut end) = (from, from);
    let mut next = from;
    loop {
        // A page may have the name of a person: `/ada@example.org.html`.
        if top > from && scan.has(next, b"html") {
            break;
        }
        // A label may have hyphens in it; `_` is in none.
        let label = scan.run(next, class::WORD | class::HIGH | class::JOIN);
        if label == next {
            break;
        }
        (top, end) = (next, label);
        if scan.at(end) != b'.' {
            break;
        }
        next = end + 1;
    }
    if scan.at(top) < 0x80 {
        // Text of another script may follow directly: it is not part of an ASCII name.
        end = scan.run(top, class::WORD | class::JOIN).min(end);
    }
    let letters = scan.run(top, class::LETTER | class::HIGH) >= end || scan.has(top, b"xn--");
    // `logo@2x.png` is a picture, for screens of a density.
    let file = any_word(FILES, &mut |file| file.len() == end - top && scan.has(top, file));
    let is_domain =
        top > from && end >= top + 2 && letters && !file && scan.is(from, class::WORD | class::HIGH);
    if is_domain { end } else { 0 }
}
