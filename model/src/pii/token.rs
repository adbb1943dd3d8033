//! Tokens: JWTs, API tokens by the prefixes that issuers give them so that they can be found, and what
//! stands after `Bearer` or `Basic`. A random word without any sign is not told from an asset's hash.

use super::pattern::{self, HEX};
use super::scan::Scan;
use super::{Kind, any_word, class, key, url};

/// The shortest word that is looked at.
pub(super) const WORD_MIN: usize = 12;

/// The shortest token that is known by its beginning.
const TOKEN_MIN: usize = 18;

/// The shortest piece drawn by lot that is taken for a token for its length. Stripe's and others' names of things
/// have 28 at most; a SHA-256 in base 64 has no name of letters alone in front.
const PIECE_MIN: usize = 30;

/// What stands between a secret and its name, or the secret's first part.
const BEFORE_SECRET: u16 = class::SPACE | class::SIGN | class::URL_END | class::SEPARATOR | class::HOST_END;

/// The shortest secret that a name stands before.
const SECRET_MIN: usize = 16;

/// Digits and capitals that a word has at least that was drawn by lot.
const DRAWN_MIN: usize = 3;

#[rustfmt::skip]
const UUID: &[u8] = &[
    HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, b'-', HEX, HEX, HEX, HEX, b'-', HEX, HEX, HEX, HEX, b'-', HEX, HEX, HEX, HEX,
    b'-', HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX, HEX,
];

/// Beginnings of tokens. What follows must look drawn by lot.
const PREFIXES: &[u8] = b"sk_,sk-,sk_live_,sk_test_,pk_live_,pk_test_,rk_live_,rk_test_,sk-ant-,sk-proj-,sk-svcacct-,sk-admin-,sk-or-v1-,pcsk_,sb_secret_,cio,whsec_,ghp_,gho_,ghu_,ghs_,ghr_,github_pat_,glpat-,gldt-,glrt-,xoxb-,xoxp-,xoxa-,xoxr-,xoxs-,xoxe-,xapp-,aiza,npm_,pypi-,hf_,dop_v1_,shpat_,shpss_,sq0atp-,sq0csp-,gocspx-,dckr_pat_,figd_,nrak-,atatt,lin_api_,nvapi-,r8_,tskey-,pmak-,sntry,xkeysib-,sbp_,gsk_,sg.,ya29.,hvs.,hvb.,glsa_,glc_,ntn_,pscale_,rdme_,rubygems_,pul-,pnu_,tfp_,hrku-,clojars_,dapi,pt.,sl.,rzp_,age-secret-,akcp,ezak,fm2_,xai-,pplx-,lsv2_,phx_,nfp_,duffel_,shpca_,shppa_,ltai,akid,bkua_,ccipat_,dt0c01.,atctt,atbb,xoxd-,glptt-,glcbt-,flwseck,cfpat-,glft-,glsoat-,glagent-,gloas-,doo_v1_,dor_v1_,p8e-,shippo_,sgp_,sqp_,squ_,napi_,rnd_,polar_,eztk,fio-u-,vcp_,vercel_,dckr_oat_,dg9ro,fm1r_,fo1_";

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
        let drawn = drawn(scan, start, end);
        if drawn == 0 {
            continue;
        }
        let capital = scan.at(start).is_ascii_uppercase();
        let (mut from, mut to) = introduced(scan, start, end, drawn);
        if from == to {
            if pattern::end(scan, end.wrapping_sub(UUID.len()), UUID) == end {
                // LaunchDarkly's, Plaid's and HubSpot's have a name in front.
                if !any_word(b"sdk-,api-,mob-,access-,pat-", &mut |name| scan.has(start, name)) {
                    scan.blank(end - UUID.len(), end);
                    continue;
                }
                (from, to) = (start, end);
            } else if !capital && is_hash(scan, start, end) {
                scan.blank(start, end);
                continue;
            } else {
                (from, to) = token(scan, start, end, drawn);
            }
        }
        if from < to {
            scan.claim(from, to, Kind::Token);
            at = to + WORD_MIN;
        }
    }
}

/// From where to where that is which a name of secrets stands before, if it looks drawn by lot: `Bearer ...`,
/// `api key is ...`.
fn introduced(scan: &Scan<'_>, start: usize, end: usize, drawn: usize) -> (usize, usize) {
    if !scan.is_after(BEFORE_SECRET, start) {
        return (end, end);
    }
    let mut from = start;
    // Keys in base 64 have `+` and `/` in them.
    for _ in 0..3 {
        let mut name_end =
            scan.back_of(from, 6, class::SPACE | class::SIGN | class::URL_END | class::HOST_END);
        let verb = name_end.wrapping_sub(3);
        if scan.has(verb, b" is") {
            name_end = scan.back_of(verb, 2, class::SPACE);
        }
        if name_end < from && scan.is_after(class::LETTER | class::HIGH, name_end) {
            let named = |name: &[u8]| scan.has(name_end.wrapping_sub(name.len()), name);
            let scheme = any_word(b"basic,token,ssws", &mut |name| named(name));
            let secret = || {
                let name = scan.back_of(name_end, url::NAME_BYTES_MAX, url::NAME | class::SPACE);
                key::kind(&scan.bytes()[name..name_end], false).is_some_and(url::is_secret)
            };
            if named(b"bearer") || drawn >= DRAWN_MIN && (scheme || end >= from + SECRET_MIN && secret()) {
                return (from, scan.until(end, url::ENDS));
            }
        }
        if !matches!(scan.before(from), b'+' | b'/') {
            break;
        }
        from = scan.back_of(from - 1, SECRET_MIN, class::TOKEN);
    }
    (end, end)
}

