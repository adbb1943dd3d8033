//! The text as the detectors read it: percent-encoding undone, digits, spaces and hyphens of other
//! scripts folded to ASCII, and what is already decided about blanked out. Where each byte came from
//! is kept, so that what is found can be cut out of the text as it was written.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Kind, Rules, rules::Action};
use crate::json::seen;

/// Stands where the text is decided about: neither a letter nor a digit, a space or a separator.
const BLANK: u8 = 1;

/// Bytes of a hashed mask between the name and the bracket: `:` and 8 hex digits.
pub(super) const HASH_BYTES: usize = 9;

pub(super) struct Scan<'t> {
    text: &'t str,
    bytes: Cow<'t, [u8]>,
    /// Where in `text` each byte began, and its end; empty if the bytes are those of `text`.
    origins: Vec<u32>,
    /// What each byte was claimed as: the kind's number and one, with [`FIRST`] where the claim begins; 0
    /// if it was not. Empty before the first claim.
    marks: Vec<u8>,
    /// The name of the property, for what it tells about its value.
    pub(super) key: &'t str,
    pub(super) rules: &'t Rules,
}

/// The mark of a claim's first byte, beside its kind.
const FIRST: u8 = 0x80;

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str, key: &'t str, rules: &'t Rules, seen: u8) -> Self {
        let (bytes, origins) = if seen & seen::FOLD != 0 {
            let (bytes, origins) = fold(text.as_bytes());
            (Cow::Owned(bytes), origins)
        } else {
            (Cow::Borrowed(text.as_bytes()), Vec::new())
        };
        Self { text, bytes, origins, marks: Vec::new(), key, rules }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the byte at `at` was written as more than itself: `%20`.
    pub(super) fn is_encoded(&self, at: usize) -> bool {
        self.origin(at + 1) > self.origin(at) + 1
    }

    /// Where in `text` the byte at `at` began.
    fn origin(&self, at: usize) -> usize {
        self.origins.get(at).map_or(at, |origin| *origin as usize)
    }

    /// Nothing in `span` is looked at again.
    pub(super) fn blank(&mut self, from: usize, to: usize) {
        fill(self.bytes.to_mut(), from, to, BLANK);
    }

    /// `from..to` is personal, as `kind`, with all that was found in it before.
    pub(super) fn claim(&mut self, from: usize, to: usize, kind: Kind) {
        self.blank(from, to);
        if self.rules.action(kind) != Action::Keep && from < to {
            self.marks.resize(self.bytes.len(), 0);
            let mark = kind as u8 + 1;
            fill(&mut self.marks, from, to, mark);
            fill(&mut self.marks, from, from + 1, mark | FIRST);
        }
    }

    /// The first claim that begins at `from` or after it: its kind, and its bytes.
    pub(super) fn claimed(&self, from: usize) -> Option<(Kind, usize, usize)> {
        let marks = self.marks.get(from..)?;
        let from = from + marks.iter().position(|mark| *mark != 0)?;
        let mark = byte(&self.marks, from) & !FIRST;
        let mut to = from + 1;
        while byte(&self.marks, to) == mark {
            to += 1;
        }
        Some((*Kind::ALL.get(usize::from(mark - 1))?, from, to))
    }

    /// What was written where the bytes from `from` to `to` are now: whole characters of it.
    pub(super) fn written(&self, from: usize, to: usize) -> (usize, usize) {
        let (mut from, mut to) = (self.origin(from), self.origin(to));
        while !self.text.is_char_boundary(from) {
            from -= 1;
        }
        while !self.text.is_char_boundary(to) {
            to += 1;
        }
        (from, to)
    }

    /// Blanks the masks that an earlier pass left: they are nobody's data.
    pub(super) fn blank_masks(&mut self) {
        let mut at = 0;
        loop {
            let open = find(&self.bytes, at, b'[');
            if open == self.bytes.len() {
                return;
            }
            let length = mask_length(&self.bytes[open..]);
            at = open + length.max(1);
            // In `user[email]=` it is a part of a name.
            let name = byte(&self.bytes, at) == b'=' && is(before(&self.bytes, open), class::WORD);
            if length > 0 && !name {
                self.blank(open, at);
            }
        }
    }
}

fn fill(bytes: &mut [u8], from: usize, to: usize, with: u8) {
    examined(to - from);
    if let Some(span) = bytes.get_mut(from..to) {
        span.fill(with);
    }
}

/// Whether all of `text` is one mask.
pub(super) fn is_mask(text: &[u8]) -> bool {
    !text.is_empty() && mask_length(text) == text.len()
}

/// Whether nothing of `text` is left to decide about.
pub(super) fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|b| *b == BLANK)
}

