//! From a batch's bytes to a verdict for each of its events. Knows nothing of HTTP and nothing of SQL;
//! it decides what each event becomes, the writer gets it stored.

pub mod backlog;
pub mod budget;
mod decode;
pub mod enrich;
pub mod live;
mod privacy;
pub mod redactions;
pub mod refused;
pub mod replay;
mod user_agent;
pub mod writer;

use std::sync::Arc;

use pharos_model::{
    Timestamp,
    wire::{RawBatch, Verdict},
};

use self::{
    budget::{Full, Held},
    decode::{Decoded, Fate},
    enrich::{Enricher, Sender},
    privacy::Privacy,
    redactions::Redactions,
    refused::Refused,
    writer::{Stored, Unavailable, WriterHandle},
};
use crate::{
    config::GpcPolicy,
    identity::Pepper,
    meters::Meters,
    outcome::{Outcome, Side, Tally},
    store::{QuarantineRow, Row},
};

/// Why no event of a batch got a verdict. The sender keeps them and tries again.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Memory for waiting batches is used up.
    #[error(transparent)]
    Full(#[from] Full),
    /// The store did not commit.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl IngestError {
    /// What became of every event of the batch.
    const fn outcome(&self) -> Outcome {
        match self {
            Self::Full(_) => Outcome::Refused("overloaded"),
            Self::Unavailable(_) => Outcome::Refused("store_unavailable"),
        }
    }
}

/// The verdicts on one batch, in the order sent, each with its event's id.
pub type Verdicts = Vec<(Option<String>, Verdict)>;

/// Judges batches and gets them stored.
pub struct Ingest {
    writer: WriterHandle,
    enricher: Enricher,
    pepper: Pepper,
    gpc: GpcPolicy,
    enabled: bool,
    refused: Refused,
    meters: Arc<Meters>,
    redactions: Redactions,
}

impl Ingest {
    /// An ingest that stores through `writer` and leaves to `refused` what it could not take. One that
    /// is not `enabled` filters every event.
    pub fn new(
        writer: WriterHandle,
        refused: Refused,
        meters: Arc<Meters>,
        enricher: Enricher,
        pepper: Pepper,
        gpc: GpcPolicy,
        enabled: bool,
    ) -> Self {
        Self { writer, enricher, pepper, gpc, enabled, refused, meters, redactions: Redactions::default() }
    }

    /// What was stripped so far.
    pub fn redactions(&self) -> &Redactions {
        &self.redactions
    }

    /// Judges the events of a batch. What comes of it holds nothing of the batch's text.
    pub fn judge(&self, batch: &RawBatch<'_>, sender: &Sender<'_>, received_at: Timestamp) -> Judged {
        let Sender { project_id, source, rules, .. } = *sender;
        let privacy = Privacy::of(batch, sender, self.gpc);
        let judging = decode::Judging {
            project_id,
            source,
            received_at,
            context: self.enricher.context(batch, sender, &privacy).into(),
            rules,
            pepper: (!privacy.is_anonymous()).then_some(&self.pepper),
            filtered: if self.enabled { privacy.filtered() } else { Some("disabled") },
        };
        let batch_bytes = batch.events.iter().map(|event| event.len()).sum();
        let Decoded { events, rows, quarantine, redactions } =
            heavy(batch_bytes, || decode::decode(batch, &judging));
        self.redactions.add(&redactions);
        let mut outcomes = Tally::default();
        for (kind, count) in redactions.iter() {
            outcomes.add_redactions(project_id, received_at, Side::Server, kind, count.into());
        }
        for &(kind, count) in &batch.redacted {
            outcomes.add_redactions(project_id, received_at, Side::Page, kind, count.into());
        }
        for (_, fate) in &events {
            if let Fate::Decided(verdict) = fate {
                outcomes.add(project_id, received_at, Outcome::of(verdict), 1);
            }
        }
        for (reason, count) in &batch.dropped {
            // A batch that is sent again says so again: better too many told than too few.
            outcomes.add(project_id, received_at, Outcome::dropped(reason), u64::from(*count));
        }
        let dropped = batch.dropped.iter().map(|(_, count)| u64::from(*count)).sum();
        Judged { project_id, received_at, events, rows, quarantine, outcomes, dropped }
    }

    /// Answers once what was judged is committed. `held` accounts for its memory until then, and for
    /// nothing else any more.
    ///
    /// # Errors
    /// When nothing was acknowledged; some events may be stored all the same, and a retry will find
    /// them to be duplicates.
    pub async fn store(&self, judged: Judged, mut held: Held) -> Result<Verdicts, IngestError> {
        let bytes = judged.bytes();
        let Judged { project_id, received_at, events, rows, quarantine, outcomes, dropped } = judged;
        if events.is_empty() && outcomes.is_empty() {
            return Ok(Vec::new());
        }
        let events_count = events.len() as u64;
        let submitted = match held.resize(bytes) {
            Ok(()) => self.writer.submit(rows, outcomes, quarantine, held).await.map_err(IngestError::from),
            Err(full) => Err(full.into()),
        };
        match submitted {
            Ok(stored) => {
                let verdicts = verdicts(events, &stored);
                self.meters.verdicts(verdicts.iter().map(|(_, verdict)| verdict));
                self.meters.events(Outcome::Dropped(""), dropped);
                Ok(verdicts)
            }
            Err(error) => {
                self.meters.events(error.outcome(), events_count);
                self.refused.add(project_id, received_at, error.outcome(), events_count);
                Err(error)
            }
        }
    }
}

/// What became of a batch's events so far: decided, or a row to store.
pub struct Judged {
    project_id: i32,
    received_at: Timestamp,
    events: Vec<(Option<String>, Fate)>,
    rows: Vec<Row>,
    quarantine: Vec<QuarantineRow>,
    outcomes: Tally,
    dropped: u64,
}

impl Judged {
    /// Bytes it holds in memory, roughly.
    fn bytes(&self) -> usize {
        let bytes_of_events = self.events.len() * (size_of::<(Option<String>, Fate)>() + ID_BYTES);
        let bytes_of_rows = self.rows.iter().map(Row::bytes).sum::<usize>();
        let bytes_of_quarantine = self.quarantine.iter().map(QuarantineRow::bytes).sum::<usize>();
        bytes_of_events + bytes_of_rows + bytes_of_quarantine
    }
}

/// An event's id as text, in memory of its own.
const ID_BYTES: usize = 48;

fn verdicts(events: Vec<(Option<String>, Fate)>, stored: &[Stored]) -> Verdicts {
    let verdict = |fate| match fate {
        Fate::Decided(verdict) => verdict,
        Fate::Row(index) => match stored[index] {
            Stored::New | Stored::Spooled => Verdict::Accepted,
            Stored::Known => Verdict::Duplicate,
            Stored::Refused => Verdict::Quarantined,
        },
    };
    events.into_iter().map(|(id, fate)| (id, verdict(fate))).collect()
}

/// Runs work over `bytes` of input; where that takes milliseconds, without holding up other requests.
pub(crate) fn heavy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    const BYTES_MIN: usize = 256 * 1024;
    if bytes < BYTES_MIN { work() } else { tokio::task::block_in_place(work) }
}
