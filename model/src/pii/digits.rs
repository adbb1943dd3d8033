//! Runs of digit groups, which addresses, accounts, cards, identity and phone numbers all are: found
//! once, shown to each in turn, the surest first.

use super::context::{self, Context};
use super::scan::Scan;
use super::{Kind, card, class, iban, ip, mac, national, phone};

/// Digits of the shortest number that is not an address.
const NUMBER_DIGITS_MIN: usize = 7;

/// Digits of the shortest number in groups of which letters may stand apart: `QQ 12 34 56 C`.
const SPACED_DIGITS_MIN: usize = 6;

/// Bytes of a parameter's name that are looked at.
const PARAMETER_BYTES_MAX: usize = 32;

/// Groups that a run has at most. More are looked at as the runs that begin with the later ones.
const GROUPS_MAX: usize = 10;

/// Digits of the longest number that is looked for.
const DIGITS_MAX: usize = 20;

/// Groups of digits with at most three separators between them: `+49 (30) 1234-567` has four.
pub(super) struct Run<'t> {
    pub(super) scan: &'t Scan<'t>,
    /// What is said before it, once somebody asked.
    said: Option<Context>,
    /// Where each group begins and ends; nowhere after the last.
    groups: [(usize, usize); GROUPS_MAX + 1],
    /// How many groups it has.
    pub(super) len: usize,
    /// Where what was found begins and ends; or what may be passed over.
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'t> Run<'t> {
    /// The run that begins with the digit at `at`.
    fn at(scan: &'t Scan<'t>, mut at: usize) -> Self {
        let mut run = Self { scan, said: None, groups: [(0, 0); GROUPS_MAX + 1], len: 0, from: at, to: at };
        while run.len < GROUPS_MAX {
            let end = scan.run(at, class::DIGIT);
            run.groups[run.len] = (at, end);
            run.len += 1;
            at = scan.run(end, class::SEPARATOR);
            if at == end || at > end + 3 || !scan.is(at, class::DIGIT) {
                break;
            }
        }
        run
    }

    /// What the words before it say that it is.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn context(&mut self) -> Context {
        let (scan, start) = (self.scan, self.start());
        *self.said.get_or_insert_with(|| {
            // A letter that the number begins with is no word of its own: `V178543262`, `V-17854326`.
            let end = start - usize::from(scan.before(start) == b'-');
            let word = scan.back_of(end, 2, class::LETTER);
            context::before(scan, if word + 1 == end { word } else { start })
        })
    }

    /// Whether the words before it were asked, and said that it is a telephone.
    pub(super) fn is_called(&self) -> bool {
        self.said == Some(Context::Phone)
    }

    /// Where group `index` begins and ends; nowhere if there is none.
    fn group(&self, index: usize) -> (usize, usize) {
        self.groups[index.min(GROUPS_MAX)]
    }

    pub(super) fn start(&self) -> usize {
        self.groups[0].0
    }

    /// Where the first `groups` end.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn end(&self, groups: usize) -> usize {
        self.group(groups - 1).1
    }

    /// How long group `index` is; 0 if there is none.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn width(&self, index: usize) -> usize {
        let (from, to) = self.group(index);
        to - from
    }

    /// How many digits the first `groups` have.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn count(&self, groups: usize) -> usize {
        (0..groups).map(|index| self.width(index)).sum()
    }

    /// Whether it has one digit only, many times.
    pub(super) fn is_one_digit(&self) -> bool {
        let digits = self.digits(self.len);
        digits.digits[..digits.len].iter().all(|digit| *digit == digits.digits[0])
    }

    /// The digits of the first `groups`.
    pub(super) fn digits(&self, groups: usize) -> Digits {
        Digits::of(self.scan, self.start(), self.end(groups))
    }

    /// What stands between group `index` and the one after it: one byte; of several the bracket, if
    /// there is one; 0 after the last group.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn separator(&self, index: usize) -> u8 {
        let (from, to) = (self.group(index).1, self.group(index + 1).0);
        if to == 0 {
            return 0;
        }
        let mut all = b'?';
        for at in from..to {
            let one = self.scan.at(at);
            if to - from == 1 || matches!(one, b'(' | b')') {
                all = one;
            }
        }
        all
    }

    /// Whether `sign` is what stands between all of the first `groups`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn separated_by(&self, groups: usize, sign: u8) -> bool {
        (1..groups).all(|index| self.separator(index - 1) == sign)
    }

    /// The byte before the run; 0 at the start of the text.
    pub(super) fn before(&self) -> u8 {
        self.scan.before(self.start())
    }

    /// Whether the byte before the run is in `set`.
    pub(super) fn is_after(&self, set: u16) -> bool {
        self.scan.is_after(set, self.start())
    }

    /// Whether the run is a part of a URL's path, or the value of a parameter: where campaigns and articles have
    /// their numbers.
    pub(super) fn is_in_url(&self) -> bool {
        let start = self.start();
        let name = self.scan.back_of(start.saturating_sub(1), PARAMETER_BYTES_MAX, class::TOKEN);
        match self.before() {
            b'/' => true,
            b'=' => matches!(self.scan.before(name), b'?' | b'&' | b'#'),
            _ => false,
        }
    }

    /// Whether a number may end after the first `groups`: no word and no decimals go on.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn ends(&self, groups: usize) -> bool {
        let end = self.end(groups);
        let after = self.scan.at(end);
        !(class::is(after, class::WORD)
            || after == b'_'
            || after == b'.' && self.scan.is(end + 1, class::DIGIT))
    }
}

