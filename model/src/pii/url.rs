//! What URLs, cookies and log lines carry by name: `user:password@`, sensitive parameters of a query or
//! a fragment, and pairs such as `"password":"..."` in JSON kept as a string.

use super::scan::{Scan, before, byte, class, find, is, is_blank, length, length_before, length_until};
use super::{Found, Kind, key};

/// Bytes of the shortest secret after a colon in prose, and those of its start that must have a digit.
const SECRET_BYTES_MIN: usize = 6;
const SECRET_START: usize = 64;

const NAME: u16 = class::WORD | class::JOIN | class::DOT | class::BRACKET;

pub(super) fn next(scan: &Scan<'_>, from: usize) -> Option<Found> {
    let bytes = scan.bytes();
    let mut at = from;
    loop {
        let sign = at + length_until(bytes, at, class::SIGN);
        if sign >= bytes.len() {
            return None;
        }
        let found = if bytes[sign] == b'=' {
            parameter(scan, sign)
        } else if byte(bytes, sign + 1) == b'/' && byte(bytes, sign + 2) == b'/' {
            user_info(bytes, sign + 3)
        } else {
            pair(bytes, sign)
        };
        if let Some(found) = found
            && found.from >= from
            && !is_blank(&bytes[found.from..found.to])
        {
            return Some(found);
        }
        at = sign + 1;
    }
}

/// `user:password` before the host that begins at or after `from`.
fn user_info(bytes: &[u8], from: usize) -> Option<Found> {
    let end = from + length_until(bytes, from, class::SPACE | class::URL_END | class::HOST_END);
    let mut to = end;
    while to > from && bytes[to - 1] != b'@' {
        to -= 1;
    }
    let to = to.checked_sub(1).filter(|to| *to > from)?;
    (find(bytes, from, b':') < to).then_some(Found { from, to, kind: Kind::Password })
}

/// The value after the `=` at `sign`, if its name is one of secrets.
fn parameter(scan: &Scan<'_>, sign: usize) -> Option<Found> {
    let bytes = scan.bytes();
    let name = sign - length_before(bytes, sign, NAME);
    let start = before(bytes, name);
    let listed = start == b';' || start == b' ' && before(bytes, name - 1) == b';';
    let in_url = matches!(start, b'?' | b'&' | b'#') || listed;
    let kind = key::kind(&bytes[name..sign], in_url)?;
    // In prose, only what opens doors: `address=0x7f` is a pointer.
    if !in_url && !is_secret(kind) {
        return None;
    }
    let from = sign + 1 + usize::from(byte(bytes, sign + 1) == b'"');
    let ends = class::SPACE | class::URL_END | if in_url && !listed { 0 } else { class::LIST_END };
    let mut to = from;
    loop {
        to += length_until(bytes, to, ends);
        // An encoded space is part of the value, an encoded `&` is not: URLs hold other URLs.
        if !(in_url && is(byte(bytes, to), class::SPACE) && scan.is_encoded(to)) {
            return Some(Found { from, to, kind });
        }
        to += 1;
    }
}

/// The value after the `:` at `sign` in `"name": "value"` or `name: value`.
fn pair(bytes: &[u8], sign: usize) -> Option<Found> {
    let quote = before(bytes, sign);
    let quoted = matches!(quote, b'"' | b'\'');
    let escaped = quoted && before(bytes, sign - 1) == b'\\';
    let end = sign - usize::from(quoted) - usize::from(escaped);
    let name = end - length_before(bytes, end, NAME);
    let kind = key::kind(&bytes[name..end], false)?;
    let mut from = sign + 1 + length(bytes, sign + 1, class::SPACE);
    from += usize::from(escaped && byte(bytes, from) == b'\\');
    let inside = quoted && byte(bytes, from) == quote;
    from += usize::from(inside);
    let ends = class::SPACE | class::URL_END | class::LIST_END;
    // In prose a colon also ends half a sentence: a secret has a digit in it, and soon.
    let start = &bytes[from..bytes.len().min(from + SECRET_START)];
    let start = &start[..length_until(start, 0, ends)];
    let said = is_secret(kind) && start.len() >= SECRET_BYTES_MIN && start.iter().any(u8::is_ascii_digit);
    if !quoted && !said {
        return None;
    }
    // Inside of quotes, to the quote; else to what ends a value.
    let mut to = from;
    while to < bytes.len()
        && if inside { bytes[to] != quote && bytes[to] != b'\\' } else { !is(bytes[to], ends) }
    {
        to += 1;
    }
    Some(Found { from, to, kind })
}

fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::Password | Kind::Token)
}
