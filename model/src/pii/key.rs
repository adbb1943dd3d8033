//! Keys that say their value is personal. A key is split into words (`billingAddress`,
//! `billing_address`, `billing.address`: the same two), and what it *ends* with decides: an
//! `email_address` is an address, an `address_count` is a count.

use super::Kind;

/// Endings of one or two words, with what they mean. A digit at the end of a word is not part of
/// it (`address1`).
const ENDINGS: &[(&[&str], Kind)] = &[
    (&["email"], Kind::Email),
    (&["emails"], Kind::Email),
    (&["e", "mail"], Kind::Email),
    (&["mail"], Kind::Email),
    (&["emailaddress"], Kind::Email),
    (&["email", "address"], Kind::Email),
    (&["phone"], Kind::Phone),
    (&["phones"], Kind::Phone),
    (&["telephone"], Kind::Phone),
    (&["mobile"], Kind::Phone),
    (&["cellphone"], Kind::Phone),
    (&["tel"], Kind::Phone),
    (&["fax"], Kind::Phone),
    (&["phonenumber"], Kind::Phone),
    (&["phone", "number"], Kind::Phone),
    (&["telephone", "number"], Kind::Phone),
    (&["mobile", "number"], Kind::Phone),
    (&["fax", "number"], Kind::Phone),
    (&["address"], Kind::Address),
    (&["addresses"], Kind::Address),
    (&["addr"], Kind::Address),
    (&["address", "line"], Kind::Address),
];

/// Written in one, these endings still tell: `useremail`. (`phone` does not: `microphone`.)
const GLUED_ENDINGS: &[(&str, Kind)] =
    &[("email", Kind::Email), ("emailaddress", Kind::Email), ("phonenumber", Kind::Phone)];

/// Words of a key that are looked at, from the end.
const WORDS: usize = 2;

/// What the value of `key` is, going by the key alone.
pub(super) fn kind(key: &str) -> Option<Kind> {
    // The last words of the key, last first.
    let mut words = [""; WORDS];
    let mut rest = key;
    for word in &mut words {
        (rest, *word) = last_word(rest);
    }
    let [last, before] = words;
    if last.is_empty() {
        return None;
    }
    let mut by_one_word = None;
    for (ending, kind) in ENDINGS {
        let (tail, head) = ending.split_last().expect("no ending is empty");
        // Lengths differ nearly always, and comparing them costs nothing.
        if tail.len() == last.len() && tail.eq_ignore_ascii_case(last) {
            match head.last() {
                // An `email_address` is an e-mail address before it is an address.
                Some(head) if head.eq_ignore_ascii_case(before) => return Some(*kind),
                Some(_) => {}
                None => by_one_word = Some(*kind),
            }
        }
    }
    if by_one_word.is_some() {
        return by_one_word;
    }
    let glued = |ending: &str| {
        last.len() > ending.len()
            && last.as_bytes()[last.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    };
    GLUED_ENDINGS.iter().find(|(ending, _)| glued(ending)).map(|(_, kind)| *kind)
}

/// Splits the last word off `text`: letters of one case run, less what is no letter after them.
fn last_word(text: &str) -> (&str, &str) {
    let text = text.trim_end_matches(|c: char| !c.is_ascii_alphabetic() && c.is_ascii());
    let bytes = text.as_bytes();
    let mut from = bytes.len();
    while from > 0 {
        let byte = bytes[from - 1];
        let after = bytes.get(from).copied();
        // `userEmail` breaks before the capital; `EMAIL` and `userEMAIL` do not break inside it.
        let word_begins_after = after.is_some_and(|b| b.is_ascii_uppercase()) && byte.is_ascii_lowercase();
        let word_begins_here = byte.is_ascii_uppercase() && after.is_some_and(|b| b.is_ascii_lowercase());
        if word_begins_after || !(byte.is_ascii_alphabetic() || byte >= 0x80) {
            break;
        }
        from -= 1;
        if word_begins_here {
            break;
        }
    }
    (&text[..from], &text[from..])
}
