//! The rollups held against the table: counts, which must agree exactly, and a week of distinct counts.

use super::{Finding, failed};
use crate::{
    clock,
    store::{
        Store, StoreResult,
        checks::Difference,
        rollup::{Size, minute_of},
    },
};

type Say<'a> = &'a mut (dyn FnMut(Finding) + Send);

/// Differences shown.
const SHOWN: usize = 5;
const DAYS: i64 = 7;
/// Five standard errors of a sketch: 0.8% each.
const ERROR_MAX: f64 = 0.04;

pub(super) async fn compare(store: &dyn Store, say: Say<'_>) {
    match store.damage().await {
        Ok(None) => {}
        Ok(Some(damage)) => {
            let advice =
                "stop the server and bring back a backup; `sqlite3 pharos.db .recover` may save the rest";
            say(Finding::wrong("database", damage, advice));
        }
        Err(error) => say(failed("database", &error)),
    }
    let compared = async {
        let since = store.whole_since().await?;
        for project in store.projects().await? {
            let found = store.differences(project.id, since).await?;
            let erased = store.events_erased().await?;
            say(counts(&project.name, &found, erased));
            distinct(store, (project.id, &project.name), since, say).await?;
        }
        Ok::<_, crate::store::StoreError>(())
    };
    if let Err(error) = compared.await {
        say(failed("rollups", &error));
    }
}

fn counts(project: &str, found: &[Difference], erased: i64) -> Finding {
    if found.is_empty() {
        return Finding::well(
            "rollups",
            format!("counts of project {project} agree with the table, all of them"),
        );
    }
    let in_minutes = || found.iter().filter(|difference| difference.rollup == "minutes");
    let more: i64 = in_minutes().map(|difference| difference.counted - difference.stored).sum();
    let only_more = found.iter().all(|difference| difference.counted >= difference.stored);
    let of_table =
        found.iter().all(|difference| !matches!(difference.rollup, "days" | "all events together"));
    if only_more && of_table && more <= erased {
        return Finding::note(
            "rollups",
            format!(
                "counts of project {project} have {more} events more than the table: those of persons erased"
            ),
            "they may stay; `pharos rollup rebuild` takes them out of the counts too",
        );
    }
    let mut what = format!("{} counts of project {project} differ from the table:", found.len());
    for Difference { start, event, rollup, stored, counted } in found.iter().take(SHOWN) {
        let event = if event.is_empty() { "all events" } else { event };
        what.push_str(&format!("\n  {rollup} from {start}, {event}: {counted}, should be {stored}"));
    }
    if found.len() > SHOWN {
        what.push_str("\n  ...");
    }
    Finding::wrong("rollups", what, "pharos rollup rebuild")
}

#[allow(clippy::cast_precision_loss, reason = "a relative error")]
async fn distinct(
    store: &dyn Store,
    (project_id, project): (i32, &str),
    since: i64,
    say: Say<'_>,
) -> StoreResult<()> {
    // Of days that are over: what waits to be folded belongs to the present one, nearly all of it.
    let today = Size::Day.floor(minute_of(clock::now()));
    let mut worst: f64 = 0.0;
    let mut of_day = None;
    for day in (1..=DAYS).map(|days| today - days * Size::Day.minutes()).filter(|&day| day >= since) {
        let found = store.distinct_of_day(project_id, day).await?;
        for (stored, estimated) in [(found.stored.0, found.estimated.0), (found.stored.1, found.estimated.1)]
        {
            let error = (estimated - stored).abs() as f64 / stored.max(1) as f64;
            if error > worst {
                (worst, of_day) = (error, Some(found.day));
            }
        }
    }
    let percent = worst * 100.0;
    say(match of_day {
        Some(day) if worst > ERROR_MAX => {
            let what =
                format!("distinct counts of project {project} are off by {percent:.1}% on the day of {day}");
            Finding::wrong("rollups", what, "pharos rollup rebuild")
        }
        _ => {
            let what =
                format!("distinct counts of project {project} over {DAYS} days are within {percent:.1}%");
            Finding::well("rollups", what)
        }
    });
    Ok(())
}
