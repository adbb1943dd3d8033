//! The rules of a project: which kinds and which properties are stripped, and how. One JSON form, read
//! here for the page's `init` and for the server alike; docs/privacy.md describes it.

use alloc::borrow::{Cow, ToOwned};
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

const ACTIONS: &str = "one of strip, remove, mask, hash, keep";

impl Rules {
    /// Reads rules: `{"kinds":{"ip":"keep"},"keys":{"crew_code":"hash"},"allow":["support_email"],
    /// "patterns":["EMP-######"]}`, every part optional.
    ///
    /// # Errors
    /// The first field that is not as it should be. Fields that are not known are refused too: a rule
    /// with a typing error in it would strip nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidRules> {
        let mut reader = Reader { cursor: Cursor::new(text), field: String::new() };
        let mut rules = Self::default();
        let read = reader.rules(&mut rules);
        match read {
            Ok(()) => Ok(rules),
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
}

type Read = Result<(), &'static str>;

impl<'t> Reader<'t> {
    fn rules(&mut self, rules: &mut Rules) -> Read {
        let parts = "an object with some of kinds, keys, allow, patterns";
        self.members(parts, &mut |reader, part| match part {
            "kinds" => reader.members("an object of actions by kind", &mut |reader, name| {
                let kind = Kind::named(name.as_bytes()).ok_or("the name of a kind, such as email")?;
                rules.actions[kind as usize] = reader.action()?;
                Ok(())
            }),
            "keys" => reader.members("an object of actions by property name", &mut |reader, name| {
                let action = reader.action()?;
                rules.keys.push((name.to_owned(), KeyRule::Do(action)));
                Ok(())
            }),
            "allow" => reader.strings("an array of property names", &mut |name| {
                rules.keys.push((name.to_owned(), KeyRule::Allow));
                true
            }),
            "patterns" => {
                let expected =
                    "an array of forms with # for a digit, ? for a letter, * for either, at least 4 of them";
                reader.strings(expected, &mut |form| {
                    rules.patterns.push(form.to_owned());
                    form.bytes().filter(|b| b"#?*".contains(b)).count() >= 4
                })
            }
            _ => Err(parts),
        })?;
        if self.cursor.at_end() { Ok(()) } else { Err("nothing after the rules") }
    }

    fn action(&mut self) -> Result<Action, &'static str> {
        let name = self.string().ok_or(ACTIONS)?;
        Ok(match &*name {
            "strip" => Action::Strip,
            "remove" => Action::Remove,
            "mask" => Action::Mask,
            "hash" => Action::Hash,
            "keep" => Action::Keep,
            _ => return Err(ACTIONS),
        })
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        Some(self.cursor.string().ok()?.decode().ok()?.0)
    }

    /// Reads an object, each member by `each`.
    fn members(&mut self, expected: &'static str, each: &mut dyn FnMut(&mut Self, &str) -> Read) -> Read {
        if !self.cursor.take(b'{') {
            return Err(expected);
        }
        let field_before = self.field.len();
        let mut first = true;
        let mut left = ENTRIES_MAX;
        while !self.cursor.take(b'}') {
            if (!first && !self.cursor.take(b',')) || left == 0 {
                return Err(expected);
            }
            first = false;
            left -= 1;
            let name = self.string().ok_or(expected)?;
            if field_before > 0 {
                self.field.push('.');
            }
            self.field.push_str(&name);
            if !self.cursor.take(b':') {
                return Err(expected);
            }
            each(self, &name)?;
            self.field.truncate(field_before);
        }
        Ok(())
    }

    /// Reads an array of strings that `accept` likes.
    fn strings(&mut self, expected: &'static str, accept: &mut dyn FnMut(&str) -> bool) -> Read {
        if !self.cursor.take(b'[') {
            return Err(expected);
        }
        let mut left = ENTRIES_MAX;
        while !self.cursor.take(b']') {
            if (left < ENTRIES_MAX && !self.cursor.take(b',')) || left == 0 {
                return Err(expected);
            }
            left -= 1;
            let text = self.string().ok_or(expected)?;
            if !accept(&text) {
                return Err(expected);
            }
        }
        Ok(())
    }
}
