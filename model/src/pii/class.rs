//! What bytes are, as bits: a detector's sets of bytes are sums of these.

pub(super) const DIGIT: u16 = 1;
pub(super) const LETTER: u16 = 1 << 1;
/// Of a character beyond ASCII.
pub(super) const HIGH: u16 = 1 << 2;
pub(super) const HEX: u16 = 1 << 3;
/// White space.
pub(super) const SPACE: u16 = 1 << 4;
/// `-` and `_`, which join words.
pub(super) const JOIN: u16 = 1 << 5;
pub(super) const DOT: u16 = 1 << 6;
pub(super) const COLON: u16 = 1 << 7;
/// What stands between the groups of a number.
pub(super) const SEPARATOR: u16 = 1 << 8;
/// Signs in the local part of an e-mail address, and those of them that do not begin one.
pub(super) const LOCAL: u16 = 1 << 9;
pub(super) const EDGE: u16 = 1 << 10;
/// `[` and `]`, which names of parameters have.
pub(super) const BRACKET: u16 = 1 << 11;
/// What ends a value in a URL, and what else does in prose or a list.
pub(super) const URL_END: u16 = 1 << 12;
pub(super) const LIST_END: u16 = 1 << 13;
/// `/ ? #`, after a URL's host.
pub(super) const HOST_END: u16 = 1 << 14;
/// `=` and `:`, between a name and a value.
pub(super) const SIGN: u16 = 1 << 15;

pub(super) const WORD: u16 = DIGIT | LETTER;
pub(super) const TOKEN: u16 = WORD | JOIN;

const SETS: [(&[u8], u16); 15] = [
    (b"0123456789", DIGIT),
    (b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", LETTER),
    (b"abcdefABCDEF0123456789", HEX),
    (b" \t\n\r\x0c", SPACE),
    (b"-_", JOIN),
    (b".", DOT),
    (b":", COLON),
    (b" -./()+", SEPARATOR),
    (b".!#$*^_-+~%'", LOCAL),
    (b".'-%#*!", EDGE),
    (b"[]", BRACKET),
    (b"&#\"'<>\\`", URL_END),
    (b",;)}]", LIST_END),
    (b"/?#", HOST_END),
    (b"=:", SIGN),
];

static CLASSES: [u16; 256] = {
    let mut classes = [0; 256];
    let mut set = 0;
    while set < SETS.len() {
        let (bytes, class) = SETS[set];
        let mut at = 0;
        while at < bytes.len() {
            classes[bytes[at] as usize] |= class;
            at += 1;
        }
        set += 1;
    }
    let mut byte = 0x80;
    while byte < 256 {
        classes[byte] = HIGH;
        byte += 1;
    }
    classes
};

/// Whether `byte` is in `set`, a sum of the above.
#[inline(always)]
pub(super) fn is(byte: u8, set: u16) -> bool {
    CLASSES[usize::from(byte)] & set != 0
}
