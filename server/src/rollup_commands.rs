//! `pharos rollup rebuild`.

use anyhow::Context;
use pharos_server::{config::Config, rebuild::Plan, setup};

use crate::{cli::RollupCommand, progress};

/// Runs one of the commands. Servers may be running on the same database meanwhile.
pub(crate) async fn run(command: RollupCommand, config: &Config) -> anyhow::Result<()> {
    let RollupCommand::Rebuild = command;
    let store = setup::open_store(config).await?;
    let plan = Plan::make(&*store).await?;
    match plan.since {
        None => println!("{} events in {} hours", plan.events, plan.hours()),
        Some(since) => println!(
            "{} events in {} hours since {since}; what happened before stays as it is, as its events are gone",
            plan.events,
            plan.hours()
        ),
    }
    let progress = progress::bar(plan.events, "events");
    let done = plan.run(&*store, |events| progress.inc(events)).await;
    progress.finish_and_clear();
    let events = done.context("what was done so far is right; run it again for the rest")?;
    store.close().await;
    println!("rollups made again from {events} events");
    Ok(())
}
