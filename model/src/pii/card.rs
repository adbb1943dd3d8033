//! Payment card numbers: 12 to 19 digits, in one piece or in groups, that pass the Luhn check
//! (ISO/IEC 7812-1, annex B) and begin as the numbers of payment cards of that length do.

use super::context::Context;
use super::digits::{Digits, Run};

/// The first four digits of cards, from and to, and how many digits those have, from and to.
const ISSUED: &[(u16, u16, u8, u8)] = &[
    (4000, 4999, 13, 19), // Visa
    (5100, 5599, 16, 16), // Mastercard
    (2200, 2720, 16, 16), // Mir, Mastercard
    (3400, 3499, 15, 15), // American Express
    (3700, 3799, 15, 15),
    (3000, 3099, 14, 16), // Diners Club
    (3600, 3999, 14, 16),
    (3500, 3599, 16, 19), // JCB
    (1800, 1800, 15, 15),
    (2131, 2131, 15, 15),
    (6000, 6999, 16, 19), // Discover, UnionPay, RuPay, Maestro
    (8100, 8299, 16, 19),
    (5000, 5099, 12, 19), // Maestro
    (5600, 5899, 12, 19),
    (6300, 6399, 12, 19),
    (6700, 6799, 12, 19),
    (9000, 9999, 16, 16), // Troy, Prostir
    (604, 604, 12, 16),   // Maestro in the United Kingdom
];

/// How many groups of `run` from its first are a card number: 0 if they are none.
pub(super) fn groups(run: &Run<'_>) -> usize {
    // A decimal's places are none, nor is what a `+` stands before.
    if run.in_word() || matches!(run.before(), b'.' | b'+') {
        return 0;
    }
    let mut found = 0;
    for groups in 1..=run.len {
        let count = run.count(groups);
        // Four fours are what people make of a card's number, whoever issued it.
        let fours = groups == 4 && (0..4).all(|index| run.width(index) == 4);
        if count >= 12 && run.ends(groups) && is_card(&run.digits(groups), fours) {
            if groups > 1 || count > 13 {
                found = groups;
                continue;
            }
            // Twelve and thirteen digits are also what articles have: then their checksum decides.
            let wanted = run.context();
            let counted = count == 12 && wanted == Context::Reference;
            let other = counted || is_article(&run.digits(1)) && wanted != Context::Card;
            return if other { 0 } else { 1 };
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
    let head = digits.part(0, 4, 10_000) as u16;
    let issued = |(from, to, shortest, longest): &(u16, u16, u8, u8)| {
        (*from..=*to).contains(&head)
            && (usize::from(*shortest)..=usize::from(*longest)).contains(&digits.len)
    };
    (is_any || ISSUED.iter().any(issued)) && digits.luhn(0)
}

/// The check of article numbers (EAN, UPC).
fn is_article(digits: &Digits) -> bool {
    digits.weighted(if digits.len == 13 { b"1313131313131" } else { b"313131313131" }).is_multiple_of(10)
}
