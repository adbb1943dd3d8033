//! Personal data: the one door to finding and masking it. Callers know this file only; each kind of
//! detector has a file of its own behind it.
//!
//! Two questions are asked: does a property's *key* say that its value is personal ([`of_key`]),
//! and does a *string* hold something personal ([`mask`])? Nothing here keeps, counts or logs what
//! it finds: a report names the path and the kind, never the value.

mod card;
mod class;
mod context;
mod digits;
mod email;
mod fold;
mod iban;
mod ip;
mod key;
mod kind;
mod mac;
mod national;
mod pattern;
mod pem;
mod phone;
mod place;
mod rules;
mod scan;
mod token;
mod url;
mod words;

#[cfg(test)]
mod work;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use crate::json::{self, Str, push_hex, seen};
use crate::properties::byte_of_char;
use crate::sha256::digest;
use scan::Scan;

pub use kind::Kind;
use rules::KeyRule;
pub use rules::{Action, InvalidRules, Rules};

/// Keeps the hashes of [`Action::Hash`] apart from any other use of SHA-256 over the same values.
const DOMAIN: &[u8] = b"pharos pii 1\0";

/// Bytes of the shortest text that is searched: `a@b.de`.
const TEXT_MIN: usize = 6;

/// How often a string is searched again after something was taken out of it. One in which there is then
/// still something was made to have it, and goes as a whole.
const ROUNDS_MAX: usize = 16;

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

/// How many things of each kind were stripped: [`Report`]s without a path, which take no memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindCounts([u32; Kind::ALL.len()]);

impl KindCounts {
    /// Each kind with how many there were, those with none included.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u32)> {
        Kind::ALL.iter().copied().zip(self.0)
    }

    /// How many of all kinds.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }
}

/// Counted, and no more.
impl Report for KindCounts {
    fn redacted(&mut self, _path: &str, kind: Kind) {
        self.0[kind as usize] += 1;
    }
}

/// What a key tells of its value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeyFinding {
    /// Nothing: the value is searched.
    Nothing,
    /// The project lets its own value pass as it is.
    Allowed,
    /// The value is personal.
    Personal(Kind, Action),
    /// The key does not name personal data, it *is* personal data (`{"ada@example.org": 3}`).
    Itself(Kind),
}

/// What the last key of `path`, which is `key`, tells.
pub(crate) fn of_key(path: &str, key: &str, clues: Clues, rules: &Rules) -> KeyFinding {
    let named = key::kind(path.as_bytes(), false).filter(|_| !asks(key) && !is_told(path));
    let kind = named.unwrap_or(Kind::Custom);
    let action = match rules.for_key(key) {
        Some(KeyRule::Allow) => return KeyFinding::Allowed,
        Some(KeyRule::Do(action)) => action,
        None if named.is_some() => rules.action(kind),
        None => Action::Keep,
    };
    if action != Action::Keep {
        return KeyFinding::Personal(kind, action);
    }
    if is_searched(key, clues, rules)
        && let Some((kind, ..)) = find(key, "", clues, rules, Vec::new()).claimed(0)
    {
        return KeyFinding::Itself(kind);
    }
    KeyFinding::Nothing
}

/// Whether `path` is of what is wrong with a form, which has its fields' names (`errors.email`).
fn is_told(path: &str) -> bool {
    path.as_bytes().windows(7).any(|part| part.eq_ignore_ascii_case(b"errors."))
}

/// Whether `key` is a question (`has_phone`, `isMobile`, `num_phones`) or a bound (`min_birth_year`): its answer is
/// nobody's data.
fn asks(key: &str) -> bool {
    [b"has".as_slice(), b"is", b"num", b"min", b"max"].iter().any(|verb| {
        let (start, rest) = key.as_bytes().split_at(verb.len().min(key.len()));
        start.eq_ignore_ascii_case(verb)
            && rest.first().is_some_and(|b| *b == b'_' || b.is_ascii_uppercase())
            // `num_telefono` is a number of another sort.
            && (*verb != b"num" || key.ends_with('s'))
    })
}

/// What a string's bytes tell about what may be in it: the [`seen`] classes of them. Most strings give
/// no clue, and few detectors look at them.
#[derive(Clone, Copy)]
pub(crate) struct Clues(u8);

impl Clues {
    /// Of a number's digits. They are nobody's telephone or identity number unless the name says so.
    pub(crate) const NUMBER: Self = Self(seen::DIGIT | seen::NUMBER);

    pub(crate) fn of(text: &str) -> Self {
        Self(json::classes(text.as_bytes()) & !seen::NUMBER)
    }

    /// What reading the string noticed, or with escapes, what its decoded `text` shows.
    pub(crate) fn read(raw: Str<'_>, text: &str) -> Self {
        if raw.seen & seen::ESCAPE != 0 { Self::of(text) } else { Self(raw.seen) }
    }
}

/// Looks for personal data in `text`, such as a URL. If there is some, appends the text with masks
/// in its place to `out` and answers true; otherwise appends nothing.
pub fn mask(text: &str, rules: &Rules, out: &mut String) -> bool {
    let masked =
        Subject { text, key: "", clues: Clues::of(text), chars_max: usize::MAX }.mask(rules, &mut |_| ());
    out.push_str(masked.as_deref().unwrap_or_default());
    masked.is_some()
}

/// A string that is searched.
pub(crate) struct Subject<'t> {
    pub(crate) text: &'t str,
    /// The name of the property it is the value of.
    pub(crate) key: &'t str,
    pub(crate) clues: Clues,
    /// Characters that are left of it at most. A mask may be longer than what it hides.
    pub(crate) chars_max: usize,
}

