//! Forms of what is written one way only. In the rules of a project: `#` is a digit, `?` a letter, `*`
//! either, a space stands for one separator or none, anything else for itself. [`HEX`] is ours alone.

use super::class;
use super::scan::Scan;

/// A hex digit.
pub(super) const HEX: u8 = 1;

/// Where the text that `form` describes ends, if it begins at `from` and is no part of a longer word; 0 if
/// it does not.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn end(scan: &Scan<'_>, from: usize, form: &[u8]) -> usize {
    if scan.is_after(class::WORD, from) {
        return 0;
    }
    let mut at = from;
    for wanted in form {
        let set = match *wanted {
            b'#' => class::DIGIT,
            b'?' => class::LETTER,
            b'*' => class::WORD,
            HEX => class::HEX,
            b' ' => {
                at += usize::from(matches!(scan.at(at), b' ' | b'-' | b'.'));
                continue;
            }
            _ => 0,
        };
        if !if set == 0 { scan.at(at).eq_ignore_ascii_case(wanted) } else { scan.is(at, set) } {
            return 0;
        }
        at += 1;
    }
    let goes_on =
        scan.is(at, class::WORD) || scan.is(at, class::JOIN | class::DOT) && scan.is(at + 1, class::DIGIT);
    if goes_on { 0 } else { at }
}
