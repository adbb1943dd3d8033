//! A request's body: how long it may take, how large it may be, and gzip. Every byte kept is accounted
//! for before it is kept.

use std::io::Read;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use pharos_model::limits::{BATCH_BYTES_MAX, BATCH_DECOMPRESSED_BYTES_MAX};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::Error;
use crate::{
    config::Limits,
    ingest::{budget::Held, heavy},
};

/// Enough for a batch several times too large; what sends more than this is no sender of batches.
const DISCARD_BYTES_MAX: usize = 16 * BATCH_BYTES_MAX;

/// RFC 1952. JSON text cannot begin with it.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How the body is encoded, as far as the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Nothing is said; a beacon cannot set the header, so the first bytes decide.
    Unsaid,
    Gzip,
}

impl Encoding {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(Self::Unsaid) };
        match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Unsaid),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            _ => Err(Error::UnsupportedEncoding),
        }
    }
}

/// Reads a body of at most [`BATCH_BYTES_MAX`] bytes within the time limits.
pub(super) async fn read(
    body: &mut Body,
    headers: &HeaderMap,
    limits: &Limits,
    held: &mut Held,
) -> Result<Vec<u8>, Error> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > BATCH_BYTES_MAX) {
        return Err(Error::BatchTooLarge);
    }
    let deadline = Instant::now() + limits.body_timeout;
    let mut bytes = Vec::new();
    loop {
        let silence_until = Instant::now() + limits.body_idle_timeout;
        let frame = timeout_at(deadline.min(silence_until), body.frame()).await;
        let Some(frame) = frame.map_err(|_| Error::RequestTimeout)? else { return Ok(bytes) };
        let Ok(data) = frame.map_err(|_| Error::Interrupted)?.into_data() else { continue };
        if bytes.len() + data.len() > BATCH_BYTES_MAX {
            return Err(Error::BatchTooLarge);
        }
        held.grow(data.len())?;
        bytes.extend_from_slice(&data);
    }
}

/// Reads on without keeping anything, so that a sender that is still sending gets to read why it was
/// refused: closing a connection on bytes that were not read resets it, answer and all. Ends early with
/// a sender that sends too much or too slowly.
pub(super) async fn discard(body: &mut Body, limits: &Limits) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, |data| data.len());
            if bytes > DISCARD_BYTES_MAX {
                break;
            }
        }
    };
    // Out of time is as good as done.
    let _ = timeout(limits.body_idle_timeout, reading).await;
}

/// Undoes gzip, if the header or the first bytes say so, to at most [`BATCH_DECOMPRESSED_BYTES_MAX`].
pub(super) fn decode(bytes: Vec<u8>, encoding: Encoding, held: &mut Held) -> Result<Vec<u8>, Error> {
    if encoding == Encoding::Unsaid && !bytes.starts_with(&GZIP_MAGIC) {
        return Ok(bytes);
    }
    heavy(bytes.len() * 4, || gunzip(&bytes, held))
}

fn gunzip(bytes: &[u8], held: &mut Held) -> Result<Vec<u8>, Error> {
    const STEP: usize = 64 * 1024;
    let mut decoder = MultiGzDecoder::new(bytes);
    let mut text = Vec::new();
    loop {
        let before = text.len();
        let step = (&mut decoder).take(STEP as u64).read_to_end(&mut text).map_err(|_| Error::InvalidGzip)?;
        if text.len() > BATCH_DECOMPRESSED_BYTES_MAX {
            return Err(Error::DecompressedTooLarge);
        }
        held.grow(text.len() - before)?;
        if step < STEP {
            return Ok(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::budget::Budget;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unzip(bytes: Vec<u8>, budget: usize) -> (Result<Vec<u8>, Error>, usize) {
        let budget = Budget::new(budget);
        let mut held = budget.hold();
        let unzipped = decode(bytes, Encoding::Unsaid, &mut held);
        let before = budget.available();
        drop(held);
        (unzipped, budget.available() - before)
    }

    #[test]
    fn what_unzips_to_too_much_is_refused_before_it_is_kept() {
        let bomb = gzip(&vec![b' '; 4 * BATCH_DECOMPRESSED_BYTES_MAX]);
        let (refused, held) = unzip(bomb.clone(), usize::MAX >> 4);
        assert!(matches!(refused, Err(Error::DecompressedTooLarge)));
        assert!(held <= BATCH_DECOMPRESSED_BYTES_MAX);
        let (refused, held) = unzip(bomb, 100_000);
        assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");
        assert!(held <= 100_000);
    }

    proptest! {
        #[test]
        fn members_are_joined(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 1..4)) {
            let zipped: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
            let (unzipped, held) = unzip(zipped, 1 << 20);
            let unzipped = unzipped.unwrap();
            prop_assert_eq!(held, unzipped.len());
            prop_assert_eq!(unzipped, parts.concat());
        }

        #[test]
        fn damaged_bytes_are_an_error_or_some_text(
            text in prop::collection::vec(any::<u8>(), 0..2000),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut zipped = gzip(&text);
            for (place, byte) in damage {
                let place = place.index(zipped.len());
                zipped[place] = byte;
            }
            zipped.truncate(cut.index(zipped.len() + 1));
            let (unzipped, held) = unzip(zipped, 1 << 24);
            prop_assert!(held <= BATCH_DECOMPRESSED_BYTES_MAX);
            prop_assert!(!matches!(unzipped, Err(Error::Internal)));
        }

        #[test]
        fn any_bytes_behind_the_magic_end_in_bounds(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
            let (_, held) = unzip([&GZIP_MAGIC[..], &[8], &bytes].concat(), 1 << 24);
            prop_assert!(held <= BATCH_DECOMPRESSED_BYTES_MAX);
        }
    }
}
