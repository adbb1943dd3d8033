//! The statements that read buckets, which both databases understand.

use super::Names;

macro_rules! numbers {
    ($compare:literal) => {
        concat!(
            "SELECT event, start_minute, count, last_minute, users, sessions FROM rollup_buckets \
             WHERE project_id = $1 AND minutes = $2 AND start_minute >= $3 AND start_minute < $4 AND event ",
            $compare,
            " $5"
        )
    };
}

macro_rules! sketches {
    ($compare:literal) => {
        concat!(
            "SELECT event, user_sketch, CASE WHEN $6 THEN session_sketch ELSE '' END FROM rollup_buckets \
             WHERE project_id = $1 AND minutes = $2 AND start_minute >= $3 AND start_minute < $4 AND event ",
            $compare,
            " $5"
        )
    };
}

impl Names {
    /// Reads numbers: project, minutes, start, end and what to bind for the name.
    pub(in crate::store) const fn numbers_sql(&self) -> &'static str {
        if matches!(self, Self::Each) { numbers!("<>") } else { numbers!("=") }
    }

    /// As [`Self::numbers_sql`], of sketches, and whether those of sessions are wanted.
    pub(in crate::store) const fn sketches_sql(&self) -> &'static str {
        if matches!(self, Self::Each) { sketches!("<>") } else { sketches!("=") }
    }
}
