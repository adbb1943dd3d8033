//! Numbers that states give to persons. A form that nothing else has, or a checksum, is enough; where
//! neither is, the words before it must say so ("BSN 123456789").

use super::context::Context;
use super::digits::{Digits, Run};
use super::pattern;
use super::scan::{before, byte, class, is, length_back, length_before, length_of};

/// Digits of the shortest number that begins with a digit.
const DIGITS_MIN: usize = 7;

/// Bytes of a word that a number may be a part of, when words name it: `C01X00T478`.
const PIECE_MAX: usize = 24;

/// The forms (see [`pattern`]), each country's most distinct ones. Before each is how its numbers begin, so
/// that few are tried: the width of the first group of digits, as a character from `0` on, or the count of
/// letters, from `` ` `` on, or `*` where separators may be left out. And what else must hold of a number
/// that has the form: see [`holds`].
const FORMS: &[&str] = &[
    "3.###-##-####",
    "3U### ## ####",
    "bK?? ## ## ## ?",
    "8D######## ?",
    "2D##.###.### ?",
    "aD? ####### ?",
    "*N# ## ## ## ### ### ##",
    "f.??????##?##?###?",
    "d.????######??????*#",
    "eP?????####?",
    "3.###.###.###-##",
    "2.##.###.###-*",
    "2.2#-########-#",
    "3.756.####.####.##",
    "1.#-####-#####-##-#",
    "3.###-###-### ##",
    "2.##.##.##-###.##",
    ";E###########",
    "8.########?###",
    "3L###-###-###",
    "6S######-####",
    "8S########-####",
    "6Y######-#######",
    "6T######-###?",
    "6T######a###*",
    "6M######/####",
    "6T######-#####",
    "AB#################*",
];

/// The forms side by side, so that looking for those that begin as a number does costs little.
static CELLS: [[u8; CELL]; FORMS.len()] = {
    let mut cells = [[0; CELL]; FORMS.len()];
    let mut row = 0;
    while row < FORMS.len() {
        let mut at = 0;
        while at < FORMS[row].len() {
            cells[row][at] = FORMS[row].as_bytes()[at];
            at += 1;
        }
        row += 1;
    }
    cells
};
const CELL: usize = 24;

/// A number around the first group of `run`, before which so many `letters` stand: where it begins and ends.
pub(super) fn around(run: &Run<'_>, letters: usize) -> Option<(usize, usize)> {
    let (text, start) = (run.text, run.start());
    // Letters and digits apart: of the forms that begin with letters, only the British is written so.
    if is(before(text, start), class::SEPARATOR)
        && length_before(text, start - 1, class::LETTER) == 2
        && let Some(to) = formed(run, start - 3, 2)
    {
        return Some((start - 3, to));
    }
    let enough = run.count(run.len) >= DIGITS_MIN || is(byte(text, run.end(1)), class::LETTER);
    let digits_first = enough && !is(before(text, start), class::JOIN | class::DOT);
    if (letters > 0 || digits_first)
        && let Some(to) = formed(run, start - letters, letters)
    {
        return Some((start - letters, to));
    }
    if enough || letters > 0 { said(run) } else { None }
}

/// Where the number ends that begins at `from` with so many `letters` and has one of the forms.
fn formed(run: &Run<'_>, from: usize, letters: usize) -> Option<usize> {
    let begins = if letters > 0 { b'`' as usize + letters } else { b'0' as usize + run.width(0) };
    CELLS.iter().find_map(|cell| {
        let first = cell[0];
        if usize::from(first) != begins && (first != b'*' || letters > 0) {
            return None;
        }
        let length = cell.iter().position(|b| *b == 0)?;
        let to = pattern::end(run.text, from, cell.get(2..length)?)?;
        holds(cell[1], from, to, run).then_some(to)
    })
}

/// A number of any form, after words that say what it is.
fn said(run: &Run<'_>) -> Option<(usize, usize)> {
    let text = run.text;
    let from = run.start() - length_back(text, run.start(), PIECE_MAX, class::WORD);
    // The last part of `a-national-holiday-20261224` is none.
    if is(before(text, from), class::TOKEN) {
        return None;
    }
    let mut to = from;
    let mut digits = 0;
    let mut at = from;
    loop {
        let piece = length_of(text, at, PIECE_MAX + 1, class::WORD);
        let piece_digits = text[at..at + piece].iter().filter(|b| b.is_ascii_digit()).count();
        // Words of prose end the number.
        if piece == 0 || piece > PIECE_MAX || piece_digits == 0 && piece > 1 || digits >= 18 {
            break;
        }
        digits += piece_digits;
        to = at + piece;
        at = to + usize::from(is(byte(text, to), class::SEPARATOR));
    }
    ((7..=20).contains(&digits) && run.context() == Context::Identity).then_some((from, to))
}

