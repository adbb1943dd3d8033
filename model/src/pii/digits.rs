//! Runs of digit groups, which both card and phone numbers are: found once, shown to both.

use alloc::vec::Vec;
use core::ops::Range;

use super::{Finding, Kind, card, phone};

/// Digits below which no run is looked at: the shortest number that any detector knows has eight.
pub(super) const DIGITS_MIN: usize = 8;

/// Groups of digits with at most two separators between them: `+49 (30) 1234-567` has four.
pub(super) struct Run<'t> {
    pub(super) text: &'t [u8],
    /// The groups, as ranges of `text`.
    pub(super) groups: Vec<Range<usize>>,
    /// Where a `+` (or `%2B`) directly before the first group begins.
    pub(super) plus: Option<usize>,
}

impl Run<'_> {
    /// The digits of `groups`, in order.
    pub(super) fn digits(&self, groups: Range<usize>) -> impl DoubleEndedIterator<Item = u8> {
        let text = self.text;
        self.groups[groups].iter().flat_map(move |group| text[group.clone()].iter().map(|b| b - b'0'))
    }

    /// How many digits `groups` have.
    pub(super) fn count(&self, groups: Range<usize>) -> usize {
        self.groups[groups].iter().map(ExactSizeIterator::len).sum()
    }

    /// What stands between group `index` and the one after it.
    pub(super) fn separator(&self, index: usize) -> &[u8] {
        &self.text[self.groups[index].end..self.groups[index + 1].start]
    }

    /// The byte before group `index`, if there is one.
    pub(super) fn before(&self, index: usize) -> Option<u8> {
        self.groups[index].start.checked_sub(1).map(|at| self.text[at])
    }

    /// The byte after group `index` and the one after that.
    pub(super) fn after(&self, index: usize) -> (Option<u8>, Option<u8>) {
        let end = self.groups[index].end;
        (self.text.get(end).copied(), self.text.get(end + 1).copied())
    }
}

/// Adds the card and phone numbers of `text[within]` to `findings`, in order.
pub(super) fn find(text: &str, within: Range<usize>, findings: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let mut at = within.start;
    while let Some(offset) = bytes[at..within.end].iter().position(u8::is_ascii_digit) {
        let run = run_from(bytes, at + offset..within.end, within.start);
        at = run.groups.last().map_or(within.end, |group| group.end);
        if run.count(0..run.groups.len()) < DIGITS_MIN {
            continue;
        }
        let mut group = 0;
        while group < run.groups.len() {
            let card = card::at(&run, group).map(|found| (found, Kind::Card));
            match card.or_else(|| phone::at(&run, group).map(|found| (found, Kind::Phone))) {
                Some(((span, groups), kind)) => {
                    findings.push(Finding { span, kind });
                    group += groups;
                }
                None => group += 1,
            }
        }
    }
}

/// The run that begins with the digit at `within.start`.
fn run_from(bytes: &[u8], within: Range<usize>, floor: usize) -> Run<'_> {
    let mut groups = Vec::new();
    let mut at = within.start;
    loop {
        let length = bytes[at..within.end].iter().take_while(|b| b.is_ascii_digit()).count();
        groups.push(at..at + length);
        at += length;
        let separators = bytes[at..within.end]
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b' ' | b'-' | b'.' | b'/' | b'(' | b')'))
            .count();
        let next = at + separators;
        if separators == 0 || next >= within.end || !bytes[next].is_ascii_digit() {
            break;
        }
        at = next;
    }
    let before = &bytes[floor..within.start];
    let opened = usize::from(before.ends_with(b"("));
    let before = &before[..before.len() - opened];
    let plus = [b"+".as_slice(), b"%2B", b"%2b"]
        .iter()
        .find(|sign| before.ends_with(sign))
        .map(|sign| floor + before.len() - sign.len());
    Run { text: bytes, groups, plus }
}
