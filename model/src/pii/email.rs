//! E-mail addresses: an `@` (or `%40`) with a local part before it and a domain after it that ends in
//! a top-level domain. Letters of any script count, as in internationalised addresses (RFC 6531).

use core::ops::Range;

/// The first address in `text` from byte `from` on.
pub(super) fn next(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(offset) = bytes[at..].iter().position(|b| matches!(b, b'@' | b'%')) {
        let sign = at + offset;
        let length = sign_length(&bytes[sign..]);
        if length > 0 {
            let start = local_start(bytes, from, sign);
            let end = domain_end(text, sign + length);
            if let Some(end) = end.filter(|_| start < sign) {
                return Some(start..end);
            }
        }
        at = sign + length.max(1);
    }
    None
}

fn sign_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'@', ..] => 1,
        [b'%', b'4', b'0', ..] => 3,
        _ => 0,
    }
}

/// Where the local part that ends at `sign` begins. `/`, `=`, `?` and `&` are legal in one and are
/// left out: before an address in a URL they are the URL's.
fn local_start(bytes: &[u8], from: usize, sign: usize) -> usize {
    let local = |b: &u8| {
        b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b'.' | b'_' | b'-' | b'+' | b'%' | b'\'')
    };
    let length = bytes[from..sign].iter().rev().take_while(|b| local(b)).count();
    let start = sign - length;
    // Quotes and dots around an address are not part of it.
    start + bytes[start..sign].iter().take_while(|b| matches!(b, b'.' | b'\'' | b'-' | b'%')).count()
}

/// Where the domain that begins at `from` ends, if it is one.
fn domain_end(text: &str, from: usize) -> Option<usize> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
    let rest = &text.as_bytes()[from..];
    let length = rest.iter().take_while(|b| letter(**b) || matches!(b, b'.' | b'-')).count();
    let mut domain = &text[from..from + length];
    domain = domain.trim_end_matches(['.', '-']);
    let (labels, top) = domain.rsplit_once('.')?;
    let real_top = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic() || b >= 0x80 || b == b'-');
    let real_labels = labels.split('.').all(|label| !label.is_empty());
    (real_top && real_labels && !is_pixel_density(labels)).then_some(from + domain.len())
}

/// `2x` of `logo@2x.png`: the name of a picture, not of a host.
fn is_pixel_density(labels: &str) -> bool {
    labels
        .strip_suffix('x')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}
