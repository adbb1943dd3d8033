//! Telephone numbers as people write them: international with `+` or `00` (ITU-T E.123), national
//! with a trunk zero, and North American in three groups. A bare run of digits without either sign
//! is taken for an order number.

use core::ops::Range;

use super::digits::Run;

/// A phone number that begins with group `first` of `run`: its span and how many groups it takes.
pub(super) fn at(run: &Run<'_>, first: usize) -> Option<(Range<usize>, usize)> {
    if first == 0
        && let Some(plus) = run.plus
    {
        let groups = international(run)?;
        return Some((plus..run.groups[groups - 1].end, groups));
    }
    let before = run.before(first);
    let opened = before == Some(b'(');
    if !opened
        && before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'#'))
    {
        return None;
    }
    let groups = north_american(run, first).or_else(|| trunk_zero(run, first))?;
    let (after, beyond) = run.after(first + groups - 1);
    let goes_on = after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        || matches!(after, Some(b'-' | b'.' | b'/')) && beyond.is_some_and(|b| b.is_ascii_alphanumeric());
    if goes_on {
        return None;
    }
    let start = run.groups[first].start - usize::from(opened);
    Some((start..run.groups[first + groups - 1].end, groups))
}

/// `+` and 8 to 15 digits: as many groups as fit.
fn international(run: &Run<'_>) -> Option<usize> {
    (1..=run.groups.len()).rev().find(|groups| (8..=15).contains(&run.count(0..*groups)))
}

/// `555-123-4567`, `(555) 123-4567`, `1 555 123 4567`.
fn north_american(run: &Run<'_>, first: usize) -> Option<usize> {
    let lengths = |from: usize| run.groups[from..].iter().take(3).map(ExactSizeIterator::len);
    let country = run.groups[first].len() == 1 && run.text[run.groups[first].start] == b'1';
    let from = first + usize::from(country);
    let area = run.groups.get(from)?.start;
    // Area and exchange codes begin with 2 to 9 (North American Numbering Plan).
    let exchange = run.groups.get(from + 1)?.start;
    let planned = matches!(run.text[area], b'2'..=b'9') && matches!(run.text[exchange], b'1'..=b'9');
    (planned && lengths(from).eq([3, 3, 4])).then_some(from + 3 - first)
}

/// `06 12 34 56 78`, `020 7946 0958`, `07911123456`, `0049 30 1234567`.
fn trunk_zero(run: &Run<'_>, first: usize) -> Option<usize> {
    let mut digits = run.digits(first..run.groups.len());
    if digits.next() != Some(0) {
        return None;
    }
    let (shortest, longest) = if digits.next()? == 0 { (11, 16) } else { (9, 11) };
    let whole = (first + 1..=run.groups.len())
        .rev()
        .find(|end| (shortest..=longest).contains(&run.count(first..*end)))?;
    let groups = whole - first;
    let lengths_fit = run.groups[first..whole].iter().all(|group| group.len() >= 2);
    // One piece with two zeros in front is a padded number; a date has two full stops.
    let padded = groups == 1 && shortest == 11;
    let one_piece_short = groups == 1 && run.count(first..whole) < 10;
    (lengths_fit && !padded && !one_piece_short).then_some(groups)
}
