//! Tokens: JWTs, API tokens by the prefixes that issuers give them so that they can be found, and what
//! stands after `Bearer` or `Basic`. A random word without any sign is not told from an asset's hash.

use super::scan::{Scan, any_word, before, byte, class, has, is, length, length_before};
use super::{Found, Kind};

/// The shortest word that is looked at.
pub(super) const WORD_MIN: usize = 12;

/// The shortest token that is known by its beginning.
const TOKEN_MIN: usize = 18;

/// Beginnings of tokens. What follows must look drawn by lot.
const PREFIXES: &[u8] = b"sk_,sk-,sk_live_,sk_test_,pk_live_,pk_test_,rk_live_,rk_test_,sk-ant-,sk-proj-,whsec_,ghp_,gho_,ghu_,ghs_,ghr_,github_pat_,glpat-,gldt-,glrt-,xoxb-,xoxp-,xoxa-,xoxr-,xoxs-,xoxe-,xapp-,aiza,npm_,pypi-,hf_,dop_v1_,shpat_,shpss_,sq0atp-,sq0csp-,gocspx-,dckr_pat_,figd_,nrak-,atatt,lin_api_,nvapi-,r8_,tskey-,pmak-,sntrys_,xkeysib-,sbp_,gsk_,sg.,ya29.,hvs.";

/// Claims the tokens of the text, and blanks its UUIDs: what looks like a number in one is none.
pub(super) fn claim_all(scan: &mut Scan<'_>) {
    // A word of so many bytes has one at every so many bytes: the rest is not looked at.
    let mut at = WORD_MIN - 1;
    while at < scan.bytes().len() {
        let bytes = scan.bytes();
        if !is(bytes[at], class::TOKEN) {
            at += WORD_MIN;
            continue;
        }
        let start = at - length_before(bytes, at, class::TOKEN);
        let end = at + length(bytes, at, class::TOKEN);
        at = end + WORD_MIN;
        if end - start < WORD_MIN {
            continue;
        }
        if end - start >= 36 && is_uuid(&bytes[end - 36..end]) {
            scan.blank(end - 36, end);
        } else if !bytes[start].is_ascii_uppercase() && is_hash(&bytes[start..end]) {
            scan.blank(start, end);
        } else if let Some(found) = token(bytes, start, end) {
            at = found.to + WORD_MIN;
            scan.claim(found.from, found.to, found.kind);
        }
    }
}

/// The token that the word `start..end` is, or is the first part of.
fn token(bytes: &[u8], start: usize, end: usize) -> Option<Found> {
    let word = &bytes[start..end];
    let jwt =
        word.starts_with(b"eyJ") && byte(bytes, end) == b'.' && length(bytes, end + 1, class::TOKEN) >= 4;
    // Twilio's: two capitals, and a number in hex.
    let sid = word.len() == 34
        && length(&word[2..], 0, class::HEX) == 32
        && word.iter().take_while(|b| b.is_ascii_uppercase()).count() == 2;
    let key_id = word.len() == 20 && matches!(word, [b'A', _, b'I', b'A', ..]) && drawn(word) == 20;
    // A prefix may end in a full stop, which begins a new word.
    let dotted = start
        - if before(bytes, start) == b'.' { 1 + length_before(bytes, start - 1, class::WORD) } else { 0 };
    let mut prefixed = |prefix: &[u8]| {
        let rest = dotted + prefix.len();
        // A short prefix is also how names begin: `sk_landing_page`.
        has(bytes, dotted, prefix)
            && end >= rest + 16
            && (prefix.len() > 3 || length(bytes, rest, class::WORD) >= 16)
    };
    if jwt
        || sid
        || key_id
        || end - start >= TOKEN_MIN && is_random(word) && any_word(PREFIXES, &mut prefixed)
    {
        let mut to = end;
        while byte(bytes, to) == b'.' && is(byte(bytes, to + 1), class::TOKEN) {
            to += 1 + length(bytes, to + 1, class::TOKEN);
        }
        return Some(Found { from: dotted, to, kind: Kind::Token });
    }
    scheme(bytes, start)
}

/// What stands after `Bearer ` or `Basic ` at `start`, if it is no word of prose.
fn scheme(bytes: &[u8], start: usize) -> Option<Found> {
    let after = |name: &[u8]| {
        is(before(bytes, start), class::SEPARATOR) && has(bytes, start.wrapping_sub(name.len() + 1), name)
    };
    let (bearer, basic) = (after(b"bearer"), after(b"basic") || after(b"token"));
    if !bearer && !basic {
        return None;
    }
    let to = start
        + length(bytes, start, class::TOKEN | class::DOT | class::LOCAL | class::HOST_END | class::SIGN);
    let opaque = bearer && bytes[start..to].iter().any(u8::is_ascii_digit);
    (opaque || is_random(&bytes[start..to])).then_some(Found { from: start, to, kind: Kind::Token })
}

/// Digits and capitals are what chance draws and names have few of.
fn is_random(text: &[u8]) -> bool {
    drawn(text) >= 3
}

#[inline(never)]
fn drawn(text: &[u8]) -> usize {
    text.iter().filter(|b| b.is_ascii_digit() || b.is_ascii_uppercase()).count()
}

/// Whether `text` is a number in hex, long enough to be a hash: what looks like another number in it is
/// none.
fn is_hash(text: &[u8]) -> bool {
    // Accounts are written in lower case too; they have two letters, seldom more.
    text.len() >= 20 && length(text, 0, class::HEX) == text.len() && drawn(text) + 4 <= text.len()
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(index, b)| match index {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => is(*b, class::HEX),
    })
}
