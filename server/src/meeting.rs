//! A starting server meets its database: schema, first project, keys. If the database is away and this node
//! has met it before, the server starts all the same: it knows the keys, takes events into the spool, and
//! meets the database as soon as it is there.

use std::{sync::Arc, time::Duration};

use crate::{
    RunError,
    config::Config,
    http::Keys,
    identity::Peppers,
    ingest::backlog::Backlog,
    setup::{self, Welcome},
    store::{Store, StoreError, StoreResult},
};

/// What a meeting takes.
pub(crate) struct Meeting {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) peppers: Peppers,
    pub(crate) keys: Arc<Keys>,
}

impl Meeting {
    /// Waits at most `patience` for the database, and learns from it what a server must know.
    pub(crate) async fn meet(&self, patience: Duration) -> StoreResult<Welcome> {
        setup::prepare(&*self.store, patience).await?;
        let welcome = setup::first_start(&self.config, &*self.store, &self.peppers).await?;
        // Known from the start, so that a database that goes away right after it is not missed.
        self.keys.refresh().await?;
        Ok(welcome)
    }

    /// The meeting at the start, or none for now.
    pub(crate) async fn begin(&self, backlog: &Backlog) -> Result<Welcome, RunError> {
        let remembers = self.keys.recall();
        let patience = if remembers { setup::DATABASE_WAIT_SHORT } else { setup::DATABASE_WAIT };
        match self.meet(patience).await {
            Ok(welcome) => Ok(welcome),
            Err(error @ StoreError::Unavailable(_)) if remembers => {
                tracing::warn!(%error, "starting without the database: events wait in the spool until it is there");
                backlog.unmet();
                let given = self.config.secrets.ingest_key.clone();
                let ingest_key = given.or_else(|| self.keys.first_ingest_key());
                Ok(Welcome { ingest_key, secret_key: None, login_token: None })
            }
            Err(error) => {
                let database = setup::describe_database(&self.config);
                Err(RunError::Store { database, error })
            }
        }
    }
}
