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
    /// The two check digits of Brazil, Turkey or Norway, or Poland's one and a date.
    Eleven,
}

/// A form, and how numbers of it begin: with so many letters, or with so many digits in one piece.
struct Form {
    letters: u8,
    digits: u8,
    /// Whether separators may be left out, so that the first piece may be longer.
    loose: bool,
    text: &'static [u8],
    check: Check,
}

const fn form(text: &'static [u8], check: Check) -> Form {
    let mut letters = 0;
    while text[letters] == b'?' {
        letters += 1;
    }
    let mut digits = letters;
    while digits < text.len() && (text[digits] == b'#' || text[digits].is_ascii_digit()) {
        digits += 1;
    }
    let loose = digits < text.len() && text[digits] == b' ';
    Form { letters: letters as u8, digits: (digits - letters) as u8, loose, text, check }
}

/// The forms (see [`pattern`]), each country's most distinct ones.
const FORMS: &[Form] = &[
    // United States: hyphens make it one even where the area is not (yet) given out.
    form(b"###-##-####", Check::Form),
    form(b"### ## ####", Check::UsArea),
    // United Kingdom: national insurance.
    form(b"?? ## ## ## ?", Check::UkLetters),
    // Spain: DNI and NIE.
    form(b"######## ?", Check::DniLetter),
    form(b"##.###.### ?", Check::DniLetter),
    form(b"? ####### ?", Check::DniLetter),
    // France: NIR with its key.
    form(b"# ## ## ## ### ### ##", Check::NirKey),
    // Italy: codice fiscale. Mexico: CURP. India: PAN of a person.
    form(b"??????##?##?###?", Check::Form),
    form(b"????######??????*#", Check::Form),
    form(b"?????####?", Check::TaxpayerP),
    // Brazil: CPF. Chile: RUT. Argentina: CUIL. Switzerland: AHV. Thailand. Russia: SNILS. Belgium.
    form(b"###.###.###-##", Check::Form),
    form(b"##.###.###-*", Check::Form),
    form(b"2#-########-#", Check::Form),
    form(b"756.####.####.##", Check::Form),
    form(b"#-####-#####-##-#", Check::Form),
    form(b"###-###-### ##", Check::Form),
    form(b"##.##.##-###.##", Check::Form),
    form(b"###########", Check::Eleven),
    // Germany: social insurance.
    form(b"########?###", Check::Form),
    // Canada.
    form(b"###-###-###", Check::Luhn),
    // Sweden and Finland, South Korea, Czechia and Slovakia, Latvia, China.
    form(b"######-####", Check::DateAndSum),
    form(b"########-####", Check::DateAndSum),
    form(b"######-#######", Check::YearMonthDay),
    form(b"######-###?", Check::DayMonthYear),
    form(b"######a###*", Check::DayMonthYear),
    form(b"######/####", Check::By11),
    form(b"######-#####", Check::DayMonthYear),
    form(b"#################*", Check::Birth),
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
    let enough = run.count(run.len) >= DIGITS_MIN || is(byte(text, run.end(1)), class::LETTER);
    let digits_first = enough && !is(before(text, start), class::JOIN | class::DOT);
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
    let digits = length(text, from, class::DIGIT);
    FORMS.iter().find_map(|form| {
        let begins = usize::from(form.letters) == letters
            && (letters > 0 || form.loose || usize::from(form.digits) == digits);
        let to = if begins { pattern::end(text, from, form.text)? } else { return None };
        holds(form.check, &text[from..to], context).then_some(to)
    })
}

/// A number of any form, after words that say what it is.
fn said(run: &Run<'_>, context: &dyn Fn() -> Context) -> Option<(usize, usize)> {
    let text = run.text;
    let from = run.start() - length_before(text, run.start(), class::WORD);
    // The last part of `a-national-holiday-20261224` is none.
    if is(before(text, from), class::JOIN) {
        return None;
    }
    let mut to = from;
    let mut digits = 0;
    let mut at = from;
    loop {
        let piece = length(text, at, class::WORD);
        let piece_digits = text[at..at + piece].iter().filter(|b| b.is_ascii_digit()).count();
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
            matches!(last, b'A'..=b'D') && !matches!(first, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V')
                || text.starts_with(b"ZZ")
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
            let turkey = digits.weighted(b"797979797") % 10 == part(9, 1)
                && digits.weighted(b"1111111111") % 10 == part(10, 1);
            let norway = digits.weighted(b"3761894521").is_multiple_of(11)
                && digits.weighted(b"54327654321").is_multiple_of(11);
            (brazil || poland || turkey || norway)
                && !matches!(context(), Context::Reference | Context::Version)
        }
    }
}
