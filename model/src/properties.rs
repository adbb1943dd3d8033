//! Judging and stripping the properties of an event: JSON text in, JSON text out, in one pass.
//!
//! What is written has no space between tokens and is otherwise the text that was read, less the
//! personal data. Stripping what was stripped changes nothing.

#![allow(clippy::single_char_add_str, reason = "built for size, pushing a character takes twice the time")]

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Cursor, Str, push_padded, push_string};
use crate::limits::{DEPTH_MAX, EVENT_BYTES_MAX, KEY_CHARS_MAX, PROPERTIES_MAX, STRING_CHARS_MAX};
use crate::pii::{self, Action, Clues, KeyFinding, Kind, Report, Rules, Subject};
use crate::refusal::{Code, Refusal};

/// Digits of the shortest number that is searched.
const NUMBER_DIGITS_MIN: usize = 7;

/// The path of the properties object itself, with which every path begins.
pub const ROOT: &str = "properties";

/// Reads the JSON object `text` and appends it, stripped of personal data, to `out`. What was
/// stripped is told to `report`, by path and kind.
///
/// # Errors
/// The first thing that breaks a limit or the grammar; masks count for the event's size as what they
/// hide did. `out` then ends where it began.
pub fn strip(text: &str, rules: &Rules, report: &mut dyn Report, out: &mut String) -> Result<(), Refusal> {
    run(text, rules, report, out, |stripper| stripper.document())
}

/// [`strip`] for a value of any type, which stands where the property `key` would.
pub(crate) fn strip_value(text: &str, key: &str, rules: &Rules, out: &mut String) -> Result<(), Refusal> {
    run(text, rules, &mut (), out, |stripper| {
        stripper.value(0, key)?;
        if stripper.cursor.at_end() { Ok(()) } else { Err(Code::InvalidJson) }
    })
}