/// How many bytes the mask is long that `text` begins with: 0 if with none.
fn mask_length(text: &[u8]) -> usize {
    for kind in Kind::ALL {
        let mask = kind.mask().as_bytes();
        let inside = mask.len() - 1;
        if text.starts_with(&mask[..inside]) {
            let hashed = byte(text, inside) == b':' && length(text, inside + 1, class::HEX) == HASH_BYTES - 1;
            let end = inside + if hashed { HASH_BYTES } else { 0 };
            if byte(text, end) == b']' {
                return end + 1;
            }
        }
    }
    0
}

/// What bytes are, as bits: a detector's sets of bytes are sums of these.
pub(super) mod class {
    pub(in super::super) const DIGIT: u16 = 1;
    pub(in super::super) const LETTER: u16 = 1 << 1;
    /// Of a character beyond ASCII.
    pub(in super::super) const HIGH: u16 = 1 << 2;
    pub(in super::super) const HEX: u16 = 1 << 3;
    /// White space.
    pub(in super::super) const SPACE: u16 = 1 << 4;
    /// `-` and `_`, which join words.
    pub(in super::super) const JOIN: u16 = 1 << 5;
    pub(in super::super) const DOT: u16 = 1 << 6;
    pub(in super::super) const COLON: u16 = 1 << 7;
    /// What stands between the groups of a number.
    pub(in super::super) const SEPARATOR: u16 = 1 << 8;
    /// Signs in the local part of an e-mail address, and those of them that do not begin one.
    pub(in super::super) const LOCAL: u16 = 1 << 9;
    pub(in super::super) const EDGE: u16 = 1 << 10;
    /// `[` and `]`, which names of parameters have.
    pub(in super::super) const BRACKET: u16 = 1 << 11;
    /// What ends a value in a URL, and what else does in prose or a list.
    pub(in super::super) const URL_END: u16 = 1 << 12;
    pub(in super::super) const LIST_END: u16 = 1 << 13;
    /// `/ ? #`, after a URL's host.
    pub(in super::super) const HOST_END: u16 = 1 << 14;
    pub(in super::super) const SIGN: u16 = 1 << 15;

    pub(in super::super) const WORD: u16 = DIGIT | LETTER;
    pub(in super::super) const TOKEN: u16 = WORD | JOIN;
}

static CLASSES: [u16; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let sets: [(&[u8], u16); 12] = [
            (b"abcdefABCDEF0123456789", class::HEX),
            (b" \t\n\r\x0c", class::SPACE),
            (b"-_", class::JOIN),
            (b".", class::DOT),
            (b":", class::COLON),
            (b" -./()+", class::SEPARATOR),
            (b".!#$*^_-+~%'", class::LOCAL),
            (b".'-%#*!", class::EDGE),
            (b"[]", class::BRACKET),
            (b"&#\"'<>\\`", class::URL_END),
            (b",;)}]", class::LIST_END),
            (b"/?#", class::HOST_END),
        ];
        let mut set = 0;
        while set < sets.len() {
            let mut at = 0;
            while at < sets[set].0.len() {
                if sets[set].0[at] == b {
                    classes[byte] |= sets[set].1;
                }
                at += 1;
            }
            set += 1;
        }
        if b.is_ascii_digit() {
            classes[byte] |= class::DIGIT;
        } else if b.is_ascii_alphabetic() {
            classes[byte] |= class::LETTER;
        } else if b >= 0x80 {
            classes[byte] |= class::HIGH;
        }
        if matches!(b, b'=' | b':') {
            classes[byte] |= class::SIGN;
        }
        byte += 1;
    }
    classes
};

#[cfg(test)]
use super::work::examined;
/// Tests count what is looked at.
#[cfg(not(test))]
fn examined(_bytes: usize) {}

/// Whether `byte` is in `set`, a sum of [`class`]es.
pub(super) fn is(byte: u8, set: u16) -> bool {
    examined(1);
    CLASSES[usize::from(byte)] & set != 0
}

/// The byte at `at`; past either end of the text, 0.
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    examined(1);
    bytes.get(at).copied().unwrap_or(0)
}

/// The byte before `at`; at the start of the text, 0.
pub(super) fn before(bytes: &[u8], at: usize) -> u8 {
    byte(bytes, at.wrapping_sub(1))
}

/// How many bytes from `at` on are in `set`.
#[inline(never)]
pub(super) fn length(bytes: &[u8], at: usize, set: u16) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|b| !is(*b, set)).unwrap_or(rest.len())
}

/// How many of the `most` bytes from `at` on are in `set`, before the first that is not.
pub(super) fn length_of(bytes: &[u8], at: usize, most: usize, set: u16) -> usize {
    let end = bytes.len().min(at + most);
    length(bytes.get(..end).unwrap_or_default(), at, set)
}

