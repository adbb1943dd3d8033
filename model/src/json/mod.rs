//! Reading and writing JSON text where it stands: RFC 8259, no tree of values, no recursion.
//!
//! Two strengths of reading. *Cutting* ([`Members`], [`Elements`]) finds where values begin and end
//! by quotes and brackets alone, on bytes, so that one broken event in a batch does not hide the
//! others. *Strict* reading ([`Cursor`]) accepts exactly what the RFC does.

mod cut;
mod read;
mod write;

pub(crate) use cut::{Elements, Members};
pub(crate) use read::{Cursor, Str, spelt};
pub(crate) use write::{push_hex, push_padded, push_string};

/// What a string's bytes include, noticed while looking for its end: the detectors of personal data
/// pass over a string that has nothing they look for.
pub(crate) mod seen {
    /// A digit.
    pub(crate) const DIGIT: u8 = 1;
    /// A backslash: the raw text differs from the string.
    pub(crate) const ESCAPE: u8 = 2;
    /// `@`.
    pub(crate) const AT: u8 = 4;
    /// `:` or `=`, which stand between a name and a value.
    pub(crate) const PAIR: u8 = 8;
    /// `%`, or a byte that begins a space, hyphen or digit beyond ASCII.
    pub(crate) const FOLD: u8 = 16;
    /// `[`, with which a mask begins.
    pub(crate) const MARK: u8 = 32;
    /// A capital.
    pub(crate) const CAPITAL: u8 = 64;
    /// The closing quote or a control character: the search stops.
    pub(super) const STOP: u8 = 128;
    /// Of what was read as a number, which no byte tells: strings end before the class with the same bit.
    pub(crate) const NUMBER: u8 = STOP;
}

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            0..=0x1f | b'"' => seen::STOP,
            b'\\' => seen::ESCAPE,
            b'0'..=b'9' => seen::DIGIT,
            b'A'..=b'Z' => seen::CAPITAL,
            b'@' => seen::AT,
            b':' | b'=' => seen::PAIR,
            b'%' | 0xc2 | 0xd9 | 0xdb | 0xe0 | 0xe2 | 0xef => seen::FOLD,
            b'[' => seen::MARK,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// The [`seen`] classes of `bytes`.
pub(crate) fn classes(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |seen, byte| seen | CLASS[usize::from(*byte)])
}
