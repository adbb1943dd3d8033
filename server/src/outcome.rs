//! What became of an event. Every event received has exactly one outcome, and the outcomes add up: they
//! are counted by project and hour of receipt, in the transaction that makes them true.

use std::{borrow::Cow, collections::HashMap};

use pharos_model::{Timestamp, pii::Kind, wire::Verdict};

const HOUR_MS: i64 = 3_600_000;

/// The fate of one event as it is counted. What the sender is told is a [`Verdict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Stored.
    Accepted,
    /// Its id was stored already.
    Duplicate,
    /// Refused for this code.
    Invalid(&'static str),
    /// Left out for this reason.
    Filtered(&'static str),
    /// Kept aside for this reason.
    Quarantined(&'static str),
    /// Not taken, for the server's own reasons; its sender was told to try again.
    Refused(&'static str),
    /// Never received: its SDK says that it gave it up. Written down like an outcome and kept apart from
    /// them, in the view `dropped_events`.
    Dropped(&'static str),
}

/// Reasons for which senders give events up: pages (pkg/src/losses.ts), and servers, which add `gave_up` and
/// `unreadable`. Others are counted as the last of these: anyone may send anything here, and the ledger keeps
/// every reason for good.
const DROP_REASONS: [&str; 14] = [
    "invalid",
    "queue_full",
    "too_old",
    "storage_full",
    "not_ready",
    "sampled",
    "before_send",
    "consent",
    "gpc",
    "refused",
    "shut_down",
    "gave_up",
    "unreadable",
    "other",
];

impl Outcome {
    /// Every outcome's name, in the order of [`Outcome::index`].
    pub const NAMES: [&'static str; 7] =
        ["accepted", "duplicate", "invalid", "filtered", "quarantined", "refused", "dropped"];

    /// Its place in [`Outcome::NAMES`].
    pub const fn index(self) -> usize {
        match self {
            Self::Accepted => 0,
            Self::Duplicate => 1,
            Self::Invalid(_) => 2,
            Self::Filtered(_) => 3,
            Self::Quarantined(_) => 4,
            Self::Refused(_) => 5,
            Self::Dropped(_) => 6,
        }
    }

    /// The outcome's name.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// Its code or reason; empty where there is none.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Accepted | Self::Duplicate => "",
            Self::Invalid(reason)
            | Self::Filtered(reason)
            | Self::Quarantined(reason)
            | Self::Refused(reason)
            | Self::Dropped(reason) => reason,
        }
    }

    /// An event that an SDK gave up for `reason`.
    pub fn dropped(reason: &str) -> Self {
        let known = DROP_REASONS.into_iter().find(|known| *known == reason);
        Self::Dropped(known.unwrap_or(DROP_REASONS[DROP_REASONS.len() - 1]))
    }

    /// The outcome of an event whose sender is told `verdict`.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accepted => Self::Accepted,
            Verdict::Duplicate => Self::Duplicate,
            Verdict::Invalid(refusal) => Self::Invalid(refusal.code.as_str()),
            Verdict::Filtered(reason) => Self::Filtered(reason),
            Verdict::Quarantined => Self::Quarantined(""),
            Verdict::Retry => Self::Refused(""),
        }
    }
}

/// Where personal data was stripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// In the page, by its own word.
    Page,
    /// Here.
    Server,
}

/// What the ledger counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Counted {
    Outcome(Outcome),
    /// Things stripped, of which one event may have many. The view `outcomes` leaves them out.
    Redacted(Side, Kind),
}

impl Counted {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => outcome.as_str(),
            Self::Redacted(Side::Page, _) => "redacted_page",
            Self::Redacted(Side::Server, _) => "redacted_server",
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => outcome.reason(),
            Self::Redacted(_, kind) => kind.as_str(),
        }
    }
}

/// How many events of a project, received in one hour, had one outcome; or how much was stripped from them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutcomeCount {
    /// Whose.
    pub project_id: i32,
    /// Start of the hour of receipt.
    pub hour: Timestamp,
    /// What became of them: see [`Outcome::as_str`].
    pub outcome: Cow<'static, str>,
    /// Why: see [`Outcome::reason`].
    pub reason: Cow<'static, str>,
    /// How many.
    pub count: u64,
}

/// Start of the hour that holds `moment`.
pub fn hour_of(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(moment.unix_ms().div_euclid(HOUR_MS) * HOUR_MS)
}

/// Outcomes being added up, and what was stripped.
#[derive(Debug, Default, Clone)]
pub struct Tally(HashMap<(i32, Timestamp, Counted), u64>);

impl Tally {
    /// Counts `count` events of one project that were received at `received_at`.
    pub fn add(&mut self, project_id: i32, received_at: Timestamp, outcome: Outcome, count: u64) {
        self.add_counted(project_id, received_at, Counted::Outcome(outcome), count);
    }

    /// Counts `count` things of `kind` that were stripped from events received at `received_at`.
    pub fn add_redactions(
        &mut self,
        project_id: i32,
        received_at: Timestamp,
        side: Side,
        kind: Kind,
        count: u64,
    ) {
        self.add_counted(project_id, received_at, Counted::Redacted(side, kind), count);
    }

    fn add_counted(&mut self, project_id: i32, received_at: Timestamp, counted: Counted, count: u64) {
        if count > 0 {
            *self.0.entry((project_id, hour_of(received_at), counted)).or_default() += count;
        }
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Self) {
        for (&key, count) in &other.0 {
            *self.0.entry(key).or_default() += count;
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sums, in a fixed order, so that two writers take locks in the same one.
    pub fn counts(&self) -> Vec<OutcomeCount> {
        let count = |((project_id, hour, counted), count): (&(i32, Timestamp, Counted), &u64)| OutcomeCount {
            project_id: *project_id,
            hour: *hour,
            outcome: counted.as_str().into(),
            reason: counted.reason().into(),
            count: *count,
        };
        let mut counts: Vec<_> = self.0.iter().map(count).collect();
        counts.sort_unstable();
        counts
    }
}
