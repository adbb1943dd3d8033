//! The text as people mean it: percent-encoding undone, and digits, spaces and hyphens of other scripts as
//! ASCII has them.

use alloc::vec::Vec;

/// Appends the folded `text` to `folded`; and where in it each byte began, and its end, to `origins`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn fold(text: &[u8], folded: &mut Vec<u8>, origins: &mut Vec<u32>) {
    origins.reserve(text.len() + 1);
    let mut at = 0;
    while at < text.len() {
        let mut next = text[at];
        origins.push(at as u32);
        at += 1;
        // `%2540` is `%40` encoded again, to any depth.
        while next == b'%'
            && let Some(decoded) = hex2(text, at)
        {
            next = decoded;
            at += 2;
        }
        folded.push(next);
        if next >= 0x80
            && let Some((length, plain)) = plain_end(folded)
        {
            let start = folded.len() - length;
            folded.truncate(start);
            if plain != 0 {
                folded.push(plain);
            }
            origins.truncate(folded.len());
        }
    }
    origins.push(text.len() as u32);
}

/// Characters that people type for ASCII ones: from, to, what the first is typed for (0 for none: it has
/// no width), and how far apart those of neighbours are.
const PLAIN: &[(u16, u16, u8, u8)] = &[
    (0xa0, 0xa0, b' ', 0),
    (0xab, 0xab, b'"', 0),
    (0xad, 0xad, 0, 0),
    (0xbb, 0xbb, b'"', 0),
    (0x2000, 0x200a, b' ', 0),
    (0x200b, 0x200f, 0, 0),
    (0x2010, 0x2015, b'-', 0),
    (0x2018, 0x201b, b'\'', 0),
    (0x201c, 0x201f, b'"', 0),
    (0x202a, 0x202e, 0, 0),
    (0x202f, 0x202f, b' ', 0),
    (0x2060, 0x2064, 0, 0),
    (0x2212, 0x2212, b'-', 0),
    (0x3000, 0x3000, b' ', 0),
    (0x300c, 0x300f, b'"', 0),
    (0xfeff, 0xfeff, 0, 0),
    // Digits: Arabic, Persian, Devanagari, Bengali, Thai. And full width forms.
    (0x660, 0x669, b'0', 1),
    (0x6f0, 0x6f9, b'0', 1),
    (0x966, 0x96f, b'0', 1),
    (0x9e6, 0x9ef, b'0', 1),
    (0xe50, 0xe59, b'0', 1),
    (0xff01, 0xff5e, b'!', 1),
];

/// If `text` ends in a character that people type for an ASCII one: its bytes, and that one.
fn plain_end(text: &[u8]) -> Option<(usize, u8)> {
    let from_end = |back: usize| u16::from(text.len().checked_sub(back).map_or(0, |at| text[at]));
    let (first, second, last) = (from_end(3), from_end(2), from_end(1) & 0x3f);
    let (length, code) = if first & 0xf0 == 0xe0 {
        (3, (first & 15) << 12 | (second & 0x3f) << 6 | last)
    } else {
        (2, if second & 0xe0 == 0xc0 { (second & 0x1f) << 6 | last } else { 0 })
    };
    let &(from, _, plain, step) = PLAIN.iter().find(|(from, to, ..)| (*from..=*to).contains(&code))?;
    Some((length, plain + step * (code - from) as u8))
}

fn hex2(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    Some((digit(at)? << 4 | digit(at + 1)?) as u8)
}