/// Whether what stands before a form holds of the number from `from` to `to`.
#[inline(never)]
fn holds(check: u8, from: usize, to: usize, run: &Run<'_>) -> bool {
    let text = &run.text[from..to];
    let digits = Digits::of(text);
    let part = |from, count| digits.part(from, count, 1_000_000_000);
    let (first, last) = (text[0].to_ascii_uppercase(), text[text.len() - 1].to_ascii_uppercase());
    let century = digits.len.saturating_sub(10);
    match check {
        // United States, where no hyphens make it one: in groups, and no area that is never given out.
        b'U' => {
            text.len() == 11 && !matches!(part(0, 3), 0 | 666 | 900..) && part(3, 2) > 0 && part(5, 4) > 0
        }
        // United Kingdom: national insurance; `QQ` and `ZZ` are in what is written about it.
        b'K' => {
            matches!(last, b'A'..=b'D') && !matches!(first, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V')
                || first == text[1].to_ascii_uppercase() && matches!(first, b'Z' | b'Q')
        }
        // Spain: DNI and NIE, by their letter.
        b'D' => {
            let series = match first {
                b'X'..=b'Z' => u32::from(first - b'X') * 10_000_000,
                _ => 0,
            };
            let letter = b"TRWAGMYFPDXBNJZSQVHLCKE"[((series + part(0, 8)) % 23) as usize];
            last == letter && (first.is_ascii_digit() || first >= b'X')
        }
        // France: NIR with its key.
        b'N' => matches!(first, b'1' | b'2') && part(13, 2) == 97 - digits.part(0, 13, 97),
        // India: PAN, of a person.
        b'P' => text[3].eq_ignore_ascii_case(&b'p'),
        // Canada.
        b'L' => digits.luhn(0),
        // Sweden and Latvia: six digits are a date, and a checksum holds.
        b'S' => {
            let sweden = digits.is_date(century + 2, century + 4) && digits.luhn(century);
            sweden || digits.is_date(2, 0) && part(0, 9) % 31 == part(9, 1)
        }
        // South Korea.
        b'Y' => digits.is_date(2, 4),
        // Finland, Denmark, Latvia.
        b'T' => digits.is_date(2, 0),
        // Czechia and Slovakia.
        b'M' => digits.part(0, 10, 11) == 0,
        // China: eight digits are a date from 1800 on.
        b'B' => matches!(part(6, 2), 18..=20) && digits.is_date(10, 12),
        // The two check digits of Brazil, Turkey or Norway, Poland's one and a date, or Germany's one.
        b'E' => {
            // Weights from 10 down, `:` being ten, and `;` eleven: a rest of ten counts as none.
            let brazil = digits.weighted(b":98765432") * 10 % 11 % 10 == part(9, 1)
                && digits.weighted(b";:98765432") * 10 % 11 % 10 == part(10, 1);
            let poland = digits.weighted(b"13791379131").is_multiple_of(10)
                && (1..=31).contains(&part(4, 2))
                && part(2, 2) % 20 <= 12;
            let turkey = digits.weighted(b"797979797") % 10 == part(9, 1)
                && digits.weighted(b"1111111111") % 10 == part(10, 1);
            let norway = digits.weighted(b"3761894521").is_multiple_of(11)
                && digits.weighted(b"54327654321").is_multiple_of(11);
            // Germany's tax number and Croatia's (ISO 7064, MOD 11,10).
            let mod_11_10 = (0..10).fold(10, |rest, index| {
                let sum = (rest + part(index, 1)) % 10;
                (if sum == 0 { 10 } else { sum }) * 2 % 11
            });
            let germany = (mod_11_10 + part(10, 1)) % 10 == 1;
            (brazil || poland || turkey || norway || germany)
                && !matches!(run.context(), Context::Reference | Context::Version)
        }
        // Nothing else: Italy's codice fiscale, Mexico's CURP, Brazil's CPF, Chile's RUT, Argentina's CUIL,
        // Switzerland's AHV, Thailand's, Russia's SNILS, Belgium's, Germany's social insurance.
        _ => true,
    }
}
