//! Telephone numbers as people write them: international with `+` or `00` (ITU-T E.123), national with
//! a trunk zero, with the area in brackets, or grouped as only telephones are. Any other run of digits
//! is taken for an order number, unless the words before it say that it is called.

use super::class;
use super::context::Context;
use super::digits::Run;

/// Whether a phone number begins with the first group of `run`: at a sign or a bracket before the group. Where
/// it begins and ends is left in the run.
pub(super) fn around(run: &mut Run<'_>) -> bool {
    let (scan, start) = (run.scan, run.start());
    let opened = run.before() == b'(';
    let sign = start - usize::from(opened);
    let (outer, groups) = if scan.before(sign) == b'+' && !scan.is_after(class::DIGIT, sign - 1) {
        // `+(372) 5678901` and `(+372) 5678901`.
        let bracket = scan.before(sign - 1) == b'(' && run.separator(0) == b')';
        (sign - 1 - usize::from(bracket), longest(run, 8, 15, 1))
    } else {
        (sign, local(run, opened))
    };
    if groups > 0 {
        run.from = outer;
        run.to = extended(run, groups);
    }
    groups > 0
}

/// The groups of a number without a country's sign in front.
fn local(run: &mut Run<'_>, opened: bool) -> usize {
    let before = run.before();
    // Neither in `(01)23418381184333(17)260131`, as goods are marked (GS1), nor `(999) 999-9999`, which shows a form.
    let marked = matches!(before, b'(' | b')') && run.scan.is_after(class::DIGIT, run.start() - 1);
    if class::is(before, class::WORD | class::DOT)
        || before == b'_'
        || before == b'#' && run.len == 1
        || marked
        || run.is_one_digit()
    {
        return 0;
    }
    let joined = matches!(before, b'-' | b'/');
    // A group in a row of groups (`DE88 3704 0044 0532 0130 00`) or of a time.
    let in_row = matches!(before, b' ' | b':')
        && run.scan.is_after(class::DIGIT, run.start() - 1)
        && run.separator(0) != b'-';
    let sure = if joined || in_row { 0 } else { shaped(run, opened) };
    if sure > 1 {
        // `part_number: 0675-036-601`.
        return if run.context() == Context::Article { 0 } else { sure };
    }
    // In one piece, or not shaped like a telephone number: the words before it decide.
    match run.context() {
        // `Mobile/8B114 Safari/6533.42.7` calls nobody.
        Context::Phone if !joined || before == b'/' && run.separator(0) != b'.' => longest(run, 7, 15, 1),
        Context::Unknown if !run.scan.is_number => sure,
        _ => 0,
    }
}

/// As many groups as have from `shortest` to `most` digits and end where a number may, none of them
/// less wide than `width_min` but the first and the trunk zero in brackets. 0 if there are none.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn longest(run: &Run<'_>, shortest: usize, most: usize, width_min: usize) -> usize {
    let mut found = 0;
    for groups in 1..=run.len {
        if groups > 1 && run.width(groups - 1) < width_min && run.separator(groups - 1) != b')' {
            break;
        }
        let digits = run.count(groups);
        if digits >= shortest && digits <= most && ends(run, groups) {
            found = groups;
        }
    }
    found
}

