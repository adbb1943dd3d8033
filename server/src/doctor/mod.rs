//! `pharos doctor`: looks at everything a running server depends on, and says of each thing whether it is well
//! and, where it is not, what to do next. It changes nothing: it makes no file, no table and no key.

mod database;
mod local;
mod rollups;

use crate::config::Config;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Well,
    /// Worth knowing; it may be meant so.
    Note,
    /// Something to be done about.
    Wrong,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub state: State,
    /// What was looked at, in a word.
    pub about: &'static str,
    /// What was found.
    pub what: String,
    /// What to do next; empty where nothing is.
    pub advice: String,
}

impl Finding {
    fn well(about: &'static str, what: impl Into<String>) -> Self {
        Self { state: State::Well, about, what: what.into(), advice: String::new() }
    }

    fn note(about: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Note, about, what: what.into(), advice: advice.into() }
    }

    fn wrong(about: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Wrong, about, what: what.into(), advice: advice.into() }
    }
}

/// Looks at everything, telling `say` of each thing as it is found; `quick` leaves out what reads all events.
pub async fn examine(config: &Config, quick: bool, say: &mut (dyn FnMut(Finding) + Send)) {
    local::settings(config, say);
    local::data_dir(config, say);
    let peppers = local::pepper(config, say);
    local::spool(config, say).await;
    let Some(store) = database::reach(config, say).await else { return };
    if database::schema(&*store, say).await {
        database::tables(&*store, peppers.as_ref(), say).await;
        if quick {
            say(Finding::note("rollups", "not held against the events", "leave out --quick"));
        } else {
            rollups::compare(&*store, say).await;
        }
    }
    store.close().await;
}

/// What a failed look at the database says.
fn failed(about: &'static str, error: &impl std::fmt::Display) -> Finding {
    Finding::wrong(about, error.to_string(), "once the database answers, run `pharos doctor` again")
}
