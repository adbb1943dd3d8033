//! Keys that say their value is personal. A key is split into words (`billingAddress`,
//! `billing_address`, `billing.address`: the same two) and what it *ends* with decides: an
//! `email_address` is an address, an `address_count` is a count. The objects around it count as its
//! first words, so that the `number` in `card` is a `card_number`.

use super::Kind;
use super::class::{self, is};
use super::words::{self, INNOCENT, NAME, PARAMETER_END, PARAMETER_WHOLE, with_letter};

/// Letters of the shortest name but [`EMAIL`] that tells as the end of a longer word: `phone` does not
/// (`microphone`).
const GLUED_LETTERS: usize = 7;
/// The hash of `email`, which `useremail` ends with.
const EMAIL: u32 = {
    let mut hash = NAME;
    let mut at = 5;
    while at > 0 {
        at -= 1;
        hash = with_letter(hash, b"email"[at]);
    }
    hash
};
/// Words of the longest name.
const WORDS_MAX: usize = 4;

/// What the value of `key` is, going by the key alone: its last letters, whatever their case and what
/// stands between them. A path is a key too. Names that mean a secret in URLs only are known where it
/// `is_in_url`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn kind(key: &[u8], is_in_url: bool) -> Option<Kind> {
    let mut hash = NAME;
    let mut letters = 0;
    let mut words = 0;
    let mut found = INNOCENT;
    let mut after = 0u8;
    let mut at = key.len();
    while at > 0 && words < WORDS_MAX {
        at -= 1;
        let byte = key[at];
        if is(byte, class::LETTER | class::HIGH) {
            let letter = if byte < 0x80 { byte | 0x20 } else { words::letter(key, at) };
            if letter > 0 {
                hash = with_letter(hash, letter);
                letters += 1;
                // Most keys are told from all names by their last letters.
                if letters == words::END_LETTERS && !words::may_end(hash) {
                    break;
                }
            }
            // `userEmail` breaks before the capital, `HTTPServer` before the last of them.
            let left = if at > 0 { key[at - 1] } else { 0 };
            let apart = !is(left, class::LETTER | class::HIGH)
                || byte.is_ascii_uppercase() && (left.is_ascii_lowercase() || after.is_ascii_lowercase());
            let long = letters >= GLUED_LETTERS || hash == EMAIL;
            if apart || words == 0 && long {
                // The longest name wins, so that an `email_address` is not a postal address.
                if let Some(meaning) = words::meaning(hash) {
                    let fits = match meaning {
                        PARAMETER_WHOLE => is_in_url && apart && at <= 1,
                        PARAMETER_END => is_in_url && apart,
                        _ => true,
                    };
                    found = if fits { meaning } else { found };
                }
            }
            words += usize::from(apart);
        }
        after = byte;
    }
    match found {
        INNOCENT => None,
        PARAMETER_WHOLE | PARAMETER_END => Some(Kind::Token),
        kind => Kind::ALL.get(usize::from(kind)).copied(),
    }
}
