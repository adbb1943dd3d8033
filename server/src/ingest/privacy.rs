//! What a person said to being recorded, and what follows: by consent, and by Global Privacy Control
//! (<https://privacycg.github.io/gpc-spec/>), which a browser says for them.

use pharos_model::wire::{self, Consent, GpcChoice, RawBatch};

use super::enrich::Sender;
use crate::config::GpcPolicy;

/// What was said, and what follows for every event of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Privacy {
    /// Stored with each event.
    pub(super) consent: Option<Consent>,
    /// Whether Global Privacy Control is on. Stored with each event.
    pub(super) gpc: bool,
    handling: Handling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handling {
    Recorded,
    /// Without user id and address.
    Anonymous,
    Filtered(&'static str),
}

impl Privacy {
    pub(super) fn of(batch: &RawBatch<'_>, sender: &Sender<'_>, policy: GpcPolicy) -> Self {
        let gpc = sender.gpc || batch.context.is_some_and(wire::says_gpc);
        let choice = match policy {
            GpcPolicy::Always(choice) => choice,
            // A sender that says nothing of it knows nothing of it.
            GpcPolicy::Site => batch.gpc.unwrap_or(GpcChoice::Drop),
        };
        let handling = match (batch.consent, choice) {
            (Some(Consent::Denied), _) => Handling::Filtered("consent"),
            (_, GpcChoice::Drop) if gpc => Handling::Filtered("gpc"),
            (_, GpcChoice::Anonymous) if gpc => Handling::Anonymous,
            (Some(Consent::Pending), _) => Handling::Anonymous,
            (Some(Consent::Granted) | None, _) => Handling::Recorded,
        };
        Self { consent: batch.consent, gpc, handling }
    }

    /// Why none of the events is recorded, if none is.
    pub(super) const fn filtered(&self) -> Option<&'static str> {
        if let Handling::Filtered(reason) = self.handling { Some(reason) } else { None }
    }

    /// Whether nothing may say whose the events are.
    pub(super) fn is_anonymous(&self) -> bool {
        self.handling != Handling::Recorded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pharos_model::{Source, pii::Rules};

    #[test]
    fn what_was_said_decides() {
        let rules = Rules::default();
        for (fields, header, policy, filtered, anonymous) in [
            ("", false, "site", None, false),
            ("", true, "site", Some("gpc"), true),
            (r#""context":{"gpc":true},"#, false, "site", Some("gpc"), true),
            (r#""gpc":"anonymous","#, true, "site", None, true),
            (r#""gpc":"anonymous","#, false, "site", None, false),
            (r#""gpc":"ignore","#, true, "site", None, false),
            (r#""gpc":"ignore","#, true, "drop", Some("gpc"), true),
            (r#""gpc":"drop","#, true, "ignore", None, false),
            ("", true, "anonymous", None, true),
            (r#""consent":"denied","#, false, "site", Some("consent"), true),
            (r#""consent":"denied","gpc":"ignore","#, true, "ignore", Some("consent"), true),
            (r#""consent":"pending","#, false, "site", None, true),
            (r#""consent":"granted","#, false, "site", None, false),
            (r#""consent":"granted","#, true, "site", Some("gpc"), true),
        ] {
            let body = format!(r#"{{{fields}"events":[]}}"#);
            let batch = RawBatch::read(body.as_bytes()).unwrap();
            let ip = "203.0.113.7".parse().unwrap();
            let source = Source::Client;
            let sender = Sender { project_id: 1, source, rules: &rules, ip, user_agent: None, gpc: header };
            let privacy = Privacy::of(&batch, &sender, GpcPolicy::parse(policy).unwrap());
            let got = (privacy.filtered(), privacy.is_anonymous());
            assert_eq!(got, (filtered, anonymous), "{body} header {header} policy {policy}");
        }
    }
}
