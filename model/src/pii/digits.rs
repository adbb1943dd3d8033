//! Runs of digit groups, which addresses, accounts, cards, identity and phone numbers all are: found
//! once, shown to each in turn, the surest first.

use core::cell::Cell;

use super::context::{self, Context};
use super::scan::{Scan, before, byte, class, is, length, length_before, length_until};
use super::{Found, Kind, card, iban, ip, mac, national, phone};

/// Digits of the shortest number that is not an address.
const NUMBER_DIGITS_MIN: usize = 7;

/// Digits of the shortest number in groups of which letters may stand apart: `QQ 12 34 56 C`.
const SPACED_DIGITS_MIN: usize = 6;

/// Groups that a run has at most. More are looked at as the runs that begin with the later ones.
const GROUPS_MAX: usize = 10;

/// Digits of the longest number that is looked for.
const DIGITS_MAX: usize = 20;

/// Groups of digits with at most three separators between them: `+49 (30) 1234-567` has four.
pub(super) struct Run<'t> {
    scan: &'t Scan<'t>,
    pub(super) text: &'t [u8],
    /// What is said before it, once somebody asked.
    said: Cell<Option<Context>>,
    groups: [(usize, usize); GROUPS_MAX],
    /// How many groups it has.
    pub(super) len: usize,
}

impl<'t> Run<'t> {
    /// The run that begins with the digit at `at`.
    fn at(scan: &'t Scan<'t>, mut at: usize) -> Self {
        let text = scan.bytes();
        let mut run = Self { scan, text, said: Cell::new(None), groups: [(0, 0); GROUPS_MAX], len: 0 };
        while run.len < GROUPS_MAX {
            let end = at + length(text, at, class::DIGIT);
            run.groups[run.len] = (at, end);
            run.len += 1;
            at = end + length(text, end, class::SEPARATOR);
            if at == end || at > end + 3 || !is(byte(text, at), class::DIGIT) {
                break;
            }
        }
        run
    }

    /// What the words before it say that it is.
    pub(super) fn context(&self) -> Context {
        let said = self.said.get().unwrap_or_else(|| context::before(self.scan, self.start()));
        self.said.set(Some(said));
        said
    }

    /// Where group `index` begins and ends; nowhere if there is none.
    fn group(&self, index: usize) -> (usize, usize) {
        if index < self.len { self.groups[index] } else { (0, 0) }
    }

    pub(super) fn start(&self) -> usize {
        self.group(0).0
    }

    /// Where the first `groups` end.
    pub(super) fn end(&self, groups: usize) -> usize {
        self.group(groups - 1).1
    }

    /// How long group `index` is; 0 if there is none.
    pub(super) fn width(&self, index: usize) -> usize {
        let (from, to) = self.group(index);
        to - from
    }

    /// How many digits the first `groups` have.
    pub(super) fn count(&self, groups: usize) -> usize {
        (0..groups).map(|index| self.width(index)).sum()
    }

    /// The digits of the first `groups`.
    pub(super) fn digits(&self, groups: usize) -> Digits {
        Digits::of(&self.text[self.start()..self.end(groups)])
    }

    /// What stands between group `index` and the one after it: one byte; of several the bracket, if
    /// there is one; 0 after the last group.
    pub(super) fn separator(&self, index: usize) -> u8 {
        let (from, to) = (self.group(index).1, self.group(index + 1).0);
        let mut all = b'?';
        let mut at = from;
        while at < to {
            let one = self.text[at];
            if to - from == 1 || matches!(one, b'(' | b')') {
                all = one;
            }
            at += 1;
        }
        if to == 0 { 0 } else { all }
    }

    /// Whether `sign` is what stands between all of the first `groups`.
    pub(super) fn separated_by(&self, groups: usize, sign: u8) -> bool {
        (1..groups).all(|index| self.separator(index - 1) == sign)
    }

    /// The byte before the run; 0 at the start of the text.
    pub(super) fn before(&self) -> u8 {
        before(self.text, self.start())
    }

    /// Whether the run begins inside a word.
    pub(super) fn in_word(&self) -> bool {
        is(self.before(), class::WORD)
    }

    /// Whether a number may end after the first `groups`: no word and no decimals go on.
    pub(super) fn ends(&self, groups: usize) -> bool {
        let end = self.end(groups);
        let after = byte(self.text, end);
        !(is(after, class::WORD)
            || after == b'_'
            || after == b'.' && is(byte(self.text, end + 1), class::DIGIT))
    }
}

/// The digits of a number, without what stands between them.
pub(super) struct Digits {
    digits: [u8; DIGITS_MAX],
    /// How many there are; more than [`DIGITS_MAX`] are cut.
    pub(super) len: usize,
}

impl Digits {
    #[inline(never)]
    pub(super) fn of(text: &[u8]) -> Self {
        let mut digits = Self { digits: [0; DIGITS_MAX], len: 0 };
        for digit in text.iter().filter(|byte| byte.is_ascii_digit()).take(DIGITS_MAX) {
            digits.digits[digits.len] = digit - b'0';
            digits.len += 1;
        }
        digits
    }