/// The digits of a number, without what stands between them.
pub(super) struct Digits {
    digits: [u8; DIGITS_MAX],
    /// How many there are; more than [`DIGITS_MAX`] are cut.
    pub(super) len: usize,
}

impl Digits {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn of(scan: &Scan<'_>, from: usize, to: usize) -> Self {
        let mut digits = Self { digits: [0; DIGITS_MAX], len: 0 };
        for at in from..to {
            let digit = scan.at(at).wrapping_sub(b'0');
            if digit < 10 && digits.len < DIGITS_MAX {
                digits.digits[digits.len] = digit;
                digits.len += 1;
            }
        }
        digits
    }

    /// The number that `count` digits from `from` on spell, modulo `modulus`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn rest(&self, from: usize, count: usize, modulus: u32) -> u32 {
        let mut sum = 0;
        for index in from..(from + count).min(self.len.min(DIGITS_MAX)) {
            sum = (sum * 10 + u32::from(self.digits[index])) % modulus;
        }
        sum
    }

    /// The number that `count` digits from `from` on spell: nine at most.
    pub(super) fn part(&self, from: usize, count: usize) -> u32 {
        self.rest(from, count, 1_000_000_000)
    }

    /// The sum of the digits times `weights`, which are characters from `0` on.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn weighted(&self, weights: &[u8]) -> u32 {
        self.digits
            .iter()
            .zip(weights)
            .map(|(digit, weight)| u32::from(*digit) * u32::from(weight - b'0'))
            .sum()
    }

    /// The Luhn check (ISO/IEC 7812-1) of the digits from `from` on.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn luhn(&self, from: usize) -> bool {
        let mut sum = 0;
        for index in from..self.len.min(DIGITS_MAX) {
            let digit = self.digits[index];
            let double = digit * 2;
            sum += if (self.len - index) % 2 == 1 { digit } else { double / 10 + double % 10 };
        }
        sum % 10 == 0
    }

    /// Whether two digits from `month` on and two from `day` on may be of a date.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn is_date(&self, month: usize, day: usize) -> bool {
        (1..=12).contains(&self.part(month, 2)) && (1..=31).contains(&self.part(day, 2))
    }
}

/// What goes on with a number after a group of digits.
const GOES_ON: u16 = class::SEPARATOR | class::HEX | class::LETTER;

