//! What holds for a project: which pages may send, and what counts as personal data. A project's own word
//! comes first; what it leaves open, the server's settings say.

use pharos_model::pii::{InvalidRules, Rules};

use crate::{
    origin::{self, Origins},
    store::Project,
};

/// Bytes of a project's rules as text: those of a project with a few hundred properties fit.
pub const RULES_BYTES_MAX: usize = 64 * 1024;

/// What holds for a project.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Pages that may send events with its public keys.
    pub origins: Origins,
    /// What is stripped from its events.
    pub rules: Rules,
}

impl Policy {
    /// What holds for `project` where the server's settings say `defaults`.
    pub fn of(project: &Project, defaults: &Self) -> Self {
        Self {
            origins: own(project, "allowed_origins", project.allowed_origins.as_deref(), read_origins)
                .unwrap_or_else(|| defaults.origins.clone()),
            rules: own(project, "pii_rules", project.pii_rules.as_deref(), read_rules)
                .unwrap_or_else(|| defaults.rules.clone()),
        }
    }
}

/// The project's own word, if it has one. What is stored was checked; if this version does not understand it
/// all the same (another one may have stored it), the server's word holds.
fn own<T>(project: &Project, what: &str, text: Option<&str>, read: fn(&str) -> Option<T>) -> Option<T> {
    let read = text.map(read)?;
    if read.is_none() {
        tracing::error!(project = project.id, what, "what is stored is not understood; the setting holds");
    }
    read
}

fn read_origins(text: &str) -> Option<Origins> {
    let list: Vec<String> = serde_json::from_str(text).ok()?;
    Origins::parse(list.iter().map(String::as_str)).ok()
}

fn read_rules(text: &str) -> Option<Rules> {
    Rules::parse(text).ok()
}

/// The origins of a setting or a command: separated by commas; `any` allows any.
pub fn parse_origins(text: &str) -> Result<Origins, String> {
    if text.trim() == "any" {
        return Ok(Origins::default());
    }
    Origins::parse(text.split(','))
        .map_err(|index| format!("{}; number {} is none", origin::EXPECTED, index + 1))
}

/// The rules of a setting or a command: JSON text, or the path of a file with it.
///
/// # Errors
/// What is wrong, with the field, as half a sentence that follows "expected".
pub fn parse_rules(text_or_path: &str) -> Result<Rules, String> {
    Ok(rules_and_text(text_or_path)?.0)
}

/// As [`parse_rules`], with the JSON text itself.
///
/// # Errors
/// As [`parse_rules`].
pub fn rules_and_text(text_or_path: &str) -> Result<(Rules, String), String> {
    let text = if text_or_path.trim_start().starts_with('{') {
        text_or_path.to_owned()
    } else {
        std::fs::read_to_string(text_or_path)
            .map_err(|error| format!("JSON, or a readable file with it ({error})"))?
    };
    if text.len() > RULES_BYTES_MAX {
        return Err(format!("at most {RULES_BYTES_MAX} bytes of rules"));
    }
    match Rules::parse(text.trim()) {
        Ok(rules) => Ok((rules, text)),
        Err(InvalidRules { field, expected }) if field.is_empty() => Err(expected.to_owned()),
        Err(InvalidRules { field, expected }) => Err(format!("in {field} {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pharos_model::{Timestamp, pii};

    fn project(allowed_origins: Option<&str>, pii_rules: Option<&str>) -> Project {
        Project {
            id: 1,
            name: "default".to_owned(),
            created_at: Timestamp::from_unix_ms(0),
            allowed_origins: allowed_origins.map(str::to_owned),
            pii_rules: pii_rules.map(str::to_owned),
        }
    }

    #[test]
    fn a_projects_own_word_comes_first() {
        let defaults = Policy {
            origins: parse_origins("https://setting.example").unwrap(),
            rules: parse_rules(r#"{"kinds":{"ip":"keep"}}"#).unwrap(),
        };
        let masks_ip = |policy: &Policy| pii::mask("at 203.0.113.7 now", &policy.rules, &mut String::new());
        let silent = Policy::of(&project(None, None), &defaults);
        assert!(
            silent.origins.allow("https://setting.example") && !silent.origins.allow("https://own.example")
        );
        assert!(!masks_ip(&silent));
        let own = Policy::of(&project(Some(r#"["https://own.example"]"#), Some("{}")), &defaults);
        assert!(own.origins.allow("https://own.example") && !own.origins.allow("https://setting.example"));
        assert!(masks_ip(&own));
        assert!(Policy::of(&project(Some("[]"), None), &defaults).origins.allow("https://any.example"));
        let damaged = Policy::of(&project(Some("nonsense"), Some("nonsense")), &defaults);
        assert!(damaged.origins.allow("https://setting.example") && !masks_ip(&damaged));
    }

    #[test]
    fn what_is_wrong_with_rules_is_said() {
        for (text, said) in [
            (r#"{"kinds":{"emial":"keep"}}"#, "in kinds.emial the name of a kind"),
            (r#"{"kinds":{"email":"kep"}}"#, "in kinds.email one of strip, remove"),
            ("/nowhere/rules.json", "JSON, or a readable file with it (No such file"),
        ] {
            let error = parse_rules(text).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