    /// The number that `count` digits from `from` on spell, modulo `modulus`.
    #[inline(never)]
    pub(super) fn part(&self, from: usize, count: usize, modulus: u32) -> u32 {
        self.digits[..self.len]
            .iter()
            .skip(from)
            .take(count)
            .fold(0, |sum, digit| (sum * 10 + u32::from(*digit)) % modulus)
    }

    /// The sum of the digits times `weights`, which are characters from `0` on.
    #[inline(never)]
    pub(super) fn weighted(&self, weights: &[u8]) -> u32 {
        self.digits
            .iter()
            .zip(weights)
            .map(|(digit, weight)| u32::from(*digit) * u32::from(weight - b'0'))
            .sum()
    }

    /// The Luhn check (ISO/IEC 7812-1) of the digits from `from` on.
    #[inline(never)]
    pub(super) fn luhn(&self, from: usize) -> bool {
        let mut sum = 0;
        for index in from..self.len {
            let digit = self.digits[index];
            let double = digit * 2;
            sum += if (self.len - index) % 2 == 1 { digit } else { double / 10 + double % 10 };
        }
        sum % 10 == 0
    }

    /// Whether two digits from `month` on and two from `day` on may be of a date.
    pub(super) fn is_date(&self, month: usize, day: usize) -> bool {
        (1..=12).contains(&self.part(month, 2, 100)) && (1..=31).contains(&self.part(day, 2, 100))
    }
}

/// Claims the addresses and numbers of the text.
pub(super) fn claim_all(scan: &mut Scan<'_>) {
    let mut at = 0;
    loop {
        at += length_until(scan.bytes(), at, class::DIGIT);
        if at >= scan.bytes().len() {
            return;
        }
        // Nothing begins in the midst of a word of letters and digits: `a1b2c3`.
        let letters = length_before(scan.bytes(), at, class::LETTER);
        if letters > 0 && is(before(scan.bytes(), at - letters), class::DIGIT) {
            at += length(scan.bytes(), at, class::DIGIT);
            continue;
        }
        let looked = look_at(&Run::at(scan, at), letters);
        at = looked.to;
        if let Some(kind) = looked.kind {
            scan.claim(looked.from, looked.to, kind);
        }
    }
}

/// What begins with the first group of a run. What is passed over has no kind.
struct Looked {
    from: usize,
    to: usize,
    kind: Option<Kind>,
}

fn look_at(run: &Run<'_>, letters: usize) -> Looked {
    let text = run.text;
    let from = run.start();
    let found = |Found { from, to, kind }| Looked { from, to, kind: Some(kind) };
    // Anything that is not found may hide a number in its later groups.
    let passed = |to| Looked { from, to, kind: None };
    // Most numbers are short ones by themselves: neither part of a word such as forms begin with, nor of
    // an address.
    let count = run.count(run.len);
    let (width, next) = (run.width(0), byte(text, run.end(1)));
    let formed = letters == 2 && width == 2 || letters > 3 || letters > 0 && is(next, class::LETTER);
    let addressed =
        run.len >= 4 || is(next, class::HEX) || width <= 2 && next == b'-' || width == 4 && next == b'.';
    if count < SPACED_DIGITS_MIN && !formed && !addressed {
        return passed(run.end(1));
    }
    if let Some(groups) = date_groups(run) {
        return passed(run.end(groups));
    }
    if let Some(iban) = iban::around(text, from) {
        return found(iban);
    }
    if let Some(mac) = mac::around(text, from) {
        return found(mac);
    }
    if let Some((to, personal)) = ip::v4_at(run) {
        return Looked { from, to, kind: personal.then_some(Kind::Ip) };
    }
    if let Some((from, to)) = national::around(run, letters) {
        return found(Found { from, to, kind: Kind::NationalId });
    }
    if count < NUMBER_DIGITS_MIN {
        return passed(run.end(1));
    }
    let groups = card::groups(run);
    if groups > 0 {
        return found(Found { from, to: run.end(groups), kind: Kind::Card });
    }
    if let Some((from, to)) = phone::around(run) {
        return found(Found { from, to, kind: Kind::Phone });
    }
    passed(run.end(1))
}

/// If `run` begins with a date (day, month and year in the order of any country, or the ISO's): its
/// groups, those of a time after it included.
fn date_groups(run: &Run<'_>) -> Option<usize> {
    let same = run.separated_by(3, run.separator(0)) && matches!(run.separator(0), b'-' | b'.' | b'/');
    if run.len < 3 || !same || run.in_word() {
        return None;
    }
    let two = |index: usize| run.width(index) <= 2;
    let year_first = run.width(0) == 4;
    // `2026-11-23` or `23.11.2026`; the years of living memory, and some.
    let shaped = two(1) && (year_first && two(2) || run.width(2) == 4 && two(0));
    if !shaped {
        return None;
    }
    let (from, to) = run.group(if year_first { 0 } else { 2 });
    let century = Digits::of(&run.text[from..to]).part(0, 2, 100);
    // `2026-11-23 19` goes on with `:55`.
    let timed = run.width(3) == 2 && byte(run.text, run.end(4)) == b':';
    matches!(century, 18..=21).then_some(3 + usize::from(timed))
}
