//! Judging and stripping the properties of an event: JSON text in, JSON text out, in one pass.
//!
//! What is written has no space between tokens and is otherwise the text that was read, less the
//! personal data. Stripping what was stripped changes nothing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Cursor, Str, push_string};
use crate::limits::{DEPTH_MAX, EVENT_BYTES_MAX, KEY_CHARS_MAX, PROPERTIES_MAX, STRING_CHARS_MAX};
use crate::pii::{self, Clues, Kind, Report, Rules};
use crate::refusal::{Code, Refusal};

/// The path of the properties object itself, with which every path begins.
pub const ROOT: &str = "properties";

/// Reads the JSON object `text` and appends it, stripped of personal data, to `out`. What was
/// stripped is told to `report`, by path and kind.
///
/// # Errors
/// The first thing that breaks a limit or the grammar. `out` then ends where it began.
pub fn strip(text: &str, rules: &Rules, report: &mut dyn Report, out: &mut String) -> Result<(), Refusal> {
    if text.len() > EVENT_BYTES_MAX {
        return Err(Refusal::new(Code::EventTooLarge, ROOT));
    }
    let from = out.len();
    let mut stripper = Stripper {
        cursor: Cursor::new(text),
        rules,
        report,
        out,
        path: String::from(ROOT),
        keys: Vec::new(),
        removing: 0,
    };
    let mut result = stripper.document();
    let path = stripper.path;
    // A mask may be longer than what it hides, and what was stripped must pass here again.
    if out.len() - from > EVENT_BYTES_MAX {
        result = result.and(Err(Code::EventTooLarge));
    }
    result.map_err(|code| {
        out.truncate(from);
        Refusal::new(code, path)
    })
}

struct Stripper<'t, 'r> {
    cursor: Cursor<'t>,
    rules: &'r Rules,
    report: &'r mut dyn Report,
    out: &'r mut String,
    /// Where the cursor is. After an error it stays there, and names the field.
    path: String,
    /// Hashes of the keys of the objects now open, the innermost last.
    keys: Vec<u64>,
    /// Above zero while inside a member that is being removed: what is in it is still judged, but
    /// not reported again.
    removing: u32,
}

impl Stripper<'_, '_> {
    fn document(&mut self) -> Result<(), Code> {
        match self.cursor.peek() {
            Some(b'{') => self.object(1)?,
            Some(_) => return Err(Code::WrongType),
            None => return Err(Code::InvalidJson),
        }
        if self.cursor.at_end() { Ok(()) } else { Err(Code::InvalidJson) }
    }

