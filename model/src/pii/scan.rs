//! The text as the detectors read it: percent-encoding undone, digits, spaces and hyphens of other
//! scripts folded to ASCII, and what is already decided about blanked out. Where each byte came from
//! is kept, so that what is found can be cut out of the text as it was written.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Finding, Kind, Rules, rules::Action};
use crate::json::seen;

/// Stands where the text is decided about: neither a letter nor a digit, a space or a separator.
const BLANK: u8 = 1;

/// Bytes of a hashed mask between the name and the bracket: `:` and 8 hex digits.
pub(super) const HASH_BYTES: usize = 9;

pub(super) struct Scan<'t> {
    text: &'t str,
    bytes: Cow<'t, [u8]>,
    /// Whether the bytes are not those of `text`.
    is_folded: bool,
    /// The name of the property, for what it tells about its value.
    pub(super) key: &'t str,
    pub(super) rules: &'t Rules,
    findings: Vec<Finding>,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str, key: &'t str, rules: &'t Rules, seen: u8) -> Self {
        let mut bytes = Cow::Borrowed(text.as_bytes());
        let is_folded = seen & seen::FOLD != 0;
        if is_folded {
            let mut folded = Vec::with_capacity(text.len());
            fold(text.as_bytes(), usize::MAX, &mut folded);
            bytes = Cow::Owned(folded);
        }
        Self { text, bytes, is_folded, key, rules, findings: Vec::new() }
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
        if self.is_folded { fold(self.text.as_bytes(), at, &mut Vec::new()) } else { at }
    }

    /// Nothing in `span` is looked at again.
    pub(super) fn blank(&mut self, from: usize, to: usize) {
        self.bytes.to_mut()[from..to].fill(BLANK);
    }

    /// `from..to` is personal, as `kind`.
    pub(super) fn claim(&mut self, from: usize, to: usize, kind: Kind) {
        self.blank(from, to);
        if self.rules.action(kind) == Action::Keep {
            return;
        }
        let (mut from, mut to) = (self.origin(from), self.origin(to));
        while !self.text.is_char_boundary(from) {
            from -= 1;
        }
        while !self.text.is_char_boundary(to) {
            to += 1;
        }
        let at = self.findings.iter().take_while(|other| other.span.start < from).count();
        self.findings.insert(at, Finding { span: from..to, kind });
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        self.findings
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

/// Whether `byte` is in `set`, a sum of [`class`]es.
pub(super) fn is(byte: u8, set: u16) -> bool {
    CLASSES[usize::from(byte)] & set != 0
}

/// The byte at `at`; past either end of the text, 0.
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
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

/// How many bytes from `at` on are in none of `set`.
#[inline(never)]
pub(super) fn length_until(bytes: &[u8], at: usize, set: u16) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|b| is(*b, set)).unwrap_or(rest.len())
}

/// How many bytes just before `at` are in `set`.
#[inline(never)]
pub(super) fn length_before(bytes: &[u8], at: usize, set: u16) -> usize {
    let head = bytes.get(..at).unwrap_or_default();
    head.iter().rev().position(|b| !is(*b, set)).unwrap_or(head.len())
}

/// Where the first `wanted` from `at` on is; the end of the text if there is none.
#[inline(never)]
pub(super) fn find(bytes: &[u8], mut at: usize, wanted: u8) -> usize {
    while at < bytes.len() && bytes[at] != wanted {
        at += 1;
    }
    at
}

/// Whether `bytes` have `wanted` (in lower case) at `at`, in any case.
#[inline(never)]
pub(super) fn has(bytes: &[u8], at: usize, wanted: &[u8]) -> bool {
    wanted.iter().enumerate().all(|(index, b)| byte(bytes, at.wrapping_add(index)).to_ascii_lowercase() == *b)
}

/// Whether one of `words` (in lower case, a space between them) `fits`.
#[inline(never)]
pub(super) fn any_word(words: &[u8], fits: &dyn Fn(&[u8]) -> bool) -> bool {
    words.split(|b| *b == b' ').any(fits)
}

/// Appends the folded `text` to `out` until that has `wanted` bytes; says where in the text the next
/// one begins.
fn fold(text: &[u8], wanted: usize, folded: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while at < text.len() {
        let mut next = text[at];
        let here = at;
        at += 1;
        // `%2540` is `%40` encoded again, to any depth.
        while next == b'%'
            && let Some(decoded) = hex2(text, at)
        {
            next = decoded;
            at += 2;
        }
        // Only where a character begins: the bytes of one may yet be folded into one.
        if folded.len() >= wanted && next & 0xc0 != 0x80 {
            return here;
        }
        folded.push(next);
        if next >= 0x80
            && let Some((length, plain)) = plain_end(folded)
        {
            folded.truncate(folded.len() - length);
            if plain != 0 {
                folded.push(plain);
            }
        }
    }
    text.len()
}

/// If `text` ends in a character that people type for an ASCII one: its bytes, and that one (0 for
/// none: it has no width).
fn plain_end(text: &[u8]) -> Option<(usize, u8)> {
    let (length, plain) = match *text {
        [.., 0xe2, 0x80, last] => match last {
            0x80..=0x8a | 0xaf => (3, b' '),
            0x8b..=0x8f | 0xaa..=0xae => (3, 0),
            0x90..=0x95 => (3, b'-'),
            _ => return None,
        },
        [.., 0xe2, 0x88, 0x92] => (3, b'-'),
        // Full width forms.
        [.., 0xef, 0xbc, last @ 0x81..=0xbf] => (3, last - 0x81 + b'!'),
        [.., 0xef, 0xbd, last @ 0x80..=0x9e] => (3, last - 0x80 + b'`'),
        // Digits: Devanagari, Bengali, Arabic, Persian.
        [.., 0xe0, 0xa5 | 0xa7, last @ 0xa6..=0xaf] => (3, last - 0xa6 + b'0'),
        [.., 0xd9, last @ 0xa0..=0xa9] => (2, last - 0xa0 + b'0'),
        [.., 0xdb, last @ 0xb0..=0xb9] => (2, last - 0xb0 + b'0'),
        [.., 0xc2, 0xa0] => (2, b' '),
        _ => return None,
    };
    Some((length, plain))
}

fn hex2(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(byte(text, at)).to_digit(16);
    Some((digit(at)? << 4 | digit(at + 1)?) as u8)
}
