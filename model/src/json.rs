//! Reading and writing JSON text where it stands: RFC 8259, no tree of values, no recursion.
//!
//! Two strengths of reading. *Cutting* ([`Members`], [`Elements`]) finds where values begin and end
//! by quotes and brackets alone, on bytes, so that one broken event in a batch does not hide the
//! others. *Strict* reading ([`Cursor`]) accepts exactly what the RFC does.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::limits::{NUMBER_BYTES_MAX, NUMBER_EXPONENT_MAX};
use crate::refusal::Code;

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

/// A string as it stands in JSON text.
#[derive(Clone, Copy)]
pub(crate) struct Str<'a> {
    /// With its quotes, escapes as written.
    pub(crate) quoted: &'a str,
    /// The [`seen`] classes of its bytes. With escapes, those of the decoded text are unknown.
    pub(crate) seen: u8,
}

impl<'a> Str<'a> {
    /// The string itself; see [`spelt`].
    pub(crate) fn decode(self) -> Result<(Cow<'a, str>, bool), Code> {
        let raw = self.quoted.get(1..self.quoted.len() - 1).unwrap_or_default();
        spelt(raw, self.seen & seen::ESCAPE != 0)
    }
}

/// The string that `raw` spells, between its quotes. The flag says that lone surrogates were replaced by
/// U+FFFD, as `toWellFormed()` does: JavaScript makes them by cutting an emoji in half, and no database
/// stores them.
pub(crate) fn spelt(raw: &str, has_escapes: bool) -> Result<(Cow<'_, str>, bool), Code> {
    if !has_escapes {
        return Ok((Cow::Borrowed(raw), false));
    }
    let mut text = String::with_capacity(raw.len());
    let repaired = decode_escapes(raw, &mut text)?;
    Ok((Cow::Owned(text), repaired))
}

/// Strict reader of JSON text. Errors are codes; the caller knows the field.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The text that is read.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The byte after what was read last, and the space before that.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                _ => return Some(*byte),
            }
        }
        None
    }

    /// Steps over `wanted` and the space before it.
    pub(crate) fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    pub(crate) fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    pub(crate) fn string(&mut self) -> Result<Str<'a>, Code> {
        if !self.take(b'"') {
            return Err(Code::InvalidJson);
        }
        let bytes = self.text.as_bytes();
        let from = self.at;
        let mut all_seen = 0;
        let mut at = from;
        // Eight bytes with nothing special in them cost no branch each.
        while let Some(eight) = bytes.get(at..at + 8) {
            let seen = classes(eight);
            if seen & (seen::STOP | seen::ESCAPE) != 0 {
                break;
            }
            all_seen |= seen;
            at += 8;
        }
        let mut rest = bytes[at..].iter();
        loop {
            let byte = *rest.next().ok_or(Code::InvalidJson)?;
            let class = CLASS[usize::from(byte)];
            if class & seen::STOP == 0 {
                all_seen |= class;
                if class == seen::ESCAPE {
                    rest.next();
                }
            } else if byte == b'"' {
                break;
            } else {
                return Err(Code::InvalidJson);
            }
        }
        self.at = bytes.len() - rest.len();
        // An escape steps over the byte after it, which is inside a character only in bad JSON.
        let quoted = self.text.get(from - 1..self.at).ok_or(Code::InvalidJson)?;
        Ok(Str { quoted, seen: all_seen })
    }

    /// A number, `true`, `false` or `null`, as written.
    pub(crate) fn scalar(&mut self) -> Result<&'a str, Code> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .bytes()
            .take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'+' | b'-' | b'.' | b'E'))
            .count();
        let token = rest.get(..length).unwrap_or_default();
        if !matches!(token, "true" | "false" | "null") {
            check_number(token)?;
        }
        self.at += length;
        Ok(token)
    }
}

fn check_number(token: &str) -> Result<(), Code> {
    let bytes = token.as_bytes();
    let digits_from = |at: usize| bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();

    let whole_at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits_from(whole_at);
    if whole == 0 || (whole > 1 && bytes[whole_at] == b'0') {
        return Err(Code::InvalidJson);
    }
    let mut at = whole_at + whole;
    if bytes.get(at) == Some(&b'.') {
        let decimals = digits_from(at + 1);
        if decimals == 0 {
            return Err(Code::InvalidJson);
        }
        at += 1 + decimals;
    }
    let mut exponent = 0;
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let negative = bytes.get(at + 1) == Some(&b'-');
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let digits = digits_from(at);
        if digits == 0 {
            return Err(Code::InvalidJson);
        }
        exponent = bytes[at..at + digits]
            .iter()
            .fold(0i32, |sum, b| sum.saturating_mul(10).saturating_add(i32::from(b - b'0')));
        if negative {
            exponent = -exponent;
        }
        at += digits;
    }
    if at != bytes.len() {
        return Err(Code::InvalidJson);
    }
    let in_range = bytes.len() <= NUMBER_BYTES_MAX
        && exponent >= -NUMBER_EXPONENT_MAX
        && exponent.saturating_add(whole as i32) <= NUMBER_EXPONENT_MAX;
    if in_range { Ok(()) } else { Err(Code::NumberOutOfRange) }
}

