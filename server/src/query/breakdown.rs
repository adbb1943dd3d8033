//! A breakdown: how one event splits by the values of a property. Also the names of properties, to
//! choose one from.

use serde::Serialize;
use utoipa::ToSchema;

use super::heavy::{Heavy, HeavyError};
use crate::store::{
    Store, StoreResult,
    questions::{Slice, ValueCount},
};

/// The answer: the most frequent values, the rest, and the events without the property.
#[derive(Serialize, ToSchema)]
pub(crate) struct Breakdown {
    event: String,
    property: String,
    start: String,
    end: String,
    total: i64,
    unique_users: i64,
    #[schema(inline)]
    values: Vec<ValueOfProperty>,
    /// Events with other values.
    other_count: i64,
    /// Events without the property.
    missing_count: i64,
}

#[derive(Serialize, ToSchema)]
struct ValueOfProperty {
    /// As text.
    value: String,
    count: i64,
    unique_users: i64,
}

/// The breakdown of `slice` by `property` into at most `limit` values.
pub(crate) async fn breakdown(
    store: &dyn Store,
    heavy: &Heavy,
    slice: Slice,
    property: String,
    limit: u32,
) -> Result<Breakdown, HeavyError> {
    let _turn = heavy.turn().await?;
    let (values, missing, total) = store.breakdown(&slice, &property, limit).await?;
    let shown: i64 = values.iter().map(|value| value.count).sum();
    let value = |ValueCount { value, count, users }| ValueOfProperty {
        value: value.unwrap_or_default(),
        count,
        unique_users: users,
    };
    Ok(Breakdown {
        event: slice.event,
        property,
        start: slice.start.to_string(),
        end: slice.end.to_string(),
        total: total.count,
        unique_users: total.users,
        values: values.into_iter().map(value).collect(),
        other_count: total.count - missing.count - shown,
        missing_count: missing.count,
    })
}

/// Properties of an event name, by its last thousand events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Properties {
    #[schema(inline)]
    properties: Vec<Property>,
}

#[derive(Serialize, ToSchema)]
struct Property {
    name: String,
    count: i64,
}

/// The properties seen lately.
pub(crate) async fn properties(store: &dyn Store, project_id: i32, event: &str) -> StoreResult<Properties> {
    let names = store.property_names(project_id, event).await?;
    Ok(Properties { properties: names.into_iter().map(|(name, count)| Property { name, count }).collect() })
}
