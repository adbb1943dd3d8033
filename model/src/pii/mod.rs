//! Personal data: the one door to finding and masking it. Callers know this file only; each kind of
//! detector has a file of its own behind it.
//!
//! Two questions are asked: does a property's *key* say that its value is personal ([`kind_of_key`]),
//! and does a *string* hold something personal ([`mask`])? Nothing here keeps, counts or logs what
//! it finds: a report names the path and the kind, never the value.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

mod card;
mod digits;
mod email;
mod key;
mod phone;

use core::ops::Range;

use crate::json::{Str, seen};

/// What kind of personal data was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A postal address (or any other address, by its key).
    Address,
    /// A payment card's number.
    Card,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Kind] = &[Kind::Email, Kind::Phone, Kind::Address, Kind::Card];

    /// The name of the kind in reports and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Card => "card",
        }
    }

    /// What stands in a string in place of what was found.
    pub const fn mask(self) -> &'static str {
        match self {
            Self::Email => "[email]",
            Self::Phone => "[phone]",
            Self::Address => "[address]",
            Self::Card => "[card]",
        }
    }
}

/// What is stripped. The default is strict: everything that any detector finds.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    allowed_keys: Vec<String>,
}

impl Rules {
    /// Keeps the property named exactly `key`, whatever its name suggests. Its value is still
    /// searched.
    #[must_use]
    pub fn allow_key(mut self, key: impl Into<String>) -> Self {
        self.allowed_keys.push(key.into());
        self
    }
}

/// One thing that was stripped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// Where it was, such as `properties.contact.note`.
    pub path: String,
    /// What it was.
    pub kind: Kind,
}

/// Is told what was stripped, as it is stripped.
pub trait Report {
    /// Something of `kind` was stripped at `path`.
    fn redacted(&mut self, path: &str, kind: Kind);
}

/// Nobody wants to know.
impl Report for () {
    fn redacted(&mut self, _path: &str, _kind: Kind) {}
}

/// Everything is written down.
impl Report for Vec<Redaction> {
    fn redacted(&mut self, path: &str, kind: Kind) {
        self.push(Redaction { path: path.to_owned(), kind });
    }
}

/// Only how many.
impl Report for u32 {
    fn redacted(&mut self, _path: &str, _kind: Kind) {
        *self += 1;
    }
}

/// What a key told.
pub(crate) struct KeyFinding {
    pub(crate) kind: Kind,
    /// The key does not name personal data, it *is* personal data (`{"ada@example.org": 3}`).
    pub(crate) by_value: bool,
}

/// Whether the property `key` is removed, and as what.
pub(crate) fn kind_of_key(key: &str, clues: Clues, rules: &Rules) -> Option<KeyFinding> {
    if let Some(kind) = key::kind(key) {
        let allowed = rules.allowed_keys.iter().any(|allowed| allowed == key);
        return (!allowed).then_some(KeyFinding { kind, by_value: false });
    }
    find(key, clues).first().map(|finding| KeyFinding { kind: finding.kind, by_value: true })
}

/// What a string's bytes tell about what may be in it. Most strings give no clue, and no detector
/// looks at them.
#[derive(Clone, Copy)]
pub(crate) struct Clues {
    /// An `@` or a `%`.
    pub(crate) at: bool,
    /// Digits, wherever they stand.
    pub(crate) digits: usize,
}

impl Clues {
    pub(crate) fn of(text: &str) -> Self {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        Self { at: text.bytes().any(|b| matches!(b, b'@' | b'%')), digits }
    }

    fn none(self) -> bool {
        !self.at && self.digits < digits::DIGITS_MIN
    }
}

/// What reading the string noticed, or with escapes, what its decoded `text` shows.
pub(crate) fn clues(raw: Str<'_>, text: &str) -> Clues {
    if raw.seen & seen::ESCAPE != 0 {
        return Clues::of(text);
    }
    Clues { at: raw.seen & seen::AT != 0, digits: raw.digits }
}

/// Looks for personal data in `text`, such as a URL. If there is some, appends the text with masks
/// in its place to `out` and answers true; otherwise appends nothing.
pub fn mask(text: &str, rules: &Rules, out: &mut String) -> bool {
    mask_telling(text, Clues::of(text), rules, &mut |_| (), out)
}

/// [`mask`], telling each kind found.
pub(crate) fn mask_telling(
    text: &str,
    clues: Clues,
    _rules: &Rules,
    tell: &mut dyn FnMut(Kind),
    out: &mut String,
) -> bool {
    let Some(mut masked) = masked_once(text, clues, tell) else { return false };
    // Taking one thing out may bring another to light (what stood before it was no longer a word
    // boundary, say). Searching until nothing is found makes stripping twice the same as once; each
    // round removes digits or an `@`, so it ends.
    while let Some(again) = masked_once(&masked, Clues::of(&masked), tell) {
        masked = again;
    }
    out.push_str(&masked);
    true
}

