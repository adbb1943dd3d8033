//! Strict reading: exactly what the RFC allows, within the limits of numbers.

use alloc::borrow::Cow;
use alloc::string::String;

use super::{CLASS, classes, seen};
use crate::limits::{NUMBER_BYTES_MAX, NUMBER_EXPONENT_MAX};
use crate::refusal::Code;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::push_string;
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
    }
}
