//! Statements that both databases understand.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use sqlx::{Column as _, Row as _, TypeInfo as _, postgres::PgRow};

use super::{PgTimestamp, PostgresStore, partitions, store_error};
use crate::store::{
    StoreResult,
    sql::{Cell, Deed, Dialect, Sql, Step, Value, bind_values},
    within,
};

#[async_trait]
impl Sql for PostgresStore {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn execute(&self, steps: &[Step<'_>]) -> StoreResult<u64> {
        within(self.timeout, async {
            let mut transaction = self.others.begin().await.map_err(store_error)?;
            let mut changed_first = 0;
            for (number, &(sql, values)) in steps.iter().enumerate() {
                let done =
                    bind_values!(sqlx::query(sql), values, PgTimestamp).execute(&mut *transaction).await;
                let changed = done.map_err(store_error)?.rows_affected();
                if number == 0 {
                    changed_first = changed;
                    if changed == 0 {
                        break;
                    }
                }
            }
            transaction.commit().await.map_err(store_error)?;
            Ok(changed_first)
        })
        .await
    }

    async fn select(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>> {
        within(self.timeout, async {
            let rows = bind_values!(sqlx::query(sql), values, PgTimestamp).fetch_all(&self.others).await;
            let rows = rows.map_err(store_error)?;
            read_cells(&rows)
        })
        .await
    }

    async fn select_slowly(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>> {
        let mut transaction = self.others.begin().await.map_err(store_error)?;
        partitions::run(&mut transaction, "SET LOCAL statement_timeout = 0").await?;
        let rows = bind_values!(sqlx::query(sql), values, PgTimestamp).fetch_all(&mut *transaction).await;
        let rows = rows.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        read_cells(&rows)
    }

    async fn select_deeds(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Deed>> {
        within(self.timeout, async {
            let query = bind_values!(sqlx::query(sql), values, PgTimestamp);
            let row = query.fetch_one(&self.others).await.map_err(store_error)?;
            let list = |column: usize| -> StoreResult<Vec<i64>> {
                Ok(row.try_get::<Option<Vec<i64>>, _>(column).map_err(store_error)?.unwrap_or_default())
            };
            let deeds = list(0)?.into_iter().zip(list(1)?).zip(list(2)?);
            let deed = |((who, at_ms), step): ((i64, i64), i64)| Deed {
                who: who.cast_unsigned(),
                at_ms,
                step: usize::try_from(step).unwrap_or(0),
            };
            Ok(deeds.map(deed).collect())
        })
        .await
    }

    async fn select_each(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut (dyn for<'r> FnMut(&'r str, i64, i64) -> bool + Send),
    ) -> StoreResult<()> {
        within(self.timeout, async {
            let mut rows = bind_values!(sqlx::query(sql), values, PgTimestamp).fetch(&self.others);
            while let Some(row) = rows.try_next().await.map_err(store_error)? {
                let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                let (text, first, second) = read().map_err(store_error)?;
                if !each(text, first, second) {
                    break;
                }
            }
            Ok(())
        })
        .await
    }
}

fn read_cells(rows: &[PgRow]) -> StoreResult<Vec<Vec<Cell>>> {
    let cells = |row: &PgRow| (0..row.len()).map(|column| read_cell(row, column)).collect();
    rows.iter().map(cells).collect::<sqlx::Result<_>>().map_err(store_error)
}

fn read_cell(row: &PgRow, column: usize) -> sqlx::Result<Cell> {
    Ok(match row.column(column).type_info().name() {
        "INT8" => row.try_get::<Option<i64>, _>(column)?.map(Cell::Int),
        "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(column)?.map(Cell::Bytes),
        _ => row.try_get::<Option<String>, _>(column)?.map(Cell::Text),
    }
    .unwrap_or(Cell::Null))
}
