//! `pharos export`: stored events into a file or a pipe.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, ensure};
use pharos_model::Timestamp;
use pharos_server::{
    clock,
    config::Config,
    query::export::{Export, Format, Selection},
    setup,
};

use crate::{
    PROJECT,
    cli::{ExportArgs, ExportFormat},
    progress,
};

pub(crate) async fn run(args: ExportArgs, config: &Config) -> anyhow::Result<()> {
    let end = args.end.unwrap_or_else(clock::now);
    let start = args.start.unwrap_or(Timestamp::from_unix_ms(0));
    ensure!(start < end, "--start must be before --end");
    let store = setup::open_store(config).await?;
    let total = store.count_events(PROJECT, args.event.as_deref(), start, end).await?;
    // Decades without events are not looked at.
    let first = store.first_event_at(PROJECT).await?.unwrap_or(end);
    let selection =
        Selection { project_id: PROJECT, event: args.event, start: start.max(first.min(end)), end };
    let format = match args.format {
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Ndjson => Format::Ndjson,
    };
    let mut output = open(args.output.as_deref())?;
    let bar = progress::bar(total.unsigned_abs(), "events");

    let mut export = Export::new(store.clone(), selection, format);
    while let Some(part) = export.next().await? {
        output.write_all(&part.bytes).context("writing the export")?;
        bar.inc(part.events);
    }
    output.flush().context("writing the export")?;
    bar.finish_and_clear();
    store.close().await;
    Ok(())
}

fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match path {
        None => Box::new(io::stdout().lock()),
        Some(path) => {
            let file =
                std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(io::BufWriter::new(file))
        }
    })
}
