//! Sessions: those of late, and one with its events in order.

use pharos_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    heavy::{Heavy, HeavyError},
    recent::RecentEvent,
};
use crate::store::{Recent, Store, StoreResult, StoredEvent, questions::SessionSummary};

/// How far back sessions are looked for, in steps, until there are as many as wanted.
const LOOK_BACK_MS: [i64; 4] = [15 * 60_000, 2 * 3_600_000, 24 * 3_600_000, 30 * 24 * 3_600_000];
/// Further back still, for the beginnings of those found.
const WHOLE_MS: i64 = 3_600_000;

/// Events of one session that are shown; of a longer one the last of them.
pub(crate) const EVENTS_MAX: u32 = 1000;

/// Sessions, the last active first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sessions {
    #[schema(inline)]
    sessions: Vec<Summary>,
}

/// A session in short. Of one that began more than an hour before most others, it tells the later part.
#[derive(Serialize, ToSchema)]
struct Summary {
    session_id: String,
    user_id: Option<String>,
    started_at: String,
    ended_at: String,
    count: i64,
    first_event: String,
    last_event: String,
}

impl From<SessionSummary> for Summary {
    fn from(session: SessionSummary) -> Self {
        Self {
            session_id: session.session_id,
            user_id: session.user_id,
            started_at: session.started_at.to_string(),
            ended_at: session.ended_at.to_string(),
            count: session.count,
            first_event: session.first_event,
            last_event: session.last_event,
        }
    }
}

/// At most `limit` sessions of which something was received in the last 30 days.
pub(crate) async fn sessions(
    store: &dyn Store,
    turns: &Heavy,
    project_id: i32,
    limit: u32,
    now: Timestamp,
) -> Result<Sessions, HeavyError> {
    let _turn = turns.turn().await?;
    let mut found = Vec::new();
    for look_back_ms in LOOK_BACK_MS {
        let since = Timestamp::from_unix_ms(now.unix_ms() - look_back_ms - WHOLE_MS);
        found = store.sessions(project_id, since, limit).await?;
        if found.len() >= limit as usize {
            break;
        }
    }
    Ok(Sessions { sessions: found.into_iter().map(Summary::from).collect() })
}

/// One session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionEvents {
    session_id: String,
    /// The last user seen in it.
    user_id: Option<String>,
    started_at: String,
    ended_at: String,
    /// Events below.
    count: usize,
    /// In the order in which they happened.
    events: Vec<RecentEvent>,
    /// Whether there were more, before these.
    truncated: bool,
}

/// The session with its events; `None` if there is no such session.
pub(crate) async fn session(
    store: &dyn Store,
    project_id: i32,
    session_id: String,
) -> StoreResult<Option<SessionEvents>> {
    let asked = Recent {
        project_id,
        event: None,
        session_id: Some(session_id.clone()),
        user_ids: Vec::new(),
        limit: EVENTS_MAX + 1,
    };
    let mut events = store.recent(&asked).await?;
    let truncated = events.len() > EVENTS_MAX as usize;
    events.truncate(EVENTS_MAX as usize);
    events.sort_by_key(|event| (event.timestamp, event.seq, event.id));
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
    Ok(Some(SessionEvents {
        session_id,
        user_id: events.iter().rev().find_map(|event: &StoredEvent| event.user_id).map(|id| id.to_string()),
        started_at: first.timestamp.to_string(),
        ended_at: last.timestamp.to_string(),
        count: events.len(),
        events: events.into_iter().map(RecentEvent::try_from).collect::<StoreResult<_>>()?,
        truncated,
    }))
}
