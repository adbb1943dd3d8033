//! E-mail addresses: an `@` with a local part before it and a domain after it that ends in a top-level
//! domain. Letters of any script count, as in internationalised addresses (RFC 6531).

use super::scan::{Scan, any_word, before, byte, class, find, has, is, length, length_before};
use super::{Found, Kind};

/// Endings that look like a top-level domain and are the type of a file: `icon@dark.png`.
const FILES: &[u8] = b"png,jpg,jpeg,gif,webp,avif,svg,ico,js,mjs,css,html,json,map,tgz";

pub(super) fn next(scan: &Scan<'_>, from: usize) -> Option<Found> {
    let bytes = scan.bytes();
    let mut at = from;
    loop {
        let sign = find(bytes, at, b'@');
        if sign >= bytes.len() {
            return None;
        }
        // `/`, `=`, `?` and `&` are legal in a local part and are left out: before an address in a URL
        // they are the URL's. Quotes and dots around an address are not part of it.
        let local = length_before(bytes, sign, class::WORD | class::HIGH | class::LOCAL);
        let start = sign - local + length(&bytes[..sign], sign - local, class::EDGE);
        let end = domain_end(bytes, sign + 1);
        if start < sign && end > 0 {
            return Some(Found { from: start, to: end, kind: Kind::Email });
        }
        at = sign + 1;
    }
}

/// Where the domain that begins at `from` ends; 0 if it is none.
fn domain_end(bytes: &[u8], from: usize) -> usize {
    let mut top = from;
    let mut end = from;
    loop {
        // A label may have hyphens in it; `_` is in none.
        let label = length(bytes, end, class::WORD | class::HIGH | class::JOIN);
        if label == 0 {
            break;
        }
        top = end;
        end += label;
        if byte(bytes, end) != b'.' {
            break;
        }
        end += 1;
    }
    end -= usize::from(before(bytes, end) == b'.');
    if byte(bytes, top) < 0x80 {
        // Text of another script may follow directly: it is not part of an ASCII name.
        end = top + length(&bytes[..end], top, class::WORD | class::JOIN);
    }
    let letters =
        length(&bytes[..end], top, class::LETTER | class::HIGH) == end - top || has(bytes, top, b"xn--");
    // `logo@2x.png` is a picture, for screens of a density.
    let file = any_word(FILES, &mut |file| file.len() == end - top && has(bytes, top, file));
    if top > from && end - top >= 2 && letters && !file && is(byte(bytes, from), class::WORD | class::HIGH) {
        end
    } else {
        0
    }
}