fn run(
    text: &str,
    rules: &Rules,
    report: &mut dyn Report,
    out: &mut String,
    read: impl FnOnce(&mut Stripper<'_, '_>) -> Result<(), Code>,
) -> Result<(), Refusal> {
    if text.len() > EVENT_BYTES_MAX {
        return Err(Refusal::new(Code::EventTooLarge, ROOT));
    }
    let from = out.len();
    // Most of it is kept.
    out.reserve(text.len());
    // Room for most events: growing by and by takes a tenth of the time.
    let mut path = String::with_capacity(64);
    path.push_str(ROOT);
    let mut stripper = Stripper {
        cursor: Cursor::new(text),
        rules,
        report,
        out,
        path,
        keys: Vec::with_capacity(32),
        search: Search::Full,
        buffer: Vec::with_capacity(256),
        kept: (0, 0),
    };
    let result = read(&mut stripper);
    stripper.settle_kept();
    let path = stripper.path;
    let sized = if out.len() - from > EVENT_BYTES_MAX { Err(Code::EventTooLarge) } else { Ok(()) };
    result.and(sized).map_err(|code| {
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
    search: Search,
    /// Memory for the strings that are searched.
    buffer: Vec<u8>,
    /// What was read last and is to be written, from where to where: mostly all of it at once, in the end.
    kept: (usize, usize),
}

/// What is done with what is read: it is judged by grammar and limits in any case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// It is searched for personal data.
    Full,
    /// It passes; members of objects in it have names of their own and are searched.
    Allowed,
    /// It passes, or goes, as a whole: the key around it decided.
    Decided,
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

    /// Reads the value of the property `key`, or an element of it.
    fn value(&mut self, depth: usize, key: &str) -> Result<(), Code> {
        match self.cursor.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1, key),
            Some(b'"') => self.string(key),
            Some(_) => self.scalar(key),
            None => Err(Code::InvalidJson),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Code> {
        if depth > DEPTH_MAX {
            return Err(Code::TooDeep);
        }
        self.cursor.take(b'{');
        self.keep(1);
        let keys_before = self.keys.len();
        let written_before = self.written();
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
        self.keep(1);
        Ok(())
    }

    fn member(&mut self, depth: usize, keys_before: usize, written_before: usize) -> Result<(), Code> {
        let comma_end = self.cursor.at();
        let raw = self.cursor.string()?;
        let key_end = self.cursor.at();
        let (key, repaired) = raw.decode()?;
        if longer_than(&key, KEY_CHARS_MAX) {
            return Err(Code::KeyTooLong);
        }
        let hash = hash_of(&key);
        if self.keys[keys_before..].contains(&hash) {
            return Err(Code::DuplicateKey);
        }
        self.keys.push(hash);
        if !self.cursor.take(b':') {
            return Err(Code::InvalidJson);
        }
        let colon_end = self.cursor.at();

        let path_before = self.path.len();
        self.path.push_str(".");
        self.path.push_str(&key);
        let clues = Clues::read(raw, &key);
        let finding = match self.search {
            Search::Full | Search::Allowed => {
                let path = self.path.get(ROOT.len() + 1..).unwrap_or_default();
                pii::of_key(path, &key, clues, self.rules)
            }
            Search::Decided => KeyFinding::Nothing,
        };
        let search_before = self.search;
        match finding {
            // A yes or a no says nothing of a person, whatever was asked.
            KeyFinding::Personal(..) if matches!(self.cursor.peek(), Some(b't' | b'f')) => {}
            KeyFinding::Nothing if search_before == Search::Decided => {}
            KeyFinding::Nothing => self.search = Search::Full,
            KeyFinding::Allowed => self.search = Search::Allowed,
            _ => self.search = Search::Decided,
        }
        if let KeyFinding::Itself(kind) = finding {
            // Its place in the path is then its kind.
            self.path.truncate(path_before + 1);
            self.path.push_str(kind.mask());
        }
        let written_at = self.written();
        if written_at > written_before {
            self.keep_from(comma_end - 1, comma_end);
        }
        self.keep_string(raw, &key, repaired, key_end);
        self.keep_from(colon_end - 1, colon_end);
        let value_at = self.written();
        self.value(depth, &key)?;
        if self.search == Search::Decided && search_before != Search::Decided {
            self.settle(finding, written_at, value_at);
        }
        self.search = search_before;
        self.path.truncate(path_before);
        Ok(())
    }

    /// Does what its key demands with the member written from `written_at`, its value from `value_at`.
    fn settle(&mut self, finding: KeyFinding, written_at: usize, value_at: usize) {
        let (kind, action) = match finding {
            KeyFinding::Personal(kind, action) => (kind, action),
            KeyFinding::Itself(kind) => (kind, Action::Remove),
            KeyFinding::Allowed | KeyFinding::Nothing => return,
        };
        self.settle_kept();
        if matches!(action, Action::Mask | Action::Hash) {
            let written = self.out.split_off(value_at);
            let text = written.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&written);
            self.out.push('"');
            if pii::is_mask(text) {
                // An earlier pass was here.
                self.out.push_str(text);
                self.out.push('"');
                return;
            }
            pii::push_replacement(text, kind, action, self.out);
            self.out.push('"');
        } else {
            self.out.truncate(written_at);
        }
        self.report.redacted(&self.path, kind);
    }

    fn array(&mut self, depth: usize, key: &str) -> Result<(), Code> {
        if depth > DEPTH_MAX {
            return Err(Code::TooDeep);
        }
        self.cursor.take(b'[');
        self.keep(1);
        let path_before = self.path.len();
        let mut index = 0;
        while !self.cursor.take(b']') {
            if index > 0 {
                if !self.cursor.take(b',') {
                    return Err(Code::InvalidJson);
                }
                self.keep(1);
            }
            self.path.push_str(".");
            push_padded(index, 1, &mut self.path);
            self.value(depth, key)?;
            self.path.truncate(path_before);
            index += 1;
        }
        self.keep(1);
        Ok(())
    }

    fn string(&mut self, key: &str) -> Result<(), Code> {
        let raw = self.cursor.string()?;
        let (text, repaired) = raw.decode()?;
        if longer_than(&text, STRING_CHARS_MAX) {
            return Err(Code::StringTooLong);
        }
        match self.masked(&text, key, Clues::read(raw, &text)) {
            Some(masked) => self.write_string(&masked),
            None => self.keep_string(raw, &text, repaired, self.cursor.at()),
        }
        Ok(())
    }

    /// A number is searched as its digits are: a card's number is one without quotes too. Its mask is
    /// a string.
    fn scalar(&mut self, key: &str) -> Result<(), Code> {
        let token = self.cursor.scalar()?;
        let whole = token.strip_prefix('-').unwrap_or(token);
        let digits = whole.bytes().take_while(u8::is_ascii_digit).count();
        let plain = matches!(whole.as_bytes().get(digits), None | Some(b'.'));
        if plain && digits >= NUMBER_DIGITS_MIN {
            let number = whole.get(..digits).unwrap_or_default();
            match self.masked(number, key, Clues::NUMBER) {
                Some(masked) if masked.is_empty() => {
                    self.settle_kept();
                    self.out.push_str("null");
                    return Ok(());
                }
                Some(masked) => {
                    self.write_string(&masked);
                    return Ok(());
                }
                None => {}
            }
        }
        self.keep(token.len());
        Ok(())
    }

    /// `text` with masks, if it is searched and something is found. What is found is reported.
    fn masked(&mut self, text: &str, key: &str, clues: Clues) -> Option<String> {
        if self.search != Search::Full {
            return None;
        }
        let subject = Subject { text, key, clues, chars_max: STRING_CHARS_MAX };
        let (path, report) = (&self.path, &mut *self.report);
        subject.mask_in(&mut self.buffer, self.rules, &mut |kind: Kind| report.redacted(path, kind))
    }

    /// Writes a string that is kept and ends at `end`: as it was read, unless it had to be repaired.
    fn keep_string(&mut self, raw: Str<'_>, text: &str, repaired: bool, end: usize) {
        if repaired {
            self.write_string(text);
        } else {
            self.keep_from(end - raw.quoted.len(), end);
        }
    }

    fn write_string(&mut self, text: &str) {
        self.settle_kept();
        push_string(text, self.out);
    }

    /// Writes the last `length` bytes read.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn keep(&mut self, length: usize) {
        let end = self.cursor.at();
        self.keep_from(end - length, end);
    }

    /// Writes what was read from `from` to `to`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn keep_from(&mut self, from: usize, to: usize) {
        if from != self.kept.1 {
            self.settle_kept();
            self.kept.0 = from;
        }
        self.kept.1 = to;
    }

    /// How much was written: all that is kept included.
    fn written(&self) -> usize {
        self.out.len() + self.kept.1 - self.kept.0
    }

    /// Copies what is kept.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn settle_kept(&mut self) {
        let (from, to) = self.kept;
        self.out.push_str(self.cursor.text().get(from..to).unwrap_or_default());
        self.kept.0 = to;
    }
}

/// Whether `text` has more than `chars_max` characters.
pub(crate) fn longer_than(text: &str, chars_max: usize) -> bool {
    byte_of_char(text, chars_max).is_some()
}

/// Where the character `index` of `text` begins, if there is one; bytes decide where they can.
pub(crate) fn byte_of_char(text: &str, index: usize) -> Option<usize> {
    if text.len() <= index {
        return None;
    }
    let mut left = index;
    // A byte that continues a character has the bits 10 in front.
    text.bytes().position(|byte| {
        let begins = byte & 0xc0 != 0x80;
        let found = begins && left == 0;
        left -= usize::from(begins && left > 0);
        found
    })
}

/// As 64-bit FNV-1a (draft-eastlake-fnv, section 3), by eight bytes at a time: enough to tell 64 keys apart, and
/// small. Two keys made to collide get a refusal, nothing worse.
fn hash_of(key: &str) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let (words, rest) = key.as_bytes().as_chunks();
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(29);
    let hash = words.iter().fold(0xcbf2_9ce4_8422_2325, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // A one before them, as `a` is not `\0a`.
    mix(hash, rest.iter().fold(1, |word, byte| word << 8 | u64::from(*byte)))
}
