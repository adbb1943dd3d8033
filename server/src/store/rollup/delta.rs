//! Who was there, as a flush appends it: for each event name and minute, a hash of every user and session.
//!
//! Written for all rows of the flush, known ids too, and that is right: a union takes a user twice and has
//! it once, and whoever a duplicate brings was brought by its first try. So this needs no knowledge of
//! which ids were new, and goes into the same statement as the rows. Counts do need it, and are apart.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::minute_of;
use crate::store::{Row, StoreError, StoreResult};

/// The users and sessions of one event name in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub project_id: i32,
    /// Name of the events.
    pub event: String,
    /// Of the events' own time.
    pub minute: i64,
    /// Hashes of the users, each once.
    pub users: Vec<u64>,
    /// Hashes of the sessions, each once.
    pub sessions: Vec<u64>,
}

/// Sketches take this for a user. Ids are made by HMAC: any 64 bits of one are as good as any hash.
pub(crate) const fn hash_user(user_id: Uuid) -> u64 {
    user_id.as_u64_pair().1 ^ user_id.as_u64_pair().0
}

/// Sketches take this for a session: FNV-1a, which is stable across versions and machines. The sketch
/// hashes it once more.
pub(crate) fn hash_session(session_id: &str) -> u64 {
    session_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[derive(Default)]
struct Hashes {
    users: Vec<u64>,
    sessions: Vec<u64>,
}

/// What to append for `rows`: for each project, its entries in one piece.
pub(crate) fn pack<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Vec<(i32, Vec<u8>)> {
    let mut groups: BTreeMap<(i32, &str, i64), Hashes> = BTreeMap::new();
    for row in rows {
        if row.user_id.is_none() && row.session_id.is_none() {
            continue;
        }
        let hashes = groups.entry((row.project_id, &row.event, minute_of(row.timestamp))).or_default();
        hashes.users.extend(row.user_id.map(hash_user));
        hashes.sessions.extend(row.session_id.as_deref().map(hash_session));
    }
    let mut packed: Vec<(i32, Vec<u8>)> = Vec::new();
    for ((project_id, event, minute), Hashes { users, sessions }) in groups {
        if packed.last().is_none_or(|(last, _)| *last != project_id) {
            packed.push((project_id, Vec::new()));
        }
        let Some((_, out)) = packed.last_mut() else { continue };
        // A name has at most 100 bytes (pharos_model::limits).
        out.push(u8::try_from(event.len()).unwrap_or(u8::MAX));
        out.extend(&event.as_bytes()[..event.len().min(u8::MAX.into())]);
        out.extend(minute.to_le_bytes());
        for mut hashes in [users, sessions] {
            hashes.sort_unstable();
            hashes.dedup();
            out.extend(u32::try_from(hashes.len()).unwrap_or(u32::MAX).to_le_bytes());
            hashes.iter().for_each(|hash| out.extend(hash.to_le_bytes()));
        }
    }
    packed
}

/// The entries of one piece.
///
/// # Errors
/// When it is not one.
pub(crate) fn unpack(project_id: i32, content: &[u8]) -> StoreResult<Vec<Entry>> {
    let damaged = || StoreError::BadData("table sketch_deltas holds a damaged row".to_owned());
    let mut rest = Reader(content);
    let mut entries = Vec::new();
    while !rest.0.is_empty() {
        let entry = rest.entry(project_id).ok_or_else(damaged)?;
        entries.push(entry);
    }
    Ok(entries)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn entry(&mut self, project_id: i32) -> Option<Entry> {
        let [length] = self.take::<1>()?;
        let (event, rest) = self.0.split_at_checked(length.into())?;
        let event = str::from_utf8(event).ok()?.to_owned();
        self.0 = rest;
        let minute = i64::from_le_bytes(self.take()?);
        Some(Entry { project_id, event, minute, users: self.hashes()?, sessions: self.hashes()? })
    }

    fn hashes(&mut self) -> Option<Vec<u64>> {
        let count = u32::from_le_bytes(self.take()?) as usize;
        let (bytes, rest) = self.0.split_at_checked(count.checked_mul(8)?)?;
        self.0 = rest;
        Some(bytes.as_chunks::<8>().0.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect())
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use pharos_model::{EventId, Source, Timestamp};

    use super::*;

    fn row(project_id: i32, event: &str, minute: i64, user: Option<u128>, session: Option<&str>) -> Row {
        let timestamp = Timestamp::from_unix_ms(minute * 60_000 + 59_999);
        Row {
            id: EventId::v7(0, [0; 10]),
            project_id,
            event: event.to_owned(),
            timestamp,
            properties: "{}".to_owned(),
            user_id: user.map(Uuid::from_u128),
            session_id: session.map(str::to_owned),
            source: Source::Client,
            seq: None,
            context: "{}".into(),
            created_at: timestamp,
        }
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let rows = [
            row(1, "b", 10, Some(5), Some("s")),
            row(2, "a", 10, None, Some("t")),
            row(1, "b", 10, Some(5), Some("r")),
            row(1, "a", -3, Some(6), None),
            row(1, "c", 9, None, None),
        ];
        let packed = pack(&rows);
        let entries: Vec<Entry> =
            packed.iter().flat_map(|(project, bytes)| unpack(*project, bytes).unwrap()).collect();
        let shape: Vec<_> = entries
            .iter()
            .map(|entry| {
                (
                    entry.project_id,
                    entry.event.as_str(),
                    entry.minute,
                    entry.users.len(),
                    entry.sessions.len(),
                )
            })
            .collect();
        assert_eq!(shape, [(1, "a", -3, 1, 0), (1, "b", 10, 1, 2), (2, "a", 10, 0, 1)]);
        assert!(unpack(1, &packed[0].1[..packed[0].1.len() - 1]).is_err());
        assert!(unpack(1, &[200, 1, 2]).is_err());
    }
}
