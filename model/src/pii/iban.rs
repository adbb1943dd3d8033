//! International bank account numbers (ISO 13616): two letters, 97 as checksum, 14 (Norway's have 15, Thailand's,
//! which nobody has registered, one less) to 34 characters in one piece or in groups.

use super::class;
use super::scan::Scan;

/// Where the account number ends whose check digits begin at `at`; 0 if there is none.
pub(super) fn end(scan: &Scan<'_>, at: usize) -> usize {
    let from = at.wrapping_sub(2);
    if scan.is_after(class::WORD | class::JOIN, from) || !scan.is(at + 1, class::DIGIT) {
        return 0;
    }
    let lower = scan.at(from).is_ascii_lowercase();
    // The number modulo 97, the first four characters moved to the end, letters as two digits.
    let (mut head, mut rest) = (0, 0);
    let (mut index, mut letters, mut hex) = (0, 0, true);
    let mut to = from;
    let mut found = 0;
    while index < 34 {
        let next = scan.at(to);
        // After a head in capitals, small letters are the prose's.
        let Some(value) =
            char::from(next).to_digit(36).filter(|_| index < 4 || next.is_ascii_lowercase() <= lower)
        else {
            if index >= 4 && matches!(next, b' ' | b'-' | b'+' | b'.') && scan.is(to + 1, class::WORD) {
                to += 1;
                continue;
            }
            break;
        };
        let sum = if index < 4 { &mut head } else { &mut rest };
        *sum = (*sum * if value < 10 { 10 } else { 100 } + value) % 97;
        letters += u32::from(value >= 10);
        hex &= value < 16;
        index += 1;
        to += 1;
        // The head has six digits: two letters of two, and two. In lower case, hashes and prose have more letters.
        let holds = (rest * 1_000_000 + head) % 97 == 1;
        let spaces = to - from - index;
        let other = lower && letters > 8 && (hex || spaces > 0 && spaces != (index - 1) / 4);
        if index >= 14 && holds && !other && !scan.is(to, class::WORD) {
            found = to;
        }
    }
    found
}
