//! Payment card numbers: 12 to 19 digits, in one piece or in groups, that pass the Luhn check
//! (ISO/IEC 7812-1, annex B) and begin as the numbers of payment cards of that length do.

use super::class;
use super::context::Context;
use super::digits::{Digits, Run};

/// Digits that cards have, as bits: 12 to 16, 18 and 19.
const OF_12: u8 = 1;
const OF_13: u8 = 1 << 1;
const OF_14: u8 = 1 << 2;
const OF_15: u8 = 1 << 3;
const OF_16: u8 = 1 << 4;
const OF_18: u8 = 1 << 6;
const OF_19: u8 = 1 << 7;

/// The first two digits of cards, from and to, and how many digits those have.
const ISSUED: &[(u8, u8, u8)] = &[
    (40, 49, OF_13 | OF_16 | OF_19), // Visa
    (51, 55, OF_16),                 // Mastercard
    (22, 27, OF_16),                 // Mir, Mastercard
    (34, 34, OF_15),                 // American Express
    (37, 37, OF_15),
    (30, 30, OF_14 | OF_16), // Diners Club
    (36, 39, OF_14 | OF_16),
    (35, 35, OF_16 | OF_19), // JCB
    (18, 18, OF_15),
    (21, 21, OF_15),
    (60, 69, OF_16 | OF_19),         // Discover, UnionPay, RuPay, Maestro
    (81, 82, OF_16),                 // RuPay
    (50, 50, OF_12 | OF_16 | OF_19), // Maestro
    (56, 59, OF_12 | OF_16 | OF_19),
    (63, 63, OF_12 | OF_18),
    (67, 67, OF_12 | OF_18),
    (90, 99, OF_16), // Troy, Prostir
    (6, 6, OF_12),   // Maestro in the United Kingdom
];

/// How many groups of `run` from its first are a card number: 0 if they are none.
pub(super) fn groups(run: &mut Run<'_>) -> usize {
    // A decimal's places are none, nor is what a `+` stands before, nor the rest of `585-3055010-9709442`.
    let rest = run.before() == b'-' && run.scan.is_after(class::DIGIT, run.start() - 1);
    if rest || run.is_after(class::WORD) || matches!(run.before(), b'.' | b'+') {
        return 0;
    }
    let mut found = 0;
    for groups in 1..=run.len {
        let count = run.count(groups);
        // Four fours are what people make of a card's number, whoever issued it.
        let fours = groups == 4 && (0..4).all(|index| run.width(index) == 4);
        if count >= 12 && run.ends(groups) && is_card(&run.digits(groups), fours) {
            if groups > 1 || count > 13 && count != 18 {
                found = groups;
                continue;
            }
            // Twelve and thirteen digits are also what articles have: then their checksum decides. And what
            // is counted has, or is part of a path. Eighteen in one piece are rather an id.
            let is_other =
                (count == 18 || run.scan.is_number || run.before() == b'/' || is_article(&run.digits(1)))
                    && run.context() != Context::Card;
            return usize::from(!is_other);
        }
        if count >= 19
            || !matches!(run.separator(groups - 1), b' ' | b'-' | b'.' | b'+')
            || run.width(groups - 1) < 4
        {
            break;
        }
    }
    found
}

fn is_card(digits: &Digits, is_any: bool) -> bool {
    let head = digits.part(0, 2) as u8;
    let issued = |(from, to, of): &(u8, u8, u8)| {
        (*from..=*to).contains(&head) && u32::from(*of) >> (digits.len - 12) & 1 > 0
    };
    (is_any || ISSUED.iter().any(issued)) && digits.luhn(0)
}

/// The check of article numbers (EAN, UPC).
fn is_article(digits: &Digits) -> bool {
    digits.weighted(if digits.len == 13 { b"1313131313131" } else { b"313131313131" }).is_multiple_of(10)
}
