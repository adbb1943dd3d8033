//! Numbers that states give to persons. A form that nothing else has, or a checksum, is enough; where
//! neither is, the words before it must say so ("BSN 123456789").

use super::context::Context;
use super::digits::{Digits, Run};
use super::scan::Scan;
use super::{class, pattern};

/// Digits of the shortest number that begins with a digit.
const DIGITS_MIN: usize = 7;

/// Bytes of a word that a number may be a part of, when words name it: `C01X00T478`.
const PIECE_MAX: usize = 24;

/// Letters before a hyphen that such a number may begin with.
const LETTERS_MAX: usize = 3;

/// The forms (see [`pattern`]), each country's most distinct ones. Before each is how its numbers begin, so
/// that few are tried: the width of the first group of digits, as a character from `0` on, or the count of
/// letters, from `` ` `` on, or `*` where separators may be left out. And what else must hold of a number
/// that has the form: see [`holds`].
const FORMS: [&str; 43] = [
    "3.###-##-####",
    "3U### ## ####",
    "bK?? ## ## ## ?",
    "8D######## ?",
    "2D##.###.### ?",
    "aD? ####### ?",
    "aG?#######?",
    "aW?#########",
    "a.?######(*)",
    "dR????######***",
    "6R######-##-####",
    "*N# ## ## ## ### ### ##",
    "f.??????##?##?###?",
    "d.????######??????*#",
    "eP?????####?",
    "3.###.###.###-##",
    "2.##.###.###-*",
    "1.#.###.###-*",
    "1.#?*# ?*# ??##",
    "c.GHA-#########-#",
    "2.2#-########-#",
    "3.756 #### #### ##",
    "=A756##########",
    "3.784-####-#######-#",
    "5.#####-#######-#",
    "2.##-#######-#",
    "1.#-####-#####-##-#",
    "4.####-#######-#",
    "3.###-###-### ##",
    "2.##.##.##-### ##",
    ";E###########",
    "=J#############",
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
    "BB##################",
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

/// Whether there is a number around the first group of `run`, before which so many `letters` stand. Where is
/// left in the run.
pub(super) fn around(run: &mut Run<'_>, letters: usize) -> bool {
    let (scan, start) = (run.scan, run.start());
    // Letters and digits apart: of the forms that begin with letters, the British, Spain's and Ghana's are written so.
    if run.is_after(class::SEPARATOR) {
        let first = scan.back_of(start - 1, 3, class::LETTER);
        let apart = start - 1 - first;
        if ((1..=2).contains(&apart) || scan.has(first, b"gha-")) && formed(run, first, apart) {
            return true;
        }
    }
    let enough = run.count(run.len) >= DIGITS_MIN || scan.is(run.end(1), class::LETTER);
    let digits_first = enough && !run.is_after(class::JOIN | class::DOT);
    (letters > 0 || digits_first && !scan.is_number) && formed(run, start - letters, letters)
        || (enough || letters > 0) && said(run)
}

/// Whether a number begins at `from` that has so many `letters` in front and one of the forms.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn formed(run: &mut Run<'_>, from: usize, letters: usize) -> bool {
    let begins = if letters > 0 { b'`' as usize + letters } else { b'0' as usize + run.width(0) };
    for cell in &CELLS {
        let first = usize::from(cell[0]);
        if first == begins || first == b'*' as usize && letters == 0 {
            let length = cell.iter().position(|b| *b == 0).unwrap_or(CELL);
            let to = pattern::end(run.scan, from, &cell[2..length]);
            if to > 0 && holds(cell[1], from, to, run) {
                (run.from, run.to) = (from, to);
                return true;
            }
        }
    }
    false
}

/// A number of any form, after words that say what it is.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn said(run: &mut Run<'_>) -> bool {
    let scan = run.scan;
    let from = scan.back_of(run.start(), PIECE_MAX, class::WORD);
    // Some letters and a hyphen may be a part of it: `V-22506935`.
    let hyphen = from - usize::from(scan.before(from) == b'-');
    let letters = scan.back_of(hyphen, LETTERS_MAX, class::LETTER);
    let first = if letters < hyphen { letters } else { from };
    // The last part of `a-national-holiday-20261224` is none.
    if scan.is_after(class::TOKEN, first) {
        return false;
    }
    let (mut at, mut to) = (from, from);
    let mut digits = 0;
    while digits < 18 {
        let end = scan.run_of(at, PIECE_MAX + 1, class::WORD);
        if end > at + PIECE_MAX {
            break;
        }
        let more = scan.count(at, end, class::DIGIT);
        // Words of prose end the number.
        if end == at || more == 0 && end > at + 1 {
            break;
        }
        digits += more;
        to = end;
        at = to + usize::from(scan.is(to, class::SEPARATOR));
    }
    let enough = (7..=20).contains(&digits) || is_mixed(scan.part(from, to));
    let named = enough && run.context() == Context::Identity;
    if named {
        (run.from, run.to) = (first, to);
    }
    named
}

