//! What a secret key may do. A small set, written as its names separated by commas.

use std::{fmt, str::FromStr};

/// One thing a secret key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Write events, as `source: server`.
    Ingest,
    /// Read whatever is stored and counted.
    Read,
    /// Change what others depend on: keys, the project, the quarantine, alerts; erase a person's events.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Admin];

    /// The name in the API, in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// Some scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// All there are: what the first project's secret key has.
    pub const ALL: Self = Self(0b111);

    /// What a secret key gets if nothing else is asked for: enough for a server that sends and reads.
    pub const USUAL: Self = Self(1 << Scope::Ingest as u8 | 1 << Scope::Read as u8);

    /// Whether `scope` is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// Each of them, in order.
    pub fn each(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | 1 << scope as u8))
    }
}

/// What scopes must look like, as half a sentence.
pub const EXPECTED: &str = "one or more of ingest, read, admin";

impl FromStr for Scopes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(|name| Scope::parse(name.trim()).ok_or(EXPECTED)).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.each().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written() {
        assert_eq!("ingest,read,admin".parse(), Ok(Scopes::ALL));
        assert_eq!("read, ingest".parse(), Ok(Scopes::USUAL));
        assert_eq!(Scopes::USUAL.to_string(), "ingest,read");
        assert!(Scopes::USUAL.has(Scope::Read) && !Scopes::USUAL.has(Scope::Admin));
        for text in ["", "write", "read,", "Read"] {
            assert_eq!(text.parse::<Scopes>(), Err(EXPECTED), "{text}");
        }
    }
}
