//! `pharos seed-demo`: fills a database with events to look at, by the way that real ones go.

use anyhow::Context;
use pharos_server::{
    clock,
    config::Config,
    seed::{Demo, Plan},
    setup,
    store::{Compacted, Flush, Mark, Recent, Row, Store},
};

use crate::{PROJECT, cli::SeedDemo, progress};

/// Rows of one transaction, as the server's own writer takes them.
const FLUSH_ROWS: usize = 1000;

const DAY_MS: i64 = 24 * 3_600_000;

/// Writes the events into the first project. A server may be running on the same database meanwhile.
pub(crate) async fn run(command: SeedDemo, config: &Config) -> anyhow::Result<()> {
    let store = setup::open_store(config).await?;
    let peppers = setup::peppers(config)?;
    let welcome = setup::first_start(config, &*store, &peppers).await?;
    let any = Recent { project_id: PROJECT, event: None, session_id: None, user_ids: Vec::new(), limit: 1 };
    anyhow::ensure!(
        command.force || store.recent(&any).await?.is_empty(),
        "there are events already, from which demo events could not be told: use another database, or --force"
    );
    let SeedDemo { events, days, seed, .. } = command;
    let end = clock::now();
    let plan = Plan { events, days, seed, end, project_id: PROJECT };
    seed_demo(&*store, plan, Demo::new(plan, &peppers.current)).await?;
    store.close().await;
    println!("{events} events of {days} days are in {}", setup::describe_database(config));
    for key in welcome.ingest_key.iter().chain(&welcome.secret_key) {
        println!("{key}");
    }
    Ok(())
}

async fn seed_demo(store: &dyn Store, plan: Plan, mut demo: Demo) -> anyhow::Result<()> {
    // The days gone by have their places as well, as if the server had been running then.
    for day in 0..=i64::from(plan.days) {
        let then = pharos_model::Timestamp::from_unix_ms(plan.end.unix_ms() - day * DAY_MS);
        store.make_room(then).await?;
    }
    let progress = progress::bar(plan.events, "events");
    let mut mark = Mark::new();
    while let Some(rows) = demo.next_hour() {
        for rows in rows.chunks(FLUSH_ROWS) {
            write(store, mark, rows).await.context("the events so far stay; run it again with --force")?;
            mark = mark.next();
            progress.inc(rows.len() as u64);
        }
        while store.compact().await? == Compacted::More {}
    }
    progress.finish_and_clear();
    Ok(())
}

async fn write(store: &dyn Store, mark: Mark, rows: &[Row]) -> anyhow::Result<()> {
    store.write(Flush { mark, rows, outcomes: &[], quarantine: &[] }).await?;
    Ok(())
}
