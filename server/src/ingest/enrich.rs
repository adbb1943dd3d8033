//! What the server adds to a batch: browser, system and device from the user agent, a truncated
//! address, the SDK. Neither the user agent nor the address itself is stored or logged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pharos_model::{
    Source,
    pii::{self, Rules},
    wire::{self, RawBatch},
};

use super::{privacy::Privacy, user_agent};
use crate::config::IpPolicy;

/// Characters kept of the name and of the version of an SDK.
const SDK_CHARS_MAX: usize = 64;

/// What is known of the sender: by its key, and by the transport.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The project its key belongs to.
    pub project_id: i32,
    /// Which kind of key it has.
    pub source: Source,
    /// What the project counts as personal data.
    pub rules: &'a Rules,
    /// The address it sent from.
    pub ip: IpAddr,
    /// Its `User-Agent` header.
    pub user_agent: Option<&'a str>,
    /// Whether it said `Sec-GPC: 1`.
    pub gpc: bool,
}

/// Adds what the server knows.
#[derive(Debug, Clone, Copy)]
pub struct Enricher {
    ip: IpPolicy,
}

impl Enricher {
    /// An enricher that keeps of addresses what `ip` says.
    pub fn new(ip: IpPolicy) -> Self {
        Self { ip }
    }

    /// The context stored with each event of the batch: a JSON object.
    pub(super) fn context(&self, batch: &RawBatch<'_>, sender: &Sender<'_>, privacy: &Privacy) -> String {
        let rules = sender.rules;
        let stripped = batch.context.and_then(|text| wire::strip_context(text, rules));
        let mut context = stripped.unwrap_or_else(|| "{}".to_owned());
        context.pop();

        if let Some(sdk) = &batch.sdk {
            for (field, text) in [("sdk", &sdk.name), ("sdk_version", &sdk.version)] {
                let Some(text) = text else { continue };
                let short: String = text.chars().filter(|&c| c != '\0').take(SDK_CHARS_MAX).collect();
                let mut masked = String::new();
                let found = pii::mask(&short, rules, &mut masked);
                push(&mut context, field, if found { &masked } else { &short });
            }
        }
        // A server's own address and HTTP library say nothing about the user.
        if sender.source == Source::Client {
            let agent = sender.user_agent.map(user_agent::family).unwrap_or_default();
            for (field, value) in [("browser", agent.browser), ("os", agent.os), ("device", agent.device)] {
                if let Some(value) = value {
                    push(&mut context, field, value);
                }
            }
            if self.ip == IpPolicy::Truncate && !privacy.is_anonymous() {
                push(&mut context, "ip", &truncate(sender.ip).to_string());
            }
        }
        if let Some(consent) = privacy.consent {
            push(&mut context, "consent", consent.as_str());
        }
        if privacy.gpc {
            context.push_str(if context.len() > 1 { r#","gpc":true"# } else { r#""gpc":true"# });
        }
        context.push('}');
        context
    }
}

fn push(context: &mut String, field: &str, value: &str) {
    if context.len() > 1 {
        context.push(',');
    }
    // Serialising strings to a string cannot fail.
    for text in [field, value] {
        context.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
        context.push(':');
    }
    context.pop();
}

/// The /24 of an IPv4 address, the /48 of an IPv6 address.
fn truncate(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & !0xff).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GpcPolicy;

    #[test]
    fn addresses_are_truncated() {
        for (full, kept) in [
            ("203.0.113.77", "203.0.113.0"),
            ("::ffff:203.0.113.77", "203.0.113.0"),
            ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ] {
            assert_eq!(truncate(full.parse().unwrap()).to_string(), kept);
        }
    }

    #[test]
    fn context_holds_what_is_known_and_no_more() {
        let body = br#"{"sdk":{"name":"pharos-telemetry","version":"0.1.0 ada@example.org"},
                        "context":{"language":"en"},"events":[]}"#;
        let batch = RawBatch::read(body).unwrap();
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let rules = Rules::default();
        let context = |ip, source| {
            let ip_of_sender = "203.0.113.77".parse().unwrap();
            let user_agent = Some(agent);
            let sender =
                Sender { project_id: 1, source, rules: &rules, ip: ip_of_sender, user_agent, gpc: false };
            let privacy = Privacy::of(&batch, &sender, GpcPolicy::Site);
            Enricher::new(ip).context(&batch, &sender, &privacy)
        };
        assert_eq!(
            context(IpPolicy::Truncate, Source::Client),
            r#"{"language":"en","sdk":"pharos-telemetry","sdk_version":"0.1.0 [email]","browser":"Firefox","os":"Linux","device":"desktop","ip":"203.0.113.0"}"#
        );
        assert!(!context(IpPolicy::Drop, Source::Client).contains("203."));
        assert!(!context(IpPolicy::Truncate, Source::Server).contains("Firefox"));
    }
}
