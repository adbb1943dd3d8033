//! Query parameters: each named one taken once, all others refused.

use std::{ops::RangeInclusive, str::FromStr};

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use pharos_model::Timestamp;

use super::error::Error;

/// Longest range: of what is counted by the hour, an answer has some ten lines an hour.
const RANGE_MAX_MS: i64 = 400 * 24 * 3_600_000;

/// For routes that take no parameters: refuses any.
pub(super) struct NoParams;

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Params::parse(parts.uri.query()).finish()?;
        Ok(Self)
    }
}

/// The parameters of a request that have not been taken yet.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let uri = format!("/?{}", query.unwrap_or_default());
        let pairs = uri.parse().ok().and_then(|uri| Query::try_from_uri(&uri).ok());
        Self(pairs.map(|Query(pairs)| pairs).unwrap_or_default())
    }

    /// The value of a parameter, the first one if it is repeated.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// The value of a parameter that is a whole number.
    pub(super) fn whole<T: FromStr + PartialOrd>(
        &mut self,
        name: &str,
        range: RangeInclusive<T>,
        expected: &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.take(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(Error::InvalidParameter { field: name.to_owned(), expected }),
        }
    }

    /// How many lines are asked for: `limit`, a whole number from 1 to 1000.
    pub(super) fn limit(&mut self, default: u32) -> Result<u32, Error> {
        Ok(self.whole("limit", 1..=1000, "a whole number from 1 to 1000")?.unwrap_or(default))
    }

    /// The value of a parameter that is a moment.
    pub(super) fn timestamp(&mut self, name: &str) -> Result<Option<Timestamp>, Error> {
        let Some(text) = self.take(name) else { return Ok(None) };
        match Timestamp::parse_rfc3339(&text) {
            Some(timestamp) => Ok(Some(timestamp)),
            None => Err(Error::InvalidParameter {
                field: name.to_owned(),
                expected: "a date and time as in RFC 3339, such as 2026-11-23T19:00:00Z",
            }),
        }
    }

    /// `start` and `end`; by default the last `default_ms` up to `now`.
    pub(super) fn range(&mut self, now: Timestamp, default_ms: i64) -> Result<(Timestamp, Timestamp), Error> {
        let end = self.timestamp("end")?.unwrap_or(now);
        let start = self.timestamp("start")?;
        let start = start.unwrap_or_else(|| Timestamp::from_unix_ms(end.unix_ms() - default_ms));
        if !(0..=RANGE_MAX_MS).contains(&(end.unix_ms() - start.unix_ms())) {
            let expected = "a start before the end, at most 400 days";
            return Err(Error::InvalidParameter { field: "start".to_owned(), expected });
        }
        Ok((start, end))
    }

    /// Refuses what was not taken: a misspelt parameter must not look as if it had worked.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(Error::InvalidParameter {
                field: name,
                expected: "only the parameters that are documented, each once",
            }),
        }
    }
}
