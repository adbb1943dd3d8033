//! Numbers that states give to persons. A form that nothing else has, or a checksum, is enough; where
//! neither is, the words before it must say so ("BSN 123456789").

use super::context::Context;
use super::digits::{Digits, Run};
use super::pattern;
use super::scan::{before, byte, class, is, length, length_before};

/// Digits of the shortest number that begins with a digit.
const DIGITS_MIN: usize = 8;

/// What else must hold of a number that has the form.
#[derive(Clone, Copy)]
enum Check {
    Form,
    UsArea,
    UkLetters,
    DniLetter,
    NirKey,
    TaxpayerP,
    Luhn,
    /// Six digits are a date, and a checksum holds.
    DateAndSum,
    YearMonthDay,
    DayMonthYear,
    /// Eight digits are a date from 1800 on.
    Birth,
    By11,
    /// Brazil's two check digits, or Poland's one and a date.
    Eleven,
}

/// The forms (see [`pattern`]), each country's most distinct ones.
const FORMS: &[(&[u8], Check)] = &[
    // United States: hyphens make it one even where the area is not (yet) given out.
    (b"###-##-####", Check::Form),
    (b"### ## ####", Check::UsArea),
    // United Kingdom: national insurance.
    (b"?? ## ## ## ?", Check::UkLetters),
    // Spain: DNI and NIE.
    (b"######## ?", Check::DniLetter),
    (b"##.###.### ?", Check::DniLetter),
    (b"? ####### ?", Check::DniLetter),
    // France: NIR with its key.
    (b"# ## ## ## ### ### ##", Check::NirKey),
    // Italy: codice fiscale. Mexico: CURP. India: PAN of a person.
    (b"??????##?##?###?", Check::Form),
    (b"????######??????*#", Check::Form),
    (b"?????####?", Check::TaxpayerP),
    // Brazil: CPF. Chile: RUT. Argentina: CUIL. Switzerland: AHV. Thailand. Russia: SNILS. Belgium.
    (b"###.###.###-##", Check::Form),
    (b"##.###.###-*", Check::Form),
    (b"2#-########-#", Check::Form),
    (b"756.####.####.##", Check::Form),
    (b"#-####-#####-##-#", Check::Form),
    (b"###-###-### ##", Check::Form),
    (b"##.##.##-###.##", Check::Form),
    (b"###########", Check::Eleven),
    // Germany: social insurance.
    (b"########?###", Check::Form),
    // Canada.
    (b"###-###-###", Check::Luhn),
    // Sweden and Finland, South Korea, Czechia and Slovakia, Latvia, China.
    (b"######-####", Check::DateAndSum),
    (b"########-####", Check::DateAndSum),
    (b"######-#######", Check::YearMonthDay),
    (b"######-###?", Check::DayMonthYear),
    (b"######a###*", Check::DayMonthYear),
    (b"######/####", Check::By11),
    (b"######-#####", Check::DayMonthYear),
    (b"#################*", Check::Birth),
];

/// A number around the first group of `run`: where it begins and ends.
pub(super) fn around(run: &Run<'_>, context: &dyn Fn() -> Context) -> Option<(usize, usize)> {
    let (text, start) = (run.text, run.start());
    let letters = length_before(text, start, class::LETTER);
    // Letters and digits apart: of the forms that begin with letters, only the British is written so.
    if is(before(text, start), class::SEPARATOR)
        && length_before(text, start - 1, class::LETTER) == 2
        && let Some(to) = formed(text, start - 3, 2, context)
    {
        return Some((start - 3, to));
    }
    let digits_first = run.count(run.len) >= DIGITS_MIN && !is(before(text, start), class::JOIN | class::DOT);
    if (letters > 0 || digits_first)
        && let Some(to) = formed(text, start - letters, letters, context)
    {
        return Some((start - letters, to));
    }
    said(run, context)
}

/// Where the number ends that begins at `from` with so many `letters` and has one of the forms.
#[inline(never)]
fn formed(text: &[u8], from: usize, letters: usize, context: &dyn Fn() -> Context) -> Option<usize> {
    FORMS.iter().find_map(|(form, check)| {
        let begins = form.iter().take_while(|b| **b == b'?').count() == letters;
        let to = if begins { pattern::end(text, from, form)? } else { return None };
        holds(*check, &text[from..to], context).then_some(to)
    })
}

/// A number of any form, after words that say what it is.
fn said(run: &Run<'_>, context: &dyn Fn() -> Context) -> Option<(usize, usize)> {
    let text = run.text;
    let from = run.start() - length_before(text, run.start(), class::WORD);
    let mut to = from;
    let mut digits = 0;
    let mut at = from;
    loop {
        let piece = length(text, at, class::WORD);
        let piece_digits = Digits::of(&text[at..at + piece]).len;
        // Words of prose end the number.
        if piece == 0 || piece_digits == 0 && piece > 1 || digits >= 18 {
            break;
        }
        digits += piece_digits;
        to = at + piece;
        at = to + usize::from(is(byte(text, to), class::SEPARATOR));
    }
    ((7..=20).contains(&digits) && context() == Context::Identity).then_some((from, to))
}

#[inline(never)]
fn holds(check: Check, text: &[u8], context: &dyn Fn() -> Context) -> bool {
    let digits = Digits::of(text);
    let part = |from, count| digits.part(from, count, 1_000_000_000);
    let (first, last) = (text[0].to_ascii_uppercase(), text[text.len() - 1].to_ascii_uppercase());
    let century = digits.len.saturating_sub(10);
    match check {
        Check::Form => true,
        // In groups, and no area that is never given out.
        Check::UsArea => {
            text.len() == 11 && !matches!(part(0, 3), 0 | 666 | 900..) && part(3, 2) > 0 && part(5, 4) > 0
        }
        Check::UkLetters => {
            matches!(last, b'A'..=b'D') && !b"DFIQUV".contains(&first) || text.starts_with(b"ZZ")
        }
        Check::DniLetter => {
            let series = match first {
                b'X'..=b'Z' => u32::from(first - b'X') * 10_000_000,
                _ => 0,
            };
            let letter = b"TRWAGMYFPDXBNJZSQVHLCKE"[((series + part(0, 8)) % 23) as usize];
            last == letter && (first.is_ascii_digit() || first >= b'X')
        }
        Check::NirKey => matches!(first, b'1' | b'2') && part(13, 2) == 97 - digits.part(0, 13, 97),
        Check::TaxpayerP => text[3].eq_ignore_ascii_case(&b'p'),
        Check::Luhn => digits.luhn(0),
        Check::DateAndSum => {
            let sweden = digits.is_date(century + 2, century + 4) && digits.luhn(century);
            sweden || digits.is_date(2, 0) && part(0, 9) % 31 == part(9, 1)
        }
        Check::YearMonthDay => digits.is_date(2, 4),
        Check::DayMonthYear => digits.is_date(2, 0),
        Check::Birth => matches!(part(6, 2), 18..=20) && digits.is_date(10, 12),
        Check::By11 => digits.part(0, 10, 11) == 0,
        Check::Eleven => {
            // Weights from 10 down, `:` being ten, and `;` eleven: a rest of ten counts as none.
            let brazil = digits.weighted(b":98765432") * 10 % 11 % 10 == part(9, 1)
                && digits.weighted(b";:98765432") * 10 % 11 % 10 == part(10, 1);
            let poland = digits.weighted(b"13791379131").is_multiple_of(10)
                && (1..=31).contains(&part(4, 2))
                && part(2, 2) % 20 <= 12;
            (brazil || poland) && !matches!(context(), Context::Reference | Context::Version)
        }
    }
}