/// From where to where the token is that the word `start..end` is, or is the first part of.
fn token(scan: &Scan<'_>, start: usize, end: usize, drawn: usize) -> (usize, usize) {
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
    let issued = end - start >= TOKEN_MIN && drawn >= DRAWN_MIN && any_word(PREFIXES, &mut prefixed);
    if !issued && !scan.has(from, b"sg.") {
        from = start;
    }
    if !issued && !formed(scan, start, end, drawn) && !is_named(scan, start, end) {
        from = addressed(scan, start, end);
        if from == end {
            return (end, end);
        }
    }
    let mut to = end;
    while matches!(scan.at(to), b'.' | b'=') && scan.is(to + 1, class::TOKEN) {
        to = scan.run(to + 1, class::TOKEN);
    }
    (from, to)
}

/// Whether the word, with what is joined to it by full stops, has the form of one issuer's tokens.
fn formed(scan: &Scan<'_>, start: usize, end: usize, drawn: usize) -> bool {
    let length = end - start;
    let capitals = scan.at(start).is_ascii_uppercase() && scan.at(start + 1).is_ascii_uppercase();
    let part = |at: usize| if scan.at(at) == b'.' { scan.run(at + 1, class::TOKEN) - at - 1 } else { 0 };
    let next = part(end);
    let hex = scan.run(start, class::HEX) - start;
    // JSON Web Tokens. Discord's.
    scan.bytes()[start..].starts_with(b"eyJ") && next >= 4
        || (23..=28).contains(&length) && next == 6 && part(end + 7) >= 27
        // SendGrid's, Facebook's, LinkedIn's, NuGet's, Dropbox'.
        || drawn >= DRAWN_MIN && next >= SECRET_MIN && scan.has(start.wrapping_sub(3), b"sg.")
        || length >= 46 && drawn >= 8 && any_word(b"eaa,aqe,oy2", &mut |name| scan.has(start, name))
        || length >= 50
            && (scan.has(start.wrapping_sub(5), b"sl.u.") || scan.has(start.wrapping_sub(3), b"sl."))
        // Airtable's, Terraform's, Amazon's.
        || length == 17 && next == 64 && scan.has(start, b"pat")
        || length == 14 && scan.has(end, b".atlasv1.")
        || length == 20 && drawn == 20 && scan.has(start, b"a") && scan.has(start + 2, b"ia")
        // Twilio's: two capitals, and a number in hex. Mailgun's, old and new.
        || length == 34
            && capitals
            && scan.run(start + 2, class::HEX) == end
            && !scan.at(start + 2).is_ascii_uppercase()
        || length == 36 && scan.has(start, b"key-") && scan.run(start + 4, class::HEX) == end
        || hex == 32 && length == 50 && scan.at(start + 41) == b'-'
        // Resend's, WooCommerce's, New Relic's, Mailchimp's.
        || length == 36 && scan.has(start, b"re_") && scan.at(start + 11) == b'_'
        || length == 43 && scan.has(start + 1, b"s_") && scan.run(start + 3, class::HEX) == end
        || length == 40 && scan.has(end - 4, b"nral")
        || hex == 32 && scan.has(start + 32, b"-us") && scan.is(start + 35, class::DIGIT) && length <= 37
        // Cloudflare's, after `v1.`.
        || length == 173 && scan.at(start + 1) == b'-' && scan.at(start + 26) == b'-'
}

/// Whether the word is a name and, joined to it, a piece drawn by lot that is longer than what names things.
fn is_named(scan: &Scan<'_>, start: usize, end: usize) -> bool {
    let piece = scan.back_of(end, end - start, class::WORD);
    let length = end - piece;
    if length < SECRET_MIN {
        return false;
    }
    let turns = || {
        (piece + 1..end).filter(|at| scan.is(*at, class::DIGIT) != scan.is_after(class::DIGIT, *at)).count()
    };
    let digits = scan.count(piece, end, class::DIGIT);
    let capitals = drawn(scan, piece, end) - digits;
    let named = length >= PIECE_MIN
        && piece > start + 2
        && drawn(scan, start, piece) == 0
        && scan.is(start, class::LETTER);
    named && capitals >= 2 && capitals + digits + 2 <= length && turns() >= 3
        || capitals + digits >= DRAWN_MIN && scan.has(piece.wrapping_sub(7), b"secret_")
}

/// Where the token begins that ends with the word, by what stands before it: the number of a bot, or the
/// address of a hook. `end` if it is none.
fn addressed(scan: &Scan<'_>, start: usize, end: usize) -> usize {
    let length = end - start;
    if length == 35 && scan.before(start) == b':' {
        let bot = scan.back_of(start - 1, 12, class::DIGIT);
        return if bot + 9 <= start { bot } else { end };
    }
    // Azure's, `3Ab8Q~...`.
    if length >= 31 && scan.has(start.wrapping_sub(2), b"q~") {
        return start.saturating_sub(6);
    }
    // Slack's and Discord's.
    if length >= 24 && scan.before(start) == b'/' {
        let path = scan.back_of(start, 48, class::WORD | class::HOST_END);
        for hook in [b"com/services/".as_slice(), b"com/api/webhooks/"] {
            if scan.has(path, hook) {
                return path + hook.len();
            }
        }
    }
    end
}

/// Digits and capitals are what chance draws and names have few of.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn drawn(scan: &Scan<'_>, from: usize, to: usize) -> usize {
    scan.part(from, to).iter().filter(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).count()
}

/// Whether the word is a number in hex, long enough to be a hash: what looks like another number in it is
/// none.
fn is_hash(scan: &Scan<'_>, start: usize, end: usize) -> bool {
    // Accounts are written in lower case too; they have two letters, seldom more.
    end - start >= 20 && scan.run(start, class::HEX) == end && drawn(scan, start, end) + 4 <= end - start
}
