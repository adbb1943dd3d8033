//! The queue's copy on disk: what waits there outlives the process. The only file that touches the disk.
//!
//! A folder holds segments, one line an event, each written by one process, which holds a lock on it as long as it
//! lives. A segment goes when all of its events are settled. One without a lock was left behind, and whoever
//! locks it has it. Events have ids, so one that was sent and not yet removed is a duplicate the second time.

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use pharos_model::wire::Consent;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A segment this large is followed by another.
const SEGMENT_BYTES_FULL: u64 = 256 * 1024;

/// A larger file than this is none of ours.
const SEGMENT_BYTES_MAX: u64 = 1024 * 1024;

/// What a segment's name begins and ends with.
const PREFIX: &str = "pharos-";
const SUFFIX: &str = ".jsonl";

/// One line.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<&'a str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<&'a RawValue>,
    /// Losses that could not be reported.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub(crate) dropped: HashMap<String, u32>,
}

impl<'a> Line<'a> {
    /// The line of an event, which is JSON.
    pub(crate) fn of_event(event: &'a RawValue, consent: Option<Consent>) -> Self {
        Self { consent: consent.map(Consent::as_str), event: Some(event), dropped: HashMap::new() }
    }

    /// A line of losses alone.
    pub(crate) fn of_losses(dropped: HashMap<String, u32>) -> Self {
        Self { dropped, ..Self::default() }
    }

    pub(crate) fn consent(&self) -> Option<Consent> {
        Consent::parse(self.consent?)
    }
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    /// Holds the lock.
    file: File,
    bytes: u64,
    /// Events in it that are not settled.
    open: usize,
}

/// What another process left behind.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) segment: u64,
    pub(crate) lines: Vec<String>,
}

/// One process's part of a folder.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    bytes_max: u64,
    token: String,
    count: u64,
    segments: HashMap<u64, Segment>,
    current: Option<u64>,
    /// Bytes of other processes' segments, when last looked at.
    others_bytes: u64,
}