/// Whether digits and capitals are mixed as in the number of a passport or an identity card: `CP628297`, or without
/// vowels `L3J2PK174`.
fn is_mixed(number: &[u8]) -> bool {
    let (mut digits, mut vowels) = (0, 0);
    for byte in number {
        digits += usize::from(byte.is_ascii_digit());
        vowels += usize::from(b"AEIOU".contains(byte));
        if !byte.is_ascii_digit() && !byte.is_ascii_uppercase() {
            return false;
        }
    }
    (8..=12).contains(&number.len()) && (digits > 4 || digits > 0 && vowels == 0)
}

/// A check digit of a number of eleven: the weights of the digits from the first on, as characters from `0` on;
/// what the sum is multiplied with; the modulus; and which digit must equal the rest, or none, and then the rest
/// must be none.
type Check = (&'static [u8], u32, u32, usize);

/// Two that must hold.
const CHECKS: [[Check; 2]; 3] = [
    // Brazil: here ten counts as none.
    [(b":98765432", 10, 11, 9), (b";:98765432", 10, 11, 10)],
    // Turkey.
    [(b"797979797", 1, 10, 9), (b"1111111111", 1, 10, 10)],
    // Norway.
    [(b"3761894521", 1, 11, 11), (b"54327654321", 1, 11, 11)],
];

/// Whether a number without a form, of which one check digit lets every tenth pass that is nobody's, is rather
/// another: it is said to be, or stands in a URL that does not say what it is.
fn is_other(run: &mut Run<'_>) -> bool {
    matches!(run.context(), Context::Reference | Context::Article | Context::Version)
        || run.is_in_url() && run.context() != Context::Identity
}

/// Whether what stands before a form holds of the number from `from` to `to`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn holds(check: u8, from: usize, to: usize, run: &mut Run<'_>) -> bool {
    let scan: &Scan<'_> = run.scan;
    let digits = Digits::of(scan, from, to);
    let part = |from, count| digits.part(from, count);
    let letter = |at| scan.at(at).to_ascii_uppercase();
    let (first, last) = (letter(from), letter(to - 1));
    let century = digits.len.saturating_sub(10);
    match check {
        // United States, where no hyphens make it one: in groups, and no area that is never given out.
        b'U' => {
            to - from == 11
                && !(scan.at(to) == b' ' && scan.is(to + 1, class::DIGIT))
                && !matches!(part(0, 3), 0 | 666 | 900..)
                && part(3, 2) > 0
                && part(5, 4) > 0
        }
        // United Kingdom: national insurance; `QQ` and `ZZ` are in what is written about it.
        b'K' => {
            matches!(last, b'A'..=b'D') && !b"DFIQUV".contains(&first)
                || first == letter(from + 1) && matches!(first, b'Z' | b'Q')
        }
        // Spain: DNI and NIE, by their letter.
        b'D' => {
            let series = u32::from(first.saturating_sub(b'X')) * 10_000_000;
            let wanted = b"TRWAGMYFPDXBNJZSQVHLCKE"[((series + part(0, 8)) % 23) as usize];
            last == wanted && (first.is_ascii_digit() || first >= b'X')
        }
        // Singapore, of citizens (S, T) and residents (F, G), by their letter.
        b'G' => {
            let since_2000 = if matches!(first, b'T' | b'G') { 4 } else { 0 };
            let rest = (digits.weighted(b"2765432") + since_2000) % 11;
            let letters = if matches!(first, b'S' | b'T') { b"JZIHGFEDCBA" } else { b"XWUTRQPNMLK" };
            matches!(first, b'F' | b'G' | b'S' | b'T') && last == letters[rest as usize]
        }
        // Taiwan: its letter is a county's, a number from 10 on.
        b'W' => {
            let county =
                10 + b"ABCDEFGHJKLMNPQRSTUVXYWZIO".iter().position(|one| *one == first).unwrap_or(0) as u32;
            matches!(part(0, 1), 1 | 2)
                && (county / 10 + county % 10 * 9 + digits.weighted(b"876543211")).is_multiple_of(10)
                && !is_other(run)
        }
        // Mexico's RFC and Malaysia's: six digits are a date.
        b'R' => digits.is_date(2, 4),
        // France: NIR with its key.
        b'N' => matches!(first, b'1' | b'2') && part(13, 2) == 97 - digits.rest(0, 13, 97),
        // India: PAN, of a person.
        b'P' => letter(from + 3) == b'P',
        // Canada.
        b'L' => digits.luhn(0),
        // Sweden and Latvia: six digits are a date, and a checksum holds.
        b'S' => {
            digits.is_date(century + 2, century + 4) && digits.luhn(century)
                || digits.is_date(2, 0) && part(0, 9) % 31 == part(9, 1)
        }
        // South Korea. A month or day of 0 is none, but Faker's have it, and few other numbers are written so.
        b'Y' => part(2, 2) <= 12 && part(4, 2) <= 31,
        // Finland, Denmark, Latvia.
        b'T' => digits.is_date(2, 0),
        // Czechia and Slovakia.
        b'M' => digits.rest(0, 10, 11) == 0,
        // China: eight digits are a date from 1800 on, and a checksum holds (ISO 7064, MOD 11-2).
        b'B' => {
            let rest = digits.weighted(b"79:584216379:5842") % 11;
            matches!(part(6, 2), 18..=20)
                && digits.is_date(10, 12)
                && last == b"10X98765432"[rest as usize % 11]
        }
        // Switzerland's AHV in one piece: that of articles.
        b'A' => digits.weighted(b"1313131313131").is_multiple_of(10),
        // Thirteen digits with a date and a check digit: what was Yugoslavia, and Romania. What begins with 1 and
        // is all of the text is taken for milliseconds since 1970.
        b'J' => {
            let south = digits.is_date(2, 0)
                && matches!(part(4, 1), 0 | 9)
                && (11 - digits.weighted(b"765432765432") % 11) % 11 % 10 == part(12, 1);
            let rest = digits.weighted(b"279146358279") % 11;
            let romania = digits.is_date(3, 5)
                && matches!(part(7, 2), 1..=52)
                && (if rest == 10 { 1 } else { rest }) == part(12, 1);
            (south || romania) && !(first == b'1' && scan.len() == 13) && !is_other(run)
        }
        // Two check digits; or one and a date; or Germany's one.
        b'E' => {
            let checked = CHECKS.iter().any(|pair| {
                pair.iter().all(|(weights, factor, modulus, at)| {
                    let rest = digits.weighted(weights) * factor % modulus;
                    (if rest == 10 && *factor == 10 { 0 } else { rest }) == part(*at, 1)
                })
            });
            // Poland, born since 1900: the month tells the century.
            let poland = digits.weighted(b"13791379131").is_multiple_of(10)
                && (1..=31).contains(&part(4, 2))
                && part(2, 2) < 40
                && part(2, 2) % 20 <= 12;
            // Germany's tax number and Croatia's (ISO 7064, MOD 11,10).
            let mod_11_10 = (0..10).fold(10, |rest, index| {
                let sum = (rest + part(index, 1)) % 10;
                (if sum == 0 { 10 } else { sum }) * 2 % 11
            });
            let germany = (mod_11_10 + part(10, 1)) % 10 == 1;
            // Estonia and Lithuania; Hungary.
            let rest = digits.weighted(b"1234567891") % 11;
            let baltic = if rest == 10 { digits.weighted(b"3456789123") % 11 % 10 } else { rest };
            let with_date = digits.is_date(3, 5)
                && (baltic == part(10, 1) || digits.weighted(b"123456789:") % 11 == part(10, 1));
            // Greece.
            let greece = digits.is_date(2, 0) && digits.luhn(0);
            // Belgium, born before 2000 and since.
            let key = 97 - part(9, 2) % 97;
            let belgium = digits.is_date(2, 4)
                && [0, 2_000_000_000].iter().any(|century| (century + part(0, 9)) % 97 == key);
            (checked || poland || germany || with_date || greece || belgium) && !is_other(run)
        }
        // Nothing else: Italy's codice fiscale, Hong Kong's, Mexico's CURP, Brazil's CPF, Chile's RUT, Uruguay's CI, Ghana's, the Medicare
        // number of the United States, Argentina's CUIL,
        // Switzerland's AHV, the Emirates', Pakistan's, Thailand's, the Philippines', Russia's SNILS, Belgium's, Germany's social insurance.
        _ => true,
    }
}