/// Appends the string that `raw` spells. True if it held a lone surrogate.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn decode_escapes(raw: &str, out: &mut String) -> Result<bool, Code> {
    let bytes = raw.as_bytes();
    let mut repaired = false;
    // What stands before `plain` is appended.
    let (mut at, mut plain) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        out.push_str(raw.get(plain..at).unwrap_or_default());
        let escape = *bytes.get(at + 1).ok_or(Code::InvalidJson)?;
        at += 2;
        let mut scalar = u32::from(escape);
        if escape == b'u' {
            scalar = hex4(bytes, at)?;
            at += 4;
            if scalar & !0x3ff == 0xd800 && bytes[at..].starts_with(b"\\u") {
                let second = hex4(bytes, at + 2)?;
                if second & !0x3ff == 0xdc00 {
                    scalar = 0x10000 + ((scalar & 0x3ff) << 10 | second & 0x3ff);
                    at += 6;
                }
            }
            if scalar == 0 {
                return Err(Code::NulCharacter);
            }
        } else if let Some(control) = b"bfnrt".iter().position(|b| *b == escape) {
            scalar = u32::from(b"\x08\x0c\n\r\t"[control]);
        } else if !matches!(escape, b'"' | b'\\' | b'/') {
            return Err(Code::InvalidJson);
        }
        let char = char::from_u32(scalar);
        repaired |= char.is_none();
        out.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
        plain = at;
    }
    out.push_str(raw.get(plain..).unwrap_or_default());
    Ok(repaired)
}

fn hex4(text: &[u8], at: usize) -> Result<u32, Code> {
    let digits = text.get(at..at + 4).ok_or(Code::InvalidJson)?;
    let mut sum = 0;
    for digit in digits {
        sum = sum << 4 | char::from(*digit).to_digit(16).ok_or(Code::InvalidJson)?;
    }
    Ok(sum)
}

/// Cuts an object into its members: the raw key between its quotes, and the value's bytes.
/// `Err` carries the offset where the text stopped making sense, and ends the iteration.
pub(crate) struct Members<'a>(Cutter<'a>);

/// Cuts an array into its elements' bytes, as [`Members`] does an object.
pub(crate) struct Elements<'a>(Cutter<'a>);

impl<'a> Members<'a> {
    /// `None` if `bytes` do not begin with `{`.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        Cutter::new(bytes, b'{', b'}').map(Self)
    }
}

impl<'a> Elements<'a> {
    /// `None` if `bytes` do not begin with `[`.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        Cutter::new(bytes, b'[', b']').map(Self)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(|cut| {
            let key = cut.value().filter(|key| key.first() == Some(&b'"'))?;
            cut.space();
            if cut.bytes.get(cut.at) != Some(&b':') {
                return None;
            }
            cut.at += 1;
            cut.space();
            Some((&key[1..key.len() - 1], cut.value()?))
        })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8], usize>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(Cutter::value)
    }
}

struct Cutter<'a> {
    bytes: &'a [u8],
    at: usize,
    close: u8,
    first: bool,
    done: bool,
}

impl<'a> Cutter<'a> {
    fn new(bytes: &'a [u8], open: u8, close: u8) -> Option<Self> {
        let mut cut = Self { bytes, at: 0, close, first: true, done: false };
        cut.space();
        let opened = bytes.get(cut.at) == Some(&open);
        cut.at += 1;
        opened.then_some(cut)
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn next<T>(&mut self, item: impl FnOnce(&mut Self) -> Option<T>) -> Option<Result<T, usize>> {
        if self.done {
            return None;
        }
        self.space();
        match self.bytes.get(self.at) {
            Some(byte) if *byte == self.close => {
                self.at += 1;
                self.space();
                self.done = true;
                return (self.at != self.bytes.len()).then_some(Err(self.at));
            }
            Some(b',') if !self.first => {
                self.at += 1;
                self.space();
            }
            Some(_) if self.first => {}
            _ => return self.stop(),
        }
        self.first = false;
        match item(self) {
            Some(item) => Some(Ok(item)),
            None => self.stop(),
        }
    }

    fn stop<T>(&mut self) -> Option<Result<T, usize>> {
        self.done = true;
        Some(Err(self.at))
    }

    /// The bytes of the value here: a string to its quote, a container to the bracket that closes
    /// it, anything else to the next delimiter. Depth is a count, so nesting costs no memory.
    fn value(&mut self) -> Option<&'a [u8]> {
        let from = self.at;
        let mut depth = 0u32;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    let scalar =
                        |b: &u8| !matches!(b, b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[' | 0..=b' ');
                    self.at += self.bytes[self.at..].iter().take_while(|b| scalar(b)).count();
                }
            }
            if depth == 0 {
                return (self.at > from).then(|| &self.bytes[from..self.at]);
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let length = rest.iter().position(|b| matches!(b, b'"' | b'\\'))?;
            self.at += length + 1;
            if rest[length] == b'"' {
                return Some(());
            }
            self.at += 1;
            if self.at > self.bytes.len() {
                return None;
            }
        }
    }
}

