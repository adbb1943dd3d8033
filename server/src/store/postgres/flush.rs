//! A flush as one transaction: by COPY where that is worth it, else by one statement; and with it what else must be
//! committed with the rows.

use std::collections::HashSet;

use sqlx::{Connection as _, PgConnection, PgTransaction};
use uuid::Uuid;

use super::{
    PostgresStore,
    copy::{self, Copied},
    outbox, quarantine, store_error, write,
};
use crate::store::{
    Flush, StoreResult,
    outbox::{entries, retain_new},
};

impl PostgresStore {
    pub(super) async fn write_on(
        &self,
        connection: &mut PgConnection,
        flush: Flush<'_>,
    ) -> StoreResult<Vec<Uuid>> {
        if flush.rows.len() >= copy::ROWS_MIN
            && let Some(written) = self.write_by_copy(connection, flush).await?
        {
            return Ok(written);
        }
        let to_forward = entries(&self.forwarding, flush.rows);
        if flush.quarantine.is_empty() && to_forward.is_empty() {
            return write::write(connection, flush).await;
        }
        let mut transaction = connection.begin().await.map_err(store_error)?;
        let written = write::write(&mut transaction, flush).await?;
        self.finish(transaction, flush, &written).await?;
        Ok(written)
    }

    /// `None`: nothing was written, because ids are stored already, even after looking for them: another
    /// node stores them at this moment.
    async fn write_by_copy(
        &self,
        connection: &mut PgConnection,
        flush: Flush<'_>,
    ) -> StoreResult<Option<Vec<Uuid>>> {
        let mut known = HashSet::new();
        let mut looks = self.wariness.next();
        loop {
            if looks {
                known = copy::known(connection, &flush).await?;
                if !known.is_empty() {
                    self.wariness.alarm();
                }
            }
            let mut transaction = connection.begin().await.map_err(store_error)?;
            match copy::write(&mut transaction, &flush, &known).await? {
                Copied::New(written) => {
                    self.finish(transaction, flush, &written).await?;
                    return Ok(Some(written));
                }
                Copied::KnownId => transaction.rollback().await.map_err(store_error)?,
            }
            self.wariness.alarm();
            if looks {
                return Ok(None);
            }
            looks = true;
        }
    }

    /// What belongs into the transaction beside the rows, and its commit.
    async fn finish(
        &self,
        mut transaction: PgTransaction<'_>,
        flush: Flush<'_>,
        written: &[Uuid],
    ) -> StoreResult<()> {
        let mut to_forward = entries(&self.forwarding, flush.rows);
        retain_new(&mut to_forward, written);
        outbox::enqueue(&mut transaction, &to_forward).await?;
        let mut not_kept = 0;
        if !flush.quarantine.is_empty() {
            not_kept = quarantine::keep(&mut transaction, flush.mark, flush.quarantine).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        self.not_kept.add(not_kept);
        Ok(())
    }
}
