//! What the Measurement Protocol takes. It answers 204 to nearly everything, also to what it then drops or
//! cuts, so all of this is checked before anything is sent. From Google's protocol reference and its rules
//! for event names, as of 2026.

use std::time::Duration;

/// Events of a request.
pub const EVENTS_MAX: usize = 25;

/// Bytes of a request's body: 130 kB, and a kB is the smaller one here.
pub const BODY_BYTES_MAX: usize = 130_000;

/// Parameters of an event, ours included.
pub const PARAMS_MAX: usize = 25;

/// Characters of an event's or a parameter's name.
pub const NAME_CHARS_MAX: usize = 40;

/// Characters of a parameter's value.
pub const VALUE_CHARS_MAX: usize = 100;

/// Older events are dropped, or given another time.
pub const AGE_MAX: Duration = Duration::from_secs(72 * 3600);

/// Event names that Google keeps for itself. Those that its own tag sends from the page are among them:
/// sent from here as well they would count twice.
const RESERVED_EVENTS: &[&str] = &[
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "app_background",
    "app_clear_data",
    "app_exception",
    "app_install",
    "app_remove",
    "app_store_refund",
    "app_store_subscription_cancel",
    "app_store_subscription_convert",
    "app_store_subscription_renew",
    "app_update",
    "app_upgrade",
    "click",
    "dynamic_link_app_open",
    "dynamic_link_app_update",
    "dynamic_link_first_open",
    "error",
    "file_download",
    "firebase_campaign",
    "first_open",
    "first_visit",
    "form_start",
    "form_submit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "notification_send",
    "os_update",
    "page_view",
    "screen_view",
    "scroll",
    "session_start",
    "session_start_with_rollout",
    "user_engagement",
    "video_progress",
    "video_start",
    "view_complete",
    "view_search_results",
];

/// Parameters that Google keeps for itself. `session_id` and `engagement_time_msec` are set here alone.
const RESERVED_PARAMS: &[&str] = &[
    "cid",
    "customer_id",
    "customerid",
    "dclid",
    "engagement_time_msec",
    "gclid",
    "session_id",
    "session_number",
    "sessionid",
    "sfmc_id",
    "sid",
    "srsltid",
    "uid",
    "user_id",
    "userid",
];

/// Beginnings of names that Google keeps for itself. Of `gtag.`, the dot is refused in any name.
const RESERVED_PREFIXES: &[&str] = &["_", "firebase_", "ga_", "google_", "query_id"];

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// Too long, or not `[A-Za-z][A-Za-z0-9_]*`.
    Form,
    /// Google's own.
    Reserved,
}

/// Checks an event's name.
///
/// # Errors
/// When the protocol does not take it.
pub fn check_event_name(name: &str) -> Result<(), NameError> {
    check_name(name, RESERVED_EVENTS)
}

/// Checks a parameter's name.
///
/// # Errors
/// When the protocol does not take it.
pub fn check_param_name(name: &str) -> Result<(), NameError> {
    check_name(name, RESERVED_PARAMS)
}

fn check_name(name: &str, reserved: &[&str]) -> Result<(), NameError> {
    if reserved.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(NameError::Reserved);
    }
    let is_first = |byte: &u8| byte.is_ascii_alphabetic();
    let is_later = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let has_form = name.as_bytes().first().is_some_and(is_first) && name.bytes().all(is_later);
    if has_form && name.len() <= NAME_CHARS_MAX { Ok(()) } else { Err(NameError::Form) }
}
