//! Which events a destination takes: by project, source, name, and what the person said. Decided when an
//! event is stored, from the row alone; what is not taken then is never sent later.

use pharos_model::Source;
use serde::Deserialize;

use crate::{http::FIRST_PROJECT, store::Row};

/// What a rule of `*_EVENTS` must look like, as half a sentence.
pub(crate) const EXPECTED: &str = "terms separated by commas: source:server, source:client, project:<id>, an event \
    name, a prefix such as checkout_*, or one of these two with ! in front to leave it out";

/// What must be known of a person's consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentRule {
    /// The sender says that consent was granted.
    Required,
    /// Consent was granted, or the sender does not ask for it.
    IfAsked,
    /// Whatever was said: the destination is no other party.
    Any,
}

/// Which events a destination takes.
#[derive(Debug, Clone)]
pub struct Rule {
    sources: Vec<Source>,
    projects: Vec<i32>,
    names: Vec<Pattern>,
    left_out: Vec<Pattern>,
    consent: ConsentRule,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    is_prefix: bool,
}

/// What of an event's context says whether it may go on.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    consent: Option<String>,
    gpc: bool,
}

impl Rule {
    /// Reads the terms of a rule. Where no source, project or name is given, any source, the first
    /// project and any name are meant. `None` for anything that is not such a list.
    pub fn parse(text: &str, consent: ConsentRule) -> Option<Self> {
        let mut rule = Self {
            sources: Vec::new(),
            projects: Vec::new(),
            names: Vec::new(),
            left_out: Vec::new(),
            consent,
        };
        for term in text.split(',').map(str::trim) {
            if let Some(source) = term.strip_prefix("source:") {
                let source = [Source::Client, Source::Server].into_iter().find(|one| one.as_str() == source);
                rule.sources.push(source?);
            } else if let Some(project) = term.strip_prefix("project:") {
                rule.projects.push(project.parse().ok().filter(|&id: &i32| id > 0)?);
            } else if let Some(name) = term.strip_prefix('!') {
                rule.left_out.push(Pattern::parse(name)?);
            } else {
                rule.names.push(Pattern::parse(term)?);
            }
        }
        if rule.projects.is_empty() {
            rule.projects.push(FIRST_PROJECT);
        }
        Some(rule)
    }

    /// Whether `row` is taken.
    pub fn takes(&self, row: &Row) -> bool {
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&row.event));
        self.projects.contains(&row.project_id)
            && (self.sources.is_empty() || self.sources.contains(&row.source))
            && (self.names.is_empty() || matches(&self.names))
            && !matches(&self.left_out)
            && self.may_be_sent(&row.context)
    }

    /// Whether what the person said allows it. A context that cannot be read allows nothing.
    fn may_be_sent(&self, context: &str) -> bool {
        if self.consent == ConsentRule::Any {
            return true;
        }
        let Ok(said) = serde_json::from_str::<Said>(context) else { return false };
        // Global Privacy Control asks for exactly this: that nothing is handed to others.
        !said.gpc
            && match said.consent.as_deref() {
                Some(consent) => consent == "granted",
                None => self.consent == ConsentRule::IfAsked,
            }
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let (text, is_prefix) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        let is_name = text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
        (is_name && (is_prefix || !text.is_empty())).then(|| Self { text: text.to_owned(), is_prefix })
    }

    fn matches(&self, name: &str) -> bool {
        if self.is_prefix { name.starts_with(&self.text) } else { name == self.text }
    }
}

#[cfg(test)]
mod tests {
    use pharos_model::{EventId, Timestamp};

    use super::*;

    fn row(event: &str, source: Source, context: &str) -> Row {
        Row {
            id: EventId::v7(0, [0; 10]),
            project_id: 1,
            event: event.to_owned(),
            timestamp: Timestamp::from_unix_ms(0),
            properties: "{}".to_owned(),
            user_id: None,
            session_id: None,
            source,
            seq: None,
            context: context.into(),
            created_at: Timestamp::from_unix_ms(0),
        }
    }

    #[test]
    fn sources_and_names_choose() {
        for (rule, event, source, taken) in [
            ("source:server", "paid", Source::Server, true),
            ("source:server", "paid", Source::Client, false),
            ("*", "paid", Source::Client, true),
            ("source:client, paid, refund_*", "paid", Source::Client, true),
            ("source:client, paid, refund_*", "refund_done", Source::Client, true),
            ("source:client, paid, refund_*", "paid_late", Source::Client, false),
            ("!debug_*", "debug_x", Source::Server, false),
            ("!debug_*", "paid", Source::Server, true),
            ("project:2", "paid", Source::Server, false),
        ] {
            let rule = Rule::parse(rule, ConsentRule::Any).unwrap();
            assert_eq!(rule.takes(&row(event, source, "{}")), taken, "{rule:?} {event}");
        }
    }

    #[test]
    fn consent_decides() {
        use ConsentRule::{Any, IfAsked, Required};
        for (consent, context, taken) in [
            (Required, r#"{"consent":"granted"}"#, true),
            (Required, r#"{"consent":"pending"}"#, false),
            (Required, "{}", false),
            (Required, r#"{"consent":"granted","gpc":true}"#, false),
            (IfAsked, "{}", true),
            (IfAsked, r#"{"consent":"pending"}"#, false),
            (IfAsked, r#"{"gpc":true}"#, false),
            (IfAsked, r#"{"consent":7}"#, false),
            (Any, r#"{"gpc":true}"#, true),
        ] {
            let rule = Rule::parse("*", consent).unwrap();
            assert_eq!(rule.takes(&row("paid", Source::Server, context)), taken, "{consent:?} {context}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in ["", "a,,b", "source:page", "Paid", "pa*id", "project:0", "!"] {
            assert!(Rule::parse(text, ConsentRule::Any).is_none(), "{text}");
        }
    }
}
