//! Tokens: JWTs, API tokens by the prefixes that issuers give them so that they can be found, and what
//! stands after `Bearer` or `Basic`. A random word without any sign is not told from an asset's hash.

use super::pattern::{self, HEX};
use super::scan::Scan;
use super::{Kind, any_word, class};

/// The shortest word that is looked at.
pub(super) const WORD_MIN: usize = 12;

/// The shortest token that is known by its beginning.
const TOKEN_MIN: usize = 18;

/// Digits and capitals that a word has at least that was drawn by lot.
const DRAWN_MIN: usize = 3;

#[rustfmt::skip]
const UUID: &[u8] = &[
    HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, b'-', HEX, HEX, HEX, HEX, b'-', HEX, HEX, HEX, HEX, b'-', HEX, HEX, HEX, HEX,
    b'-', HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX,
];

/// Beginnings of tokens. What follows must look drawn by lot.
const PREFIXES: &[u8] = b"sk_,sk-,sk_live_,sk_test_,pk_live_,pk_test_,rk_live_,rk_test_,sk-ant-,sk-proj-,whsec_,ghp_,gho_,ghu_,ghs_,ghr_,github_pat_,glpat-,gldt-,glrt-,xoxb-,xoxp-,xoxa-,xoxr-,xoxs-,xoxe-,xapp-,aiza,npm_,pypi-,hf_,dop_v1_,shpat_,shpss_,sq0atp-,sq0csp-,gocspx-,dckr_pat_,figd_,nrak-,atatt,lin_api_,nvapi-,r8_,tskey-,pmak-,sntry,xkeysib-,sbp_,gsk_,sg.,ya29.,hvs.,hvb.,glsa_,glc_,ntn_,pscale_,rdme_,rubygems_,pul-,pnu_,tfp_,hrku-,clojars_,dapi,pt.,sl.,eaa,rzp_,age-secret-,akcp,ezak,fm2_,xai-,pplx-,lsv2_,phx_,nfp_,duffel_,shpca_,shppa_,ltai,akid,bkua_,ccipat_,dt0c01.,atctt,atbb,xoxd-,glptt-,glcbt-,flwseck";

/// Claims the tokens of the text, and blanks its UUIDs: what looks like a number in one is none.
pub(super) fn claim_all(scan: &mut Scan<'_>) {
    // A word of so many bytes has one at every so many bytes: the rest is not looked at.
    let mut at = WORD_MIN - 1;
    while at < scan.len() {
        if !scan.is(at, class::TOKEN) {
            at += WORD_MIN;
            continue;
        }
        let start = scan.back(at, class::TOKEN);
        let end = scan.run(at, class::TOKEN);
        at = end + WORD_MIN;
        if end - start < WORD_MIN {
            continue;
        }
        let capital = scan.at(start).is_ascii_uppercase();
        if pattern::end(scan, end.wrapping_sub(UUID.len()), UUID) == end {
            scan.blank(end - UUID.len(), end);
        } else if !capital && is_hash(scan, start, end) {
            scan.blank(start, end);
        } else {
            let (from, to) = token(scan, start, end);
            if from < to {
                scan.claim(from, to, Kind::Token);
                at = to + WORD_MIN;
            }
        }
    }
}

/// From where to where the token is that the word `start..end` is, or is the first part of.
fn token(scan: &Scan<'_>, start: usize, end: usize) -> (usize, usize) {
    let length = end - start;
    let capitals = scan.at(start).is_ascii_uppercase() && scan.at(start + 1).is_ascii_uppercase();
    let jwt = scan.bytes()[start..].starts_with(b"eyJ")
        && scan.at(end) == b'.'
        && scan.run(end + 1, class::TOKEN) >= end + 5;
    // Twilio's: two capitals, and a number in hex.
    let sid = length == 34
        && capitals
        && scan.run(start + 2, class::HEX) == end
        && !scan.at(start + 2).is_ascii_uppercase();
    let key_id =
        length == 20 && scan.has(start, b"a") && scan.has(start + 2, b"ia") && drawn(scan, start, end) == 20;
    // A prefix may end in a full stop, which begins a new word.
    let mut from = start;
    if scan.before(start) == b'.' {
        from = scan.back(start - 1, class::WORD);
    }
    let mut prefixed = |prefix: &[u8]| {
        let rest = from + prefix.len();
        // A short prefix is also how names begin: `sk_landing_page`.
        end >= rest + 16
            && scan.has(from, prefix)
            && (prefix.len() > 3 || scan.run(rest, class::WORD) >= rest + 16)
    };
    let issued =
        length >= TOKEN_MIN && drawn(scan, start, end) >= DRAWN_MIN && any_word(PREFIXES, &mut prefixed);
    if !(jwt || sid || key_id || issued) {
        return (start, scheme_end(scan, start));
    }
    let mut to = end;
    while scan.at(to) == b'.' && scan.is(to + 1, class::TOKEN) {
        to = scan.run(to + 1, class::TOKEN);
    }
    (from, to)
}

/// Where that ends that stands after `Bearer ` or `Basic ` at `start`, if it is no word of prose; else 0.
fn scheme_end(scan: &Scan<'_>, start: usize) -> usize {
    let after = |name: &[u8]| scan.has(start.wrapping_sub(name.len() + 1), name);
    let bearer = after(b"bearer");
    if !scan.is_after(class::SEPARATOR, start) || !bearer && !after(b"basic") && !after(b"token") {
        return 0;
    }
    let set = class::TOKEN | class::DOT | class::LOCAL | class::HOST_END | class::SIGN;
    let to = scan.run(start, set);
    let opaque = bearer && scan.count(start, to, class::DIGIT) > 0;
    if opaque || drawn(scan, start, to) >= DRAWN_MIN { to } else { 0 }
}

/// Digits and capitals are what chance draws and names have few of.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn drawn(scan: &Scan<'_>, from: usize, to: usize) -> usize {
    (from..to).filter(|at| matches!(scan.at(*at), b'0'..=b'9' | b'A'..=b'Z')).count()
}

/// Whether the word is a number in hex, long enough to be a hash: what looks like another number in it is
/// none.
fn is_hash(scan: &Scan<'_>, start: usize, end: usize) -> bool {
    // Accounts are written in lower case too; they have two letters, seldom more.
    end - start >= 20 && scan.run(start, class::HEX) == end && drawn(scan, start, end) + 4 <= end - start
}
