//! The command line: what there is to say to `pharos`, and what it says back.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use pharos_model::{Timestamp, pii::Rules};
use pharos_server::{
    config::Config,
    policy,
    scope::Scopes,
    settings::{SettingError, Values},
    setup::Welcome,
    store::KeyKind,
};

/// Telemetry that a web team can trust.
///
/// `pharos serve` needs nothing else: it stores events in an SQLite file and prints where to look.
/// Set DATABASE_URL to store them in PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "pharos", version, after_help = "Without a command, pharos serves.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// File with settings; see config.example.toml. Flags and the environment come first.
    #[arg(long, global = true, value_name = "FILE", env = "TELEMETRY_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive events and show the dashboard (the default).
    Serve,
    /// Make a link to sign in to the dashboard with; it works once, for 15 minutes.
    LoginLink,
    /// List, create and revoke the keys by which senders are known.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Show or change what holds for the first project: its name, the pages that may send, its rules.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Erase a person's events.
    #[command(subcommand)]
    Users(UsersCommand),
    /// Replace the secret that user ids are keyed with.
    #[command(subcommand)]
    Pepper(PepperCommand),
    /// Look at refused events, and repair, replay or drop them.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Write stored events as CSV or NDJSON, in the order of their time.
    ///
    /// Example: pharos export --format ndjson --start 2026-11-01T00:00:00Z --output events.ndjson
    Export(ExportArgs),
    /// Look at the events that wait on this disk for the database, or write them to it.
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Make rollups again from the events.
    #[command(subcommand)]
    Rollup(RollupCommand),
    /// Look for what is wrong, and say what to do about it. Changes nothing.
    ///
    /// Looks at settings, disk, pepper, spool, database, schema and clocks, and holds the rollups against the events.
    /// Ends with 1 if something is wrong.
    Doctor(DoctorArgs),
    /// Fill an empty database with believable events of a shop, to look at or to measure with.
    SeedDemo(SeedDemo),
    /// Bring the database's schema up to date and exit. `serve` does this by itself.
    Migrate,
    /// Read events as lines of JSON from standard input and print what the server would do with each.
    ///
    /// Example: echo '{"event":"sign_up","timestamp":"2026-11-23T12:00:00Z","properties":{"email":"a@b.org"}}' | pharos check
    Check {
        /// Rules to judge by, instead of TELEMETRY_PII_RULES: JSON as in docs/privacy.md, or a file with it.
        #[arg(long, value_name = "RULES", value_parser = |text: &str| policy::parse_rules(text))]
        rules: Option<Rules>,
    },
}

/// Which events are written, how, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Of the file.
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: ExportFormat,
    /// From this moment on, such as 2026-11-01T00:00:00Z. Default: from the first event.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) start: Option<Timestamp>,
    /// Before this moment. Default: now.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) end: Option<Timestamp>,
    /// Only events of this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) event: Option<String>,
    /// Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// With a header line; properties and context are JSON in a cell.
    Csv,
    /// An event as a JSON object on each line.
    Ndjson,
}

