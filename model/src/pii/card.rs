//! Payment card numbers: 13 to 19 digits, in one piece or in groups, that pass the Luhn check
//! (ISO/IEC 7812-1, annex B) and begin as the numbers of payment cards do.

use core::ops::Range;

use super::digits::Run;

/// A card number that begins with group `first` of `run`: its span and how many groups it takes.
pub(super) fn at(run: &Run<'_>, first: usize) -> Option<(Range<usize>, usize)> {
    // 2 to 6: travel, banking and merchandising, the industries that issue payment cards.
    if !matches!(run.text[run.groups[first].start], b'2'..=b'6') || is_word(run.before(first)) {
        return None;
    }
    let mut last = first;
    loop {
        let groups = first..last + 1;
        let count = run.count(groups.clone());
        let (after, _) = run.after(last);
        if (13..=19).contains(&count)
            && !is_word(after.filter(|b| *b != b'-' && *b != b'.'))
            && luhn(run, groups)
        {
            return Some((run.groups[first].start..run.groups[last].end, last + 1 - first));
        }
        let joined = last + 1 < run.groups.len() && matches!(run.separator(last), b" " | b"-");
        if count >= 19 || !joined {
            return None;
        }
        last += 1;
    }
}

/// Part of a longer word or number, to the left of which no card number begins.
fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn luhn(run: &Run<'_>, groups: Range<usize>) -> bool {
    let sum: u32 = run
        .digits(groups)
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(digit) * 2) {
            (0, _) => u32::from(digit),
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
