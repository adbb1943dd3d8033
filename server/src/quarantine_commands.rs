//! `pharos quarantine`: refused events, from the terminal, in whichever store is configured.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use pharos_model::{Code, EventId, wire::Verdict};
use pharos_server::{
    config::Config,
    ingest::{
        Ingest,
        backlog::{Backlog, SPOOL_FILE},
        budget::Budget,
        enrich::Enricher,
        live::Live,
        refused::Refused,
        replay::{Changes, Replay},
        writer::Writer,
    },
    meters::Meters,
    policy::Policy,
    setup,
    store::{Quarantined, Store},
};

use crate::{
    PROJECT,
    cli::{QuarantineCommand, Which},
};

pub(crate) async fn run(command: QuarantineCommand, config: &Config) -> anyhow::Result<()> {
    let store = setup::open_store(config).await?;
    let done = match command {
        QuarantineCommand::List { code, limit } => list(&*store, code.as_deref(), limit).await,
        QuarantineCommand::Show { id } => show(&*store, &id).await,
        QuarantineCommand::Replay { which, set } => replay(&store, config, &which, set.as_deref()).await,
        QuarantineCommand::Drop { which } => drop_some(&*store, &which).await,
    };
    store.close().await;
    done
}

async fn list(store: &dyn Store, code: Option<&str>, limit: u32) -> anyhow::Result<()> {
    let kept = store.quarantine(PROJECT, code, limit).await?;
    if kept.is_empty() {
        println!("nothing is in quarantine{}", code.map_or(String::new(), |code| format!(" for {code}")));
        return Ok(());
    }
    println!("{:<36}  {:<24}  {:>7}  {:<22}  field", "id", "last seen", "count", "code");
    for kept in kept {
        let replayed = if kept.replayed.is_some() { "  (replayed)" } else { "" };
        let last_seen = kept.last_seen.to_string();
        let field = if kept.field.is_empty() { "-" } else { &kept.field };
        println!("{}  {last_seen}  {:>7}  {:<22}  {field}{replayed}", kept.id, kept.count, kept.code);
    }
    Ok(())
}

async fn show(store: &dyn Store, id: &str) -> anyhow::Result<()> {
    let kept = find(store, parse_id(id)?).await?;
    let place = if kept.field.is_empty() { String::new() } else { format!(" in {}", kept.field) };
    let line = |name: &str, value: &dyn std::fmt::Display| println!("{name:<12}{value}");
    line("id", &kept.id);
    line("refused for", &format_args!("{}{place}", kept.code));
    if let Some(code) = Code::ALL.iter().find(|code| code.as_str() == kept.code) {
        line("expected", &code.expected());
    }
    line("count", &kept.count);
    line("first seen", &kept.first_seen);
    line("last seen", &kept.last_seen);
    line("source", &kept.source.as_str());
    if let Some(user_id) = kept.user_id {
        line("user id", &user_id);
    }
    if let Some((at, event_id)) = &kept.replayed {
        line("replayed", &format_args!("{at} as {event_id}"));
    }
    line("event", &kept.event);
    line("context", &kept.context);
    Ok(())
}

async fn replay(
    store: &Arc<dyn Store>,
    config: &Config,
    which: &Which,
    set: Option<&str>,
) -> anyhow::Result<()> {
    let changes = Changes::read(set.unwrap_or_default().as_bytes()).context("--set")?;
    let ids = match &which.id {
        Some(id) => vec![parse_id(id)?],
        None => store.quarantine_open(PROJECT, which.code.as_deref()).await?,
    };
    ensure!(config.enabled, "TELEMETRY_ENABLED is false: nothing is stored");
    let budget = Budget::new(config.limits.queue_bytes);
    let backlog = Arc::new(Backlog::new(config.data_dir.join(SPOOL_FILE), config.limits.spool_bytes));
    let meters = Arc::new(Meters::new());
    let (writer, handle) = Writer::start(
        store.clone(),
        backlog.clone(),
        meters.clone(),
        Live::default(),
        config.limits.store_timeout,
    );
    let pepper = setup::peppers(config)?.current;
    let enricher = Enricher::new(config.ip);
    let refused = Refused::default();
    let ingest = Ingest::new(handle, refused, meters, enricher, pepper, config.gpc, config.enabled);
    let project = crate::first_project(&**store).await?;
    let rules = Policy::of(&project, &config.policy).rules;

    let (mut stored, mut refused) = (0, 0);
    for id in ids {
        let kept = find(&**store, id).await?;
        let done = match ingest.replay(&**store, PROJECT, &rules, &kept, &changes, budget.hold()).await? {
            Replay::Now(Verdict::Accepted, event_id) => Ok(format!("stored as {}", shown(event_id))),
            Replay::Now(Verdict::Duplicate, event_id) => {
                Ok(format!("was stored already, as {}", shown(event_id)))
            }
            Replay::Before { at, event_id } => Ok(format!("was replayed at {at} as {event_id}")),
            Replay::Now(Verdict::Invalid(refusal), _) => Err(format!("is still refused: {refusal}")),
            Replay::Now(verdict, _) => Err(format!("is not stored: {}", verdict.as_str())),
        };
        match done {
            Ok(done) => {
                stored += 1;
                println!("{id} {done}");
            }
            Err(why) => {
                refused += 1;
                eprintln!("{id} {why}");
            }
        }
    }
    writer.drain(config.limits.shutdown_timeout).await;
    backlog.close().await;
    if which.id.is_none() {
        println!("{stored} stored, {refused} still refused");
    }
    ensure!(refused == 0, "not everything could be replayed; change fields of one event with --set");
    Ok(())
}

fn shown(event_id: Option<EventId>) -> String {
    event_id.map_or(String::new(), |id| id.to_string())
}

async fn drop_some(store: &dyn Store, which: &Which) -> anyhow::Result<()> {
    let dropped = match &which.id {
        Some(id) => {
            let id = parse_id(id)?;
            if !store.drop_quarantined(PROJECT, id).await? {
                bail!(not_there(id));
            }
            1
        }
        None => store.drop_quarantine(PROJECT, which.code.as_deref()).await?,
    };
    println!("{dropped} dropped");
    Ok(())
}

fn parse_id(id: &str) -> anyhow::Result<EventId> {
    EventId::parse(id).with_context(|| format!("{id} is not an id; see `pharos quarantine list`"))
}

async fn find(store: &dyn Store, id: EventId) -> anyhow::Result<Quarantined> {
    store.quarantined(PROJECT, id).await?.with_context(|| not_there(id))
}

fn not_there(id: EventId) -> String {
    format!("nothing in quarantine has the id {id}; see `pharos quarantine list`")
}
