//! Which pages may send events with a project's public keys: a list of origins. The key stands in every
//! page and can be copied; the list keeps it from being used in other people's pages. It does not keep
//! programs out, which send whatever `Origin` they like: see docs/security.md.

use std::fmt;

/// Entries a list may have.
const ORIGINS_MAX: usize = 64;

/// Characters of a host name (RFC 1035).
const HOST_CHARS_MAX: usize = 253;

/// What an entry must look like, as half a sentence.
pub const EXPECTED: &str =
    "origins such as https://shop.example, https://*.shop.example or http://localhost:3000, at most 64";

/// A list of origins; an empty one allows any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<Pattern>);

/// `https://*.shop.example:8443`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    scheme: &'static str,
    /// Without `*.`.
    host: String,
    subdomains: bool,
    /// Empty where it is the scheme's own, as browsers leave it out.
    port: String,
}

impl Origins {
    /// Reads a list.
    ///
    /// # Errors
    /// The number of the first entry that is not an origin.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Self, usize> {
        let mut patterns = Vec::new();
        for (index, text) in list.into_iter().enumerate() {
            let pattern = Pattern::parse(text).filter(|_| index < ORIGINS_MAX).ok_or(index)?;
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        Ok(Self(patterns))
    }

    /// Whether a page of `origin`, as a browser names it, may send.
    pub fn allow(&self, origin: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        // `null`, of a sandboxed page or a file, is nobody's origin.
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let (host, port) = split_port(authority);
        self.0.iter().any(|pattern| {
            let host_fits = match host.strip_suffix(pattern.host.as_str()) {
                Some("") => !pattern.subdomains,
                Some(rest) => pattern.subdomains && rest.ends_with('.'),
                None => false,
            };
            host_fits && pattern.scheme == scheme && pattern.port == port
        })
    }

    /// The entries as text.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(Pattern::to_string).collect()
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let (scheme, own_port) = match scheme {
            "https" => ("https", "443"),
            "http" => ("http", "80"),
            _ => return None,
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = split_port(authority);
        let port_is_sound = port.is_empty() == (host.len() == authority.len())
            && (port.is_empty() || port.parse::<u16>().is_ok_and(|number| number > 0));
        let subdomains = host.starts_with("*.");
        let host = host.strip_prefix("*.").unwrap_or(host);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let is_v6 = host.starts_with('[') && host.ends_with(']') && !subdomains;
        let host_is_sound = !host.is_empty()
            && host.len() <= HOST_CHARS_MAX
            && (is_v6 && host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().is_ok()
                || host.bytes().all(plain) && !host.starts_with('.'));
        let port = if port == own_port { "" } else { port };
        (host_is_sound && port_is_sound).then(|| Self {
            scheme,
            host: host.to_owned(),
            subdomains,
            port: port.to_owned(),
        })
    }
}

/// Host and port; the colons of an IPv6 address stand in brackets.
fn split_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, subdomains, port } = self;
        let star = if *subdomains { "*." } else { "" };
        let colon = if port.is_empty() { "" } else { ":" };
        write!(f, "{scheme}://{star}{host}{colon}{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_allows_what_it_names() {
        let list = [
            "https://shop.example",
            "https://*.shop.example:443",
            "http://localhost:3000/",
            "HTTP://[::1]:8787",
        ];
        let origins = Origins::parse(list).unwrap();
        assert_eq!(
            origins.texts(),
            ["https://shop.example", "https://*.shop.example", "http://localhost:3000", "http://[::1]:8787"]
        );
        for (origin, allowed) in [
            ("https://shop.example", true),
            ("https://www.shop.example", true),
            ("https://a.b.shop.example", true),
            ("https://evilshop.example", false),
            ("https://shop.example.evil.example", false),
            ("http://shop.example", false),
            ("https://shop.example:8443", false),
            ("http://localhost:3000", true),
            ("http://localhost", false),
            ("http://[::1]:8787", true),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(origins.allow(origin), allowed, "{origin}");
        }
        assert!(Origins::default().allow("https://any.example"));
        let only_subdomains = Origins::parse(["https://*.shop.example"]).unwrap();
        assert!(!only_subdomains.allow("https://shop.example"));
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for text in [
            "",
            "shop.example",
            "ftp://shop.example",
            "https://",
            "https://*",
            "https://*.",
            "https://a b",
            "https://shop.example/path",
            "https://shop.example:",
            "https://shop.example:99999",
            "https://ada@shop.example",
            "https://sh*p.example",
            "https://shop.example?x",
            "https://[::1",
        ] {
            assert_eq!(Origins::parse(["https://fine.example", text]), Err(1), "{text}");
        }
        let many: Vec<String> = (0..65).map(|n| format!("https://s{n}.example")).collect();
        assert_eq!(Origins::parse(many.iter().map(String::as_str)), Err(64));
    }
}
