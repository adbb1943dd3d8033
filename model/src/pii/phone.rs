//! Telephone numbers as people write them: international with `+` or `00` (ITU-T E.123), national with
//! a trunk zero, with the area in brackets, or grouped as only telephones are. Any other run of digits
//! is taken for an order number, unless the words before it say that it is called.

use super::context::Context;
use super::digits::Run;
use super::scan::{before, byte, class, has, is, length};

/// A phone number that begins with the first group of `run`: where it begins (at a sign or a bracket
/// before the group) and ends.
pub(super) fn around(run: &Run<'_>) -> Option<(usize, usize)> {
    let (text, start) = (run.text, run.start());
    let opened = usize::from(run.before() == b'(');
    let sign = start - opened;
    if before(text, sign) == b'+' && !is(before(text, sign - 1), class::DIGIT) {
        // `+(372) 5678901` and `(+372) 5678901`.
        let outer = sign - 1 - usize::from(before(text, sign - 1) == b'(' && run.separator(0) == b')');
        return Some((outer, extended(run, longest(run, 8, 15, 1)?)));
    }
    if is(run.before(), class::WORD | class::DOT) || matches!(run.before(), b'_' | b'#') {
        return None;
    }
    let joined = matches!(run.before(), b'-' | b'/');
    // A group in a row of groups (`DE88 3704 0044 0532 0130 00`) or of a time.
    let in_row = matches!(run.before(), b' ' | b':')
        && is(before(text, start - 1), class::DIGIT)
        && run.separator(0) != b'-';
    let sure = if joined || in_row { None } else { shaped(run, opened > 0) };
    let groups = match sure {
        Some(groups) if groups > 1 => groups,
        // In one piece, or not shaped like a telephone number: the words before it decide.
        _ => match run.context() {
            // `Mobile/8B114 Safari/6533.42.7` calls nobody.
            Context::Phone if !joined || run.before() == b'/' && run.separator(0) != b'.' => {
                longest(run, 7, 15, 1)?
            }
            Context::Unknown => sure?,
            _ => return None,
        },
    };
    Some((sign, extended(run, groups)))
}

/// As many groups as have from `shortest` to `most` digits and end where a number may, none of them
/// less wide than `width_min` but the first and the trunk zero in brackets.
#[inline(never)]
fn longest(run: &Run<'_>, shortest: usize, most: usize, width_min: usize) -> Option<usize> {
    let mut found = None;
    for groups in 1..=run.len {
        if groups > 1 && run.width(groups - 1) < width_min && run.separator(groups - 1) != b')' {
            break;
        }
        let digits = run.count(groups);
        if (shortest..=most).contains(&digits) && ends(run, groups) {
            found = Some(groups);
        }
    }
    found
}

/// The groups of a number that is a telephone number by its shape alone.
fn shaped(run: &Run<'_>, opened: bool) -> Option<usize> {
    let first = byte(run.text, run.start());
    let widths = |from: usize| [0, 1, 2].map(|index| run.width(from + index));
    // `555-123-4567`, `1 555 123 4567`: areas begin with 2 to 9 (North American Numbering Plan); apart
    // with nothing but spaces, only those.
    // Russia's are written like them, after an 8.
    let country = usize::from(run.width(0) == 1 && matches!(first, b'1' | b'8'));
    let area = byte(run.text, run.start() + country * 2);
    let planned = !matches!(area, b'0' | b'1') || country == 0 && first == b'1' && run.separator(0) != b' ';
    if widths(country) == [3, 3, 4] && ends(run, country + 3) {
        let is_extended = extended(run, country + 3) > run.end(country + 3);
        if planned || is_extended {
            return Some(country + 3);
        }
    }
    // `06 12 34 56 78`, `020 7946 0958`, `07911123456`, `0049 30 1234567`.
    if first == b'0' && run.width(0) >= 2 {
        let abroad = byte(run.text, run.start() + 1) == b'0';
        // `08-20 47 86`.
        let swedish = run.separator(0) == b'-' && widths(1) == [2, 2, 2];
        let (shortest, most) = if abroad { (11, 16) } else { (9 - usize::from(swedish), 13) };
        // One piece with two zeros in front is a padded number, as is a long one.
        // `06-1/234 5678`.
        let width_min = if run.separator(1) == b'/' { 1 } else { 2 };
        return longest(run, shortest, most, width_min)
            .filter(|groups| *groups > 1 || !abroad && run.width(0) <= 11);
    }
    // `(11) 91234-5678`, `(351) 912 345 678`, `8 (912) 345-67-89`.
    let area = usize::from(!opened);
    if (opened || run.separator(0) == b'(')
        && run.separator(area) == b')'
        && run.width(area) <= 5
        && run.width(0) <= 5
    {
        return longest(run, 8, 13, 2);
    }
    let groups = longest(run, 8, 12, 2)?;
    let last = run.width(groups - 1);
    let spaced = run.separated_by(groups, b' ');
    let hyphened = run.separated_by(groups, b'-');
    // `138-0013-8000`, `79-5852-0834`.
    if hyphened && groups == 3 && run.width(0) <= 3 && run.width(1) == 4 && last == 4 {
        return Some(groups);
    }
    // `11 91234-5678`, `8 912 345-67-89`, `22/262-5521`.
    let mixed = (0..groups - 1).all(|index| matches!(run.separator(index), b' ' | b'-' | b'/'))
        && !spaced
        && !hyphened;
    let subscriber = last == 4 || last == 2 && run.width(groups - 2) == 2;
    if mixed && groups >= 3 && run.count(groups) >= 9 && run.width(0) <= 3 && subscriber {
        return Some(groups);
    }
    // `50 95 04 18`, `604 434 076`: so many and no more, and no price.
    let all = |width: usize| groups == run.len && (0..groups).all(|index| run.width(index) == width);
    let priced = run.before() == b'$' || run.before() >= 0x80 || byte(run.text, run.end(groups)) == b',';
    if spaced && !priced && (all(2) && groups == 4 && first >= b'2' || all(3) && groups == 3 && first >= b'5')
    {
        return Some(groups);
    }
    // All of its text, in groups as no price is: `41 60 51 62`.
    let whole = run.start() == 0 && run.end(groups) == run.text.len();
    let thousands = (1..groups).all(|index| run.width(index) == 3);
    (whole && spaced && groups >= 3 && !thousands && !all(2) && run.width(0) >= 2).then_some(groups)
}

/// Whether the first `groups` are all of a number, but for its extension.
#[inline(never)]
fn ends(run: &Run<'_>, groups: usize) -> bool {
    let end = run.end(groups);
    let goes_on =
        matches!(byte(run.text, end), b'-' | b'/' | b'.') && is(byte(run.text, end + 1), class::WORD);
    !goes_on && (run.ends(groups) || extended(run, groups) > end)
}

/// Where the number of the first `groups` ends, with the extension after it: `x123`, ` ext. 12`.
#[inline(never)]
fn extended(run: &Run<'_>, groups: usize) -> usize {
    let text = run.text;
    let end = run.end(groups);
    let mut at = end + length(text, end, class::SPACE);
    let word = length(text, at, class::LETTER);
    if !has(text, at, b"x") && !has(text, at, b"ext") || word > 9 {
        return end;
    }
    at += word;
    at += length(text, at, class::SPACE | class::DOT | class::COLON);
    let digits = length(text, at, class::DIGIT);
    if digits > 0 && digits <= 6 { at + digits } else { end }
}