fn masked_once(text: &str, clues: Clues, tell: &mut dyn FnMut(Kind)) -> Option<String> {
    let findings = find(text, clues);
    if findings.is_empty() {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for finding in findings {
        tell(finding.kind);
        masked.push_str(&text[at..finding.span.start]);
        masked.push_str(finding.kind.mask());
        at = finding.span.end;
    }
    masked.push_str(&text[at..]);
    Some(masked)
}

struct Finding {
    span: Range<usize>,
    kind: Kind,
}

/// Everything personal in `text`, in order, none overlapping. E-mail addresses go first: their
/// digits are theirs.
fn find(text: &str, clues: Clues) -> Vec<Finding> {
    let mut findings = Vec::new();
    if clues.none() {
        return findings;
    }
    let mut at = 0;
    while let Some(span) = email::next(text, at) {
        digits::find(text, at..span.start, &mut findings);
        at = span.end;
        findings.push(Finding { span, kind: Kind::Email });
    }
    digits::find(text, at..text.len(), &mut findings);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with masks, or itself.
    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let mut masked = String::new();
        if !mask(text, &Rules::default(), &mut masked) {
            masked.push_str(text);
        }
        assert_eq!(masked, wanted, "{text}");
    }

    #[test]
    fn emails() {
        check("write to ada@example.org, please", "write to [email], please");
        check("<Ada.Lovelace+news@mail.example.co.uk>.", "<[email]>.");
        check("/reset?email=ada%40example.org&step=2", "/reset?email=[email]&step=2");
        check("a@b.de;c@d.fr", "[email];[email]");
        check("mailto:jürgen@müller.example", "mailto:[email]");
        check("'ada@example.org'", "'[email]'");
        check("https://ada@example.org/x", "https://[email]/x");
    }

    #[test]
    fn not_emails() {
        for text in [
            "logo@2x.png",
            "icon@3x.webp",
            "pkg@1.2.3",
            "@ada",
            "a@b",
            "a@",
            "user@localhost",
            "50%40",
            "@media (min-width: 3em)",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn phones() {
        check("call +49 30 1234567 now", "call [phone] now");
        check("+1 (555) 123-4567", "[phone]");
        check("tel=%2B4915112345678&x=1", "tel=[phone]&x=1");
        check("(555) 123-4567 or 555.123.4567", "[phone] or [phone]");
        check("555-123-4567", "[phone]");
        check("06 12 34 56 78", "[phone]");
        check("020 7946 0958", "[phone]");
        check("07911123456", "[phone]");
        check("0049 30 1234567", "[phone]");
        check("030/1234567", "[phone]");
    }

    #[test]
    fn not_phones() {
        for text in [
            "2026-11-23",
            "01.02.2026",
            "2026-11-23T19:55:08.120Z",
            "10:15:00",
            "1.2.3",
            "192.168.100.200",
            "order 1234567",
            "5551234567",
            "019ab2c3-d4e5-7f60-8123-456789abcdef",
            "550e8400-e29b-41d4-a716-446655440000",
            "$1,234,567.89",
            "sku-0001-2222-3333",
            "1440x900",
            "100 200 300",
            "1795463708120",
            "0.0612345678",
            "00001234567",
            "3.14159265358979",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn cards() {
        check("paid with 4111 1111 1111 1111 today", "paid with [card] today");
        check("4111-1111-1111-1111", "[card]");
        check("card=5500005555555559&cvc=1", "card=[card]&cvc=1");
        check("3782 822463 10005", "[card]");
        check("4111 1111 1111 1111 12/27", "[card] 12/27");
        check("ref 12 4111111111111111", "ref 12 [card]");
    }

    #[test]
    fn not_cards() {
        for text in [
            "4111 1111 1111 1112",
            "1234567890123456",
            "0.4111111111111111",
            "a4111111111111111",
            "41111111111111111111111111",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn two_kinds_side_by_side() {
        check("ada@example.org +49 30 1234567 4111111111111111", "[email] [phone] [card]");
    }

    #[test]
    fn keys() {
        let removed =
            |key: &str| kind_of_key(key, Clues::of(key), &Rules::default()).map(|finding| finding.kind);
        for key in [
            "email",
            "Email",
            "userEmail",
            "user_email",
            "e-mail",
            "e_mail",
            "email_address",
            "emailAddress",
            "contact.email",
            "emails",
            "EMAIL",
            "useremail",
        ] {
            assert!(matches!(removed(key), Some(Kind::Email | Kind::Address)), "{key}");
        }
        for key in [
            "phone",
            "phoneNumber",
            "phone_number",
            "mobile",
            "tel",
            "telephone",
            "home_phone",
            "fax",
            "phone1",
            "phonenumber",
        ] {
            assert_eq!(removed(key), Some(Kind::Phone), "{key}");
        }
        for key in [
            "address",
            "billing_address",
            "shippingAddress",
            "address1",
            "address_line_2",
            "addressLine1",
            "street_address",
            "addr",
            "addresses",
        ] {
            assert_eq!(removed(key), Some(Kind::Address), "{key}");
        }
        for key in [
            "email_opened",
            "phone_model",
            "address_count",
            "name_of_feature",
            "microphone",
            "headphones",
            "hotel",
            "event",
            "path",
            "mobile_menu",
            "addressed",
            "emailed",
            "",
        ] {
            assert_eq!(removed(key), None, "{key}");
        }
        assert_eq!(removed("ada@example.org"), Some(Kind::Email));
        assert!(kind_of_key("email", Clues::of("email"), &Rules::default().allow_key("email")).is_none());
    }
}