impl Journal {
    /// Opens the folder, and makes it if it is not there. `bytes_max`: of all that it may hold, about.
    pub(crate) fn open(folder: &Path, bytes_max: u64) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let token = format!("{:016x}", fastrand::u64(..));
        let folder = folder.to_owned();
        let segments = HashMap::new();
        Ok(Self { folder, bytes_max, token, count: 0, segments, current: None, others_bytes: 0 })
    }

    /// Whether the folder has no room for so many bytes.
    pub(crate) fn is_full(&self, bytes: usize) -> bool {
        let own: u64 = self.segments.values().map(|segment| segment.bytes).sum();
        own + self.others_bytes + bytes as u64 > self.bytes_max
    }

    /// Writes a line, of one event or of none. Returns its segment. Written is: it outlives the process, though
    /// not a loss of power.
    pub(crate) fn append(&mut self, line: &Line<'_>) -> io::Result<u64> {
        if let Some(current) = self.current
            && self.segments[&current].bytes >= SEGMENT_BYTES_FULL
        {
            self.current = None;
            self.remove_if_done(current);
        }
        let number = match self.current {
            Some(current) => current,
            None => self.begin()?,
        };
        self.current = Some(number);
        let segment = self.segments.get_mut(&number).expect("the current one is there");
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if let Err(error) = segment.file.write_all(&text) {
            // Half a line may stand there now: nothing may follow it.
            self.current = None;
            self.remove_if_done(number);
            return Err(error);
        }
        segment.bytes += text.len() as u64;
        segment.open += 1;
        Ok(number)
    }

    /// One event of the segment is done with.
    pub(crate) fn settle(&mut self, number: u64) {
        let Some(segment) = self.segments.get_mut(&number) else { return };
        segment.open = segment.open.saturating_sub(1);
        if segment.open == 0 && self.current == Some(number) {
            self.current = None;
        }
        self.remove_if_done(number);
    }

    /// Takes over one segment that was left behind, of at most so many bytes.
    pub(crate) fn adopt(&mut self, bytes_max: usize) -> Option<Found> {
        self.others_bytes = 0;
        let mut found = None;
        for entry in fs::read_dir(&self.folder).ok()?.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_ours = name.contains(&self.token);
            if is_ours || !name.starts_with(PREFIX) || !name.ends_with(SUFFIX) {
                continue;
            }
            let bytes = entry.metadata().map_or(0, |file| file.len());
            let may_be = found.is_none() && bytes <= (bytes_max as u64).min(SEGMENT_BYTES_MAX);
            match if may_be { self.take(entry.path()) } else { None } {
                Some(taken) => found = Some(taken),
                None => self.others_bytes += bytes,
            }
        }
        found
    }

    /// Locks another's segment and reads it; `None` if its process lives, or another one was faster.
    fn take(&mut self, path: PathBuf) -> Option<Found> {
        let mut file = OpenOptions::new().read(true).append(true).open(&path).ok()?;
        file.try_lock().ok()?;
        let mut bytes = Vec::new();
        file.rewind().ok()?;
        (&file).take(SEGMENT_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        // Without a line break at its end, the last line is what a process was killed while writing.
        let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |index| index + 1);
        let lines: Vec<String> = bytes[..end]
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        let number = self.next();
        let segment = Segment { path, file, bytes: bytes.len() as u64, open: lines.len() };
        self.segments.insert(number, segment);
        self.remove_if_done(number);
        Some(Found { segment: number, lines })
    }

    fn begin(&mut self) -> io::Result<u64> {
        let number = self.next();
        let path = self.folder.join(format!("{PREFIX}{}-{number}{SUFFIX}", self.token));
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        // Somebody who looks for what was left may hold it for a moment; it is empty, so they let go.
        file.lock()?;
        if !path.exists() {
            return self.begin();
        }
        self.segments.insert(number, Segment { path, file, bytes: 0, open: 0 });
        Ok(number)
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn remove_if_done(&mut self, number: u64) {
        if self.current != Some(number)
            && self.segments.get(&number).is_some_and(|segment| segment.open == 0)
            && let Some(segment) = self.segments.remove(&number)
        {
            // The lock goes with the file. What cannot be removed is found again, and then done with.
            let _ = fs::remove_file(&segment.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_a_process_left_is_taken_over_once_and_goes_when_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Journal::open(folder.path(), 1 << 20).unwrap();
        let (one, two) = (raw(r#"{"event":"one"}"#), raw(r#"{"event":"two"}"#));
        let segment = first.append(&Line::of_event(&one, Some(Consent::Granted))).unwrap();
        first.append(&Line::of_event(&two, None)).unwrap();
        first.settle(segment);

        let mut second = Journal::open(folder.path(), 1 << 20).unwrap();
        assert!(second.adopt(usize::MAX).is_none(), "its process lives");
        drop(first);
        assert!(second.adopt(10).is_none(), "there is no room for it");
        let found = second.adopt(usize::MAX).unwrap();
        let mut third = Journal::open(folder.path(), 1 << 20).unwrap();
        assert!(third.adopt(usize::MAX).is_none(), "another process has it");
        let line: Line<'_> = serde_json::from_str(&found.lines[0]).unwrap();
        assert_eq!((line.event.unwrap().get(), line.consent()), (one.get(), Some(Consent::Granted)));
        assert_eq!(found.lines.len(), 2);
        second.settle(found.segment);
        assert_eq!(files(folder.path()), 1);
        second.settle(found.segment);
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn a_line_that_was_not_finished_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Journal::open(folder.path(), 1 << 20).unwrap();
        first.append(&Line::of_event(&raw("{}"), None)).unwrap();
        let path = first.segments[&1].path.clone();
        drop(first);
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"event\":{\"ev").unwrap();
        let found = Journal::open(folder.path(), 1 << 20).unwrap().adopt(usize::MAX).unwrap();
        assert_eq!(found.lines, [r#"{"event":{}}"#]);
    }

    #[test]
    fn a_folder_has_its_bound_and_what_others_left_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Journal::open(folder.path(), 100).unwrap();
        let event = raw(&format!(r#"{{"event":"{}"}}"#, "x".repeat(40)));
        first.append(&Line::of_event(&event, None)).unwrap();
        assert!(first.is_full(60) && !first.is_full(20));
        let mut second = Journal::open(folder.path(), 100).unwrap();
        assert!(second.adopt(usize::MAX).is_none());
        assert!(second.is_full(60));
    }

    proptest! {
        /// Files in the folder may be anybody's.
        #[test]
        fn any_file_is_read_or_left_alone(bytes: Vec<u8>) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("pharos-0-0.jsonl"), &bytes).unwrap();
            let mut journal = Journal::open(folder.path(), 1 << 20).unwrap();
            let found = journal.adopt(usize::MAX).unwrap();
            for line in &found.lines {
                let _ = serde_json::from_str::<Line<'_>>(line);
                journal.settle(found.segment);
            }
            prop_assert_eq!(files(folder.path()), 0);
        }
    }
}
