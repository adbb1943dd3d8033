//! The rules of a project: which kinds and which properties are stripped, and how. One JSON form, read
//! here for the page's `init` and for the server alike; docs/privacy.md describes it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Kind;
use crate::json::Cursor;

/// Entries that one part of the rules may have.
const ENTRIES_MAX: usize = 256;

/// What is done with what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// A property is removed, in a string a mask takes its place.
    #[default]
    Strip,
    /// It disappears: the property, or its characters from the string.
    Remove,
    /// `[kind]` takes its place.
    Mask,
    /// `[kind:8 hex digits]` takes its place: equal values stay equal.
    Hash,
    /// It stays.
    Keep,
}

/// What the project says of a property by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyRule {
    /// This is done with it. To keep it is to say that its name means nothing: its value is searched.
    Do(Action),
    /// Its own value passes unsearched.
    Allow,
}

/// What is stripped. The default is strict: everything that any detector finds, but coordinates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    actions: [Action; Kind::ALL.len()],
    keys: Vec<(String, KeyRule)>,
    patterns: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        let mut actions = [Action::Strip; Kind::ALL.len()];
        actions[Kind::Coordinates as usize] = Action::Keep;
        Self { actions, keys: Vec::new(), patterns: Vec::new() }
    }
}

/// Why rules were not understood: the field, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRules {
    /// Such as `kinds.emial`; empty when the rules as a whole are meant.
    pub field: String,
    /// What was expected, as half a sentence for a person.
    pub expected: &'static str,
}

impl fmt::Display for InvalidRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in the pii rules")?;
        if !self.field.is_empty() {
            f.write_str(", ")?;
            f.write_str(&self.field)?;
        }
        f.write_str(": expected ")?;
        f.write_str(self.expected)
    }
}

impl core::error::Error for InvalidRules {}

const ACTIONS: [(&str, Action); 5] = [
    ("strip", Action::Strip),
    ("remove", Action::Remove),
    ("mask", Action::Mask),
    ("hash", Action::Hash),
    ("keep", Action::Keep),
];

/// The parts of the rules: each one's name, and what it is expected to be.
const PARTS: [(&str, &str); 4] = [
    ("kinds", "an object of actions by kind"),
    ("keys", "an object of actions by property name"),
    ("allow", "an array of property names"),
    ("patterns", "an array of forms with # for a digit, ? for a letter, * for either, at least 4 of them"),
];
const THE_PARTS: &str = "an object with some of kinds, keys, allow, patterns";

impl Rules {
    /// Reads rules: `{"kinds":{"ip":"keep"},"keys":{"crew_code":"hash"},"allow":["support_email"],
    /// "patterns":["EMP-######"]}`, every part optional.
    ///
    /// # Errors
    /// The first field that is not as it should be. Fields that are not known are refused too: a rule
    /// with a typing error in it would strip nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidRules> {
        let (cursor, rules) = (Cursor::new(text), Self::default());
        let mut reader = Reader { cursor, field: String::new(), expected: THE_PARTS, rules };
        match reader.read() {
            Some(()) => Ok(reader.rules),
            None => Err(InvalidRules { field: reader.field, expected: reader.expected }),
        }
    }

    /// Keeps the property named `key`, whatever its name suggests and whatever its own value holds: what
    /// `allow` does. Members of an object in it are judged by their own names and values.
    #[must_use]
    pub fn allow_key(mut self, key: impl Into<String>) -> Self {
        self.keys.push((key.into(), KeyRule::Allow));
        self
    }

    pub(super) fn action(&self, kind: Kind) -> Action {
        self.actions[kind as usize]
    }

    /// What the project itself says of the property `key`, in any case style.
    pub(super) fn for_key(&self, key: &str) -> Option<KeyRule> {
        self.keys.iter().find(|(name, _)| letters(name).eq(letters(key))).map(|(_, rule)| *rule)
    }

    pub(super) fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

/// The letters and digits of a name: what is the same in every case style.
fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|b| b.is_ascii_alphanumeric() || *b >= 0x80).map(|b| b.to_ascii_lowercase())
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    /// What is being read. After a mistake it stays, and names the field.
    field: String,
    /// What must be there: the text says that it is not by `None`.
    expected: &'static str,
    rules: Rules,
}

impl<'t> Reader<'t> {
    fn read(&mut self) -> Option<()> {
        let mut left = self.open(b'{')?;
        while self.goes_on(b'}', &mut left)? {
            let name = self.string()?;
            self.field.push_str(&name);
            let part = PARTS.iter().position(|(part, _)| *part == name)?;
            self.require(b':')?;
            self.part(part)?;
            self.field.clear();
            self.expected = THE_PARTS;
        }
        self.expected = "nothing after the rules";
        self.cursor.at_end().then_some(())
    }

    /// Reads the part with that number: an object of actions, or an array of strings.
    fn part(&mut self, part: usize) -> Option<()> {
        let (name, expected) = PARTS[part];
        let is_object = part < 2;
        let (open, close) = if is_object { (b'{', b'}') } else { (b'[', b']') };
        self.expected = expected;
        let mut left = self.open(open)?;
        while self.goes_on(close, &mut left)? {
            let entry = self.string()?;
            if is_object {
                self.field.push('.');
                self.field.push_str(&entry);
                self.require(b':')?;
            }
            match part {
                0 => {
                    self.expected = "the name of a kind, such as email";
                    let kind = Kind::named(entry.as_bytes())?;
                    self.rules.actions[kind as usize] = self.action()?;
                }
                3 => {
                    let telling = entry.bytes().filter(|b| matches!(b, b'#' | b'?' | b'*')).count();
                    if telling < 4 {
                        return None;
                    }
                    self.rules.patterns.push(entry.into_owned());
                }
                _ => {
                    let rule = if is_object { KeyRule::Do(self.action()?) } else { KeyRule::Allow };
                    self.rules.keys.push((entry.into_owned(), rule));
                }
            }
            self.expected = expected;
            self.field.truncate(name.len());
        }
        Some(())
    }

    fn action(&mut self) -> Option<Action> {
        self.expected = "one of strip, remove, mask, hash, keep";
        let name = self.string()?;
        ACTIONS.iter().find(|(action, _)| *action == name).map(|(_, action)| *action)
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        let (text, _) = self.cursor.string().ok()?.decode().ok()?;
        Some(text)
    }

    fn require(&mut self, sign: u8) -> Option<()> {
        self.cursor.take(sign).then_some(())
    }

    /// Begins an object or array. Answers how many entries it may have, and one more.
    fn open(&mut self, open: u8) -> Option<usize> {
        self.require(open)?;
        Some(ENTRIES_MAX + 1)
    }

    /// Whether there is another entry before `close`, which is then next.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn goes_on(&mut self, close: u8, left: &mut usize) -> Option<bool> {
        if self.cursor.take(close) {
            return Some(false);
        }
        *left -= 1;
        let separated = *left == ENTRIES_MAX || self.cursor.take(b',');
        (separated && *left > 0).then_some(true)
    }
}