impl Subject<'_> {
    /// The text with masks, if something was found; each kind is told.
    pub(crate) fn mask(&self, rules: &Rules, tell: &mut dyn FnMut(Kind)) -> Option<String> {
        self.mask_in(&mut Vec::new(), rules, tell)
    }

    /// [`mask`](Self::mask) with `buffer` as memory, whatever is in it.
    pub(crate) fn mask_in(
        &self,
        buffer: &mut Vec<u8>,
        rules: &Rules,
        tell: &mut dyn FnMut(Kind),
    ) -> Option<String> {
        let mut masked = masked_once(self.text, self.key, self.clues, rules, buffer, tell)?;
        // Taking one thing out may bring another to light (what stood before it was no longer a word
        // boundary, say). Searching until nothing is found makes stripping twice the same as once.
        for _ in 0..ROUNDS_MAX {
            if let Some(end) = byte_of_char(&masked, self.chars_max) {
                masked.truncate(end);
            }
            match masked_once(&masked, self.key, Clues::of(&masked), rules, buffer, tell) {
                Some(again) => masked = again,
                None => return Some(masked),
            }
        }
        Some(String::from(Kind::Custom.mask()))
    }
}

fn masked_once(
    text: &str,
    key: &str,
    clues: Clues,
    rules: &Rules,
    buffer: &mut Vec<u8>,
    tell: &mut dyn FnMut(Kind),
) -> Option<String> {
    if !is_searched(text, clues, rules) {
        return None;
    }
    let scan = find(text, key, clues, rules, take(buffer));
    let mut claim = scan.claimed(0);
    if claim.is_none() {
        *buffer = scan.into_buffer();
        return None;
    }
    let mut copied = 0;
    let mut masked = String::with_capacity(text.len());
    while let Some((kind, from, to)) = claim {
        claim = scan.claimed(to);
        tell(kind);
        // Two that touch in one character beyond ASCII each have all of it.
        let (from, to) = scan.written(from, to);
        masked.push_str(text.get(copied..from).unwrap_or_default());
        let value = text.get(from.max(copied)..to).unwrap_or_default();
        push_replacement(value, kind, rules.action(kind), &mut masked);
        copied = to;
    }
    masked.push_str(text.get(copied..).unwrap_or_default());
    *buffer = scan.into_buffer();
    Some(masked)
}

/// Appends what stands in place of `value`.
pub(crate) fn push_replacement(value: &str, kind: Kind, action: Action, out: &mut String) {
    if action == Action::Remove {
        return;
    }
    let mask = kind.mask();
    out.push_str(mask);
    if action == Action::Hash {
        out.pop();
        out.push(':');
        let hash = digest(&[DOMAIN, mask.as_bytes(), value.as_bytes()]);
        push_hex(&hash[..scan::HASH_BYTES / 2], out);
        out.push(']');
    }
}

/// Whether all of `text` is a mask that an earlier pass left.
pub(crate) fn is_mask(text: &str) -> bool {
    scan::is_mask(text.as_bytes())
}

/// Whether there can be anything personal in `text`.
fn is_searched(text: &str, clues: Clues, rules: &Rules) -> bool {
    let clue = clues.0 & (seen::DIGIT | seen::AT | seen::PAIR | seen::FOLD) != 0 && text.len() >= TEXT_MIN;
    clue || may_be_drawn(text, clues) || !rules.patterns().is_empty()
}

/// Whether there may be something in `text` that is drawn by lot, which has digits or capitals in it.
fn may_be_drawn(text: &str, Clues(seen): Clues) -> bool {
    text.len() >= token::WORD_MIN && seen & (seen::DIGIT | seen::CAPITAL) != 0
}

/// Claims everything personal in `text`. The surest detectors go first; what they find is theirs.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn find<'t>(text: &'t str, key: &'t str, clues: Clues, rules: &'t Rules, buffer: Vec<u8>) -> Scan<'t> {
    let Clues(mut seen) = clues;
    let long = may_be_drawn(text, clues);
    let mut scan = Scan::new(text, key, rules, seen, buffer);
    if seen & seen::FOLD != 0 {
        seen |= json::classes(scan.bytes());
    }
    if seen & seen::MARK != 0 {
        scan.blank_masks();
    }
    for form in rules.patterns() {
        let mut at = 0;
        while at < scan.len() {
            let to = pattern::end(&scan, at, form.as_bytes());
            if to > 0 {
                scan.claim(at, to, Kind::Custom);
            }
            at = to.max(at + 1);
        }
    }
    if text.len() >= pem::TEXT_MIN && seen & seen::CAPITAL != 0 {
        pem::claim_all(&mut scan);
    }
    if seen & seen::PAIR != 0 {
        url::claim_all(&mut scan);
    }
    if long {
        token::claim_all(&mut scan);
    }
    if seen & seen::AT != 0 {
        email::claim_all(&mut scan);
    }
    if seen & seen::PAIR != 0 {
        ip::claim_v6(&mut scan);
    }
    if seen & seen::DIGIT != 0 {
        if rules.action(Kind::Coordinates) != Action::Keep {
            place::claim_all(&mut scan);
        }
        digits::claim_all(&mut scan);
    }
    scan
}

/// Whether one of `words` (a comma between them) `fits`; the first that does is the last that is tried.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn any_word(words: &[u8], fits: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    words.split(|b| *b == b',').any(fits)
}
