//! Lists as SQLite gives them, as JSON, read without keeping a text for each member.

use pharos_model::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use crate::store::{StoreError, StoreResult, rollup::delta::hash_session, sql::Deed};

/// A text of which only the hash is wanted.
struct Hash(u64);

/// A time as it is stored.
struct At(i64);

/// What was done, of three lists of the same length.
pub(super) fn read(who: &str, at: &str, step: &str) -> StoreResult<Vec<Deed>> {
    let damaged = |error: serde_json::Error| StoreError::BadData(format!("a list is damaged: {error}"));
    let who: Vec<Hash> = serde_json::from_str(who).map_err(damaged)?;
    let at: Vec<At> = serde_json::from_str(at).map_err(damaged)?;
    let step: Vec<usize> = serde_json::from_str(step).map_err(damaged)?;
    let deeds = who.into_iter().zip(at).zip(step);
    Ok(deeds.map(|((Hash(who), At(at_ms)), step)| Deed { who, at_ms, step }).collect())
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(|text: &str| Some(Self(hash_session(text)))))
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(|text: &str| Timestamp::parse_rfc3339(text).map(|at| Self(at.unix_ms()))))
    }
}

struct Text<F>(F);

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text of the right form")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("not as it should be"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_deeds() {
        let deeds = read(
            r#"["a","\u00e9\"","a"]"#,
            r#"["1970-01-01T00:00:00.007Z","1970-01-01T00:00:01.000Z","1970-01-01T00:00:02.000Z"]"#,
            "[0,7,1]",
        )
        .unwrap();
        let said: Vec<_> = deeds.iter().map(|deed| (deed.at_ms, deed.step)).collect();
        assert_eq!(said, [(7, 0), (1000, 7), (2000, 1)]);
        assert!(deeds[0].who == deeds[2].who && deeds[0].who != deeds[1].who);
        assert_eq!(read("[]", "[]", "[]").unwrap(), []);
        assert!(read(r#"["a"]"#, r#"["today"]"#, "[0]").is_err());
    }
}
