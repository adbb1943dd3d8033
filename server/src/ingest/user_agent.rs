//! Browser, system and device from a user agent, by the words that tell them apart. Browsers freeze
//! most of the string by now, so versions and models are not read, and a table of a page will do.

/// The family of a user agent; `None` where nothing fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) browser: Option<&'static str>,
    pub(super) os: Option<&'static str>,
    /// `desktop`, `mobile`, `tablet` or `bot`.
    pub(super) device: Option<&'static str>,
}

/// The first word found decides: Edge also claims to be Chrome, and Chrome to be Safari.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("Safari/", "Safari"),
];

/// Android also claims to be Linux, and iOS to be like Mac OS X.
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

const BOTS: &[&str] = &["bot", "Bot", "crawler", "spider", "Spider", "HeadlessChrome", "Lighthouse"];
/// A user agent is longer only by accident or on purpose.
const BYTES_MAX: usize = 512;

pub(super) fn family(user_agent: &str) -> Family {
    let text = &user_agent[..user_agent.floor_char_boundary(BYTES_MAX)];
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(word, _)| text.contains(word)).map(|&(_, name)| name)
    };
    let browser = first(BROWSERS);
    let os = first(SYSTEMS);
    let device = if BOTS.iter().any(|word| text.contains(word)) {
        Some("bot")
    } else if text.contains("iPad") || (os == Some("Android") && !text.contains("Mobile")) {
        Some("tablet")
    } else if text.contains("Mobile") {
        Some("mobile")
    } else {
        os.map(|_| "desktop")
    };
    Family { browser, os, device }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_common_agents() {
        for (agent, browser, os, device) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                "Chrome",
                "Windows",
                "desktop",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0",
                "Edge",
                "Windows",
                "desktop",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
                "Safari",
                "macOS",
                "desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/129.0 Mobile/15E148 Safari/604.1",
                "Chrome",
                "iOS",
                "mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
                "Samsung Internet",
                "Android",
                "mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                "Chrome",
                "Android",
                "tablet",
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/129.0 Safari/537.36",
                "Chrome",
                "",
                "bot",
            ),
        ] {
            let some = |text: &'static str| (!text.is_empty()).then_some(text);
            assert_eq!(
                family(agent),
                Family { browser: some(browser), os: some(os), device: some(device) },
                "{agent}"
            );
        }
        assert_eq!(family("curl/8.0"), Family::default());
        assert_eq!(family(&"é".repeat(1000)), Family::default());
    }
}
