//! The text as the detectors read it: folded, and what is already decided about blanked out. Where each
//! byte came from is kept, so that what is found can be cut out of the text as it was written.
//!
//! Positions may lie anywhere: past either end of the text stands 0, which is in no class.

use alloc::vec::Vec;

use super::class::{self, is};
use super::fold::fold;
use super::{Kind, Rules, rules::Action};
use crate::json::seen;

#[cfg(test)]
use super::work::examined;
/// Tests count what is looked at.
#[cfg(not(test))]
#[inline(always)]
fn examined(_bytes: usize) {}

/// Stands where the text is decided about: neither a letter nor a digit, a space or a separator.
const BLANK: u8 = 1;

/// Bytes of a hashed mask between the name and the bracket: `:` and 8 hex digits.
pub(super) const HASH_BYTES: usize = 9;

pub(super) struct Scan<'t> {
    text: &'t str,
    bytes: Vec<u8>,
    /// Where in `text` each byte began, and its end; empty if the bytes are those of `text`.
    origins: Vec<u32>,
    /// What each byte was claimed as: the kind's number and one, with [`FIRST`] where the claim begins; 0
    /// if it was not. Empty before the first claim.
    marks: Vec<u8>,
    /// Whether the text is a JSON number.
    pub(super) is_number: bool,
    /// The name of the property, for what it tells about its value.
    pub(super) key: &'t str,
    pub(super) rules: &'t Rules,
}

/// The mark of a claim's first byte, beside its kind.
const FIRST: u8 = 0x80;

/// Reading: what is where.
impl Scan<'_> {
    #[inline(always)]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes `from..to`; none if there are not so many.
    pub(super) fn part(&self, from: usize, to: usize) -> &[u8] {
        examined(to - from);
        self.bytes().get(from..to).unwrap_or_default()
    }

    /// The byte at `at`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn at(&self, at: usize) -> u8 {
        examined(1);
        let bytes = self.bytes();
        if at < bytes.len() { bytes[at] } else { 0 }
    }

    /// The byte before `at`.
    pub(super) fn before(&self, at: usize) -> u8 {
        self.at(at.wrapping_sub(1))
    }

    /// Whether the byte at `at` is in `set`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn is(&self, at: usize, set: u16) -> bool {
        is(self.at(at), set)
    }

    /// Whether the byte before `at` is in `set`.
    pub(super) fn is_after(&self, set: u16, at: usize) -> bool {
        self.is(at.wrapping_sub(1), set)
    }

    /// Where the bytes in `set` that begin at `at` end.
    pub(super) fn run(&self, at: usize, set: u16) -> usize {
        self.span(at, set, true)
    }

    /// Where those of the `most` bytes from `at` on end.
    pub(super) fn run_of(&self, at: usize, most: usize, set: u16) -> usize {
        let mut end = at;
        while end < at + most && self.is(end, set) {
            end += 1;
        }
        end
    }

    /// Where from `at` on the first byte in `set` is; the end of the text if there is none.
    pub(super) fn until(&self, at: usize, set: u16) -> usize {
        self.span(at, set, false)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn span(&self, at: usize, set: u16, inside: bool) -> usize {
        let bytes = self.bytes();
        let mut end = at;
        // Eight bytes at a time cost a third. In the page the code would cost more.
        if cfg!(not(target_arch = "wasm32")) && !inside {
            while let Some(eight) = bytes.get(end..end + 8)
                && !eight.iter().fold(false, |any, byte| any | is(*byte, set))
            {
                end += 8;
            }
        }
        while end < bytes.len() && is(bytes[end], set) == inside {
            end += 1;
        }
        examined(end - at + 1);
        end
    }

    /// Where the bytes in `set` that end before `at` begin: after the last that is not, and at most `most`
    /// back. Without a bound ([`back`](Self::back)) only where no other search passes the same bytes again.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn back_of(&self, at: usize, most: usize, set: u16) -> usize {
        let before = self.bytes().get(..at).unwrap_or_default();
        let least = at.saturating_sub(most);
        let mut start = before.len();
        while start > least && is(before[start - 1], set) {
            start -= 1;
        }
        examined(at - start + 1);
        start
    }

    pub(super) fn back(&self, at: usize, set: u16) -> usize {
        self.back_of(at, at, set)
    }

    /// Where the first `wanted` from `at` on is; the end of the text if there is none.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn find(&self, mut at: usize, wanted: u8) -> usize {
        let bytes = self.bytes();
        while at < bytes.len() && bytes[at] != wanted {
            examined(1);
            at += 1;
        }
        at
    }

    /// Whether `wanted` (in lower case) is at `at`, in any case.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn has(&self, at: usize, wanted: &[u8]) -> bool {
        let mut index = 0;
        while index < wanted.len() && self.at(at.wrapping_add(index)).to_ascii_lowercase() == wanted[index] {
            index += 1;
        }
        index == wanted.len()
    }

    /// How many of the bytes `from..to` are in `set`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn count(&self, from: usize, to: usize, set: u16) -> usize {
        let mut count = 0;
        let mut at = from;
        while at < to {
            count += usize::from(self.is(at, set));
            at += 1;
        }
        count
    }

    /// Whether nothing of `from..to` is left to decide about.
    pub(super) fn is_blank(&self, from: usize, to: usize) -> bool {
        (from..to).all(|at| self.at(at) == BLANK)
    }

    /// Whether the byte at `at` was written as more than itself: `%20`.
    pub(super) fn is_encoded(&self, at: usize) -> bool {
        self.origin(at + 1) > self.origin(at) + 1
    }

    /// Where in `text` the byte at `at` began.
    fn origin(&self, at: usize) -> usize {
        self.origins.get(at).map_or(at, |origin| *origin as usize)
    }
}