fn parse_moment(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse_rfc3339(text).ok_or("expected a date and time such as 2026-11-23T19:00:00Z")
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum SpoolCommand {
    /// Read the whole spool in the data directory and say what it holds.
    Check,
    /// Write what waits to the database. A running server does this by itself.
    Drain,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum RollupCommand {
    /// Count all stored events again, while servers go on.
    ///
    /// Of the time whose events have been removed the rollups stay as they are. It may be broken off and run again.
    Rebuild,
}

/// How thoroughly.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DoctorArgs {
    /// Leave out what reads all events.
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show the keys of the first project. Of secret ones, only the first characters are known.
    List,
    /// Make a key and print it. A secret one cannot be shown again.
    Create {
        /// `ingest`: public, writes client events. `secret`: does what its scopes say.
        kind: KeyKindArg,
        /// What a secret key may do, separated by commas: write events (ingest), read, and change what others
        /// depend on (admin).
        #[arg(long, default_value_t = Scopes::USUAL, value_name = "SCOPES")]
        scopes: Scopes,
        /// What you call it.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Revoke a key. Servers stop taking it within 10 seconds.
    Revoke {
        /// The number `pharos keys list` shows.
        id: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Show what holds.
    Show,
    /// Change what holds. Servers go by it within 10 seconds.
    Set {
        /// What people call the project.
        #[arg(long)]
        name: Option<String>,
        /// Pages that may send events with its public keys, separated by commas; `any` allows any, `default` goes
        /// by TELEMETRY_ALLOWED_ORIGINS.
        ///
        /// Example: `--origins https://shop.example,https://*.shop.example`
        #[arg(long)]
        origins: Option<String>,
        /// What counts as personal data: JSON as in docs/privacy.md, or a file with it; `default` goes by
        /// TELEMETRY_PII_RULES.
        #[arg(long, value_name = "RULES")]
        pii_rules: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Remove what was received of a person until now from the table, the quarantine and the spools, and wait
    /// until it is done.
    Erase {
        /// What the site calls the person, the hash that pages send of it, or the id that is stored.
        id: String,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum PepperCommand {
    /// Make a new pepper. Servers use it when they are started again.
    ///
    /// From then on a known person gets a new id and is counted as a new one, once. The old peppers are kept,
    /// so that `pharos users erase` finds events of before.
    Rotate {
        /// Forget the old peppers: nobody can then tell whose the old ids are, also not to erase them.
        #[arg(long)]
        forget_old: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// Show what is in quarantine, the last seen first.
    List {
        /// Only events refused for this code, such as `string_too_long`.
        #[arg(long)]
        code: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_name = "NUMBER")]
        limit: u32,
    },
    /// Show one event with everything that is known of it.
    Show {
        /// The id `pharos quarantine list` shows.
        id: String,
    },
    /// Judge and store an event again as if it had just been sent; it is stored once.
    ///
    /// Example: pharos quarantine replay 019ab2c3-d4e5-7f60-8123-456789abcdef --set '{"event":"sign_up"}'
    Replay {
        #[command(flatten)]
        which: Which,
        /// Fields of the event to change first, as a JSON object; null removes a field.
        #[arg(long, value_name = "JSON", conflicts_with_all = ["code", "all"])]
        set: Option<String>,
    },
    /// Remove events from quarantine for good.
    Drop {
        #[command(flatten)]
        which: Which,
    },
}

/// Which events are meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The id `pharos quarantine list` shows.
    pub(crate) id: Option<String>,
    /// All that were refused for this code.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// All of them.
    #[arg(long)]
    pub(crate) all: bool,
}

/// How many, and which.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct SeedDemo {
    /// Events in all.
    #[arg(long, default_value_t = 100_000, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) events: u64,
    /// Days they are spread over, up to now.
    #[arg(long, default_value_t = 30, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=400))]
    pub(crate) days: u32,
    /// The same number makes the same events.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) seed: u64,
    /// Also where there are events already.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KeyKindArg {
    Ingest,
    Secret,
}

impl From<KeyKindArg> for KeyKind {
    fn from(kind: KeyKindArg) -> Self {
        match kind {
            KeyKindArg::Ingest => Self::Ingest,
            KeyKindArg::Secret => Self::Secret,
        }
    }
}

/// What was asked for.
pub(crate) fn parse() -> Result<(Command, Config), SettingError> {
    let matches = Values::add_flags(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // A global flag may stand before or after the command; clap keeps it where it was given.
    let deepest =
        std::iter::successors(Some(&matches), |matches| matches.subcommand().map(|(_, sub)| sub)).last();
    let values = Values::collect(deepest.unwrap_or(&matches), cli.config.as_deref())?;
    Ok((cli.command.unwrap_or(Command::Serve), Config::from_values(&values)?))
}

/// The lines a started server prints.
pub(crate) fn welcome_text(config: &Config, address: SocketAddr, welcome: &Welcome) -> String {
    let base = base_url(config, address);
    let mut text = String::from("pharos is ready\n\n");
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<12}{value}\n"));
    match &welcome.login_token {
        Some(token) => line("dashboard", &format!("{base}/login#{token}  (works once, for 15 minutes)")),
        None => line("dashboard", &format!("{base}/  (sign in: pharos login-link)")),
    }
    if config.demo.is_some() {
        line("demo", &format!("{base}/demo/"));
    }
    match &welcome.ingest_key {
        Some(key) => line("ingest key", key),
        None => line("ingest key", "none in use (make one: pharos keys create ingest)"),
    }
    if let Some(key) = &welcome.secret_key {
        line("secret key", &format!("{key}  (shown this once)"));
    }
    text
}

/// The address people open.
pub(crate) fn base_url(config: &Config, address: SocketAddr) -> String {
    match &config.public_url {
        Some(url) => url.clone(),
        // Nobody can open 0.0.0.0.
        None if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        None => format!("http://{address}"),
    }
}
