//! Small statements that both databases understand, with values and cells of a few types. What
//! differs, or must be fast, is written for each backend instead.

use async_trait::async_trait;

use pharos_model::Timestamp;

use super::StoreResult;

/// A value bound to `$1`, `$2` and so on.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// `bigint`; PostgreSQL casts it where the column is narrower.
    Int(i64),
    /// `text`.
    Text(&'a str),
    /// `bytea` or `blob`.
    Bytes(&'a [u8]),
    /// `timestamptz`, or text of the form that is stored. Not to be had as `Text` with a cast: PostgreSQL would read
    /// the text anew for each row it compares.
    Time(Timestamp),
}

/// A cell read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// `bigint`.
    Int(i64),
    /// `text`.
    Text(String),
    /// `bytea` or `blob`.
    Bytes(Vec<u8>),
    /// `NULL`.
    Null,
}

impl Cell {
    /// The number; 0 for anything else, which the schema rules out.
    pub(super) fn int(&self) -> i64 {
        if let Self::Int(number) = self { *number } else { 0 }
    }

    /// The text; empty for anything else.
    pub(super) fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The bytes; none for anything else.
    pub(super) fn bytes(&self) -> &[u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }
}

/// That somebody did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deed {
    /// A hash of who: of 64 bits, so that of millions no two are taken for one.
    pub who: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What, by number.
    pub step: usize,
}

/// Which SQL a database understands, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL's.
    Postgres,
    /// SQLite's.
    Sqlite,
}

/// One statement and its values.
pub(super) type Step<'a> = (&'static str, &'a [Value<'a>]);

/// Runs statements of this kind.
#[async_trait]
pub trait Sql {
    /// Which of two statements this database takes.
    fn dialect(&self) -> Dialect;

    /// Runs `steps` in one transaction and returns how many rows the first one changed. If that is
    /// none, the others are not run: the first step is the condition of the rest.
    async fn execute(&self, steps: &[Step<'_>]) -> StoreResult<u64>;

    /// Reads every row.
    async fn select(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>>;

    /// As [`select`](Self::select), however long it takes: for what a person asks for and waits for, such as
    /// reading all events.
    async fn select_slowly(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>>;

    /// Reads the three lists of a single row: who, when, what.
    async fn select_deeds(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Deed>>;

    /// Reads rows of a text and two integers one after the other, and stops early when `each` says so by
    /// returning `false`: for more rows than should be in memory.
    async fn select_each(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut (dyn for<'r> FnMut(&'r str, i64, i64) -> bool + Send),
    ) -> StoreResult<()>;
}

/// For SQLite, whose only index on the events' own time begins with their name: a condition on the name that
/// lets it be used, for one name (`$name`), or where that is empty for all that the project `$1` has between
/// `$2` and `$3`.
macro_rules! any_name {
    ($name:literal) => {
        concat!(
            "event IN (SELECT ",
            $name,
            " WHERE ",
            $name,
            " <> '' \
             UNION SELECT event FROM rollup_sums WHERE ",
            $name,
            " = '' AND project_id = $1 \
                   AND minute >= substr($2, 1, 16) || ':00.000Z' AND minute < $3 \
             UNION SELECT event FROM rollup_deltas WHERE ",
            $name,
            " = '' AND project_id = $1 \
                   AND minute >= substr($2, 1, 16) || ':00.000Z' AND minute < $3)"
        )
    };
}
pub(super) use any_name;

/// Binds values to a query of either database.
macro_rules! bind_values {
    ($query:expr, $values:expr, $time:expr) => {
        $values.iter().fold($query, |query, value| match *value {
            $crate::store::sql::Value::Int(number) => query.bind(number),
            $crate::store::sql::Value::Text(text) => query.bind(text),
            $crate::store::sql::Value::Bytes(bytes) => query.bind(bytes),
            $crate::store::sql::Value::Time(moment) => query.bind($time(moment)),
        })
    };
}
pub(super) use bind_values;
