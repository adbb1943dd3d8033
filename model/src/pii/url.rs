//! What URLs, cookies and log lines carry by name: `user:password@`, sensitive parameters of a query or
//! a fragment, and pairs such as `"password":"..."` in JSON kept as a string.

use super::scan::Scan;
use super::{Kind, any_word, class, key};

/// Bytes of the shortest secret after a colon in prose, and those of its start that must have a digit.
const SECRET_BYTES_MIN: usize = 6;
const SECRET_START: usize = 64;

/// Bytes of a name of several words that are looked at.
pub(super) const NAME_BYTES_MAX: usize = 48;

pub(super) const NAME: u16 = class::WORD | class::JOIN | class::DOT | class::BRACKET;

/// What ends a value in prose and lists.
pub(super) const ENDS: u16 = class::SPACE | class::URL_END | class::LIST_END;

pub(super) fn claim_all(scan: &mut Scan<'_>) {
    let mut at = 0;
    loop {
        let sign = scan.until(at, class::SIGN);
        if sign == scan.len() {
            return;
        }
        let found = if scan.at(sign) == b'=' {
            parameter(scan, sign)
        } else if scan.has(sign + 1, b"//") {
            user_info(scan, sign + 3)
        } else {
            pair(scan, sign)
        };
        at = sign + 1;
        if let Some((from, to, kind)) = found
            && !scan.is_blank(from, to)
        {
            scan.claim(from, to, kind);
            at = to;
        }
    }
}

/// From where to where what is of what kind.
type Found = Option<(usize, usize, Kind)>;

/// `user:password` before the host that begins at or after `from`.
fn user_info(scan: &Scan<'_>, from: usize) -> Found {
    let ends = class::SPACE | class::URL_END | class::HOST_END;
    let mut end = scan.until(from, ends);
    // What is encoded is part of it, unless the whole URL is.
    while scan.is_encoded(end) && !scan.is_encoded(from - 1) {
        end = scan.until(end + 1, ends);
    }
    let mut to = end;
    while to > from && scan.before(to) != b'@' {
        to -= 1;
    }
    (to > from && scan.find(from, b':') < to - 1).then_some((from, to - 1, Kind::Password))
}

/// The value after the `=` at `sign`, if its name is one of secrets.
fn parameter(scan: &Scan<'_>, sign: usize) -> Found {
    let name = scan.back(sign, NAME);
    let start = scan.before(name);
    let listed = start == b';' || start == b' ' && scan.before(name - 1) == b';';
    let in_url = matches!(start, b'?' | b'&' | b'#') || listed;
    let Some(kind) = key::kind(&scan.bytes()[name..sign], in_url) else {
        return if in_url { None } else { pair(scan, sign) };
    };
    // In prose, only what opens doors: `address=0x7f` is a pointer.
    if !in_url && !is_secret(kind) {
        return None;
    }
    let from = sign + 1 + usize::from(scan.at(sign + 1) == b'"');
    // The end of something in base 64.
    if scan.at(from) == b'=' {
        return None;
    }
    let ends = if in_url && !listed { class::SPACE | class::URL_END } else { ENDS };
    let mut to = scan.until(from, ends);
    // An encoded space is part of the value, an encoded `&` is not: URLs hold other URLs.
    while in_url && scan.is(to, class::SPACE) && scan.is_encoded(to) {
        to = scan.until(to + 1, ends);
    }
    Some((from, to, kind))
}

/// The value after the `:` or `=` at `sign` in `"name": "value"`, `name: value` or `name = value`.
fn pair(scan: &Scan<'_>, sign: usize) -> Found {
    let sign_start = scan.back_of(sign, 2, class::SPACE);
    let quote = scan.before(sign_start);
    let quoted = matches!(quote, b'"' | b'\'');
    let escaped = quoted && scan.before(sign_start - 1) == b'\\';
    let end = sign_start - usize::from(quoted) - usize::from(escaped);
    // `Bearer 4164695274:...` begins with a number.
    let number = scan.back_of(end, NAME_BYTES_MAX, class::DIGIT);
    if number < end && scan.is_after(class::SPACE, number) {
        return None;
    }
    // Most are no name of anything, whatever is before their last word.
    key::kind(scan.part(end.saturating_sub(NAME_BYTES_MAX), end), false)?;
    let kind = key::kind(scan.part(scan.back_of(end, NAME_BYTES_MAX, NAME | class::SPACE), end), false)?;
    let mut from = scan.run(sign + 1, class::SPACE);
    from += usize::from(escaped && scan.at(from) == b'\\');
    // `"has_email": true`.
    if any_word(b"true,false,null", &mut |word| scan.has(from, word)) {
        return None;
    }
    let open = scan.at(from);
    let inside = if quoted { open == quote } else { matches!(open, b'"' | b'\'') };
    from += usize::from(inside);
    // In prose a colon also ends half a sentence: a secret has a digit in it, and soon.
    let mut near = from;
    let mut digits = 0;
    while near < scan.len().min(from + SECRET_START) && !scan.is(near, ENDS) {
        digits += usize::from(scan.is(near, class::DIGIT));
        near += 1;
    }
    let secret = is_secret(kind) && near >= from + SECRET_BYTES_MIN && digits > 0;
    if !quoted && !secret {
        return None;
    }
    // Inside of quotes, to the quote; else to what ends a value.
    let mut to = from;
    while to < scan.len()
        && if inside { scan.at(to) != open && scan.at(to) != b'\\' } else { !scan.is(to, ENDS) }
    {
        to += 1;
    }
    Some((from, to, kind))
}

pub(super) fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::Password | Kind::Token)
}
