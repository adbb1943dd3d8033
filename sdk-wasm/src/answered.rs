//! What an answer means for the batch that was sent, as the one number that crosses to JavaScript.

use pharos_model::retry::{Backoff, Fate};

/// Its verdicts decide.
const VERDICTS: i32 = -1;

/// It was refused for good.
const REFUSED: i32 = -2;

/// Reads an answer: [`VERDICTS`], [`REFUSED`], or in how many milliseconds the batch is to be sent again.
pub(crate) fn answered(
    backoff: &mut Backoff,
    status: u16,
    named: bool,
    retry_after_s: u32,
    random: f64,
) -> i32 {
    let meaning = match Fate::of(status, named) {
        Fate::Verdicts => VERDICTS,
        Fate::Again => return backoff.failed(retry_after_s, random) as i32,
        Fate::TooLarge | Fate::BadKey | Fate::Refused => REFUSED,
    };
    backoff.succeeded();
    meaning
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn an_answer_decides_or_says_when_to_try_again() {
        let first = |status, named| answered(&mut Backoff::default(), status, named, 0, 0.5);
        assert_eq!(first(200, true), VERDICTS);
        assert_eq!(first(200, false), 500);
        assert_eq!(first(0, false), 500);
        assert_eq!(first(503, false), 500);
        for status in [301, 400, 401, 403, 404, 413, 415] {
            assert_eq!(first(status, false), REFUSED, "{status}");
        }
    }

    #[test]
    fn what_is_decided_ends_the_row_of_failures() {
        for (status, named) in [(200, true), (400, false)] {
            let mut backoff = Backoff::default();
            assert_eq!([0; 3].map(|_| answered(&mut backoff, 503, false, 0, 0.5)), [500, 1000, 2000]);
            answered(&mut backoff, status, named, 0, 0.5);
            assert_eq!(answered(&mut backoff, 503, false, 7, 0.5), 7_500);
        }
    }
}
