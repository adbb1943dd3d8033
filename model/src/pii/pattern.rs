//! Forms of numbers, written the way a project writes them in its rules: `#` is a digit, `?` a
//! letter, `*` either, a space stands for one separator or none, anything else for itself.

use super::scan::{before, byte, class, is};

/// Where the text that `form` describes ends, if it begins at `from` and is no part of a longer word.
#[inline(never)]
pub(super) fn end(bytes: &[u8], from: usize, form: &[u8]) -> Option<usize> {
    if is(before(bytes, from), class::WORD) {
        return None;
    }
    let mut at = from;
    for wanted in form {
        let there = byte(bytes, at);
        let fits = match wanted {
            b'#' => is(there, class::DIGIT),
            b'?' => is(there, class::LETTER),
            b'*' => is(there, class::WORD),
            b' ' => {
                at += usize::from(matches!(there, b' ' | b'-' | b'.'));
                continue;
            }
            _ => there.eq_ignore_ascii_case(wanted),
        };
        if !fits {
            return None;
        }
        at += 1;
    }
    let after = byte(bytes, at);
    let goes_on = is(after, class::WORD)
        || is(after, class::JOIN | class::DOT) && is(byte(bytes, at + 1), class::DIGIT);
    (!goes_on).then_some(at)
}