/// The groups of a number that is a telephone number by its shape alone; 0 if it is none.
fn shaped(run: &Run<'_>, opened: bool) -> usize {
    let (scan, start) = (run.scan, run.start());
    let first = scan.at(start);
    let width = |index: usize| run.width(index);
    let widths = |from: usize| [width(from), width(from + 1), width(from + 2)];
    // `555-123-4567`, `1 555 123 4567`: areas begin with 2 to 9 (North American Numbering Plan); apart
    // with nothing but spaces, only those.
    // Russia's are written like them, after an 8.
    let country = usize::from(width(0) == 1 && matches!(first, b'1' | b'8'));
    let area = scan.at(start + country * 2);
    let planned = !matches!(area, b'0' | b'1') || country == 0 && first == b'1' && run.separator(0) != b' ';
    let groups = country + 3;
    if widths(country) == [3, 3, 4]
        && ends(run, groups)
        // `855 556 1421 1696` is a rectangle.
        && (groups == run.len || run.separator(0) != b' ')
        && (planned || extended(run, groups) > run.end(groups))
    {
        return groups;
    }
    // `13122676120`: China's mobile ones, in one piece. Seconds have a digit less, milliseconds two more.
    // What has no name that says so is none in a URL: campaigns are numbered like them.
    if width(0) == 11 && first == b'1' && scan.at(start + 1) >= b'3' && !run.is_in_url() && ends(run, 1) {
        return 1;
    }
    // `06 12 34 56 78`, `020 7946 0958`, `07911123456`, `0049 30 1234567`.
    if first == b'0' && width(0) >= 2 {
        let abroad = scan.at(start + 1) == b'0';
        // `08-20 47 86`.
        let swedish = run.separator(0) == b'-' && widths(1) == [2, 2, 2];
        let (shortest, most) = if abroad { (10, 16) } else { (9 - usize::from(swedish), 13) };
        // `00421 2 39153042`, `06-1/234 5678`.
        let width_min = if abroad || run.separator(1) == b'/' { 1 } else { 2 };
        let groups = longest(run, shortest, most, width_min);
        // Six pairs are drawn in a lottery.
        if groups > 5 && (0..groups).all(|index| width(index) == 2) {
            return 0;
        }
        // One piece with two zeros in front is a padded number, as is a long one.
        return if groups > 1 || !abroad && width(0) <= 11 { groups } else { 0 };
    }
    // `(11) 91234-5678`, `(351) 912 345 678`, `8 (912) 345-67-89`.
    let area = usize::from(!opened);
    if (opened || run.separator(0) == b'(')
        && run.separator(area) == b')'
        && width(area) <= 5
        && width(0) <= 5
    {
        return longest(run, 8, 13, 2);
    }
    let groups = longest(run, 8, 12, 2);
    if groups < 2 {
        return 0;
    }
    let last = width(groups - 1);
    let spaced = run.separated_by(groups, b' ');
    let hyphened = run.separated_by(groups, b'-');
    // `138-0013-8000`, `79-5852-0834`, `138 0013 8000`.
    let chinese = groups == run.len && width(0) == 3 && first == b'1';
    let in_fours =
        (hyphened || spaced && chinese) && groups == 3 && width(0) <= 3 && width(1) == 4 && last == 4;
    let all = |from: usize, wanted: usize| (from..groups).all(|index| width(index) == wanted);
    // `11 91234-5678`, `8 912 345-67-89`, `22/262-5521`.
    let mixed = !spaced
        && !hyphened
        // `12/5845/7953` is a tile of a map.
        && !run.separated_by(groups, b'/')
        && (0..groups - 1).all(|index| matches!(run.separator(index), b' ' | b'-' | b'/'));
    let subscriber = last == 4 || last == 2 && width(groups - 2) == 2;
    let mixed = mixed && groups >= 3 && run.count(groups) >= 9 && width(0) <= 3 && subscriber && !all(0, 2);
    // `50 95 04 18`, `604 434 076`: so many and no more, and no price.
    let before = run.before();
    let priced = before == b'$' || before >= 0x80 || scan.at(run.end(groups)) == b',';
    let even = groups == run.len
        && !priced
        && (all(0, 2) && groups == 4 && first >= b'2' || all(0, 3) && groups == 3 && first >= b'5');
    // `310 526 79 54`, `8 456 270 25 50`: nothing else is counted so.
    let in_pairs = groups == country + 4
        && groups == run.len
        && widths(country) == [3, 3, 2]
        && last == 2
        && first >= b'3';
    // All of its text, in groups as no price is: `41 60 51 62`.
    let whole = start == 0
        && run.end(groups) == scan.len()
        && groups >= 3
        && last >= width(groups - 2)
        && !all(1, 3)
        && !all(0, 2)
        && !all(0, 4)
        && width(0) >= 2;
    if in_fours || mixed || spaced && (even || in_pairs || whole) { groups } else { 0 }
}

/// Whether the first `groups` are all of a number, but for its extension.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn ends(run: &Run<'_>, groups: usize) -> bool {
    let end = run.end(groups);
    // A path goes on after a number that no path would have.
    let written =
        run.before() == b'+' || run.is_called() || groups > 1 && matches!(run.separator(0), b' ' | b')');
    let path = run.scan.at(end) == b'/' && written && !run.scan.is(end + 1, class::DIGIT);
    let goes_on =
        matches!(run.scan.at(end), b'-' | b'/' | b'.') && run.scan.is(end + 1, class::WORD) && !path;
    !goes_on && (run.ends(groups) || extended(run, groups) > end)
}

/// Where the number of the first `groups` ends, with the extension after it: `x123`, ` ext. 12`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn extended(run: &Run<'_>, groups: usize) -> usize {
    let scan = run.scan;
    let end = run.end(groups);
    let from = scan.run(end, class::SPACE);
    let word = scan.run(from, class::LETTER);
    if !scan.has(from, b"x") && !scan.has(from, b"ext") || word > from + 9 {
        return end;
    }
    let from = scan.run(word, class::SPACE | class::DOT | class::COLON);
    let to = scan.run(from, class::DIGIT);
    if to > from && to <= from + 6 { to } else { end }
}
