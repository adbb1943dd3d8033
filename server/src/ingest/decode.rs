//! Judges the events of one batch and makes rows of those that pass. Pure: no waiting, no clock.

use std::{collections::HashSet, sync::Arc};

use pharos_model::{
    Event, EventId, Judge, RawEvent, Refusal, Source, Timestamp, UserHash,
    pii::{KindCounts, Rules},
    salvage,
    wire::{RawBatch, Verdict},
};
use uuid::Uuid;

use crate::{
    identity::{Pepper, random_bytes},
    store::{QuarantineRow, Row, quarantine::Origin},
};

/// What holds for every event of a batch.
pub(super) struct Judging<'a> {
    pub(super) project_id: i32,
    pub(super) source: Source,
    pub(super) received_at: Timestamp,
    pub(super) context: Arc<str>,
    pub(super) rules: &'a Rules,
    /// `None`: nothing may say whose the events are.
    pub(super) pepper: Option<&'a Pepper>,
    /// Why valid events are left out, if they are.
    pub(super) filtered: Option<&'static str>,
}

impl Judging<'_> {
    fn user_id(&self, user: Option<UserHash>) -> Option<Uuid> {
        Some(self.pepper?.user_id(&user?))
    }
}

/// A judged batch.
pub(super) struct Decoded {
    /// For each event sent: its id and what becomes of it.
    pub(super) events: Vec<(Option<String>, Fate)>,
    /// The rows to be stored.
    pub(super) rows: Vec<Row>,
    /// What is kept of refused events.
    pub(super) quarantine: Vec<QuarantineRow>,
    /// What was stripped from the events that passed.
    pub(super) redactions: KindCounts,
}

/// What becomes of an event.
pub(super) enum Fate {
    /// Nothing more.
    Decided(Verdict),
    /// It depends on what the store says of this row.
    Row(usize),
}

/// Judges every event of `batch`.
pub(super) fn decode(batch: &RawBatch<'_>, judging: &Judging<'_>) -> Decoded {
    let mut events = Vec::with_capacity(batch.events.len());
    let mut rows = Vec::with_capacity(batch.events.len());
    let mut ids = HashSet::with_capacity(batch.events.len());
    let mut fallback_ids = FallbackIds::new(judging.received_at);

    let mut quarantine = Vec::new();
    let mut redactions = KindCounts::default();
    for bytes in &batch.events {
        let judge = Judge {
            received_at: judging.received_at,
            sent_at: batch.sent_at,
            rules: judging.rules,
            fallback_id: fallback_ids.next(),
        };
        let raw = RawEvent::read(bytes);
        let sent_id = raw.as_ref().ok().and_then(RawEvent::id_text).map(str::to_owned);
        let judged = raw.and_then(|raw| raw.judge(&judge));
        let (id, fate) = match judged {
            Err(refusal) => {
                quarantine.extend(refused(bytes, &refusal, &judge, judging));
                (sent_id, Fate::Decided(Verdict::Invalid(refusal)))
            }
            Ok(event) => {
                redactions.add(&event.redactions);
                let id = sent_id.or_else(|| Some(event.id.to_string()));
                let fate = if let Some(reason) = judging.filtered {
                    Fate::Decided(Verdict::Filtered(reason))
                } else if !ids.insert(event.id) {
                    Fate::Decided(Verdict::Duplicate)
                } else {
                    let user_id = judging.user_id(event.user);
                    let origin = (judging.project_id, judging.source, judging.received_at);
                    rows.push(row(event, user_id, judging.context.clone(), origin));
                    Fate::Row(rows.len() - 1)
                };
                (id, fate)
            }
        };
        events.push((id, fate));
    }
    Decoded { events, rows, quarantine, redactions }
}

/// What is kept of a refused event.
fn refused(
    bytes: &[u8],
    refusal: &Refusal,
    judge: &Judge<'_>,
    judging: &Judging<'_>,
) -> Option<QuarantineRow> {
    if judging.filtered.is_some() || !refusal.code.is_repairable() {
        return None;
    }
    let salvaged = salvage(bytes, judge)?;
    let origin = Origin {
        project_id: judging.project_id,
        source: judging.source,
        context: judging.context.clone(),
        user_id: judging.user_id(salvaged.user),
        received_at: judging.received_at,
    };
    let content = salvaged.content().to_owned();
    let (code, field) = (refusal.code.as_str(), refusal.field.clone());
    Some(QuarantineRow::new(code, field, salvaged.event, &content, origin))
}

/// The row of an event: with whose it is, who sent it, and when it was received.
pub(super) fn row(
    event: Event,
    user_id: Option<Uuid>,
    context: Arc<str>,
    (project_id, source, received_at): (i32, Source, Timestamp),
) -> Row {
    Row {
        id: event.id,
        project_id,
        event: event.name,
        timestamp: event.timestamp,
        properties: event.properties,
        user_id,
        session_id: event.session_id,
        source,
        // The model bounds it by SEQ_MAX, which is i32::MAX.
        seq: event.seq.and_then(|seq| i32::try_from(seq).ok()),
        context,
        created_at: received_at,
    }
}

/// Ids for events that were sent without one, in the order sent. One draw of randomness does for a
/// batch: the rest is counting.
struct FallbackIds {
    received_at: Timestamp,
    random: [u8; 10],
    count: u16,
}

impl FallbackIds {
    fn new(received_at: Timestamp) -> Self {
        Self { received_at, random: random_bytes(), count: 0 }
    }

    fn next(&mut self) -> EventId {
        let mut random = self.random;
        // The first two bytes hold version and 12 bits: enough for the 500 events of a batch.
        random[..2].copy_from_slice(&self.count.to_be_bytes());
        self.count += 1;
        EventId::v7(self.received_at.unix_ms(), random)
    }
}
