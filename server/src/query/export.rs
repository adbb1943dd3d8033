//! Stored events as CSV or NDJSON, page by page: as many as there are, in the memory of one page.
//!
//! A page is a query of its own. Windows of time are cut by the rollups' counts so that each holds about a page,
//! and what lies between them is never looked at. Events stored while an export runs are in it if their time was
//! not passed yet.

use std::{collections::VecDeque, sync::Arc};

use pharos_model::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::recent::RecentEvent;
use crate::store::{Store, StoreError, StoreResult, StoredEvent, export::Page};

/// Events of a page: with the largest there are, 64 MiB.
const PAGE_EVENTS: u32 = 2000;
const MINUTE_MS: i64 = 60_000;
/// Time whose counts are read at once.
const LOOK_AHEAD_MS: i64 = 24 * 3_600_000;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header line, then a line for each event; properties and context are JSON in a cell. A cell that a
    /// spreadsheet would take for a formula begins with an apostrophe.
    Csv,
    /// A JSON object for each line, as `GET /v1/events` shows it.
    Ndjson,
}

/// Which events.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Only this project's.
    pub project_id: i32,
    /// Only events of this name.
    pub event: Option<String>,
    /// From this time on.
    pub start: Timestamp,
    /// Before this time.
    pub end: Timestamp,
}

/// An export under way.
pub struct Export {
    store: Arc<dyn Store>,
    selection: Selection,
    format: Format,
    /// Up to where windows were cut.
    planned: Timestamp,
    windows: VecDeque<(Timestamp, Timestamp)>,
    /// The last event written, while its window is not done.
    after: Option<(Timestamp, Uuid)>,
    header_is_due: bool,
}

/// Part of an export.
#[derive(Debug)]
pub struct Part {
    /// Whole lines.
    pub bytes: Vec<u8>,
    /// Events in them.
    pub events: u64,
}

#[derive(Serialize)]
struct Line {
    id: String,
    event: String,
    timestamp: String,
    properties: String,
    user_id: Option<String>,
    session_id: Option<String>,
    source: String,
    seq: Option<i32>,
    context: String,
    created_at: String,
}

const HEADER: &[u8] = b"id,event,timestamp,properties,user_id,session_id,source,seq,context,created_at\r\n";

impl Export {
    /// An export from its beginning.
    pub fn new(store: Arc<dyn Store>, selection: Selection, format: Format) -> Self {
        let planned = selection.start;
        let header_is_due = format == Format::Csv;
        Self { store, selection, format, planned, windows: VecDeque::new(), after: None, header_is_due }
    }

    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// When the store fails: what was written so far is not the whole.
    pub async fn next(&mut self) -> StoreResult<Option<Part>> {
        if std::mem::take(&mut self.header_is_due) {
            return Ok(Some(Part { bytes: HEADER.to_vec(), events: 0 }));
        }
        loop {
            let Some(&(start, end)) = self.windows.front() else {
                if self.planned >= self.selection.end {
                    return Ok(None);
                }
                self.plan().await?;
                continue;
            };
            // Nothing comes before the start of a window but what ends the one before it.
            let before = (Timestamp::from_unix_ms(start.unix_ms() - 1), Uuid::max());
            let page = Page {
                project_id: self.selection.project_id,
                event: self.selection.event.as_deref(),
                after: self.after.unwrap_or(before),
                end,
                limit: PAGE_EVENTS,
            };
            let events = self.store.events_page(&page).await?;
            let is_full = events.len() == PAGE_EVENTS as usize;
            self.after = events.last().filter(|_| is_full).map(|event| (event.timestamp, event.id));
            if !is_full {
                self.windows.pop_front();
            }
            if !events.is_empty() {
                return self.write(events).map(Some);
            }
        }
    }

    /// Cuts the next day into windows that hold about a page each.
    async fn plan(&mut self) -> StoreResult<()> {
        let Selection { project_id, start, end, .. } = self.selection;
        let until = Timestamp::from_unix_ms((self.planned.unix_ms() + LOOK_AHEAD_MS).min(end.unix_ms()));
        let floor = |at: Timestamp| Timestamp::from_unix_ms(at.unix_ms().div_euclid(MINUTE_MS) * MINUTE_MS);
        let counts = self.store.count_by_slice(project_id, floor(self.planned), until, MINUTE_MS).await?;
        let mut open: Option<(Timestamp, Timestamp, i64)> = None;
        for (minute, count) in counts {
            let minute_end = Timestamp::from_unix_ms(minute.unix_ms() + MINUTE_MS);
            let (from, to) = (minute.max(self.planned).max(start), minute_end.min(until));
            open = match open {
                Some((first, _, sum)) if sum + count <= i64::from(PAGE_EVENTS) => {
                    Some((first, to, sum + count))
                }
                full => {
                    self.windows.extend(full.map(|(first, last, _)| (first, last)));
                    Some((from, to, count))
                }
            };
        }
        self.windows.extend(open.map(|(first, last, _)| (first, last)));
        self.planned = until;
        Ok(())
    }

    fn write(&self, events: Vec<StoredEvent>) -> StoreResult<Part> {
        let count = events.len() as u64;
        let broken = |error: &dyn std::fmt::Display| StoreError::BadData(error.to_string());
        let mut bytes = Vec::with_capacity(events.len() * 512);
        match self.format {
            Format::Ndjson => {
                for event in events {
                    let event = RecentEvent::try_from(event)?;
                    serde_json::to_writer(&mut bytes, &event).map_err(|error| broken(&error))?;
                    bytes.push(b'\n');
                }
            }
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new()
                    .has_headers(false)
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(&mut bytes);
                for event in events {
                    csv.serialize(line(event)).map_err(|error| broken(&error))?;
                }
                csv.flush().map_err(|error| broken(&error))?;
                drop(csv);
            }
        }
        Ok(Part { bytes, events: count })
    }
}

fn line(event: StoredEvent) -> Line {
    Line {
        id: event.id.to_string(),
        event: harmless(event.event),
        timestamp: event.timestamp.to_string(),
        properties: harmless(event.properties),
        user_id: event.user_id.map(|id| id.to_string()),
        session_id: event.session_id.map(harmless),
        source: event.source,
        seq: event.seq,
        context: harmless(event.context),
        created_at: event.created_at.to_string(),
    }
}

/// Spreadsheets run cells that begin like a formula; an apostrophe before them makes them text. Whoever sends
/// events chooses the text, and whoever opens the export did not write it.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}
