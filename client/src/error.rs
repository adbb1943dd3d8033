//! What became of an event, and why not.

use pharos_model::{EventId, Refusal};

/// What the server did with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is committed.
    Accepted,
    /// Its id was already stored.
    Duplicate,
    /// It is valid, and was left out by a rule: by the server's for this reason, or here because the person
    /// denied consent (`consent`) or telemetry is off (`disabled`).
    Filtered {
        /// Why.
        reason: String,
    },
    /// The database did not take it; it is kept for a person to look at.
    Quarantined,
}

/// Why an event was not stored, as far as is known.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It breaks a rule of the event; it was not sent.
    #[error("{0}")]
    Invalid(Refusal),
    /// The server, whose rules may be of another version, found that it breaks one.
    #[error("{code} in {field:?}: {detail}")]
    InvalidForServer {
        /// The stable code.
        code: String,
        /// Where.
        field: String,
        /// What was expected.
        detail: String,
    },
    /// The server refused the whole batch: an unknown key, for one.
    #[error("the server refuses the batch, status {status} {code}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's stable code.
        code: String,
    },
    /// There was no verdict in time. The event is given up, and may have arrived: logged again with this id it
    /// counts once.
    #[error("no verdict within {waited_ms} ms ({last_error})")]
    Unavailable {
        /// The event's id.
        id: EventId,
        /// How long was waited.
        waited_ms: u64,
        /// What went wrong last.
        last_error: String,
    },
    /// As many events wait as may.
    #[error("too many events wait to be sent")]
    QueueFull,
    /// The client was shut down before.
    #[error("the client was shut down")]
    ShutDown,
}

impl Error {
    /// A stable word for programs: a code of the model or the server, or `unavailable`, `queue_full`,
    /// `shut_down`.
    pub fn code(&self) -> &str {
        match self {
            Self::Invalid(refusal) => refusal.code.as_str(),
            Self::InvalidForServer { code, .. } | Self::Refused { code, .. } => code,
            Self::Unavailable { .. } => "unavailable",
            Self::QueueFull => "queue_full",
            Self::ShutDown => "shut_down",
        }
    }

    /// The field that breaks a rule, such as `properties.cart.0.note`; empty where the event as a whole is
    /// meant.
    pub fn field(&self) -> &str {
        match self {
            Self::Invalid(refusal) => &refusal.field,
            Self::InvalidForServer { field, .. } => field,
            _ => "",
        }
    }

    /// Whether the same event may be taken later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::QueueFull)
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting will not do.
    #[error("{name}: expected {expected}")]
    Setting {
        /// Which, as the builder's method or the environment variable is called.
        name: &'static str,
        /// What was expected, as half a sentence.
        expected: &'static str,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// The queue's folder could not be opened.
    #[error("the queue's folder: {0}")]
    Folder(#[from] std::io::Error),
    /// There is no Tokio runtime here: the client sends from a task of its own.
    #[error("there is no Tokio runtime")]
    NoRuntime,
}