/// Claims the addresses and numbers of the text.
pub(super) fn claim_all(scan: &mut Scan<'_>) {
    let mut at = 0;
    loop {
        at = scan.until(at, class::DIGIT);
        if at == scan.len() {
            return;
        }
        // Nothing begins in the midst of a word of letters and digits: `a1b2c3`.
        let word = scan.back(at, class::LETTER);
        if word < at && scan.is_after(class::DIGIT, word) {
            at = scan.run(at, class::DIGIT);
            continue;
        }
        // Most groups of digits are short ones by themselves.
        let end = scan.run(at, class::DIGIT);
        if word == at && end < at + SPACED_DIGITS_MIN && !scan.is(end, GOES_ON) {
            at = end;
            continue;
        }
        let mut run = Run::at(scan, at);
        let kind = look_at(&mut run, at - word);
        let from = run.from;
        at = run.to;
        if let Some(kind) = kind {
            scan.claim(from, at, kind);
        }
    }
}

/// What begins with the first group of `run`, before which so many `letters` stand. It is left there from
/// where to where; what is passed over has no kind.
fn look_at(run: &mut Run<'_>, letters: usize) -> Option<Kind> {
    let (scan, start, end) = (run.scan, run.start(), run.end(1));
    // Anything that is not found may hide a number in its later groups.
    run.to = end;
    // Most numbers are short ones by themselves: neither part of a word such as forms begin with, nor of
    // an address.
    let count = run.count(run.len);
    let (width, next) = (run.width(0), scan.at(end));
    if count < SPACED_DIGITS_MIN {
        let formed = letters == 2 && width == 2
            || letters > 3
            || class::is(next, class::LETTER)
                && (letters > 0 || width == 1 && scan.is(end + 2, class::DIGIT));
        let addressed = run.len >= 4
            || class::is(next, class::HEX)
            || width <= 2 && next == b'-'
            || width == 4 && next == b'.';
        if !formed && !addressed {
            return None;
        }
    }
    if is_date(run) {
        return None;
    }
    let to = if letters == 2 { iban::end(scan, start) } else { 0 };
    if to > 0 {
        (run.from, run.to) = (start - 2, to);
        return Some(Kind::Iban);
    }
    let from = mac::start(scan, start);
    let to = mac::end(scan, from);
    if to > 0 {
        (run.from, run.to) = (from, to);
        return Some(Kind::Mac);
    }
    if let Some(personal) = ip::v4(run) {
        return personal.then_some(Kind::Ip);
    }
    if national::around(run, letters) {
        return Some(Kind::NationalId);
    }
    if count < NUMBER_DIGITS_MIN {
        return None;
    }
    let groups = card::groups(run);
    if groups > 0 {
        run.to = run.end(groups);
        return Some(Kind::Card);
    }
    if phone::around(run) { Some(Kind::Phone) } else { None }
}

/// Whether `run` begins with a date (day, month and year in the order of any country, or the ISO's), which is
/// then passed over, with a time after it.
fn is_date(run: &mut Run<'_>) -> bool {
    let sign = run.separator(0);
    if run.len < 3
        || !matches!(sign, b'-' | b'.' | b'/')
        || run.separator(1) != sign
        || run.is_after(class::WORD)
    {
        return false;
    }
    // `2026-11-23` or `23.11.2026`; the years of living memory, and some.
    let year_first = run.width(0) == 4;
    let (from, to) = run.group(if year_first { 0 } else { 2 });
    let other = if year_first { 2 } else { 0 };
    let century = Digits::of(run.scan, from, to).part(0, 2);
    if to - from != 4 || run.width(1) > 2 || run.width(other) > 2 || !matches!(century, 18..=21) {
        return false;
    }
    // `2026-11-23 19` goes on with `:55`.
    let timed = run.width(3) == 2 && run.scan.at(run.end(4)) == b':';
    run.to = run.end(3 + usize::from(timed));
    true
}