    fn value(&mut self, depth: usize) -> Result<(), Code> {
        match self.cursor.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string(),
            Some(_) => {
                let scalar = self.cursor.scalar()?;
                self.out.push_str(scalar);
                Ok(())
            }
            None => Err(Code::InvalidJson),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Code> {
        if depth > DEPTH_MAX {
            return Err(Code::TooDeep);
        }
        self.cursor.take(b'{');
        self.out.push('{');
        let keys_before = self.keys.len();
        let written_before = self.out.len();
        while !self.cursor.take(b'}') {
            if self.keys.len() > keys_before && !self.cursor.take(b',') {
                return Err(Code::InvalidJson);
            }
            if self.keys.len() - keys_before == PROPERTIES_MAX {
                return Err(Code::TooManyProperties);
            }
            self.member(depth, keys_before, written_before)?;
        }
        self.keys.truncate(keys_before);
        self.out.push('}');
        Ok(())
    }

    fn member(&mut self, depth: usize, keys_before: usize, written_before: usize) -> Result<(), Code> {
        let raw = self.cursor.string()?;
        let (key, repaired) = raw.decode()?;
        if longer_than(&key, KEY_CHARS_MAX) {
            return Err(Code::KeyTooLong);
        }
        let hash = fnv1a(&key);
        if self.keys[keys_before..].contains(&hash) {
            return Err(Code::DuplicateKey);
        }
        self.keys.push(hash);
        if !self.cursor.take(b':') {
            return Err(Code::InvalidJson);
        }

        let path_before = self.path.len();
        self.path.push('.');
        let written_at = self.out.len();
        match pii::kind_of_key(&key, pii::clues(raw, &key), self.rules) {
            Some(found) => {
                // A key may itself be the personal data; its place in the path is then its kind.
                self.path.push_str(if found.by_value { found.kind.mask() } else { &key });
                self.report(found.kind);
                self.removing += 1;
                self.value(depth)?;
                self.removing -= 1;
                self.out.truncate(written_at);
            }
            None => {
                self.path.push_str(&key);
                if written_at > written_before {
                    self.out.push(',');
                }
                self.quote(raw, &key, repaired);
                self.out.push(':');
                self.value(depth)?;
            }
        }
        self.path.truncate(path_before);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Code> {
        if depth > DEPTH_MAX {
            return Err(Code::TooDeep);
        }
        self.cursor.take(b'[');
        self.out.push('[');
        let path_before = self.path.len();
        let mut index = 0;
        while !self.cursor.take(b']') {
            if index > 0 {
                if !self.cursor.take(b',') {
                    return Err(Code::InvalidJson);
                }
                self.out.push(',');
            }
            self.path.push('.');
            crate::json::push_padded(index, 1, &mut self.path);
            self.value(depth)?;
            self.path.truncate(path_before);
            index += 1;
        }
        self.out.push(']');
        Ok(())
    }

    fn string(&mut self) -> Result<(), Code> {
        let raw = self.cursor.string()?;
        let (text, repaired) = raw.decode()?;
        if longer_than(&text, STRING_CHARS_MAX) {
            return Err(Code::StringTooLong);
        }
        let (path, report, removing) = (&self.path, &mut *self.report, self.removing);
        let mut tell = |kind: Kind| {
            if removing == 0 {
                report.redacted(path, kind);
            }
        };
        match mask_within(&text, STRING_CHARS_MAX, pii::clues(raw, &text), self.rules, &mut tell) {
            Some(masked) => push_string(&masked, self.out),
            None => self.quote(raw, &text, repaired),
        }
        Ok(())
    }

    /// Writes a string that is kept: as it was read, unless it had to be repaired.
    fn quote(&mut self, raw: Str<'_>, text: &str, repaired: bool) {
        if repaired {
            push_string(text, self.out);
        } else {
            self.out.push('"');
            self.out.push_str(raw.raw);
            self.out.push('"');
        }
    }

    fn report(&mut self, kind: Kind) {
        if self.removing == 0 {
            self.report.redacted(&self.path, kind);
        }
    }
}

/// `text` with masks in place of what is personal, if anything is. Masks may be longer than what they
/// hide: what is then past `chars_max` is cut, so that the text passes the same limit again.
pub(crate) fn mask_within(
    text: &str,
    chars_max: usize,
    clues: Clues,
    rules: &Rules,
    tell: &mut dyn FnMut(Kind),
) -> Option<String> {
    let mut masked = String::new();
    if !pii::mask_telling(text, clues, rules, tell, &mut masked) {
        return None;
    }
    while let Some((end, _)) = masked.char_indices().nth(chars_max) {
        masked.truncate(end);
        // A number that was part of a longer word may now stand alone.
        let mut again = String::new();
        if pii::mask_telling(&masked, Clues::of(&masked), rules, tell, &mut again) {
            masked = again;
        }
    }
    Some(masked)
}

/// Whether `text` has more than `chars_max` characters; bytes decide where they can.
pub(crate) fn longer_than(text: &str, chars_max: usize) -> bool {
    text.len() > chars_max && text.chars().nth(chars_max).is_some()
}

/// 64-bit FNV-1a (draft-eastlake-fnv, section 3): enough to tell 64 keys apart, and small. Two keys
/// made to collide get a refusal, nothing worse.
fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
