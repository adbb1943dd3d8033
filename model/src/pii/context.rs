//! What the words just before a number say it is. `5551234567` may be an order or a telephone: after
//! "order" it is the one, after "call me at" the other. The nearest word that says anything decides;
//! the property's key is the first word of all.

use super::scan::{Scan, class, length_before};

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
}

// Words in any language that writes them so. Their first five letters are compared.
const PHONE: &str = "phone call calls calle tel telef telep mobil cell handy fax sms whats text dial ring reach \
                     conta llama appel ruf anruf";
const IDENTITY: &str = "ssn social national identity insurance tax tin passport nino bsn burger steuer itin pesel cpf \
                        aadhaar pan personal citizen dni nie nif nir curp rut licence license codice fiscal nhs egn \
                        cnp hetu cpr ausweis sozial";
const NETWORK: &str = "ip ipv host server client address gateway proxy dns";
const VERSION: &str = "version ver rev v release build upgrade update firmware";
const REFERENCE: &str = "order orders ord invoice inv ticket ref reference sku item part serial batch tracking \
                         transaction isbn ean upc article product parcel receipt row total size bytes price amount \
                         uuid hash commit time epoch bestellung rechnung";
// These leave it to the words before them, and say something if those do not.
const CARD: &str = "card visa mastercard maestro amex paid pay credit debit carte karte";
const NUMBER: &str = "number numero nummer";
const CODE: &str = "id code model port case count";

const WORDS: &[(Context, &[Cell])] = &[
    (Context::Phone, &cells::<{ count(PHONE) }>(PHONE)),
    (Context::Identity, &cells::<{ count(IDENTITY) }>(IDENTITY)),
    (Context::Network, &cells::<{ count(NETWORK) }>(NETWORK)),
    (Context::Version, &cells::<{ count(VERSION) }>(VERSION)),
    (Context::Reference, &cells::<{ count(REFERENCE) }>(REFERENCE)),
    (Context::Card, &cells::<{ count(CARD) }>(CARD)),
    (Context::Phone, &cells::<{ count(NUMBER) }>(NUMBER)),
    (Context::Reference, &cells::<{ count(CODE) }>(CODE)),
];

/// The first of those that are weak.
const WEAK: usize = 5;

/// What is compared of a word: its first letters, or all of it and zeros.
type Cell = [u8; 5];

const fn count(words: &str) -> usize {
    let mut count = 1;
    let mut at = 1;
    while at < words.len() {
        count += (words.as_bytes()[at] != b' ' && words.as_bytes()[at - 1] == b' ') as usize;
        at += 1;
    }
    count
}

const fn cells<const COUNT: usize>(words: &str) -> [Cell; COUNT] {
    let words = words.as_bytes();
    let mut cells = [[0; 5]; COUNT];
    let (mut word, mut letter, mut at) = (0, 0, 0);
    while at < words.len() {
        if words[at] == b' ' {
            word += (letter > 0) as usize;
            letter = 0;
        } else {
            if letter < 5 {
                cells[word][letter] = words[at];
            }
            letter += 1;
        }
        at += 1;
    }
    cells
}

/// Words of the text that are looked at, and bytes.
const WORDS_MAX: usize = 5;
const BYTES_MAX: usize = 64;

/// What is said before the byte `at` of the text.
#[inline(never)]
pub(super) fn before(scan: &Scan<'_>, at: usize) -> Context {
    let mut weak = Context::Unknown;
    let mut words = 0;
    for (text, is_key) in
        [(&scan.bytes()[at.saturating_sub(BYTES_MAX)..at], false), (scan.key.as_bytes(), true)]
    {
        let mut end = text.len();
        while words < WORDS_MAX && end > 0 {
            let start = end - length_before(text, end, class::LETTER | class::HIGH);
            if start < end {
                words += 1;
                let word = &text[start..end];
                match meaning(word) {
                    Some((context, false)) => return context,
                    // A key's word is not said of one number.
                    Some((context, true)) if weak == Context::Unknown && !is_key => weak = context,
                    _ => {}
                }
            }
            end = start.saturating_sub(1);
        }
    }
    weak
}

/// What `word` says, and whether it is weak.
fn meaning(word: &[u8]) -> Option<(Context, bool)> {
    let mut cell = Cell::default();
    for (to, from) in cell.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    let (index, (context, _)) = WORDS.iter().enumerate().find(|(_, (_, words))| words.contains(&cell))?;
    Some((*context, index >= WEAK))
}