/// Deciding: what is whose.
impl<'t> Scan<'t> {
    /// The bytes are kept in the memory of `buffer`, whatever is in it.
    pub(super) fn new(text: &'t str, key: &'t str, rules: &'t Rules, seen: u8, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        let mut origins = Vec::new();
        if seen & seen::FOLD != 0 {
            fold(text.as_bytes(), &mut buffer, &mut origins);
        } else {
            buffer.extend_from_slice(text.as_bytes());
        }
        let is_number = seen & seen::NUMBER != 0;
        Self { text, bytes: buffer, origins, marks: Vec::new(), is_number, key, rules }
    }

    /// The buffer again.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Nothing in `from..to` is looked at again.
    pub(super) fn blank(&mut self, from: usize, to: usize) {
        fill(&mut self.bytes, from, to, BLANK);
    }

    /// `from..to` is personal, as `kind`, with all that was found in it before.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
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
        let mark_at = |at: usize| self.marks.get(at).copied();
        let mut from = from;
        while mark_at(from)? == 0 {
            from += 1;
        }
        let mark = mark_at(from)? & !FIRST;
        let mut to = from + 1;
        while mark_at(to) == Some(mark) {
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
            let open = self.find(at, b'[');
            if open == self.len() {
                return;
            }
            let length = mask_length(&self.bytes[open..]);
            at = open + length.max(1);
            // In `user[email]=` it is a part of a name.
            let name = self.at(at) == b'=' && self.is_after(class::WORD, open);
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

/// How many bytes the mask is long that `text` begins with: 0 if with none.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn mask_length(text: &[u8]) -> usize {
    for kind in Kind::ALL {
        let mask = kind.mask().as_bytes();
        let inside = mask.len() - 1;
        if text.starts_with(&mask[..inside]) {
            let rest = &text[inside..];
            let hashed = rest.len() >= HASH_BYTES
                && rest[0] == b':'
                && rest[1..HASH_BYTES].iter().all(|digit| is(*digit, class::HEX));
            let end = inside + if hashed { HASH_BYTES } else { 0 };
            if text.get(end) == Some(&b']') {
                return end + 1;
            }
        }
    }
    0
}