/// Appends `text` as a JSON string, quotes included.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(crate) fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(plain..at).unwrap_or_default());
        plain = at + 1;
        out.push('\\');
        let short = b"\n\r\t".iter().position(|b| *b == byte);
        let escape = short.map_or(byte, |index| b"nrt"[index]);
        if escape >= 0x20 {
            out.push(char::from(escape));
        } else {
            out.push_str("u00");
            push_hex(&[byte], out);
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// Appends `bytes` in lower-case hex.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(crate) fn push_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
}

/// Appends `value` in decimal, with zeros before it up to `digits`. Formatting machinery would cost
/// the page some kilobytes.
pub(crate) fn push_padded(value: u32, digits: usize, out: &mut String) {
    let mut buffer = [b'0'; 10];
    let mut at = buffer.len();
    let mut rest = value;
    while rest > 0 || buffer.len() - at < digits.max(1) {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for digit in &buffer[at..] {
        out.push(char::from(*digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(json: &str) -> Result<(String, bool), Code> {
        let mut cursor = Cursor::new(json);
        let (text, repaired) = cursor.string()?.decode()?;
        assert!(cursor.at_end());
        Ok((text.into_owned(), repaired))
    }

    #[test]
    fn strings() {
        assert_eq!(decoded(r#""a\"b\\\/\b\f\n\r\tc""#), Ok(("a\"b\\/\u{8}\u{c}\n\r\tc".into(), false)));
        assert_eq!(decoded(r#""\u00e9\ud83d\ude00""#), Ok(("é😀".into(), false)));
        assert_eq!(decoded(r#""cut \ud83d""#), Ok(("cut \u{fffd}".into(), true)));
        assert_eq!(decoded(r#""\ud83d\ud83d\ude00""#), Ok(("\u{fffd}😀".into(), true)));
        assert_eq!(decoded(r#""\u0000""#), Err(Code::NulCharacter));
        for bad in
            [r#""\x""#, r#""\u12""#, r#""\u12g4""#, "\"a\nb\"", r#""open"#, r#""\"#, "\"\\é\"", r#""\u+123""#]
        {
            assert_eq!(decoded(bad), Err(Code::InvalidJson), "{bad}");
        }
    }

    #[test]
    fn numbers() {
        for good in ["0", "-0", "1", "-12.50", "1e5", "1E+300", "1.5e-300", "9007199254740993"] {
            assert_eq!(Cursor::new(good).scalar(), Ok(good));
        }
        for bad in
            ["", "-", "01", "1.", ".5", "1e", "+1", "1e+", "0x10", "NaN", "Infinity", "tru", "1-2", "--1"]
        {
            assert_eq!(Cursor::new(bad).scalar(), Err(Code::InvalidJson), "{bad}");
        }
        for far in ["1e309", "1e-309", "123e307", "1e99999999999999999999", &"1".repeat(65)] {
            assert_eq!(Cursor::new(far).scalar(), Err(Code::NumberOutOfRange), "{far}");
        }
    }

    #[test]
    fn cutting_keeps_broken_neighbours_apart() {
        let pieces: Vec<_> =
            Elements::of(br#" [ {"a":tru}, "x,]\"" ,[[{"}":1}]],-1.5, nonsense ] "#).unwrap().collect();
        let wanted: Vec<&[u8]> =
            vec![br#"{"a":tru}"#, br#""x,]\"""#, br#"[[{"}":1}]]"#, b"-1.5", b"nonsense"];
        assert_eq!(pieces, wanted.into_iter().map(Ok).collect::<Vec<_>>());
        assert!(Elements::of(b"[]").unwrap().next().is_none());
        for bad in ["[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]x", r#"["a]"#, r#"["\"#, "[{]"] {
            assert!(Elements::of(bad.as_bytes()).unwrap().any(|piece| piece.is_err()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn strings_come_back(text in "[^\u{0}]{0,60}") {
            let mut json = String::new();
            push_string(&text, &mut json);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
            prop_assert_eq!(decoded(&json), Ok((text, false)));
        }

        #[test]
        fn numbers_are_those_of_serde_json(text in "-?[0-9]{0,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,2})?") {
            let theirs = serde_json::from_str::<f64>(&text).is_ok();
            prop_assert_eq!(Cursor::new(&text).scalar().is_ok(), theirs, "{}", text);
        }

        #[test]
        fn padded_numbers(value: u32, digits in 0usize..=10) {
            let mut text = String::new();
            push_padded(value, digits, &mut text);
            prop_assert_eq!(text, format!("{value:0digits$}"));
        }
    }
}