/// How many bytes from `at` on are in none of `set`.
#[inline(never)]
pub(super) fn length_until(bytes: &[u8], at: usize, set: u16) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|b| is(*b, set)).unwrap_or(rest.len())
}

/// How many bytes just before `at` are in `set`. Only where no other search passes the same bytes again:
/// else [`length_back`].
pub(super) fn length_before(bytes: &[u8], at: usize, set: u16) -> usize {
    length_back(bytes, at, at, set)
}

/// How many of the `most` bytes just before `at` are in `set`, after the last that is not.
#[inline(never)]
pub(super) fn length_back(bytes: &[u8], at: usize, most: usize, set: u16) -> usize {
    let near = bytes.get(at.saturating_sub(most)..at).unwrap_or_default();
    near.iter().rev().position(|b| !is(*b, set)).unwrap_or(near.len())
}

/// Where the first `wanted` from `at` on is; the end of the text if there is none.
#[inline(never)]
pub(super) fn find(bytes: &[u8], mut at: usize, wanted: u8) -> usize {
    while at < bytes.len() && bytes[at] != wanted {
        examined(1);
        at += 1;
    }
    at
}

/// Whether `bytes` have `wanted` (in lower case) at `at`, in any case.
#[inline(never)]
pub(super) fn has(bytes: &[u8], at: usize, wanted: &[u8]) -> bool {
    wanted.iter().enumerate().all(|(index, b)| byte(bytes, at.wrapping_add(index)).to_ascii_lowercase() == *b)
}

/// Whether one of `words` (a comma between them) `fits`; the first that does is the last that is tried.
#[inline(never)]
pub(super) fn any_word(words: &[u8], fits: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    words.split(|b| *b == b',').any(fits)
}

/// The folded `text`; and where in it each byte began, and its end.
#[inline(never)]
fn fold(text: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let mut folded = Vec::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len() + 1);
    let mut at = 0;
    while at < text.len() {
        let mut next = text[at];
        origins.push(at as u32);
        at += 1;
        // `%2540` is `%40` encoded again, to any depth.
        while next == b'%'
            && let Some(decoded) = hex2(text, at)
        {
            next = decoded;
            at += 2;
        }
        folded.push(next);
        if next >= 0x80
            && let Some((length, plain)) = plain_end(&folded)
        {
            let start = folded.len() - length;
            folded.truncate(start);
            if plain != 0 {
                folded.push(plain);
            }
            origins.truncate(folded.len());
        }
    }
    origins.push(text.len() as u32);
    (folded, origins)
}

/// Characters that people type for ASCII ones: from, to, what the first is typed for (0 for none: it has
/// no width), and how far apart those of neighbours are.
const PLAIN: &[(u16, u16, u8, u8)] = &[
    (0xa0, 0xa0, b' ', 0),
    (0xad, 0xad, 0, 0),
    (0x2000, 0x200a, b' ', 0),
    (0x200b, 0x200f, 0, 0),
    (0x2010, 0x2015, b'-', 0),
    (0x202a, 0x202e, 0, 0),
    (0x202f, 0x202f, b' ', 0),
    (0x2060, 0x2064, 0, 0),
    (0x2212, 0x2212, b'-', 0),
    (0x3000, 0x3000, b' ', 0),
    (0xfeff, 0xfeff, 0, 0),
    // Digits: Arabic, Persian, Devanagari, Bengali, Thai. And full width forms.
    (0x660, 0x669, b'0', 1),
    (0x6f0, 0x6f9, b'0', 1),
    (0x966, 0x96f, b'0', 1),
    (0x9e6, 0x9ef, b'0', 1),
    (0xe50, 0xe59, b'0', 1),
    (0xff01, 0xff5e, b'!', 1),
];

/// If `text` ends in a character that people type for an ASCII one: its bytes, and that one.
fn plain_end(text: &[u8]) -> Option<(usize, u8)> {
    let from_end = |back: usize| u16::from(byte(text, text.len().wrapping_sub(back)));
    let (first, second, last) = (from_end(3), from_end(2), from_end(1) & 0x3f);
    let (length, code) = if first & 0xf0 == 0xe0 {
        (3, (first & 15) << 12 | (second & 0x3f) << 6 | last)
    } else {
        (2, if second & 0xe0 == 0xc0 { (second & 0x1f) << 6 | last } else { 0 })
    };
    let &(from, _, plain, step) = PLAIN.iter().find(|(from, to, ..)| (*from..=*to).contains(&code))?;
    Some((length, plain + step * (code - from) as u8))
}

fn hex2(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(byte(text, at)).to_digit(16);
    Some((digit(at)? << 4 | digit(at + 1)?) as u8)
}
