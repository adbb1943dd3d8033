//! International bank account numbers (ISO 13616): two letters, 97 as checksum, 15 to 34 characters in
//! one piece or in groups.

use super::scan::{before, byte, class, is, length_before};
use super::{Found, Kind};

/// The account number whose check digits begin at `at`.
pub(super) fn around(bytes: &[u8], at: usize) -> Option<Found> {
    let from = at.wrapping_sub(2);
    if length_before(bytes, at, class::LETTER) != 2 || is(before(bytes, from), class::WORD | class::JOIN) {
        return None;
    }
    // The number modulo 97, the first four characters moved to the end, letters as two digits.
    let (mut head, mut rest) = (0, 0);
    let (mut index, mut letters) = (0, 0);
    let mut to = from;
    let mut found = None;
    while index < 34 {
        let next = byte(bytes, to);
        let Some(value) = char::from(next).to_digit(36) else {
            if matches!(next, b' ' | b'-' | b'+' | b'.') && is(byte(bytes, to + 1), class::WORD) {
                to += 1;
                continue;
            }
            break;
        };
        let sum = if index < 4 { &mut head } else { &mut rest };
        *sum = (*sum * if value < 10 { 10 } else { 100 } + value) % 97;
        letters += u32::from(value >= 10);
        index += 1;
        to += 1;
        // The head has six digits: two letters of two, and two. Hashes in lower case have more letters.
        let holds = (rest * 1_000_000 + head) % 97 == 1;
        let hash = letters > 8 && bytes[from].is_ascii_lowercase();
        if index >= 15 && holds && !hash && !is(byte(bytes, to), class::WORD) {
            found = Some(Found { from, to, kind: Kind::Iban });
        }
    }
    found
}
