//! What the words just before a number say it is. `5551234567` may be an order or a telephone: after
//! "order" it is the one, after "call me at" the other. The nearest word that says anything decides;
//! the property's key is the first word of all.

use super::class;
use super::scan::Scan;
use super::words::{self, SAID_LETTERS, WORD, begins_letters, letter, with_letter};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// Nothing said.
    Unknown,
    /// A telephone.
    Phone,
    /// What a state or an insurance calls a person by.
    Identity,
    /// A payment card.
    Card,
    /// A machine on a network.
    Network,
    /// Software.
    Version,
    /// An order, an article, a time: nobody's number.
    Reference,
    /// The same, by the last words before it or by its name.
    Article,
    /// An id: no telephone, and of whom a form or a checksum may tell.
    Id,
}

/// What the rows of [`words::SAID`] say; from [`WEAK`] on only if no other word says anything.
const ROWS: [Context; 12] = [
    Context::Phone,
    Context::Identity,
    Context::Network,
    Context::Version,
    Context::Reference,
    Context::Card,
    Context::Phone,
    Context::Reference,
    Context::Id,
    Context::Identity,
    Context::Article,
    Context::Unknown,
];
const WEAK: u8 = 5;
/// What makes a number a person's, said before "number" or "no": an id number.
const ID: u8 = 8;
/// What is believed only where it is near.
const NEAR: u8 = 9;
/// What says less where it is not near.
const ARTICLE: u8 = 10;
/// "no": tells of an id before it, and nothing by itself.
const NUMBERED: u8 = 11;
/// Words from the number on that are near.
const NEAR_WORDS: usize = 2;

/// Words of the text that are looked at, and bytes.
const WORDS_MAX: usize = 5;
const BYTES_MAX: usize = 64;

/// Bytes of a table's line that are looked at.
const LINE_BYTES_MAX: usize = 256;

/// What is said before the byte `at` of the text; in a table, above it.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn before(scan: &Scan<'_>, at: usize) -> Context {
    let text = scan.bytes();
    let named = said(column(text, at), "");
    let near = text.get(at.saturating_sub(BYTES_MAX)..at).unwrap_or_default();
    if named == Context::Unknown { said(near, scan.key) } else { named }
}

/// What the first line calls the column in which the byte `at` is, if the text is a table: CSV, or lines divided by
/// tabs or bars. Nothing if it is none.
fn column(text: &[u8], at: usize) -> &[u8] {
    let divides = |byte: u8| matches!(byte, b',' | b';' | b'\t' | b'|');
    let (mut index, mut line) = (0, at);
    while line > 0 && text[line - 1] != b'\n' && line + LINE_BYTES_MAX > at {
        line -= 1;
        index += usize::from(divides(text[line]));
    }
    let (mut from, mut to) = (0, 0);
    // What is longer is none, and begins who knows where.
    while line + LINE_BYTES_MAX > at && to < line && to < LINE_BYTES_MAX && text[to] != b'\n' {
        if divides(text[to]) {
            if index == 0 {
                return &text[from..to];
            }
            index -= 1;
            from = to + 1;
        }
        to += 1;
    }
    if index == 0 && from > 0 { &text[from..to] } else { &[] }
}

/// What the last words of `near` say, or those of the `key`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn said(near: &[u8], key: &str) -> Context {
    let mut weak = Context::Unknown;
    let (mut words, mut is_numbered) = (0, false);
    for (text, is_key) in [(near, false), (key.as_bytes(), true)] {
        let mut end = text.len();
        while words < WORDS_MAX && end > 0 {
            let mut start = end;
            while start > 0 && class::is(text[start - 1], class::LETTER | class::HIGH) {
                start -= 1;
                // `appVersion` are two words.
                if start > 0 && text[start].is_ascii_uppercase() && text[start - 1].is_ascii_lowercase() {
                    break;
                }
            }
            if start < end {
                words += 1;
                // An id number's is soon said whose.
                if weak == Context::Identity && words > NEAR_WORDS + 1 {
                    return weak;
                }
                let mut hash = WORD;
                let mut letters = 0;
                for at in start..end {
                    letters += begins_letters(text[at]);
                    let letter = letter(text, at);
                    if letters <= SAID_LETTERS && letter > 0 {
                        hash = with_letter(hash, letter);
                    }
                }
                if let Some(row) = words::meaning(hash) {
                    let context = ROWS[usize::from(row) % ROWS.len()];
                    let is_near = words <= NEAR_WORDS;
                    if row == NUMBERED {
                        is_numbered = true;
                    }
                    if row == ARTICLE && !is_near {
                        return Context::Reference;
                    }
                    if row < WEAK && (is_near || letters > 1) || (NEAR..NUMBERED).contains(&row) && is_near {
                        return context;
                    }
                    if row == ID && (is_numbered || weak == Context::Phone) {
                        weak = Context::Identity;
                    }
                    // What is but a number, and its name an id, is that of a thing.
                    if row == ID && is_key && words == 1 {
                        weak = Context::Reference;
                    }
                    // A key's word is not said of one number.
                    if weak == Context::Unknown && !is_key && (WEAK..NEAR).contains(&row) {
                        weak = context;
                    }
                }
            }
            end = if start < end { start } else { start.saturating_sub(1) };
        }
    }
    weak
}
