//! The rules of a project: which kinds and which properties are stripped, and how. One JSON form, read
//! here for the page's `init` and for the server alike; docs/privacy.md describes it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Kind;
use crate::json::{Cursor, Str};

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
const AN_ACTION: &str = "one of strip, remove, mask, hash, keep";

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
        let mut reader = Reader { cursor: Cursor::new(text), field: String::new(), rules: Self::default() };
        match reader.read() {
            Ok(()) => Ok(reader.rules),
            Err(expected) => Err(InvalidRules { field: reader.field, expected }),
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
    /// What is being read. After an error it stays, and names the field.
    field: String,
    rules: Rules,
}

type Read<T> = Result<T, &'static str>;

impl<'t> Reader<'t> {
    fn read(&mut self) -> Read<()> {
        let mut left = self.open(b'{', THE_PARTS)?;
        while self.goes_on(b'}', &mut left, THE_PARTS)? {
            let name = self.string(THE_PARTS)?;
            self.field.push_str(&name);
            let part = PARTS.iter().position(|(part, _)| *part == name).ok_or(THE_PARTS)?;
            self.colon(THE_PARTS)?;
            self.part(part)?;
            self.field.clear();
        }
        if self.cursor.at_end() { Ok(()) } else { Err("nothing after the rules") }
    }

    /// Reads the part with that number: an object of actions, or an array of strings.
    fn part(&mut self, part: usize) -> Read<()> {
        let (name, expected) = PARTS[part];
        let (open, close) = if part < 2 { (b'{', b'}') } else { (b'[', b']') };
        let mut left = self.open(open, expected)?;
        while self.goes_on(close, &mut left, expected)? {
            let entry = self.string(expected)?;
            if part < 2 {
                self.field.push('.');
                self.field.push_str(&entry);
                self.colon(expected)?;
            }
            match part {
                0 => {
                    let kind = Kind::named(entry.as_bytes()).ok_or("the name of a kind, such as email")?;
                    self.rules.actions[kind as usize] = self.action()?;
                }
                1 => {
                    let action = self.action()?;
                    self.rules.keys.push((entry.into_owned(), KeyRule::Do(action)));
                }
                2 => self.rules.keys.push((entry.into_owned(), KeyRule::Allow)),
                _ => {
                    if entry.bytes().filter(|b| b"#?*".contains(b)).count() < 4 {
                        return Err(expected);
                    }
                    self.rules.patterns.push(entry.into_owned());
                }
            }
            self.field.truncate(name.len());
        }
        Ok(())
    }

    fn action(&mut self) -> Read<Action> {
        let name = self.string(AN_ACTION)?;
        let action = ACTIONS.iter().find(|(action, _)| *action == name);
        action.map(|(_, action)| *action).ok_or(AN_ACTION)
    }

    fn string(&mut self, expected: &'static str) -> Read<Cow<'t, str>> {
        let string = self.cursor.string().and_then(Str::decode);
        string.map(|(text, _)| text).map_err(|_| expected)
    }

    fn colon(&mut self, expected: &'static str) -> Read<()> {
        if self.cursor.take(b':') { Ok(()) } else { Err(expected) }
    }

    /// Begins an object or array. Answers how many entries it may have, and one more.
    fn open(&mut self, open: u8, expected: &'static str) -> Read<usize> {
        if self.cursor.take(open) { Ok(ENTRIES_MAX + 1) } else { Err(expected) }
    }

    /// Whether there is another entry before `close`, which is then next.
    fn goes_on(&mut self, close: u8, left: &mut usize, expected: &'static str) -> Read<bool> {
        if self.cursor.take(close) {
            return Ok(false);
        }
        *left -= 1;
        let separated = *left == ENTRIES_MAX || self.cursor.take(b',');
        if separated && *left > 0 { Ok(true) } else { Err(expected) }
    }
}
